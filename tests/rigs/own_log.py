"""The log of the tests: to what pytest shows, as Python prints it; the next test has it again."""

from typing import Any

import structlog

_configure = structlog.configure


def configure() -> None:
    """Log as the tests do. Tracebacks drawn in colour, with all values, cost a second each."""
    structlog.configure = _never_kept
    structlog.reset_defaults()
    _configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
    )


def _never_kept(**options: Any) -> None:
    """Configure as the program does, but keep no logger: it would serve later tests as well."""
    _configure(**options | {"cache_logger_on_first_use": False})
