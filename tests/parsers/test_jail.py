"""The jail: whatever a document does to its reader, the caller gets a value and nothing is left."""

import concurrent.futures
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from rigs import left
from rigs.letters import p7m, winmail
from rigs.ocop_form import FORM
from rigs.packed import Lie, odd_zip, plain_zip, zeros
from rigs.papers import docx, paragraph
from rigs.soffice import WAYS, misbehaving

from parsers.confine import LAYERS, missing_layers
from parsers.container import Opened, Room
from parsers.death import Death, reason
from parsers.grid import Limits
from parsers.jail import Jail, JailBrokenError, JailLimits
from parsers.office import OfficeLimits
from parsers.reading import Reading, Refusal
from parsers.worker import Worker, WorkerDiedError

DATA = Path(__file__).parent / "data"
BAD = str(Path(__file__).parents[1] / "rigs" / "bad_worker.py")
QUICK = JailLimits(seconds=0.5)


def running(way: str) -> list[str]:
    """Return the processes of this misbehaving worker that still run."""
    found = []
    for process in left.processes():
        try:
            stat = (process / "stat").read_text("utf-8").rpartition(")")[2].split()
            command = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if stat[0] != "Z" and BAD.encode() in command and way.encode() in command:
            found.append(process.name)
    return found


def gone(way: str) -> bool:
    """Whether no such process runs; an orphan that was killed takes a moment to disappear."""
    deadline = time.monotonic() + 60
    while running(way) and time.monotonic() < deadline:
        os.sched_yield()
    return not running(way)


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    before = left.descriptors(), left.children()
    yield
    assert left.descriptors() - before[0] == set()
    assert left.children() - before[1] == set()


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    with Jail(JailLimits(seconds=60)) as jail:
        yield jail


@pytest.fixture(scope="module", autouse=True)
def _warm(jail: Jail) -> None:
    jail.read(b"", FORM)


@pytest.mark.parametrize("name", ["form.xlsx", "form.docx", "form_docx.pdf"])
def test_readings_cross_the_pipe(jail: Jail, name: str) -> None:
    result = jail.read((DATA / name).read_bytes(), FORM, name)
    assert isinstance(result, Reading)
    assert len(result.rows) == 14
    assert result.rows[0].values["phone"] == "0912345678"


def test_refusals_cross_the_pipe(jail: Jail) -> None:
    result = jail.read(b"", FORM)
    assert isinstance(result, Refusal)
    assert result.code == "empty"


@pytest.mark.parametrize(
    ("way", "code"),
    [
        ("hang", "timeout"),
        ("fork-and-hang", "timeout"),
        ("spin", "timeout"),
        ("flood", "too-large"),
        ("killed", "unreadable"),
        ("abort", "unreadable"),
        ("segfault", "unreadable"),
        ("fork-and-die", "unreadable"),
        ("babble", "unreadable"),
        ("lie", "unreadable"),
        ("deep", "unreadable"),
        ("huge-frame", "too-large"),
        ("cut", "unreadable"),
        ("half-letter", "unreadable"),
        ("other-code", "unreadable"),
        ("ask-for-ever", "unreadable"),
        ("ask-and-hang", "timeout"),
        ("ask-and-die", "unreadable"),
        ("ask-too-much", "too-large"),
        ("ask-nonsense", "unreadable"),
        ("pages-for-ever", "unreadable"),
        ("pages-and-die", "unreadable"),
        ("pages-and-hang", "timeout"),
    ],
)
def test_fault_095_child_misbehaves(way: str, code: str) -> None:
    """A child that hangs, forks, floods or dies is killed with all it started: a refusal."""
    hangs = way in {"hang", "fork-and-hang", "ask-and-hang", "pages-and-hang"}
    limits = QUICK if hangs else JailLimits(seconds=60)
    with Jail(limits, command=(sys.executable, BAD, way)) as jail:
        for _ in range(2):
            result = jail.read(b"anything", FORM)
            assert isinstance(result, Refusal)
            assert result.code == code, result.detail
            assert "Đề nghị" in result.message
    assert gone(way)


def test_members_cross_the_pipe(jail: Jail) -> None:
    files = [("a.txt", bytes(range(256))), ("trong.txt", b""), ("b.bin", b"x" * 3_000_000)]
    opened = jail.open(plain_zip(files), "ho so.zip")
    assert isinstance(opened, Opened)
    assert [(member.name, member.data) for member in opened.members] == files
    assert jail.open((DATA / "form.xlsx").read_bytes(), "bieu.xlsx") is None
    refused = jail.open(plain_zip([]))
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.kind) == ("empty", "zip")


