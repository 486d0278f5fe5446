"""Pytest's part in `rigs.registry`: which kind is opened, and which tests open one at all.

``--registry postgresql`` opens all on a server. ``--note-registries FILE`` writes down which tests
open one, ``--noted-registries FILE`` runs only those: so the second run, on the server, spends no
time on tests that it cannot change. A test marked ``sqlite_file`` is about the file itself.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rigs.registry import registries

_KINDS = ("sqlite", "postgresql")


def add_options(parser: pytest.Parser) -> None:
    """Add the three options."""
    parser.addoption("--registry", choices=_KINDS, default="sqlite", help="where registries lie")
    parser.addoption("--note-registries", metavar="FILE", help="write down who opens a registry")
    parser.addoption("--noted-registries", metavar="FILE", help="run only those written down there")


class Choice:
    """A plugin for one run (with xdist: one for each worker)."""

    def __init__(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "sqlite_file: is about the registry's file")
        registries.kind = config.getoption("--registry")
        self._note = _path(config.getoption("--note-registries"))
        noted = _path(config.getoption("--noted-registries"))
        self._noted = set(noted.read_text("utf-8").splitlines()) if noted else None
        self._files = {config.rootpath / one.partition("::")[0] for one in self._noted or ()}
        #: Fixtures that ask for a registry: whoever uses one of a wider scope did not ask itself.
        self._asking: set[Any] = set()

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Pass over files without a noted test: to import all takes longer than most of them."""
        if self._noted is None or collection_path.suffix != ".py":
            return None
        return collection_path not in self._files or None

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        kept, left = [], []
        for item in items:
            about_file = registries.kind != "sqlite" and item.get_closest_marker("sqlite_file")
            out = about_file or (self._noted is not None and item.nodeid not in self._noted)
            (left if out else kept).append(item)
        if left:
            config.hook.pytest_deselected(items=left)
            items[:] = kept

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        before = registries.asked
        result = yield
        if registries.asked != before:
            self._asking.add(fixturedef)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        before = registries.asked
        result = yield
        if self._note and (registries.asked != before or self._asks(item)):
            with self._note.open("a", encoding="utf-8") as file:  # a short line: one write
                file.write(f"{item.nodeid}\n")
        return result

    def _asks(self, item: pytest.Item) -> bool:
        known = getattr(item, "_fixtureinfo", None)
        found = known.name2fixturedefs.values() if known else ()
        return any(one in self._asking for several in found for one in several)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Iterator[None]:
        yield
        if nextitem is None or nextitem.path != item.path:
            registries.drop()

    def pytest_unconfigure(self) -> None:
        registries.end()


def _path(name: str | None) -> Path | None:
    return Path(name).absolute() if name else None
