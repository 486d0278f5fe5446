"""A registry in a fresh folder for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs.registry import url

from registry.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(url(tmp_path), tmp_path) as opened:
        yield opened
