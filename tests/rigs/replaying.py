"""An office's registry made anew from its journal, and held against it row by row."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from rigs.dump import dump
from rigs.whole import Whole

from intake.rebuild import Rebuilt, rebuild
from registry.store import open_store


def no_bar(_what: str, _total: int) -> contextlib.AbstractContextManager[Callable[[], None]]:
    """Show nothing."""
    return contextlib.nullcontext(lambda: None)


def without_servers(office: Whole, out: Path) -> Rebuilt:
    """Replay the registry of an office; a server that is asked fails the test."""
    with pytest.MonkeyPatch.context() as patch:
        for way in ("socket.socket.connect", "asyncio.open_connection"):
            patch.setattr(way, lambda *_: pytest.fail("a server was asked"))
        patch.setattr("dns.resolver.Resolver", lambda *_: pytest.fail("DNS was asked"))
        return rebuild(office.config, out, no_bar)


def comes_out_equal(office: Whole, out: Path) -> None:
    """Every event and every row of every table is what it was."""
    made = without_servers(office, out)
    assert made.view["differences"] == []
    assert made.view["same_chain"]
    with open_store("sqlite:///registry.db", out) as new:
        assert dump(new) == dump(office.store)
