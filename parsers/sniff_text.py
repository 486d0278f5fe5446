"""What kind of text this is: markup, a web archive, a mail, a table with separators, or prose."""

import re
from typing import Final

_HEAD: Final = 65_536
#: Word and Excel write them without a document type as well, and mailers without any frame.
_HTML: Final = re.compile(r"<(?:!doctype html|html|head|body|table|frameset)\b")
_TAG: Final = re.compile(r"</?(?:p|div|span|br|font|b|i|u|tr|td|th|style|meta|o:p)\b[^<>]*>")
_TAGS: Final = 3
_HEADER: Final = re.compile(
    r"(?:[\x21-\x39\x3b-\x7e]{1,60}:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2}", re.MULTILINE
)
_MAIL_HEADER: Final = re.compile(
    r"^(?:from|received|return-path|message-id|mime-version|subject|delivered-to|date):",
    re.IGNORECASE | re.MULTILINE,
)
#: A page with all its files as one MIME file, as Word, Excel and browsers save it.
_ARCHIVE: Final = re.compile(r"^content-type:\s*multipart/related\b", re.IGNORECASE | re.MULTILINE)
_SENT: Final = re.compile(
    r"^(?:received|return-path|delivered-to|message-id|to):", re.IGNORECASE | re.MULTILINE
)
_SPREADSHEET: Final = "urn:schemas-microsoft-com:office:spreadsheet"
_WORD: Final = ("http://schemas.microsoft.com/office/word/2003/wordml", 'progid="word.document"')
#: A whole OpenDocument file as one XML file says which kind it is.
_FLAT: Final = (
    (':mimetype="application/vnd.oasis.opendocument.text', "fodt"),
    (':mimetype="application/vnd.oasis.opendocument.spreadsheet', "fods"),
)
_TABLES: Final = frozenset({"csv", "tsv"})


def text_kind(data: bytes, name: str) -> str:
    """Return the kind of what has no magic bytes, in any charset.

    ``html`` (web archives too), ``xml`` (Excel 2003), ``wordml`` (Word 2003), ``fods``, ``fodt``,
    ``eml``, ``csv``, ``text``; ``unknown`` is what is no text, or other markup. The name only says
    that a text which could be a table is one.
    """
    from parsers.charset import charset_of  # noqa: PLC0415  the other kinds do without
    from parsers.delimited import separator  # noqa: PLC0415  same

    text = data[:_HEAD].decode(charset_of(data[:_HEAD]), "ignore")
    controls = sum(letter < "\t" or "\r" < letter < " " for letter in text)
    if controls > len(text) // 100:
        return "unknown"
    low = text.lstrip("\ufeff \t\r\n").lower()
    if low.startswith("<"):
        return _markup(low)
    if _HEADER.match(text) and _MAIL_HEADER.search(text):
        return _message(text)
    if _HTML.search(low) or len(_TAG.findall(low)) >= _TAGS:
        return "html"
    named = name.rpartition(".")[2].lower() in _TABLES
    return "csv" if separator(text, sure=named) else "text"


def _markup(low: str) -> str:
    if _SPREADSHEET in low and "<html" not in low:
        return "xml"
    if any(mark in low for mark in _WORD):
        return "wordml"
    flat = next((kind for mark, kind in _FLAT if mark in low), "")
    if flat:
        return flat
    return "html" if _HTML.search(low) or _TAG.match(low) else "unknown"


def _message(text: str) -> str:
    head = re.split(r"\r?\n\r?\n", text, maxsplit=1)[0]
    archive = _ARCHIVE.search(head) and ("<Saved by" in head or not _SENT.search(head))
    return "html" if archive else "eml"
