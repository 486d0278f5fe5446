"""The words of a mail: HTML → text, own words apart from what they answer, share links. Pure.

Everything here is linear in its input and bounded: a mail's body is hostile until proven otherwise.
"""

import html
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

TEXT_CHARS = 200_000
#: Stands at the end of each line of `Page.text` that closed a table row of three cells or more.
ROW_MARK = "\x01"
HTML_CHARS = 1_000_000
_TAG = re.compile(r"<(/?)([a-zA-Z][\w:-]*+)([^<>]*+)>|<!--|<[!?][a-zA-Z\[][^<>]*+>")
_BREAKS = frozenset(
    {"br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "table", "blockquote"}
)
_UNSEEN = frozenset({"script", "style", "head", "title"})
_HREF = re.compile(r"""\bhref\s*+=\s*+["']?([^"'\s>]{1,2000})""", re.IGNORECASE)
_SHARES = (
    *("drive.google.com", "docs.google.com", "forms.gle", "photos.app.goo.gl"),
    *("onedrive.live.com", "1drv.ms", "sharepoint.com", "dropbox.com", "db.tt", "box.com"),
    *("zalo.me", "zdn.vn", "zaloapp.com", "fshare.vn", "mediafire.com", "we.tl"),
    *("wetransfer.com", "mega.nz", "icloud.com", "terabox.com"),
)
_URL = re.compile(
    r"https?://([a-z0-9.-]{3,253})(?::\d+)?(?:[/?#][^\s<>\"']{0,1000})?", re.IGNORECASE
)

#: A person's own address at Zalo, as signatures bear it: no file lies there.
_CONTACT = re.compile(r"https?://(?:www\.)?zalo\.me/\+?\d{8,}(?:[/?#].*)?$", re.IGNORECASE)

#: What mailers write above the mail that is answered; the line may be folded.
_REPLY_LINE = re.compile(
    r"^\W{0,3}(?:vào\b.{4,250}\bđã viết|on\b.{4,250}\bwrote)\s*:\s*$", re.IGNORECASE
)
_SENDER_LINE = re.compile(r"^.{0,120}<\S+@\S+> (?:đã viết|wrote)\s*:\s*$", re.IGNORECASE)
_DIVIDER = re.compile(
    r"^\W*-{2,}\s*(?:original (?:message|appointment)|forwarded (?:message|by\b.*)|thư gốc"
    r"|(?:tin nhắn|thông điệp|nội dung) gốc|(?:thư|tin nhắn) (?:đã )?(?:được )?chuyển tiếp)"
    r"\s*:?\s*-*\s*$|^\s*begin forwarded message:?\s*$",
    re.IGNORECASE,
)
#: The rule that Outlook on the web draws above the header block of the old mail.
_RULE = re.compile(r"^\s*(?:_{5,}|-{5,})\s*$")
_FROM_LINE = re.compile(r"^[\s*>_]*(?:từ|from|người gửi)\s*\*?:", re.IGNORECASE)
_SENT_LINE = re.compile(
    r"^[\s*>_]*(?:ngày gửi|đã gửi(?: lúc| vào)?|gửi(?: lúc| vào)?|thời gian|ngày|sent|date)\s*\*?:",
    re.IGNORECASE,
)
_HEADER_LINE = re.compile(
    r"^[\s*>_]*(?:đến|tới|to|cc|chủ đề|tiêu đề|subject|người nhận)\s*\*?:", re.IGNORECASE
)
#: A line of the block above a forwarded mail.
_ABOVE = re.compile(
    "|".join(line.pattern for line in (_FROM_LINE, _SENT_LINE, _HEADER_LINE)), re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Page:
    """What an HTML body says: its text (quotes with ``>``, rows with ROW_MARK) and the links."""

    text: str
    links: tuple[str, ...]


def read_html(source: str) -> Page:
    """Return the words of an HTML body. Tags that do not close are text; nothing is fetched."""
    reader = _Reader()
    source = source[:HTML_CHARS]
    at = 0
    while (match := _TAG.search(source, at)) is not None:
        reader.words(source[at : match.start()])
        at = match.end()
        if match[0] == "<!--":
            end = source.find("-->", at)
            at = len(source) if end < 0 else end + 3
        elif match[2]:  # else a declaration: <!DOCTYPE html>, Word's <![if …]>
            reader.tag(match[2].lower(), closing=bool(match[1]), attributes=match[3])
    reader.words(source[at:])
    return reader.page()


class _Reader:
    """Collects words while tags go by."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._unseen = ""
        self._quotes = 0
        self._rows: list[int] = []  # cells so far in each open row, nested tables inwards
        self._links: list[str] = []

    def words(self, text: str) -> None:
        if not self._unseen and text:
            self._line.append(" ".join(html.unescape(text).split(" ")).replace("\n", " "))

    def tag(self, name: str, *, closing: bool, attributes: str) -> None:
        if self._unseen:
            self._unseen = "" if closing and name == self._unseen else self._unseen
        elif name in _UNSEEN:
            self._unseen = "" if closing else name
        elif name in {"td", "th"}:
            self._line.append("\t" if closing else "")
            if self._rows and not closing:
                self._rows[-1] += 1
        elif name == "a" and not closing and not self._quotes:
            self._links += [html.unescape(found) for found in _HREF.findall(attributes)]
        elif name in _BREAKS:
            if name == "tr":
                self._row(closing=closing)
            self._end_line()
            if name == "blockquote":
                self._quotes = max(0, self._quotes + (-1 if closing else 1))

    def _row(self, *, closing: bool) -> None:
        if not closing:
            self._rows.append(0)
        elif self._rows and self._rows.pop() > 2:  # noqa: PLR2004  two cells are mostly a layout
            self._line.append(ROW_MARK)

    def _end_line(self) -> None:
        line = re.sub(r"[ \u00a0]+", " ", "".join(self._line)).strip(" ")
        self._line = []
        if line.strip():
            self._lines.append("> " + line if self._quotes else line)

    def page(self) -> Page:
        self._end_line()
        return Page("\n".join(self._lines)[:TEXT_CHARS], tuple(self._links))


def split_quoted(text: str) -> tuple[str, str]:
    """Return (own words, what they answer or forward).

    Quoted are lines that begin with ``>``, and everything below the line or block that mailers put
    above an old mail – unless ``>`` lines follow it: then only those, for answers may stand below.
    """
    lines = text.splitlines()
    own: list[str] = []
    quoted: list[str] = []
    index = 0
    while index < len(lines):
        taken = _head_length(lines, index)
        if taken:
            quoted += lines[index : index + taken]
            index += taken
            following = next((line for line in lines[index : index + 3] if line.strip()), "")
            if not following.lstrip().startswith(">"):
                quoted += lines[index:]
                break
            continue
        (quoted if lines[index].lstrip().startswith(">") else own).append(lines[index])
        index += 1
    return "\n".join(own).strip(), "\n".join(quoted).strip()


def forwarded_words(quoted: str, ours: Collection[str]) -> str:
    """Return what a forwarded mail itself says: no divider, no header block, nothing it quotes.

    A mail from one of ``ours`` says nothing: that is an answer to us with our own words below.
    """
    lines = quoted.splitlines()
    while lines and (not lines[0].strip() or _DIVIDER.match(lines[0]) or _ABOVE.match(lines[0])):
        line = lines.pop(0).casefold()
        if _FROM_LINE.match(line) and any(address in line for address in ours):
            return ""
    return split_quoted("\n".join(lines))[0]


def _head_length(lines: list[str], index: int) -> int:
    """Return how many lines from here on announce an old mail; 0 = none."""
    line = lines[index]
    if not line.strip():
        return 0
    if _DIVIDER.match(line[:300]):
        return 1
    if _RULE.match(line[:300]):
        return int(any(_head_block(lines, at) for at in (index + 1, index + 2)))
    if len(line) < 400 and _SENDER_LINE.match(line):  # noqa: PLR2004  longer is a paragraph
        return 1
    for count in (1, 2, 3):
        folded = [part.strip() for part in lines[index : index + count]]
        joined = " ".join(folded)
        if all(folded) and len(joined) < 400 and _REPLY_LINE.match(joined):  # noqa: PLR2004  as above
            return count
    return int(_head_block(lines, index))


def _head_block(lines: list[str], index: int) -> bool:
    """Whether the sender, date and subject of an old mail stand from this line on."""
    if index >= len(lines) or not _FROM_LINE.match(lines[index]):
        return False
    block = [each for each in lines[index + 1 : index + 7] if each.strip()][:4]
    dated = any(_SENT_LINE.match(each) for each in block[:2])
    return dated and any(map(_HEADER_LINE.match, block))


def share_links(texts: list[str], links: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the addresses of file shares in texts and links, in order, each once, at most 20."""
    found: dict[str, None] = {}
    for text in (*texts, *links):
        for match in _URL.finditer(text):
            host = match[1].lower().strip(".")
            if _CONTACT.match(match[0]):
                continue
            if any(host == share or host.endswith("." + share) for share in _SHARES):
                found[match[0]] = None
    return tuple(found)[:20]


def tidy(text: str) -> str:
    """NFC with plain line ends; control and format characters dropped; at most TEXT_CHARS."""
    text = unicodedata.normalize("NFC", text[:TEXT_CHARS]).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        char
        for char in text
        if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs"}
    )
