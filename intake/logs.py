"""One line per event on stderr: ``event key=value``. Never bodies, never personal data.

Two nets under what the modules log: an exception is shown by its type and its frames, without its
words (they quote the value that was wrong), and what looks like somebody's address or telephone
number loses the part that names the person.

A log that cannot be written (disk full, pipe closed) costs the line and nothing else: the daemon
goes on, and what it must tell stands in the registry and in the heartbeat file as well.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

from intake.streams import Unheard

_Event = MutableMapping[str, Any]
_ADDRESS = re.compile(r"[^\s<>\"'(),;:@\[\]]+@(?=[A-Za-z0-9-]+\.[A-Za-z0-9.-]+)")
_PHONE = re.compile(r"(?<!\d)(?:\+?84[ .\-]?|0)[235789](?:[ .\-]?\d){8,9}(?!\d)")
#: What a server said about one mail: its codes are ours to log, its words may name people.
_REPLY = re.compile(r"(?:[A-Z][A-Z ]*: )?[245]\d\d(?: [245]\.\d{1,3}\.\d{1,3})?(?![\d.])")


def processors() -> list[Any]:
    """Return what turns an event into its line, as structlog takes it."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _frames_only,
        _nobody,
        one_event_a_line,
        structlog.processors.LogfmtRenderer(
            key_order=["timestamp", "level", "event"], drop_missing=True, bool_as_flag=False
        ),
    ]


def to_stderr(*, verbose: bool) -> None:
    """Log from INFO on when ``verbose``, else warnings; stdout stays free for answers."""
    level = logging.INFO if verbose else logging.WARNING
    stream = cast("TextIO", Unheard())  # all that print and logging use of one
    structlog.configure(
        processors=processors(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_OneLine("%(levelname)s:%(name)s:%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def reply_codes(reason: str) -> str:
    """Return the codes of a server's reply without its words; other reasons as they are.

    The whole reply stands in the registry (`intake show`).
    """
    found = _REPLY.match(reason)
    return found[0] if found else reason


def without_persons(text: str) -> str:
    """Return text in which addresses keep only their domain, and telephone numbers nothing."""
    return _PHONE.sub("[phone]", _ADDRESS.sub("…@", text))


def _nobody(_logger: object, _name: str, event: _Event) -> _Event:
    return {
        key: without_persons(value) if isinstance(value, str) and key != "timestamp" else value
        for key, value in event.items()
    }


def one_event_a_line(_logger: object, _name: str, event: _Event) -> _Event:
    """Escape what is not printable in the values of an event: none can begin a line of its own."""
    return {
        key: value if value is None or isinstance(value, bool | int) else printable(str(value))
        for key, value in event.items()
    }


def _frames_only(_logger: object, _name: str, event: _Event) -> _Event:
    """Say which exceptions were raised where, outermost cause first."""
    told = event.pop("exc_info", None)
    error = sys.exc_info()[1] if told is True else told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        event["exception"] = " <- ".join(_frames(error))
    return event


def _frames(error: BaseException) -> list[str]:
    chain: list[str] = []
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        steps = traceback.extract_tb(one.__traceback__)
        places = " > ".join(f"{step.filename}:{step.lineno} {step.name}" for step in steps)
        chain.append(f"{type(one).__name__} at {places}" if places else type(one).__name__)
        one = one.__cause__ or one.__context__
    return chain


def printable(text: str) -> str:
    """Return a text with everything escaped that a terminal or a reader of logs might obey."""
    if text.isprintable():
        return text
    kept = (one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
    return "".join(kept)


class _OneLine(logging.Formatter):
    """What libraries log, in one line each, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))
