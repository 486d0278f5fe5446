"""Readers on many machines: a real Dask scheduler and workers on loopback, killed and restarted."""

import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from rigs.answering import GIA_CAT_MAIL, HOA_CU_MAIL, OFFICER, form_of_hoa_cu
from rigs.dask_cluster import ROOT, DaskCluster, until
from rigs.dump import Dump, dump
from rigs.golden import CASES
from rigs.shipped import shipped_form
from rigs.whole import ENV, Whole, mail, real_process, workbook_file

from config.settings import load
from intake.cluster import Cluster, survey
from intake.desk import Reader
from intake.doctor import connections
from intake.readers import Readers
from intake.reload import replace_config
from parsers.fingerprint import code_fingerprint, fingerprint_of
from parsers.jail import Jail, JailLimits
from parsers.office import OfficeLimits
from parsers.reading import Reading, Refusal

pytestmark = pytest.mark.e2e

LIMITS = JailLimits(seconds=120, office=OfficeLimits(seconds=120))
FORM = shipped_form()
SLOW = "list-nine/input-python-docx.odt"  # LibreOffice takes its time
SCAN = "list-signed/input-reportlab-print.scan-300.pdf"
KINDS = (
    "list-nine/input-xlsxwriter.xlsx",
    "list-nine/input-python-docx.docx",
    SLOW,  # by way of LibreOffice, on the worker
    "cards/input-python-docx.rtf",
    "list-nine/input-csv-utf-16.csv",
    "list-nine/input-reportlab.pdf",
    "list-nine/input-reportlab-print.photo-sideways.jpg",
    SCAN,
)

Open = Callable[..., Readers]


def golden(name: str) -> bytes:
    return (CASES / name).read_bytes()


@pytest.fixture(scope="module")
def here() -> Iterator[Jail]:
    with Jail(LIMITS, workers=2) as jail:
        yield jail


