"""One line per event on stderr: ``event key=value``. Never bodies, never personal data.

A log that cannot be written (disk full, pipe closed) costs the line and nothing else: the daemon
goes on, and what it must tell stands in the registry and in the heartbeat file as well.
"""

import logging
from typing import TextIO, cast

import structlog

from intake.streams import Unheard


def to_stderr(*, verbose: bool) -> None:
    """Log from INFO on when ``verbose``, else warnings; stdout stays free for answers."""
    level = logging.INFO if verbose else logging.WARNING
    stream = cast("TextIO", Unheard())  # all that print and logging use of one
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "event"], drop_missing=True, bool_as_flag=False
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=stream)
