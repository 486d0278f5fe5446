"""The small values of a config file: durations, sizes, times, dates, addresses.

Every type refuses what it does not mean (a quoted number, ``yes`` for ``true``) with an error that
says what to write instead; ``toml_file.py`` turns these errors into problems with their lines.
"""

import datetime as dt
import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, ByteSize, Strict
from pydantic_core import PydanticCustomError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*(?:ms|s|m|h|d)\s*)+")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(k|m|g|ki|mi|gi)?b?", re.IGNORECASE)
_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_ADDRESS = re.compile(
    r"(?=.{3,254}\Z)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])"
)
_LONGEST_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1


def refusal(what: str, why: str, remedy: str) -> PydanticCustomError:
    """Return the error of a value that is not what its key means."""
    return PydanticCustomError("told", "{what}", {"what": what, "why": why, "remedy": remedy})


def seconds(value: object) -> float:
    """Read ``"60s"``, ``"5m"``, ``"1h30m"`` or a plain number of seconds; more than zero."""
    found = 0.0
    if isinstance(value, str) and _DURATION.fullmatch(value.strip()):
        found = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = float(value)
    if not 0 < found < float("inf"):
        raise refusal(
            f"{_shown(value)} is no duration",
            "it must be a time longer than zero",
            'write a number with its unit such as "60s", "5m" or "1h"',
        )
    return found


def size(value: object) -> ByteSize:
    """Read ``"50MB"``, ``"64kB"``, ``"1.5GB"``, ``"2MiB"`` or a plain number of bytes."""
    found = 0
    if isinstance(value, str) and (match := _SIZE.fullmatch(value.strip())):
        found = int(float(match[1]) * _FACTORS[(match[2] or "").lower()])
    elif isinstance(value, int) and not isinstance(value, bool):
        found = value
    if found <= 0:
        raise refusal(
            f"{_shown(value)} is no size",
            "it must be a number of bytes greater than zero",
            'write a number with its unit such as "64kB", "50MB" or "1.5GB"',
        )
    return ByteSize(found)


def clock(value: object) -> dt.time:
    """Read a time of day: ``"08:00"`` or TOML's own ``08:00:00``."""
    if isinstance(value, dt.time) and value.tzinfo is None:
        return value
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise refusal(
            f"{_shown(value)} is no time of day",
            "hours run from 00 to 23 and minutes from 00 to 59",
            'write it in quotes such as "08:00"',
        )
    return dt.time(int(match[1]), int(match[2]), int(match[3] or 0))


def day(value: object) -> dt.date:
    """Read a date: TOML's own, ``"2024-05-21"`` or, day first, ``"21/5/2024"``."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    try:
        return read_day(value if isinstance(value, str) else "")
    except ValueError:
        raise refusal(
            f"{_shown(value)} is no date",
            "a day, month and year are needed",
            "write it without quotes such as 2024-05-21",
        ) from None


def read_day(text: str) -> dt.date:
    """Return the date written as ISO or day first (``21/5/2024``); ValueError if it is neither."""
    if match := _DAY_FIRST.fullmatch(text.strip()):
        return dt.date(int(match[3]), int(match[2]), int(match[1]))
    return dt.datetime.strptime(text.strip(), "%Y-%m-%d").date()  # noqa: DTZ007  only its date is kept


def instant(value: object) -> dt.datetime:
    """Read an instant with its offset: ``2024-05-21T00:00:00+07:00``, quoted or not."""
    remedy = "write it with its offset such as 2024-05-21T00:00:00+07:00"
    found: object = value
    if isinstance(value, str):
        try:
            found = dt.datetime.fromisoformat(value.strip())
        except ValueError:
            found = None
    if not isinstance(found, dt.datetime):
        raise refusal(f"{_shown(value)} is no instant", "a date and a time are needed", remedy)
    if found.utcoffset() is None:
        raise refusal(
            f"{_shown(value)} has no offset", "a deadline must mean one instant everywhere", remedy
        )
    return found


def address(value: str) -> str:
    """Check one plain e-mail address and return it with its domain in small letters."""
    if not is_address(value):
        raise refusal(
            f"{_shown(value)} is no e-mail address",
            address_fault(value),
            "write the plain address such as ocop@caoloc.example",
        )
    return tidy_address(value)


def is_address(text: str) -> bool:
    """Whether this is one plain address that any mail server takes (ASCII, a domain with a dot)."""
    return (
        _ADDRESS.fullmatch(text) is not None and len(text.rpartition("@")[0]) <= _LONGEST_LOCAL_PART
    )


def tidy_address(text: str) -> str:
    """Return the address with its domain in small letters; the part before @ stays as written."""
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"


def address_fault(text: str) -> str:
    """Say why this is no address."""
    if any(sign in text for sign in "<> ,;"):
        return "exactly one address is allowed here, without a name"
    if not text.isascii():
        return "it has letters outside ASCII, which most mail servers refuse"
    if text.count("@") != 1:
        return "it must contain one @"
    return "the part before or after the @ is not complete"


def _zone_name(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError):  # not found, a folder, an odd path
        raise refusal(
            f"{_shown(value)} is no known time zone",
            "deadlines and office hours are reckoned in it",
            'write a name of the IANA list such as "Asia/Ho_Chi_Minh"',
        ) from None
    return value


def _variable(value: str) -> str:
    # Never quoted: somebody may have written the password itself.
    if value and not _VARIABLE.fullmatch(value):
        raise refusal(
            "the value is no name of an environment variable",
            "such names are capital letters, digits and _, and a password never stands in TOML",
            'write such as "INTAKE_IMAP_PASSWORD"',
        )
    return value


def _filled(value: str) -> str:
    if not value.strip():
        raise refusal("the value is empty", "the program cannot do without it", "fill it in")
    return value


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


Text = Annotated[str, AfterValidator(_filled)]
Flag = Annotated[bool, Strict()]
Duration = Annotated[float, BeforeValidator(seconds)]
Size = Annotated[ByteSize, BeforeValidator(size)]
Clock = Annotated[dt.time, BeforeValidator(clock)]
Day = Annotated[dt.date, BeforeValidator(day)]
Instant = Annotated[dt.datetime, BeforeValidator(instant)]
Variable = Annotated[str, AfterValidator(_variable)]
Address = Annotated[str, AfterValidator(address)]
ZoneName = Annotated[str, AfterValidator(_zone_name)]
