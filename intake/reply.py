"""The short answers that people give by replying: ĐÚNG, NHẬN, BỎ, GÁN …, TRẢ LẠI …, DUYỆT. Pure.

Only what the sender wrote anew is looked at, never what is quoted below it. An answer is a line of
its own; what is not certainly one is none.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from mailparser_reply import EmailMessage
from mailparser_reply.constants import MAIL_LANGUAGES

from parsers.vietnamese import key, one_line

Verb = Literal["confirm", "accept", "drop", "assign", "return", "release"]

#: The words of each answer as `key` writes them. Unmarked spellings count where they cannot be
#: another word of an answer: "dung" may be đừng (don't) or dừng (stop).
_WORDS: Mapping[str, Verb] = MappingProxyType(
    {
        "đúng": "confirm",
        "nhận": "accept",
        "nhan": "accept",
        "bỏ": "drop",
        "bo": "drop",
        "bỏ qua": "drop",
        "bo qua": "drop",
        "gán": "assign",
        "gan": "assign",
        "trả lại": "return",
        "tra lai": "return",
        "duyệt": "release",
        "duyet": "release",
    }
)
#: Answers that say more after their word: for whom, or why.
_SAYS_MORE: frozenset[Verb] = frozenset({"assign", "return"})
#: What politeness adds to a bare answer.
_POLITE = frozenset({"", "ạ", "a", "rồi", "roi", "nhé", "nhe", "rồi ạ", "roi a", "xin cảm ơn"})
#: Answers stand at the top; what is beyond is prose (and the reply parser's work grows with it).
_LOOKED_AT = 2_000
_REASON_LIMIT = 1_000
#: What people put around a word that they copy: “DUYỆT”, *NHẬN*, [BỎ].
_AROUND = " \t*_•\"'“”‘’«»()[]-–—:.,;!"
_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))
_LINE = re.compile(rf"({_WORD})(?!\w)(.*)", re.IGNORECASE)

#: What Vietnamese mail programs write above the mail that is answered and below the answer.
MAIL_LANGUAGES.setdefault(
    "vi",
    {
        "wrote_header": r"^((?:> ?)*(?:Vào|Ngày) [^\n]{4,200}(?:\n[^\n]{0,120})?đã viết ?:)$",
        "from_header": r"((?:^|\n)[* ]*(?:Từ|Người gửi)\s?\*?:[^\n]*"
        r"(?:\n[* ]*(?:Ngày gửi|Đã gửi|Ngày|Gửi|Đến|Tới|Người nhận|Cc|Chủ đề|Tiêu đề)"
        r"[^\n:]{0,8}:[^\n]*)+)",
        "disclaimers": [],
        "signatures": ["Trân trọng", "Kính thư", "Thân ái", "Best regards"],
        "sent_from": r"(?:Được |Đã )?(?:[Gg]ửi|[Cc]hia sẻ) từ|Lấy Outlook cho|Tải Outlook cho",
    },
)


@dataclass(frozen=True, slots=True)
class Order:
    """One answer: what is to be done, and what was said with it (a commune's name, a reason)."""

    verb: Verb
    said: str = ""


def own_words(text: str) -> str:
    """Return what the sender wrote anew: no quoted mail, no signature, of 2,000 characters.

    ``text`` is a mail's text without what `intake.body.split_quoted` took for quoted: an answer
    must stand in what both hold for the sender's own.
    """
    written = unicodedata.normalize("NFC", text[:_LOOKED_AT])
    shown = re.sub(r"\n\s*\n", "\n\n", written)
    # A line that begins with a hyphen is an item of a list, as officials write, not a signature.
    read = EmailMessage(shown, languages=["vi", "en"], keep_hyphen_lists=True).read()
    newest = read.replies[0].body if read.replies else ""
    return "\n".join(line for line in newest.splitlines() if not line.lstrip().startswith(">"))


def orders(words: str) -> tuple[Order, ...]:
    """Return the answers that stand in somebody's own words, each once, in their order.

    More than one means that nobody can know which was meant; none, that this is no answer.
    """
    found: dict[Order, None] = {}
    lines = words.splitlines()
    for index, line in enumerate(lines):
        order = _order(line, lines[index + 1 :])
        if order is not None:
            found[order] = None
    return tuple(found)


def _order(line: str, below: list[str]) -> Order | None:
    match = _LINE.match(unicodedata.normalize("NFC", line).lstrip(_AROUND))
    if match is None:
        return None
    verb, said = _WORDS[key(match[1])], match[2].strip(_AROUND)
    if verb not in _SAYS_MORE:
        return Order(verb) if key(said) in _POLITE else None
    if verb == "return":  # a reason may go on, or begin only, on the lines below
        said = "\n".join([said, *below])
    return Order(verb, one_line(said).strip(_AROUND)[:_REASON_LIMIT])
