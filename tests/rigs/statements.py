"""Statements are compiled once in a test process, not for every registry of a test again.

SQLAlchemy keeps with an engine what it compiled. A daemon has one engine for its life; a test
process has a thousand, and compiling was a fifth of what it computed. What a statement becomes
depends on itself and on the dialect, which is the same for all servers of one kind and version.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

#: More than the product has statements, with what their parts in lists and names make of them.
_MOST = 5_000


def compile_once() -> None:
    """Let all engines of this process share what was compiled for their kind."""
    made = sa.create_engine
    compiled: LRUCache[Any, Any] = LRUCache(_MOST)

    def create_engine(*arguments: Any, **options: Any) -> sa.Engine:
        engine = made(*arguments, **options)
        engine._compiled_cache = compiled
        return engine

    sa.create_engine = create_engine
    DefaultDialect.__eq__ = lambda one, other: _kind(one) == _kind(other)  # type: ignore[method-assign]
    DefaultDialect.__hash__ = lambda one: hash(type(one))  # type: ignore[method-assign]


def _kind(dialect: object) -> tuple[object, ...]:
    return type(dialect), getattr(dialect, "server_version_info", None)