@pytest.fixture(scope="module")
def steady() -> Iterator[DaskCluster]:
    """A cluster of two workers to which nothing happens."""
    with DaskCluster(2) as cluster:
        yield cluster


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open readers on a cluster; ``alone``: what is read by them was read there, not here."""
    with ExitStack() as stack:

        def open_readers(
            cluster: DaskCluster, limits: JailLimits = LIMITS, *, alone: bool = False
        ) -> Readers:
            jail = Jail(limits, workers=2, command=("/bin/false",)) if alone else Jail(limits, 2)
            readers = Readers(jail, Cluster(cluster.scale, limits))
            stack.callback(readers.close)
            return readers

        yield open_readers


def threads_of(readers: Readers) -> int:
    team = readers._teams.team()
    return team.threads if team else 0


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_read_on_the_cluster_as_here(
    steady: DaskCluster, here: Jail, opened: Open, name: str
) -> None:
    data = golden(name)
    found = opened(steady, alone=True).read(data, FORM, name)
    assert isinstance(found, Reading)
    assert found == here.read(data, FORM, name)


def test_the_width_is_the_clusters(steady: DaskCluster, opened: Open) -> None:
    readers = opened(steady)
    until(lambda: threads_of(readers) == 2, "both workers are in the team")
    assert readers.width == 4
    assert not readers.trouble


def test_a_scans_pages_are_shared_among_the_threads_of_one_worker(here: Jail, opened: Open) -> None:
    data = golden("unit-dong/input-reportlab-print.scan-200.pdf")
    with DaskCluster(1, threads=2) as cluster:
        readers = opened(cluster, alone=True)
        until(lambda: threads_of(readers) == 2, "the worker is in the team")
        team = readers._teams.team()
        assert team is not None
        assert team.each == 2
        assert readers.read(data, FORM, "quet.pdf") == here.read(data, FORM, "quet.pdf")


@pytest.mark.parametrize(
    ("limits", "alone"),
    [(JailLimits(seconds=0.3), False), (JailLimits(memory_bytes=120_000_000), True)],
    ids=["time", "memory"],
)
def test_a_hostile_document_is_refused_there_as_here(
    steady: DaskCluster,
    opened: Open,
    limits: JailLimits,
    alone: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """For want of time it is tried here as well, lest only that machine had too little of it."""
    with Jail(limits) as jail:
        told = jail.read(golden(SCAN), FORM, SCAN)
    found = opened(steady, limits, alone=alone).read(golden(SCAN), FORM, SCAN)
    assert isinstance(found, Refusal)
    assert isinstance(told, Refusal)
    assert (found.code, found.message) == (told.code, told.message)
    assert ("refused there: timeout" in capsys.readouterr().out) is not alone
    # The next document is read by the same worker.
    assert isinstance(opened(steady, alone=True).read(golden(KINDS[0]), FORM, ""), Reading)


def test_nothing_is_kept_anywhere_of_hundreds_of_documents(
    steady: DaskCluster, opened: Open
) -> None:
    readers = opened(steady, alone=True)
    data = golden(KINDS[0])
    with ThreadPoolExecutor(4) as callers:
        for found in callers.map(lambda _: readers.read(data, FORM, "x.xlsx"), range(200)):
            assert isinstance(found, Reading)
    team = readers._teams.team()
    assert team is not None
    client = team.executor._client  # type: ignore[attr-defined]

    def released() -> bool:
        tasks = client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
        return not client.futures and tasks == 0

    until(released, "client and scheduler hold no task any more")


def test_a_worker_killed_in_the_middle_is_another_workers_document(
    here: Jail, opened: Open
) -> None:
    """SIGKILL while it reads a scan: the other reads it; this machine could not have."""
    with DaskCluster(2) as cluster, ThreadPoolExecutor(1) as caller:
        readers = opened(cluster, alone=True)
        until(lambda: threads_of(readers) == 2, "both workers are in the team")
        with cluster.watched() as stopped_at_work:
            asked = caller.submit(readers.read, golden(SCAN), FORM, SCAN)
            cluster.kill(stopped_at_work())
        found = asked.result()
        assert isinstance(found, Reading)
        assert found == here.read(golden(SCAN), FORM, SCAN)
        until(lambda: threads_of(readers) == 1, "the dead worker is out of the team")
        # A third is taken in without a word to anybody.
        cluster.add()
        until(lambda: threads_of(readers) == 2, "the new worker is in the team")
        assert not readers.trouble


def test_the_last_worker_killed_leaves_the_document_to_this_machine(
    here: Jail, opened: Open
) -> None:
    with DaskCluster(1) as cluster, ThreadPoolExecutor(1) as caller:
        readers = opened(cluster)
        with cluster.watched() as stopped_at_work:
            asked = caller.submit(readers.read, golden(SLOW), FORM, SLOW)
            cluster.kill(stopped_at_work())
        assert asked.result() == here.read(golden(SLOW), FORM, SLOW)
        until(lambda: "has no worker" in readers.trouble, "that is told")


def test_fault_134_a_scheduler_that_is_killed_and_comes_back(here: Jail, opened: Open) -> None:
    """Documents on their way are read here, with a warning; the cluster is used again later."""
    with DaskCluster(2) as cluster, ThreadPoolExecutor(2) as callers:
        readers = opened(cluster)
        until(lambda: threads_of(readers) == 2, "both workers are in the team")
        with cluster.watched() as stopped_at_work:
            asked = [callers.submit(readers.read, golden(SLOW), FORM, SLOW) for _ in range(2)]
            cluster.signal(stopped_at_work(), signal.SIGKILL)
        cluster.kill_scheduler()
        expected = here.read(golden(SLOW), FORM, SLOW)
        assert [one.result() for one in asked] == [expected] * 2
        until(lambda: "read on this machine only" in readers.trouble, "that is told")
        assert readers.width == 2
        cluster.start()
        cluster.add()
        until(lambda: threads_of(readers) == 1, "the new worker is in the team")
        assert not readers.trouble
        readers.local = Jail(LIMITS, command=("/bin/false",))
        assert readers.read(golden(SLOW), FORM, SLOW) == expected


def test_fault_134_a_scheduler_that_hangs_is_given_up(here: Jail, opened: Open) -> None:
    """It neither answers nor closes: its silence is enough."""
    with DaskCluster(1) as cluster, ThreadPoolExecutor(1) as caller:
        readers = opened(cluster)
        assert threads_of(readers) == 1
        with cluster.watched() as stopped_at_work:
            asked = caller.submit(readers.read, golden(SLOW), FORM, SLOW)
            number = stopped_at_work()
        assert cluster.scheduler is not None
        cluster.scheduler.send_signal(signal.SIGSTOP)
        # before the next try to reach it, which ends with other words
        until(lambda: "does not answer" in readers.trouble, "that is told")
        assert asked.result() == here.read(golden(SLOW), FORM, SLOW)
        cluster.scheduler.send_signal(signal.SIGCONT)
        cluster.signal(number, signal.SIGCONT)
        until(lambda: threads_of(readers) == 1, "it is used again")


def test_fault_134_a_cluster_that_was_never_there(here: Jail, opened: Open) -> None:
    """At the start too: a warning, and documents are read here."""
    cluster = DaskCluster(0)
    readers = opened(cluster)
    assert readers.read(golden(KINDS[0]), FORM, "") == here.read(golden(KINDS[0]), FORM, "")
    assert cluster.scale.readers in readers.trouble
    cluster.end()
    shutil.rmtree(cluster.dir)


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A tree with an older version of the program."""
    for package in ("parsers", "config"):
        shutil.copytree(ROOT / package, tmp_path / "older" / package)
    path = tmp_path / "older" / "parsers" / "money.py"
    path.write_text(path.read_text("utf-8") + "\n# as it was last year\n", "utf-8")
    assert fingerprint_of(path.parent) != code_fingerprint()
    return tmp_path / "older"


