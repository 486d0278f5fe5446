"""The whole program with its vault in a bucket of a real S3 server."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rigs.answering import (
    GIA_CAT_MAIL,
    HOA_CU_MAIL,
    NIL,
    OFFICER,
    form_of_hoa_cu,
    state,
    with_communes,
)
from rigs.bad_way import BadWay, Deed, Trouble, bad_way
from rigs.cast import moment
from rigs.dump import dump
from rigs.replaying import no_bar
from rigs.s3 import KEY, S3, SECRET, names_in
from rigs.whole import CAMPAIGN, Whole, mail, workbook_file
from structlog.testing import capture_logs

from config.init import write_example
from config.settings import load
from intake.backup import back_up
from intake.demo import _with_values
from intake.doctor import connections
from intake.opening import open_registry, open_vault
from intake.rebuild import rebuild
from intake.restore import restore
from intake.verify import verify
from registry.bucket import Access, Bucket
from registry.errors import NotPossible
from registry.store import open_store

pytestmark = pytest.mark.e2e

BOOK = form_of_hoa_cu()


def in_bucket(access: Access, folder: Path, limit: str = "60s") -> dict[str, str]:
    """What [storage] says of a vault in this bucket; its secret goes into a file."""
    secret = folder / f"{access.bucket}.secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    return {
        "vault": f'"s3://{access.bucket}/{access.prefix}"',
        "s3_endpoint": f'"{access.endpoint}"',
        "s3_access_key": f'"{KEY}"',
        "s3_secret_file": f'"{secret}"',
        "s3_timeout": f'"{limit}"',
    }


@pytest.fixture
def way(s3: S3) -> Iterator[BadWay]:
    with bad_way(s3.endpoint) as opened:
        yield opened


@pytest.fixture
def access(s3: S3, way: BadWay) -> Access:
    return replace(s3.access(), endpoint=way.endpoint)


@pytest.fixture
def limit(request: pytest.FixtureRequest) -> str:
    """How long an answer of the bucket is waited for: where it hangs, that can be waited for."""
    case = getattr(request.node, "callspec", None)
    return "10s" if case and case.params.get("deed") == "hang" else "60s"


@pytest.fixture
def office(open_office, access: Access, tmp_path: Path, limit: str) -> Whole:
    storage = in_bucket(access, tmp_path, limit)
    return with_communes(open_office(storage=storage), "06223", "06235")


def a_busy_day(office: Whole) -> None:
    """A form and a nil return are answered, the deadline passes, a report is drafted."""
    office.store.launch(CAMPAIGN, "officer", moment(13, 8))
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.tick()
    office.tick(moment(22, 9))


def test_from_the_inbox_to_the_report_and_back_from_the_bucket(office, access, tmp_path):
    """Recorded, acknowledged and filed; the bucket alone gives the same registry and report."""
    a_busy_day(office)
    assert state(office, "06235") == "nil"
    assert len(office.subjects(HOA_CU_MAIL)) >= 1
    assert not office.inbox()
    kept = {office.desk.vault.get(one.sha256) for one in office.store.messages()}
    assert kept == set(office.inbox("Đã xử lý"))
    assert not (office.folder / "data" / "vault").exists()
    assert office.store.reports(CAMPAIGN)
    assert verify(office.config, office.store, open_vault(office.config)) == []
    made = rebuild(office.config, tmp_path / "again", no_bar, from_vault=True)
    assert made.view["differences"] == []
    assert made.view["same_chain"]
    with open_store("sqlite:///registry.db", tmp_path / "again") as new:
        assert dump(new) == dump(office.store)
    assert "secret.key" in names_in(Bucket(access))


def test_what_is_lost_or_changed_in_the_bucket_is_found(office, s3, access):
    a_busy_day(office)
    first, second = [one.sha256 for one in office.store.messages()][:2]
    s3.delete(access, f"{first[:2]}/{first}")
    s3.put(access, f"{second[:2]}/{second}", b"something else")
    s3.put(access, "journal/0001/000000000001.jsonl", b"no event\n")
    found = verify(office.config, office.store, open_vault(office.config))
    assert sorted(one.code for one in found) == ["copy", "message-file", "message-file"]
    assert any("gone" in one.found for one in found)
    assert any("damaged" in one.found for one in found)


def test_a_segment_that_is_listed_and_gone_is_named(office, way, tmp_path):
    """By verify, by a backup, and by a start when it is the last one: that begins another copy."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.tick()
    _, *lost = (name for name, _ in office.desk.vault.place.listed("journal"))
    way.spoil(Trouble("refuse", "GET", part=lost[-1], status=404, code="NoSuchKey"))
    (found,) = verify(office.config, office.store, open_vault(office.config))
    assert found.code == "copy"
    assert lost[-1] in found.about
    assert "listed, and gone" in found.found
    with pytest.raises(NotPossible, match=f"{lost[-1]}: it is listed, and gone"):
        back_up(office.config, office.store, open_vault(office.config), tmp_path, moment(15), "1")
    with capture_logs() as logs:
        office.restart()
    assert [one["event"] for one in logs if lost[-1] in one.get("reason", "")] == [
        "journal_copy_damaged"
    ]
    office.tick()
    assert verify(office.config, office.store, open_vault(office.config)) == []


