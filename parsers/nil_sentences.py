"""The writer's own sentences, for what they say of a need: no quotations, commas only at turns."""

import re
from collections.abc import Iterator, Sequence

from parsers.beside_nil import folded
from parsers.vietnamese import one_line

#: What a commune's own report begins with, after a comma or a colon.
REPORTS = (
    r"(?:(?:nay |nen |do do |vi vay )?(?:dai dien )?(?:ubnd|uy ban nhan dan)"
    r" (?:xa|thi tran|phuong|tt)\b(?! thi tran)"
    r"|(?:xa|don vi|dia phuong|chung toi)\b(?! nao| thi tran)|qua (?:ra soat|kiem tra)\b"
    r"|ket qua\b|(?:(?:xin|kinh|tran trong) ){0,2}bao cao\b)"
)
_OWN_REPORT = re.compile(REPORTS)
#: A comma after which a new thought begins; others part the items of one ("tổ chức, cá nhân").
_TURN = re.compile(
    r"(?:nen|vi vay|do do|do vay|kinh(?! (?:phi|doanh|te))|de nghi|xin|mong|nay|tuy nhien|nhung)\b"
)
_QUOTED_MAIL = re.compile(
    r"^(?:-+ ?(?:original message|thư gốc|tin nhắn gốc|forwarded message|thư được chuyển tiếp)"
    r"|(?:vào|on) .{5,120}(?:đã viết|wrote) ?:|(?:from|từ|người gửi) ?: .+@)",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^(?:kính gửi|v/v|số ?:|nơi nhận|độc lập)", re.IGNORECASE)
_SHORT_LINE = 50
_BULLET = re.compile(r"^(?:-{2,}|[-–—+•*]|\d{1,2}[.)]|[a-zđ][.)]|[IVX]+\.)(?:\s|$)")


def sentences_of(lines: Sequence[str]) -> Iterator[str]:
    """Yield the writer's own sentences as written; no quoted mails, quotations or questions."""
    text, last, gap, subject = "", "", False, has_subject(lines)
    for raw in lines:
        line = one_line(raw)
        if _QUOTED_MAIL.match(line):
            break
        if line and not line.startswith(">"):
            text += ("\n" if subject or _begins(line, last, gap=gap) else " ") + line
            subject = subject and not last
            last = line
        gap = not line
    text = re.sub(r"[“\"][^“”\"]{3,}[”\"]", " ", text)
    for piece in re.split(r"(?<=[.;!])\s+|(?<=\?)\s+|\n", text):
        if piece.strip() and not piece.rstrip().endswith("?"):
            yield piece


def has_subject(lines: Sequence[str]) -> bool:
    """Tell a mail's subject in the first line: by itself, and no sentence."""
    first, *rest = [*map(one_line, lines[:2])] or [""]
    return rest == [""] and bool(first) and not first.endswith((".", ";", "!"))


def with_turns(sentence: str) -> str:
    """Fold a sentence; only where a new thought begins a comma is kept, for a colon as well."""
    first, *rest = re.split(r"(,|:(?!\d))", sentence)
    words = [folded(first)]
    for sign, part in zip(rest[::2], rest[1::2], strict=True):
        word = folded(part)
        turn = _OWN_REPORT.match(word) or (sign == "," and _TURN.match(word))
        words += [",", word] if turn else [word]
    return " ".join(" ".join(words).split())


def _begins(line: str, last: str, *, gap: bool) -> bool:
    """Tell a line that begins a sentence of its own although the one before has no full stop."""
    if _BULLET.match(line) or line.isupper() != last.isupper():
        return True
    closed = _HEADING.match(last) or (gap and len(last) < _SHORT_LINE and not last.endswith(","))
    return bool(closed) and line[0].isupper()