def test_fault_135_a_worker_with_older_code_reads_nothing(
    here: Jail, opened: Open, older: Path
) -> None:
    """It gets no document, and the admin hears of it; the others work on."""
    with DaskCluster(1) as cluster:
        cluster.add(older)
        readers = opened(cluster, alone=True)
        until(lambda: "1 of 2 workers read nothing" in readers.trouble, "that is told")
        assert "another version" in readers.trouble
        assert threads_of(readers) == 1
        name = KINDS[0]
        for _ in range(8):
            assert readers.read(golden(name), FORM, name) == here.read(golden(name), FORM, name)


def test_fault_135_only_workers_with_older_code_is_as_none(
    here: Jail, opened: Open, older: Path
) -> None:
    """Documents are read here."""
    with DaskCluster(0) as cluster:
        cluster.add(older)
        readers = opened(cluster)
        assert readers.read(golden(KINDS[0]), FORM, "") == here.read(golden(KINDS[0]), FORM, "")
        assert "1 of 1 workers read nothing" in readers.trouble


def test_with_tls_both_sides_show_a_certificate(here: Jail, opened: Open) -> None:
    with DaskCluster(1, tls=True) as cluster:
        readers = opened(cluster, alone=True)
        name = KINDS[0]
        assert readers.read(golden(name), FORM, name) == here.read(golden(name), FORM, name)
        (seen,) = survey(cluster.scale, LIMITS)
        assert seen.address.startswith("tls://")
        # Whoever has none of the cluster's own gets nothing from it.
        with DaskCluster(0, tls=True) as other:
            cluster.scale = other.scale.model_copy(update={"readers": cluster.scale.readers})
            stranger = opened(cluster)
            assert threads_of(stranger) == 0
            assert "read on this machine only" in stranger.trouble
        cluster.scale = cluster.scale.model_copy(update={"tls_ca": "", "tls_cert": ""})
        naked = opened(cluster)
        assert threads_of(naked) == 0


