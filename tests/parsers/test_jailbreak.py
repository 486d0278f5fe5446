"""Code that took over a reader: every attempt is denied, every death is told by its true reason."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rigs import jailbreak, left
from rigs.ocop_form import FORM

from parsers.jail import Jail, JailLimits
from parsers.reading import Refusal

ROOT = Path(__file__).parents[2]
RIGS = Path(__file__).parents[1] / "rigs"
COMMAND = (sys.executable, "-s", str(RIGS / "broken_reader.py"))
#: Folders that everybody may write into.
FOR_ALL = ("/tmp", "/dev/shm")  # noqa: S108  where nothing may come to exist
#: What only Landlock denies: seccomp sees no paths.
NEEDS_LANDLOCK = {*jailbreak.READING, *jailbreak.USERS} - {"file by handle"}


@pytest.fixture(scope="module")
def taken() -> Iterator[Jail]:
    """A jail whose worker does what the document says."""
    with Jail(JailLimits(seconds=60, start_seconds=120), command=COMMAND) as jail:
        yield jail


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder of the daemon's, which no attempt may change, and a socket that listens in it."""
    (tmp_path / "secret.txt").write_text("bí mật", "utf-8")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as hidden:
        os.chdir(tmp_path)  # a socket's name has room for 107 bytes
        try:
            listener.bind("s")
        finally:
            os.chdir(ROOT)
        listener.listen()
        hidden.bind(f"\0intake-{os.getpid()}")
        hidden.listen()
        before = _state(tmp_path)
        yield tmp_path
        assert _state(tmp_path) == before


def _state(folder: Path) -> list[tuple[str, int, int, bytes]]:
    return [
        (path.name, path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.glob("*.txt"))
    ] + [(path.name, 0, 0, b"") for path in sorted(folder.iterdir())]


def _try(jail: Jail, attempt: str, outside: Path, head: bytes = b"") -> str:
    asked = {"attempt": attempt, "parent": os.getpid(), "outside": str(outside)}
    told = jail.read(head + json.dumps(asked).encode(), FORM)
    assert isinstance(told, Refusal)
    return told.detail


@pytest.mark.parametrize("attempt", jailbreak.ATTEMPTS)
def test_fault_095_a_reader_that_was_taken_over_gets_nowhere(
    taken: Jail, outside: Path, attempt: str
) -> None:
    layers = taken.ready()
    if "seccomp" not in layers or (attempt in NEEDS_LANDLOCK and "landlock" not in layers):
        pytest.skip("this kernel does not have what denies it")
    assert _try(taken, attempt, outside).startswith("denied: ")
    assert not any(Path(folder, f"intake-{os.getpid()}").exists() for folder in FOR_ALL)


#: A document that begins like an iPhone's picture.
PICTURE = b"\0\0\0\x18ftypheic"


@pytest.mark.parametrize(
    "attempt", [*jailbreak.PROCESSES, *jailbreak.NETWORK, *jailbreak.PARENT, "unlink"]
)
def test_a_reader_that_may_start_threads_may_no_more_than_that(
    taken: Jail, outside: Path, attempt: str
) -> None:
    assert _try(taken, attempt, outside, PICTURE).startswith("denied: ")


def test_only_a_picture_that_needs_one_has_a_thread_and_not_for_long(
    taken: Jail, outside: Path
) -> None:
    assert _try(taken, "thread", outside).startswith("denied: ")
    assert _try(taken, "thread", outside, PICTURE).startswith("open: ")
    assert _try(taken, "thread", outside).startswith("denied: ")


@pytest.mark.parametrize(
    ("end", "code", "detail"),
    [
        ("sleep", "timeout", "not done in its time (1 s)"),
        ("spin", "timeout", "not done in its time (1 s)"),
        ("processor time", "timeout", "out of processor time"),
        ("memory", "too-large", "out of memory"),
        ("memory in C", "too-large", "out of memory: the reader crashed: SIGABRT"),
        ("recursion", "unreadable", "RecursionError at broken_reader.py:"),
        ("segfault", "unreadable", "the reader crashed: SIGSEGV at __init__.py:"),
        ("abort", "unreadable", "the reader crashed: SIGABRT at broken_reader.py:"),
        ("exit", "unreadable", "the reader ended with code 7"),
        ("stdout", "unreadable", "LookupError at"),
        ("stderr", "unreadable", "LookupError at"),
        ("close", "unreadable", "the reader closed its pipe and went on: ended"),
        ("answer of 20 MB", "too-large", "answer of 20"),
    ],
)
def test_fault_095_every_end_is_told_by_its_true_reason(end: str, code: str, detail: str) -> None:
    """Each is a refusal; the next document is read; no child and no file is left."""
    patient = end not in {"sleep", "spin"}
    limits = JailLimits(seconds=60 if patient else 1, start_seconds=120, memory_bytes=500_000_000)
    before = _litter(), left.children()
    with Jail(limits, command=COMMAND) as jail:
        for _ in range(2):
            told = jail.read(json.dumps({"end": end}).encode(), FORM)
            assert isinstance(told, Refusal)
            assert (told.code, told.detail[: len(detail)]) == (code, detail)
            assert "Đề nghị" in told.message
        jail.limits = replace(limits, seconds=60)  # the next one gets its time
        assert _try(jail, "fork", Path("/")).startswith("denied: ")
    assert _litter() <= before[0]
    assert left.children() <= before[1]


def _litter() -> set[str]:
    """Return what is in the folders that a dying process might leave something in."""
    return {
        str(path)
        for folder in ("/", *FOR_ALL)
        for path in Path(folder).iterdir()
        if path.name.startswith(("core", f"intake-{os.getpid()}"))
    }


def test_a_flood_of_threads_is_ended() -> None:
    limits = JailLimits(seconds=60, start_seconds=120)
    with Jail(limits, command=COMMAND) as jail:
        told = jail.read(PICTURE + json.dumps({"end": "threads"}).encode(), FORM)
    assert isinstance(told, Refusal)
    assert told.detail == "the reader started threads without end"


# --- LibreOffice's place --------------------------------------------------------------------------

#: What LibreOffice may: start threads, have a pair of sockets, know the users' names, and write in
#: its own folder.
OFFICE_MAY = {
    *jailbreak.THREADS,
    *jailbreak.SOCKET_PAIR,
    *jailbreak.USERS,
    "write in its own folder",
}


def test_fault_095_libreoffice_taken_over_gets_nowhere(outside: Path) -> None:
    """The place that LibreOffice runs in, with a program in it that tries everything."""
    folder = outside.with_name(f"{outside.name}-own")
    folder.mkdir()
    shutil.copy(RIGS / "jailbreak.py", folder)
    python = Path(sys.executable).resolve()
    words = ["2000000000", "60", str(folder), str(python), "-I", "-S", "jailbreak.py"]
    subprocess.run(
        [sys.executable, "-m", "parsers.launch", *words, str(os.getpid()), str(outside)],
        check=True,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    told = json.loads((folder / "told.json").read_text("utf-8"))
    assert told.keys() == jailbreak.ATTEMPTS.keys()
    assert {one for one, what in told.items() if what.startswith("open")} <= OFFICE_MAY