@pytest.mark.parametrize("way", ["hang", "flood", "killed", "abort", "babble", "lie"])
def test_fault_095_child_misbehaves_over_an_archive(way: str) -> None:
    """Every death while opening is a refusal that says how to send the files instead."""
    limits = QUICK if way == "hang" else JailLimits(seconds=60)
    with Jail(limits, command=(sys.executable, BAD, way)) as jail:
        result = jail.open(plain_zip([("a.txt", b"x")]), "a.zip")
    assert isinstance(result, Refusal)
    assert result.code in {"timeout", "too-large", "unreadable"}
    assert "đính kèm trực tiếp" in result.message
    assert gone(way)


def test_fault_055_a_bomb_costs_its_worker_little_and_the_next_archive_is_opened() -> None:
    """Two gigabytes of zeros with a memory limit of 200 MB: stopped by the counter, not by it."""
    bomb = odd_zip([Lie(data=zeros(2_000), method=8, size=2_000_000_000)])
    with Jail(JailLimits(memory_bytes=200_000_000)) as small:
        result = small.open(bomb)
        assert isinstance(result, Refusal)
        assert "times its packed size" in result.detail
        assert isinstance(small.open(plain_zip([("a.txt", b"x")])), Opened)


def test_fault_095_child_that_never_takes_its_request() -> None:
    """A request larger than the pipe to a child that does not read it: the clock still ends it."""
    with Jail(QUICK, command=(sys.executable, BAD, "deaf")) as jail:
        result = jail.read(b"x" * 5_000_000, FORM)
    assert isinstance(result, Refusal)
    assert result.code == "timeout"


@pytest.mark.parametrize("way", ["mute", "stillborn"])
def test_no_worker_at_all_is_the_machines_fault(way: str) -> None:
    limits = JailLimits(start_seconds=0.5)
    with (
        Jail(limits, command=(sys.executable, BAD, way)) as jail,
        pytest.raises(JailBrokenError),
    ):
        jail.read(b"anything", FORM)


def test_a_worker_is_replaced_after_its_jobs_and_after_its_death() -> None:
    pids = set()
    with Jail(JailLimits(jobs=2)) as short:
        for _ in range(4):
            assert isinstance(short.read(b"", FORM), Refusal)
            worker = short._slots.queue[-1]
            pids.add(worker._process.pid if worker else None)
        worker = short._ready(None)
        os.kill(worker._process.pid, 9)
        os.waitid(os.P_PID, worker._process.pid, os.WEXITED | os.WNOWAIT)
        short._slots.queue[-1] = worker
        assert short.read((DATA / "form.xlsx").read_bytes(), FORM).kind == "xlsx"
    assert len(pids) == 3  # two workers, and the gap after each second job
    assert None in pids


def _in_worker(code: str, **environment: str) -> str:
    """Run code in a confined process and return what it prints."""
    program = f"from parsers.confine import confine\nlayers = confine(700_000_000)\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[2],
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("x = bytearray(900_000_000)", "MemoryError"),
        ("open('/tmp/jail-was-here', 'w').write('x' * 10)", "Error"),
        ("import subprocess; subprocess.run(['/bin/true'])", "Error"),
        ("import resource; resource.setrlimit(resource.RLIMIT_AS, (2**40, 2**40))", "Error"),
    ],
)
def test_confined_process_cannot(code: str, answer: str) -> None:
    code = code.replace("/tmp/jail-was-here", "/tmp/" + f"jail-{os.getpid()}")  # noqa: S108  must not come to exist
    assert answer in _in_worker(code)
    leftover = Path("/tmp") / f"jail-{os.getpid()}"  # noqa: S108
    assert not leftover.exists() or leftover.stat().st_size == 0
    leftover.unlink(missing_ok=True)


def test_the_worker_says_what_confines_it(jail: Jail) -> None:
    """On a machine whose calls are not known, or whose kernel has no Landlock, it says so too."""
    layers = jail.ready()
    assert set(layers) == set(LAYERS) - set(missing_layers(layers))
    assert {"rlimits", "no-new-privs"} <= set(layers)
    unknown = (
        "import platform, sys\nplatform.machine = lambda: 'sparc64'\n"
        "import parsers.serve\nsys.exit(parsers.serve.main(sys.argv[1:]))"
    )
    with Jail(command=(sys.executable, "-c", unknown)) as elsewhere:
        assert "seccomp" not in elsewhere.ready()
        assert "seccomp" in missing_layers(elsewhere.ready())
        assert isinstance(elsewhere.read((DATA / "form.xlsx").read_bytes(), FORM), Reading)


def test_landlock_hides_files_and_network_where_the_kernel_has_it() -> None:
    layers = _in_worker("print(layers)")
    assert "no-new-privs" in layers
    if "landlock" in layers:
        assert "PermissionError" in _in_worker("open('/etc/passwd').read()")
        connect = "import socket; socket.create_connection(('127.0.0.1', 1), timeout=5)"
        assert "PermissionError" in _in_worker(connect)


