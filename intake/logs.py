"""One line per event on stderr: ``event key=value``. Never bodies, never personal data."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog


def to_stderr(*, verbose: bool) -> None:
    """Log from INFO on when ``verbose``, else warnings; stdout stays free for answers."""
    level = logging.INFO if verbose else logging.WARNING
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            one_event_a_line,
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "event"], drop_missing=True, bool_as_flag=False
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(levelname)s:%(name)s:%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def one_event_a_line(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> Any:
    """Escape what is not printable in the values of an event: none can begin a line of its own."""
    return {
        key: value if value is None or isinstance(value, bool | int) else printable(str(value))
        for key, value in event.items()
    }


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