def test_a_process_that_ends_waits_for_no_cluster(tmp_path: Path) -> None:
    """With a scheduler that hangs: an answer that never comes must not keep a process alive."""
    script = (
        "import sys; from config.model import Scale; from intake.cluster import Cluster\n"
        "from parsers.jail import JailLimits\n"
        "cluster = Cluster(Scale(readers=sys.argv[1]), JailLimits()); assert cluster.team()\n"
        "print('ready', flush=True); sys.stdin.readline(); cluster.close()\n"
    )
    with DaskCluster(1) as cluster:
        process = subprocess.Popen(
            [sys.executable, "-c", script, cluster.scale.readers],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert b"cluster_joined" in process.stdout.readline()
        assert process.stdout.readline() == b"ready\n"
        assert cluster.scheduler is not None
        cluster.scheduler.send_signal(signal.SIGSTOP)
        process.communicate(b"\n", timeout=60)
        assert process.returncode == 0


def test_check_connect_shows_every_worker(steady: DaskCluster, open_office, older: Path) -> None:
    office = open_office(scale={"readers": f'"{steady.scale.readers}"'})
    answers, problems = connections(office.config, ENV)
    assert not problems
    told = "\n".join(answers)
    assert f"readers {steady.scale.readers}: 2 worker(s), 2 document(s) at a time" in told
    assert told.count("same version, all layers of the jail") == 2
    late = steady.add(older)
    try:
        _, problems = connections(load(office.folder, env=ENV), ENV)
        assert len(problems) == 1
        assert "reads with another version" in problems[0]
    finally:
        steady.kill(late)


# --- a whole office -------------------------------------------------------------------------------

TABLES = ("messages", "documents", "submissions", "points", "findings")


def letters() -> list[bytes]:
    """Three mails: a workbook with a scan, an old Word file, and what nobody can read."""
    old = ("Biểu cũ.odt", "application/vnd.oasis.opendocument.text", golden(SLOW))
    photo = ("Ảnh.jpg", "image/jpeg", golden("list-signed/input-reportlab-print.photo-desk.jpg"))
    broken = ("hỏng.pdf", "application/pdf", b"%PDF-1.7 and no more")
    return [
        mail(HOA_CU_MAIL, files=[*workbook_file(form_of_hoa_cu()), photo]),
        mail(GIA_CAT_MAIL, files=[old]),
        mail(HOA_CU_MAIL, files=[broken]),
    ]


def recorded(office: Whole) -> Dump:
    found = dump(office.store)
    return {name: found[name] for name in TABLES}


@pytest.fixture(scope="module")
def sent() -> list[bytes]:
    return letters()


def received(office: Whole, mails: list[bytes]) -> Whole:
    for raw in mails:
        office.deliver(raw)
    return office


def test_fault_134_135_an_office_records_the_same_whatever_becomes_of_its_cluster(
    open_office, sent: list[bytes]
) -> None:
    """Worker and scheduler are killed while its mails are read: each is recorded once."""
    patient = {"read_seconds": '"120s"', "convert_seconds": '"120s"'}
    alone = received(open_office(limits=patient), sent)
    alone.tick()
    with DaskCluster(2) as cluster, ThreadPoolExecutor(1) as loop:
        scale = {"readers": f'"{cluster.scale.readers}"'}
        office = received(open_office(limits=patient, scale=scale), sent)
        until(lambda: threads_of(office.desk.reader) == 2, "both workers are in the team")
        with cluster.watched() as stopped_at_work:
            ticking = loop.submit(office.tick)
            cluster.kill(stopped_at_work())
            cluster.signal(stopped_at_work(), signal.SIGKILL)
        cluster.kill_scheduler()
        ticking.result()
        assert recorded(office) == recorded(alone)
        assert len(office.store.messages()) == 3
        until(lambda: office.desk.reader.trouble, "the loss is known")
        office.tick()
        assert list(office.store.open_troubles()) == ["readers"]
        assert any("máy đọc tệp" in subject for subject in office.subjects(OFFICER))
        cluster.start()
        cluster.add()
        until(lambda: threads_of(office.desk.reader) == 1, "the new worker is in the team")
        office.tick()
        office.tick(office.now + dt.timedelta(hours=1))
        assert not office.store.open_troubles()


def test_another_cluster_and_none_are_taken_over_without_a_restart(
    steady: DaskCluster, open_office
) -> None:
    office = open_office()
    path = office.folder / "settings.toml"
    local = path.read_text("utf-8")

    def edited(readers: str) -> Reader:
        text = local.replace('readers = ""', f'readers = "{readers}"')
        assert readers == "" or text != local
        path.write_text(text, "utf-8")
        replace_config(office.desk, load(office.folder, env=ENV), ENV)
        return office.desk.reader

    first = office.desk.reader
    far = edited(steady.scale.readers)
    assert isinstance(far, Readers)
    assert first._closed
    until(lambda: threads_of(far) == 2, "both workers are in the team")
    assert edited(steady.scale.readers) is far
    assert isinstance(edited(""), Jail)
    assert far.local._closed
    assert threads_of(far) == 0


def test_once_reads_on_the_cluster_and_ends(steady: DaskCluster, open_office) -> None:
    """As a user starts it: the process finds the cluster before it reads, and does not linger."""
    office = open_office(
        scale={"readers": f'"{steady.scale.readers}"'}, smtp={"redirect_all_to": f'"{OFFICER}"'}
    )
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office._desk.close()
    with real_process(office.folder, "once") as process:
        told = process.communicate(timeout=120)[0].decode()
        assert process.returncode == 0, told
    assert "cluster_joined" in told
    assert "read_here" not in told
    office.restart()
    assert [one.verdict for one in office.store.messages()] == ["submission"]
