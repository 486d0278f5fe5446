"""A registry in a fresh folder for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.store import Store, open_store

URL = "sqlite:///data/registry.db"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(URL, tmp_path) as opened:
        yield opened
