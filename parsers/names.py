"""Names of files as they were sent → something fit to show, and never a path. Pure."""

import base64
import binascii
import codecs
import re
import unicodedata
from pathlib import PurePosixPath
from typing import Final

#: Longer values are cut: no honest subject or address list of ours comes near.
VALUE_CHARS: Final = 8_000
_WORD: Final = re.compile(rb"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS: Final = re.compile(rb"(?<=\?=)\s+(?==\?)")
_NAME_CHARS: Final = 150
_FOLDERS: Final = 3
#: Codecs of Python that are no charset of mail; some take quadratic time.
_NO_CHARSETS: Final = frozenset(
    {"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined"}
)
_VIETNAMESE: Final = frozenset(
    unicodedata.normalize("NFC", letter + tone)
    for letter in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    for tone in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
) | frozenset("đĐ–—“”‘’…•₫«»°²³½×")


_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def decode_bytes(data: bytes, charset: str = "") -> tuple[str, bool]:
    """Return (text, sure): declared charset, UTF-8, then windows-1258 when it reads Vietnamese.

    Never raises. ``sure`` is False when the text is a guess that may be mojibake (TCVN3, VNI,
    damage): such text is never shown to a sender.
    """
    names = [charset.strip().strip('"').lower(), "utf-8"]
    for name in names:
        if name and (text := _strictly(data, name)) is not None:
            return unicodedata.normalize("NFC", text), True
    text = unicodedata.normalize("NFC", data.decode("windows-1258", "replace"))
    foreign = [char for char in text if not char.isascii() and char not in _VIETNAMESE]
    return text, not foreign


def _strictly(data: bytes, charset: str) -> str | None:
    if charset in {"us-ascii", "ascii"} and not data.isascii():
        return None  # a lie; UTF-8 comes next
    try:
        if codecs.lookup(charset).name in _NO_CHARSETS:
            return None
        return data.decode(charset)
    except (LookupError, ValueError):
        return None


def one_line(text: str) -> str:
    """Unfold, squeeze spaces, drop what is no character to see: control, format, surrogate, none.

    What comes out is fit for one line of a terminal, a log or a page.
    """
    spaced = "".join(" " if char in "\t\r\n\v\f\x85\u2028\u2029" else char for char in text)
    kept = (char for char in spaced if unicodedata.category(char) not in _UNSEEN)
    return " ".join("".join(kept).split())


def display_name(text: str) -> str:
    """Return a file name that is safe to show and never means a place on disk."""
    text = unicodedata.normalize("NFC", one_line(text.replace("\0", "")))
    name = re.split(r"[/\\]", text)[-1].strip(" .")
    if name in {"", "..", "."}:
        return ""
    if len(name) > _NAME_CHARS:
        suffix = PurePosixPath(name).suffix[:10]
        name = name[: _NAME_CHARS - len(suffix) - 1] + "…" + suffix
    return name


def member_name(name: str | bytes, number: int) -> str:
    """Return how to show the ``number``-th member of an archive: its folders, then its name.

    Each part is a `display_name`, so that nothing climbs or is absolute; the innermost three
    folders stay as a hint (``Ho so diem 1/giay phep.pdf``). A name of unknown charset becomes
    ``tệp 7.xlsx``: a neutral name is better than mojibake in a mail to the sender.
    """
    text, sure = decode_bytes(name) if isinstance(name, bytes) else (name, True)
    parts = [shown for part in re.split(r"[/\\]", text) if (shown := display_name(part))]
    if not sure or not parts:
        suffix = re.search(r"\.[A-Za-z0-9]{1,5}$", text.strip())
        return f"tệp {number}{suffix[0].lower() if suffix else ''}"
    if re.fullmatch(r"[A-Za-z]:", parts[0]) and len(parts) > 1:
        parts = parts[1:]
    return "/".join([*parts[:-1][-_FOLDERS:], parts[-1]])


def as_bytes(value: str) -> bytes:
    """Return the bytes of a header value as they stood in the message."""
    return value.encode("utf-8", "surrogateescape")


def decode_words(value: str) -> tuple[str, bool]:
    """Return (text, sure) of a value with RFC 2047 words or raw 8-bit bytes, at most VALUE_CHARS.

    Neighbouring words of one charset are joined before decoding: mailers cut letters in two.
    """
    raw = _BETWEEN_WORDS.sub(b"", as_bytes(value[:VALUE_CHARS]))
    runs: list[tuple[str, bytes]] = []
    at = 0
    for match in _WORD.finditer(raw):
        _add_run(runs, "", raw[at : match.start()])
        charset = match[1].split(b"*")[0].decode("ascii", "replace").lower()
        _add_run(runs, charset, _word_bytes(match[2], match[3]))
        at = match.end()
    _add_run(runs, "", raw[at:])
    decoded = [decode_bytes(data, charset) for charset, data in runs]
    text = unicodedata.normalize("NFC", "".join(text for text, _ in decoded))
    return one_line(text), all(sure for _, sure in decoded)


def _add_run(runs: list[tuple[str, bytes]], charset: str, data: bytes) -> None:
    if data and runs and runs[-1][0] == charset:
        runs[-1] = (charset, runs[-1][1] + data)
    elif data:
        runs.append((charset, data))


def _word_bytes(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"qQ":
        return binascii.a2b_qp(text, header=True)
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return text


def file_name(candidates: list[tuple[bytes, str]]) -> str:
    """Return the longest readable name among the candidates, fit for display; "" if none is.

    Never a path: only what follows the last slash or backslash stays, without control characters
    and direction overrides, shortened in the middle with the extension kept.
    """
    names = []
    for data, charset in candidates:
        text, sure = decode_bytes(data, charset)
        if b"=?" in data:
            text, sure = decode_words(data.decode("utf-8", "surrogateescape"))
        if sure:
            names.append(display_name(text))
    return max(names, key=len, default="")


def extension(candidates: list[tuple[bytes, str]]) -> str:
    """Return the ASCII extension (with dot, lower case) of any candidate, else ""."""
    for data, charset in candidates:
        text = (
            decode_words(data.decode("utf-8", "surrogateescape"))[0]
            or decode_bytes(data, charset)[0]
        )
        match = re.search(r"\.([A-Za-z0-9]{1,5})$", text.strip())
        if match:
            return "." + match[1].lower()
    return ""
