"""The process that is killed: a daemon's start and first turn at a given moment, effects counted.

It does what `intake run` does but for its threads, its signals and its waiting.
"""

import datetime as dt
import os
import pickle
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

from rigs.dovecot import PASSWORD
from rigs.effects import Death, Effects, counted, last_serial
from rigs.office import SECRET

from config.settings import load
from intake import service as service_module
from intake.daemon import Daemon
from intake.desk import Clock, open_desk
from intake.logs import to_stderr
from intake.opening import data_folder, open_lease
from intake.put_in_place import catch_up_with_copy
from intake.service import Service
from registry import vault as vault_module

ENV = {"INTAKE_TEST_PASSWORD": PASSWORD}


def live(folder: Path, now: dt.datetime, log: Path, death: Death | None) -> None:
    """Do all that can be done at this moment; tell the log of effects."""
    _speak_into(log.with_suffix(".out"))
    to_stderr(verbose=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    data = folder / "data"
    serial = last_serial(data / "registry.db")
    with counted(Effects(data, descriptor, death, serial=serial)):
        once(folder, now)


def live_on(folder: Path, moments: Path, done: Path, log: Path) -> None:
    """Be one daemon to the end: do all that can be done at each moment that is told."""
    _speak_into(log.with_suffix(".out"))
    to_stderr(verbose=True)
    with moments.open("rb") as told, done.open("wb", buffering=0) as answers:
        clock: list[dt.datetime] = [pickle.load(told)]  # noqa: S301  the stage wrote it
        with _service(folder, lambda: clock[0]) as service:
            while True:
                _work(service)
                answers.write(b".")
                try:
                    clock[0] = pickle.load(told)  # noqa: S301
                except EOFError:
                    return


def once(folder: Path, now: dt.datetime) -> None:
    """Start, do all that can be done at a given moment, end."""
    with _service(folder, lambda: now) as service:
        _work(service)


@contextmanager
def _service(folder: Path, clock: Clock) -> Iterator[Service]:
    config = load(folder, env=ENV)
    with ExitStack() as stack:
        # The days that are played are long before the program was built.
        stack.enter_context(mock.patch.object(service_module, "BUILT_AT", clock()))
        # Every office draws the same secret: what it seals is compared byte by byte.
        drawn = mock.Mock(token_hex=lambda _bytes: SECRET.hex())
        stack.enter_context(mock.patch.object(vault_module, "secrets", drawn))
        lease = stack.enter_context(open_lease(config))
        catch_up_with_copy(config, clock(), lambda: None, lease)
        desk = stack.enter_context(open_desk(config, ENV, clock, lease))
        service = Service(
            Daemon(desk, jitter=lambda: 0.0),
            ENV,
            counter=lambda: clock().timestamp(),
            folder=data_folder(config),
        )
        service.watched()
        service.daemon.recover()
        yield service


def _work(service: Service) -> None:
    service._turn()
    failing = service.daemon.health.signs.failing
    if service.daemon.trouble or failing:
        raise RuntimeError(service.daemon.trouble or str(failing))


def _speak_into(path: Path) -> None:
    """Let logs and tracebacks of this process go into a file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(descriptor, number)
