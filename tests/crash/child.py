"""The process that is killed: `intake once` at a given moment, with its effects counted."""

import datetime as dt
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rigs.dovecot import PASSWORD
from rigs.effects import Death, Effects, counted, last_serial

from config.settings import load
from intake.daemon import Daemon
from intake.desk import Clock, open_desk
from intake.logs import to_stderr
from intake.opening import data_folder
from registry.lease import Lease

ENV = {"INTAKE_TEST_PASSWORD": PASSWORD}


def live(folder: Path, now: dt.datetime, log: Path, death: Death | None) -> None:
    """Do all that can be done at this moment, as `intake once` does it; tell the log of effects."""
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
        with _daemon(folder, lambda: clock[0]) as daemon:
            while True:
                _work(daemon)
                answers.write(b".")
                try:
                    clock[0] = pickle.load(told)  # noqa: S301
                except EOFError:
                    return


def once(folder: Path, now: dt.datetime) -> None:
    """Do as `intake once` does, at a given moment."""
    with _daemon(folder, lambda: now) as daemon:
        _work(daemon)


@contextmanager
def _daemon(folder: Path, clock: Clock) -> Iterator[Daemon]:
    config = load(folder, env=ENV)
    with Lease(data_folder(config)), open_desk(config, ENV, clock) as desk:
        daemon = Daemon(desk, jitter=lambda: 0.0)
        daemon.recover()
        yield daemon


def _work(daemon: Daemon) -> None:
    daemon.until_idle()
    if daemon.trouble:
        raise RuntimeError(daemon.trouble)


def _speak_into(path: Path) -> None:
    """Let logs and tracebacks of this process go into a file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(descriptor, number)