def test_an_iphones_picture_is_decoded_in_the_jail() -> None:
    """Its decoder starts a thread: the one kind that may, as root and as an ordinary user."""
    pillow_heif = pytest.importorskip("pillow_heif")
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (600, 800), "white")).save(out)
    with Jail(JailLimits(seconds=60)) as jail:
        assert isinstance(jail.read(b"", FORM), Refusal)
        result = jail.read(out.getvalue(), FORM, "IMG_0001.HEIC")
        assert isinstance(result, Refusal)
        assert (result.code, result.kind) == ("unreadable", "heic"), result.detail
        assert isinstance(jail.read((DATA / "form.xlsx").read_bytes(), FORM), Reading)


def test_pictures_without_tesseracts_letters_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by a crash: without letters the wheel falls over its own complaint on being imported."""
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    out = io.BytesIO()
    Image.new("L", (600, 800), 255).save(out, "PNG")
    with Jail() as bare:
        result = bare.read(out.getvalue(), FORM)
    assert isinstance(result, Refusal)
    assert result.detail == "no Vietnamese letters for Tesseract"


def test_worker_inherits_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", "bí mật")
    with Jail() as fresh:
        fresh.read(b"", FORM)
        worker = fresh._slots.queue[-1]
        environment = Path(f"/proc/{worker._process.pid}/environ")
        # PR_SET_DUMPABLE hides it even from its owner, unless that is root.
        content = environment.read_bytes() if os.access(environment, os.R_OK) else b""
    assert b"PASSWORD" not in content


def test_fault_058_memory_limit() -> None:
    """A document over the memory limit is refused, and the next one is read."""
    heavy = docx("".join(paragraph("x" * 8_000_000) for _ in range(5)))
    limits = JailLimits(seconds=60)
    with Jail(limits) as roomy, Jail(replace(limits, memory_bytes=120_000_000)) as small:
        enough, too_much = roomy.read(heavy, FORM), small.read(heavy, FORM)
        assert isinstance(enough, Refusal)
        assert isinstance(too_much, Refusal)
        assert "letters of running text" in enough.detail
        assert too_much.detail != enough.detail
        assert isinstance(small.read((DATA / "form.xlsx").read_bytes(), FORM), Reading)


_UNASKED = """
import parsers.serve, sys
parsers.serve._PATIENCE_SECONDS = 0.0
sys.exit(parsers.serve.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("memory_bytes", [120_000_000, 400_000_000])
def test_a_worker_that_is_asked_late_has_as_much_memory_for_its_document(memory_bytes: int) -> None:
    """Meanwhile it imports what other kinds need: not where that leaves too little."""
    limits = JailLimits(seconds=60, memory_bytes=memory_bytes)
    with Jail(limits, command=(sys.executable, "-c", _UNASKED)) as jail:
        assert isinstance(jail.read((DATA / "form.xlsx").read_bytes(), FORM), Reading)


_RAISES = """
import parsers, parsers.serve, sys
class Panic(BaseException): pass
def read(*_, **__): raise Panic("0912345678")
parsers.read = read
sys.exit(parsers.serve.main(sys.argv[1:]))
"""


def test_a_reader_that_somebody_kills_gets_a_second_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """One kill from outside is no document's fault: a fresh worker reads it."""
    ask, killed = Worker.ask, []

    def ask_and_kill(worker: Worker, *arguments: Any) -> tuple[bytes, bytes]:
        if not killed:
            killed.append(worker._process.pid)
            os.kill(worker._process.pid, signal.SIGKILL)
            os.waitid(os.P_PID, worker._process.pid, os.WEXITED | os.WNOWAIT)
            raise WorkerDiedError("the worker ended")
        return ask(worker, *arguments)

    monkeypatch.setattr(Worker, "ask", ask_and_kill)
    with Jail() as jail:
        assert isinstance(jail.read((DATA / "form.xlsx").read_bytes(), FORM), Reading)
    assert killed


@pytest.mark.parametrize(
    ("death", "code", "detail"),
    [
        (Death(-signal.SIGKILL, b"", True), "too-large", "out of memory: killed by the kernel"),
        (Death(-signal.SIGKILL), "unreadable", "the reader was killed from outside"),
        (Death(-signal.SIGXCPU), "timeout", "out of processor time"),
        (Death(-signal.SIGBUS), "unreadable", "the reader crashed: SIGBUS"),
        (Death(-99), "unreadable", "the reader crashed: signal 99"),
        (Death(1, b"Traceback:\nMemoryError\n"), "too-large", "out of mem"),
        (Death(None), "unreadable", "the reader closed its pipe"),
        (
            Death(-signal.SIGABRT, b'Fatal Python error: Aborted\n  File "/a/x.py", line 7 in f\n'),
            "unreadable",
            "the reader crashed: SIGABRT at x.py:7",
        ),
        (
            Death(-signal.SIGABRT, b"terminate called after throwing 'std::bad_alloc' 0912345678"),
            "too-large",
            "out of memory: the reader crashed: SIGABRT",
        ),
    ],
)
def test_how_it_ended_is_the_reason(death: Death, code: str, detail: str) -> None:
    told = reason(death)
    assert told[0] == code
    assert told[1].startswith(detail)
    assert "0912345678" not in told[1]


def test_fault_053_a_panic_is_no_exception() -> None:
    """pyo3's PanicException is a BaseException: it ends the worker's job, not the daemon."""
    with Jail(command=(sys.executable, "-c", _RAISES)) as jail:
        result = jail.read(b"anything", FORM)
    assert isinstance(result, Refusal)
    assert result.code == "unreadable"
    assert result.detail.startswith("Panic at ")
    assert "0912345678" not in result.detail


def test_without_libreoffice_a_worker_is_told_so(
    jail: Jail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    result = jail.read((DATA / "form.doc").read_bytes(), FORM)
    assert isinstance(result, Refusal)
    assert (result.code, result.kind) == ("unsupported", "doc")
    assert "not installed" in result.detail


def test_time_in_libreoffice_is_not_the_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document's own seconds are over long before: it is LibreOffice whose time is up."""
    data, limits = (DATA / "form.doc").read_bytes(), JailLimits(seconds=60)
    with Jail(limits) as patient:
        monkeypatch.setenv("PATH", "/nonexistent")
        patient.read(data, FORM)  # with all that has to be imported first, it takes its time
        patient.limits = replace(limits, seconds=4, office=OfficeLimits(seconds=5))
        monkeypatch.setenv("PATH", misbehaving(tmp_path, WAYS["hang"]))
        result = patient.read(data, FORM)
    assert isinstance(result, Refusal)
    assert (result.code, result.detail) == ("timeout", "soffice over 5 s")


def test_many_threads_share_a_few_workers() -> None:
    data = (DATA / "form.xlsx").read_bytes()
    with Jail(JailLimits(seconds=60), workers=2) as pool:
        barrier = threading.Barrier(4)

        def job(number: int) -> int:
            barrier.wait()
            result = pool.read(data if number % 2 else b"", FORM)
            return len(result.rows) if isinstance(result, Reading) else -1

        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            assert sorted(threads.map(job, range(4))) == [-1, -1, 14, 14]
        # The threads that asked are gone; their workers must not have died with them.
        assert isinstance(pool.read(data, FORM), Reading)


def test_document_over_its_limit_never_reaches_a_worker() -> None:
    with Jail(command=("/nonexistent",)) as unused:
        result = unused.read(b"x" * 26_000_000, FORM)
    assert isinstance(result, Refusal)
    assert result.code == "too-large"


def test_a_jail_that_cannot_start_says_so_before_anything_is_read() -> None:
    with Jail(command=("/bin/false",)) as jail, pytest.raises(JailBrokenError):
        jail.ready()
    with Jail() as jail:
        jail.ready()


def test_fault_042_044_what_only_wraps_may_be_larger_than_a_document() -> None:
    """A signed mail of three files: each of them has its limit, the envelope has the message's."""
    limits = JailLimits(document=Limits(document_bytes=1_000))
    content = b"x" * 5_000
    with Jail(limits) as jail:
        for data, name, inner in (
            (p7m(content), "CV 45.pdf.p7m", "CV 45.pdf"),
            (winmail("b.pdf", content), "winmail.dat", "b.pdf"),
        ):
            opened = jail.open(data, name, Room(1, len(data), len(data)))
            assert isinstance(opened, Opened)
            assert [(one.name, one.data) for one in opened.members] == [(inner, content)]
        told = jail.open(plain_zip([("b.pdf", os.urandom(5_000))]), "a.zip")
        assert isinstance(told, Refusal)
        assert told.code == "too-large"


def test_a_reader_that_reads_the_same_again_needs_no_more() -> None:
    """Whatever a document leaves behind is used by the next: over 150 documents."""
    names = ["form.xlsx", "form.xls", "form.ods", "form.docx", "form_docx.pdf", "csv_utf8.csv"]
    papers = [(DATA / name).read_bytes() for name in names]
    with Jail(JailLimits(jobs=1_000)) as one:

        def megabytes(rounds: int) -> float:
            for _ in range(rounds):
                for paper in papers:
                    assert isinstance(one.read(paper, FORM), Reading)
            worker = one._slots.queue[-1]
            assert worker is not None
            pids.add(worker._process.pid)
            status = Path(f"/proc/{worker._process.pid}/status").read_text("utf-8")
            return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1000

        pids: set[int] = set()
        warm = megabytes(8)
        grown = megabytes(17)
    assert len(pids) == 1
    assert grown < 1.2 * warm
