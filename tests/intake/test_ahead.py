"""How far is read ahead: as far as the reader is wide, within bounds of number and bytes."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from rigs.cast import moment

from intake import understand
from intake.understand import _in_order


def begun_at_once(
    monkeypatch: pytest.MonkeyPatch, width: int, sizes: list[int], tries: int = 0
) -> int:
    """How many messages are being prepared when the first is asked for."""
    held = threading.Event()
    monkeypatch.setattr(understand, "_prepare", lambda *_: held.wait(60))
    desk: Any = SimpleNamespace(reader=SimpleNamespace(width=width))
    messages: Any = [
        SimpleNamespace(id=number, tries=tries, size_bytes=size)
        for number, size in enumerate(sizes)
    ]
    asked = []

    class Pool(ThreadPoolExecutor):
        def submit(self, *args: Any, **named: Any) -> Any:
            asked.append(args)
            return super().submit(*args, **named)

    with Pool(1) as pool:
        order = _in_order(desk, messages, pool, moment(15), lambda: False)
        first, _ = next(order)
        found = len(asked)
        held.set()
        assert [first.id, *(message.id for message, _ in order)] == list(range(len(sizes)))
    return found


@pytest.mark.parametrize(("width", "ahead"), [(1, 2), (2, 4), (8, 16), (16, 32), (64, 32)])
def test_twice_the_readers_width_is_begun(
    monkeypatch: pytest.MonkeyPatch, width: int, ahead: int
) -> None:
    assert begun_at_once(monkeypatch, width, [1_000] * 50) == ahead


@pytest.mark.parametrize(("width", "ahead"), [(2, 2), (8, 8), (64, 16)])
def test_of_large_messages_fewer(monkeypatch: pytest.MonkeyPatch, width: int, ahead: int) -> None:
    assert begun_at_once(monkeypatch, width, [4_000_000] * 50) == ahead


def test_one_alone_may_be_larger_than_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert begun_at_once(monkeypatch, 2, [50_000_000] * 3) == 1


def test_what_failed_before_comes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert begun_at_once(monkeypatch, 2, [1_000] * 3, tries=1) == 0
