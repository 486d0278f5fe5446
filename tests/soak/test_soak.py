"""The short form of the soak: a running daemon under a few hundred messages, a third hostile."""

import pytest
from soak.measure import soak

pytestmark = pytest.mark.e2e


def test_fault_097_nothing_grows_and_nothing_is_unexplained(tmp_path) -> None:
    """FAULTS 97: files, threads, scratch and memory are flat; every message has its verdict."""
    found = soak(tmp_path, 200, seed=2024, waves=4)
    assert found.wrong == []
    assert found.samples[-1].messages == 200