@pytest.mark.parametrize("limit", ["10s"])
def test_a_letter_too_large_for_the_line_keeps_no_other_waiting(office, way):
    """It stays in the inbox and is told; the others are recorded and answered."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK), body="x " * 600_000))
    (large,) = office.inbox()
    way.spoil(Trouble("hang", "PUT", part=hashlib.sha256(large).hexdigest()))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.tick()
    assert state(office, "06235") == "nil"
    assert len(office.subjects(GIA_CAT_MAIL)) == 1
    assert office.inbox() == [large]
    assert "s3_timeout" in office.daemon.trouble
    assert office.store.open_troubles()
    way.mend()
    office.tick()
    assert office.inbox() == []
    assert len(office.subjects(HOA_CU_MAIL)) == 1
    assert office.daemon.trouble == ""


def test_a_backup_of_a_bucket_goes_back_into_a_folder_and_into_a_bucket(
    office, s3, access, tmp_path
):
    """It is a folder like any other backup; a second one links to it."""
    a_busy_day(office)
    vault = open_vault(office.config)
    for now in (moment(22, 10), moment(22, 11)):
        made = back_up(office.config, office.store, vault, tmp_path / "backups", now, "1")
        assert made.problems == ()
    copied = {path.name for path in (made.folder / "vault").rglob("*") if path.is_file()}
    assert copied == {*vault.names(), "secret.key", "journal.jsonl"}
    assert not list(made.folder.rglob("*.secret"))
    one = next(path for path in (made.folder / "vault").glob("??/*"))
    assert one.stat().st_nlink == 2
    other = in_bucket(replace(s3.access(), endpoint=access.endpoint), tmp_path)
    places = {"disk": {"vault": '"data/vault"'}, "bucket": other}
    for name, storage in places.items():
        folder = tmp_path / name
        config = _config_of(folder, storage)
        assert restore(config, made.folder, moment(22, 12)).problems == ()
        assert restored_equals(config, office)
        store, again = open_registry(config)
        with store:
            assert again.secret() == vault.secret()
            assert [one for one in verify(config, store, again) if one.code != "copy"] == []


def _config_of(folder: Path, storage: dict[str, str]):
    write_example(folder)
    path = folder / "settings.toml"
    path.write_text(_with_values(path.read_text("utf-8"), "storage", storage), "utf-8")
    return load(folder, env={})


def time_passes(office) -> None:
    """The pause after a server that hung is over."""
    office.desk.vault.place._hung_until = float("-inf")


def restored_equals(config, office) -> bool:
    vault, before = open_vault(config), open_vault(office.config)
    return (
        list(vault.names()) == list(before.names())
        and list(vault.journal.events()) == list(before.journal.events())
        and all(vault.get(sha256) == before.get(sha256) for sha256 in before.names())
    )


@pytest.mark.parametrize(
    ("deed", "verb", "status", "code"),
    [
        ("hang", "", 0, ""),
        ("refuse", "", 503, "SlowDown"),
        ("cut the request", "PUT", 0, ""),
        ("lose the answer", "PUT", 0, ""),
        ("refuse", "PUT", 403, "AccessDenied"),
        ("refuse", "", 403, "RequestTimeTooSkewed"),
        ("refuse", "", 404, "NoSuchBucket"),
        ("refuse", "", 501, "NotImplemented"),
    ],
)
def test_fault_133_bucket_away(office, way, deed: Deed, verb, status, code):
    """While S3 hangs, refuses or cuts off, a message stays in the inbox; then all goes on."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    way.spoil(Trouble(deed, verb, status=status, code=code))
    office.tick()
    assert len(office.inbox()) == 1
    assert office.store.messages() == []
    assert "vault" in office.daemon.trouble
    assert [key for key in office.store.open_troubles() if key == "vault"] == ["vault"]
    assert any("Kho gốc" in subject for subject in office.subjects(OFFICER))
    way.mend()
    time_passes(office)
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.tick(moment(15, 10))
    assert not office.inbox()
    assert state(office, "06235") == "nil"
    assert len(office.subjects(HOA_CU_MAIL)) == 1
    assert office.daemon.trouble == ""
    assert verify(office.config, office.store, open_vault(office.config)) == []


def test_fault_133_one_refused(office, way):
    """What the bucket refuses stays in the inbox; the others are answered."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    way.spoil(Trouble("refuse", "PUT", status=403, code="AccessDenied", times=1))
    office.daemon._despite_the_disk(office.daemon.collect_and_keep)
    assert len(office.store.kept()) == 1
    way.mend()
    office.tick()
    assert not office.inbox()
    assert len(office.store.messages()) == 2


@pytest.mark.parametrize("deed", ["refuse", "cut the answer", "hang"])
def test_fault_133_kept_and_then_away(office, way, deed: Deed):
    """What is kept and cannot be read back waits, however long: no try is used up for it."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.daemon.collect_and_keep()
    office.restart()
    way.spoil(Trouble(deed))
    for _ in range(5):
        office.tick()
    (waiting,) = office.store.kept()
    assert waiting.tries == 0
    assert "vault" in office.daemon.trouble
    way.mend()
    time_passes(office)
    office.tick()
    assert office.store.kept() == []
    assert len(office.subjects(HOA_CU_MAIL)) == 1


def test_check_tells_what_the_bucket_can_do(office, way):
    env = {"INTAKE_TEST_PASSWORD": "", "INTAKE_SMTP_PASSWORD": ""}
    answers, _ = connections(office.config, env)
    told = "\n".join(answers)
    assert "S3 s3://" in told
    assert "written, read and listed" in told
    way.spoil(Trouble("refuse", status=403, code="AccessDenied"))
    _, problems = connections(office.config, env)
    assert any("[storage]" in one and "AccessDenied" in one for one in problems)
    way.spoil(Trouble("refuse", "PUT", status=501, code="NotImplemented", times=3))
    answers, _ = connections(office.config, env)
    assert any("no conditional PUT" in one for one in answers)
