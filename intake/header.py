"""Header values of received mail: bytes as they came → what they say, within budgets. Pure.

Values arrive as `email` (policy compat32) hands them out: ASCII, surrogates for raw 8-bit bytes.
The stdlib's own decoders are not used where hostile input makes them recurse or run for seconds
(measured: 5,000 "(" in To, 270 kB of encoded words in Subject).
"""

import datetime as dt
import re
from email.utils import getaddresses, parsedate_to_datetime
from urllib.parse import unquote_to_bytes

from parsers.names import VALUE_CHARS, as_bytes, decode_words

_ADDRESS = re.compile(
    r"[!#-'*+\-/-9=?A-Z^-~]{1,64}(?:\.[!#-'*+\-/-9=?A-Z^-~]+)*@[A-Za-z0-9.-]{1,253}"
)
_PARAMETER = re.compile(
    rb';\s*+([^\s=;*"]++)(?:\*(\d{1,3}))?(\*)?\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^;]*+)', re.DOTALL
)
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}@[!-;=?-~]{1,250}>")
#: Years in which a Date can be true.
_FIRST_MAIL, _LAST_MAIL = 1971, 2100


def addresses(values: list[str]) -> tuple[tuple[str, str], ...]:
    """Return (address in lower case, display name) pairs of all From-like values.

    () when anything is odd: groups, an "@" outside quotes that is no address, comments that hide
    one, a value that cannot be parsed (CVE-2023-27043 and its kin). An odd sender is nobody.
    """
    if not values or any(len(value) > VALUE_CHARS for value in values):
        return ()
    plain = [" ".join(value.split()) for value in values]
    try:
        pairs = getaddresses(plain)
    except (RecursionError, ValueError, IndexError):
        return ()
    unquoted = re.sub(r'"(?:[^"\\]|\\.)*+"', "", ", ".join(plain))
    if any(mark in unquoted for mark in ';:("') or unquoted.count("@") != len(pairs):
        return ()
    if not all(_ADDRESS.fullmatch(address) for _, address in pairs):
        return ()
    return tuple((address.lower(), decode_words(name)[0]) for name, address in pairs)


def sent_at(value: str) -> dt.datetime | None:
    """Return the aware instant (UTC) of a Date value; None when no mail can have been sent then."""
    try:
        moment = parsedate_to_datetime(value[:200])
        if moment.tzinfo is None:  # "-0000": UTC, place unknown (RFC 5322 section 3.3)
            moment = moment.replace(tzinfo=dt.UTC)
        moment = moment.astimezone(dt.UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return moment if _FIRST_MAIL <= moment.year <= _LAST_MAIL else None


def message_ids(value: str) -> tuple[str, ...]:
    """Return the well-formed Message-IDs of a value in order, at most 100."""
    return tuple(match[0] for match in list(_MESSAGE_ID.finditer(value[: VALUE_CHARS * 4]))[:100])


def parameters(value: str) -> dict[str, tuple[bytes, str]]:
    """Return name → (bytes, charset) of a structured value's parameters (RFC 2045, 2231).

    Reads what mailers really write: unquoted values with spaces, raw 8-bit bytes, continuations.
    Of a name given both plainly and extended, the longer wins.
    """
    pieces: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for match in _PARAMETER.finditer(as_bytes(value[:VALUE_CHARS])):
        name = match[1].decode("ascii", "replace").lower()
        text = match[4].strip()
        if text.startswith(b'"'):
            text = re.sub(rb"\\(.)", rb"\1", text[1:].removesuffix(b'"'))
        extended = match[3] is not None
        family = name + ("*" if extended or match[2] is not None else "")
        pieces.setdefault(family, {}).setdefault(int(match[2] or 0), (text, extended))
    found: dict[str, tuple[bytes, str]] = {}
    for family, parts in pieces.items():
        joined = _joined(parts) if family.endswith("*") else (parts[0][0], "")
        name = family.rstrip("*")
        if name not in found or len(joined[0]) > len(found[name][0]) or family.endswith("*"):
            found[name] = joined
    return found


def _joined(parts: dict[int, tuple[bytes, bool]]) -> tuple[bytes, str]:
    charset = ""
    joined = b""
    for index in sorted(parts):
        text, extended = parts[index]
        if extended and index == min(parts) and text.count(b"'") >= 2:  # noqa: PLR2004  charset'language'value
            declared, _, text = text.split(b"'", 2)
            charset = declared.decode("ascii", "replace")
        joined += unquote_to_bytes(text) if extended else text
    return joined, charset
