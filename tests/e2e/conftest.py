"""One Dovecot for each module of whole-way tests, and an office with a mailbox of its own."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from rigs.cast import moment
from rigs.dovecot import PASSWORD, Dovecot
from rigs.whole import Whole

USERS = [f"box{number}" for number in range(80)]

OpenOffice = Callable[..., Whole]


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot(dict.fromkeys(USERS, PASSWORD)) as server:
        server.unused = iter(USERS)  # type: ignore[attr-defined]
        yield server


@pytest.fixture
def open_office(tmp_path: Path, dovecot: Dovecot) -> Iterator[OpenOffice]:
    """Open offices; keywords are sections of settings.toml with the values to change."""
    serial = itertools.count(1)
    with ExitStack() as stack:

        def opened(**changes: dict[str, str]) -> Whole:
            folder = tmp_path / f"config{next(serial)}"
            user = next(dovecot.unused)  # type: ignore[attr-defined]
            return stack.enter_context(Whole(folder, dovecot, user, moment(15), changes))

        yield opened


@pytest.fixture
def office(open_office: OpenOffice) -> Whole:
    """An office with the example's settings, on Wednesday 15 May 2024 at nine."""
    return open_office()
