"""What is kept, what is handed out and what is never written down: originals, dossiers, logs."""

import email
import hashlib
import io
import json
import logging
import re
import subprocess
import zipfile

import openpyxl
import pytest
import structlog
from rigs.answering import HOA_CU_MAIL, OFFICER, with_communes
from rigs.cast import moment
from rigs.whole import CAMPAIGN, Whole, mail, workbook_file

from intake.closing import release_report
from intake.demo_documents import PLAIN, workbook
from intake.demo_scenario import HOA_CU, _sender
from intake.export import export, safe_name
from intake.logs import processors
from registry.errors import NotPossible
from registry.model import Outcome, Slot

pytestmark = pytest.mark.e2e

#: Values of persons that occur nowhere else, one for each place in which they may come.
PERSONS = {
    "name": "Quán Nông Thị Hạnh Nguyên",
    "owner": "Hộ kinh doanh Lục Văn Thuận An",
    "representative": "Đàm Thị Thu Huệ",
    "phone": "0912777123",
    "address": "Nhà ông Triệu Sình Phượng, thôn Bản Luận",
    "registration_no": "020188004321",
    "products": "Mật ong bà Vy Thị Ngọc",
    "needs": "Biển hiệu cho chị Hứa Mai Sương",
    "note": "Gọi anh Lô Văn Kháng",
}
ODD = {
    "subject": '=HYPERLINK("http://x.example","bà Nguyễn Thị Bạch Tuyết")',
    "display": "Ông Phùng Quang Vinh",
    "file": "Bieu cua co Mong Thi Kieu Oanh.xlsx",
    "body": "Liên hệ cô Mông Thị Kiều Oanh, 0388 555 777, oanh.mong@thudientu.example",
    "stranger": "chu.van.toan.private@thudientu.example",
}
WORDS = (
    "Hạnh Nguyên", "Thuận An", "Thu Huệ", "912777123", "912 777 123", "Sình Phượng", "020188004321",
    "Vy Thị Ngọc", "Mai Sương", "Văn Kháng", "Bạch Tuyết", "Quang Vinh", "Kieu Oanh", "Kiều Oanh",
    "0388 555 777", "0388555777", "oanh.mong", "chu.van.toan", "hoacu@", "canbo.ktht@", "giacat@",
    "dongdang@", "qltm@", "lanhdao@", "chutich.",
)  # fmt: skip


@pytest.fixture
def office(office: Whole) -> Whole:
    """Four communes are enough here."""
    return with_communes(office, "06184", "06223", "06235", "06187")


def scenario(office: Whole) -> None:
    """An answer full of persons, a stranger, a file that cannot be read; closing and the report."""
    office.store.launch(CAMPAIGN, "Trần Thị Cán Bộ", moment(13, 8))
    office.tick(moment(14, 9))
    entry = {**HOA_CU[0], **PERSONS}
    files = workbook_file(workbook(PLAIN, _sender("Hòa Cư", 45, 15), (entry,)), ODD["file"])
    sender = f"{ODD['display']} <{HOA_CU_MAIL}>"
    office.deliver(mail(sender, ODD["subject"], files, ODD["body"]), moment(15, 8))
    office.deliver(mail(ODD["stranger"], ODD["subject"], files), moment(15, 8, 10))
    broken = [(ODD["file"], "application/pdf", b"%PDF-1.4 " + ODD["body"].encode())]
    office.deliver(mail(HOA_CU_MAIL, ODD["subject"], broken), moment(15, 8, 20))
    office.tick(moment(15, 9))
    office.tick(moment(22, 8, 30))
    release_report(
        office.store, office.desk.vault, office.config, CAMPAIGN, "Trần Thị Cán Bộ", office.now
    )
    office.tick(moment(22, 9))


@pytest.fixture
def campaign(office):
    return office.config.campaign(CAMPAIGN)


def dossier(office, campaign, out, **more):
    return export(office.config, office.store, office.desk.vault, campaign, out, office.now, **more)


def everything_in(folder):
    """All bytes of all files, members of zips unpacked, names included."""
    found = []
    for path in sorted(folder.rglob("*")):
        found.append(path.relative_to(folder).as_posix().encode())
        if path.is_file():
            found.append(path.read_bytes())
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as book:
                    found += [book.read(name) for name in book.namelist()]
    return b"\n".join(found).decode("utf-8", "replace")


def test_a_campaign_is_exported_whole_and_without_persons(office, campaign, tmp_path):
    scenario(office)
    done = dossier(office, campaign, tmp_path / "full")
    assert done.problems == ()
    folder = done.folder
    checked = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    listed = {line[66:] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    on_disk = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert listed | {"SHA256SUMS"} == on_disk
    assert all(name.isascii() for name in on_disk)

    # Originals are there byte for byte, under their commune.
    originals = {path.read_bytes() for path in folder.rglob("thu goc.eml")}
    assert originals == {office.desk.vault.get(one.sha256) for one in office.store.messages()}
    mine = folder / "don vi" / "06223 Hoa Cu" / "thu den"
    assert len(list(mine.iterdir())) == 2
    assert list(mine.rglob("01 Bieu cua co Mong Thi Kieu Oanh.xlsx"))
    acks = list((folder / "don vi" / "06223 Hoa Cu" / "thu di").glob("* ack.eml"))
    assert any("OCOP2-06223-01-9" in _subject(path) for path in acks)
    assert len(list((folder / "bao cao" / "01").iterdir())) == 3

    # The registry, as JSON and as a workbook in which nothing is a formula.
    view = json.loads((folder / "registry.json").read_text("utf-8"))
    (first,) = [one for one in view["submissions"] if one["version"] == 1]
    values = first["points"][0]["values"]
    assert values["representative"]["value"] == PERSONS["representative"]
    assert values["representative"]["place"]
    assert {one["kind"] for one in view["mails"]} >= {"ack", "call", "silence", "report"}
    book = openpyxl.load_workbook(folder / "registry.xlsx")
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert any(str(cell.value).startswith("=HYPERLINK") for cell in cells)
    kinds = {one["kind"] for one in json.loads((folder / "journal.json").read_text("utf-8"))}
    assert {"launched", "kept", "recorded", "closed", "report-approved", "mail-sent"} <= kinds

    # Without persons: none of them anywhere, the hashes of what is missing, and the figures.
    assert _found_in(everything_in(folder)), "the values would be found if they were there"
    redacted = dossier(office, campaign, tmp_path / "redacted", redact=True)
    text = everything_in(redacted.folder)
    assert _found_in(text) == []
    assert "Trần Thị Cán Bộ" not in text
    manifest = json.loads((redacted.folder / "manifest.json").read_text("utf-8"))
    full = json.loads((folder / "manifest.json").read_text("utf-8"))
    hashes = {one["sha256"] for one in full["files"] if one["kind"] in {"message", "document"}}
    assert hashes
    assert hashes <= {one["sha256"] for one in manifest["left_out"]}
    view = json.loads((redacted.folder / "registry.json").read_text("utf-8"))
    (first,) = [one for one in view["submissions"] if one["version"] == 1]
    assert first["points"][0]["values"]["cost_requested"]["value"] == HOA_CU[0]["cost_requested"]
    assert "representative" not in first["points"][0]["values"]


def _subject(path):
    raw = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    return str(raw["Subject"])


def _found_in(text):
    folded = text.casefold()
    return [word for word in WORDS if word.casefold() in folded]


@pytest.mark.parametrize("redact", [False, True])
def test_what_must_not_be_opened_is_named_and_left_out(office, campaign, tmp_path, redact):
    """Nobody who opens the dossier in ten years opens what the scanner knew."""
    raws = [mail(HOA_CU_MAIL, body=f"thư {number}") for number in range(3)]
    reasons = [("infected", "infected: Own.Eicar"), ("unchecked", "not-scanned: away")]
    recorded = [*reasons, ("query", "words-only")]
    for uid, (raw, (verdict, reason)) in enumerate(zip(raws, recorded, strict=True)):
        sha256 = office.desk.vault.put(raw)
        slot = Slot("box", "INBOX", 1, uid)
        one = office.store.keep(slot, sha256, len(raw), office.now, office.now)
        outcome = Outcome("held", verdict, reason, HOA_CU_MAIL, campaign=CAMPAIGN)
        office.store.record(one.message_id, outcome, office.now)
    done = dossier(office, campaign, tmp_path / "out", redact=redact)
    assert done.problems == ()
    originals = [path.read_bytes() for path in done.folder.rglob("thu goc.eml")]
    assert originals == ([] if redact else raws[2:])
    manifest = json.loads((done.folder / "manifest.json").read_text("utf-8"))
    why = {one["sha256"]: one["why"] for one in manifest["left_out"] if "why" in one}
    hashes = [hashlib.sha256(raw).hexdigest() for raw in raws]
    assert list(why) == hashes[:2]
    assert [said.partition(":")[0] for said in why.values()] == [one for one, _ in reasons]
    assert ("Own.Eicar" in str(why)) is not redact


def test_an_export_overwrites_nothing_and_says_what_is_lost(office, campaign, tmp_path):
    office.deliver(mail(HOA_CU_MAIL))
    office.tick()
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("mine")
    with pytest.raises(NotPossible, match="not empty"):
        dossier(office, campaign, tmp_path / "there")
    (message,) = office.store.messages()
    next((office.folder / "data" / "vault").glob(f"??/{message.sha256}")).unlink()
    done = dossier(office, campaign, tmp_path / "new")
    assert len(done.problems) == 1
    assert (done.folder / "registry.json").exists()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Biểu đăng ký Đồng Đăng.xlsx", "Bieu dang ky Dong Dang.xlsx"),
        ("../../etc/passwd", "etc-passwd"),
        (".hidden", "hidden"),
        ("a\x00b\nc:d|e", "a-b c-d-e"),
        ("", "tep"),
        ("…", "tep"),
        ("x" * 200 + ".pdf", "x" * 50 + ".pdf"),
        ("=cmd|' /C calc'!A0", "cmd C calc-A0"),
    ],
)
def test_names_in_a_dossier_are_safe_anywhere(name, safe):
    assert safe_name(name) == safe


# --- logs ---------------------------------------------------------------------------------------


@pytest.fixture
def log():
    """All that structlog and the standard library write, at the lowest level, as it is printed."""
    stream = io.StringIO()
    structlog.configure(
        processors=processors(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)
    structlog.reset_defaults()


def test_no_log_line_carries_a_person(office, log, monkeypatch):
    """The whole scenario, a refused recipient, and a reader that dies with the value in hand."""
    from rigs.smtp import Reply  # noqa: PLC0415

    words = f"550 5.1.1 <{OFFICER}>: Mong Thi Kieu Oanh rejected"
    office.smtp.on("RCPT", Reply(words), times=1)
    scenario(office)

    def dies(*_):
        raise ValueError(f"invalid literal: {PERSONS['phone']} {ODD['body']}")

    entry = {**HOA_CU[0], **PERSONS, "stars": "3"}
    files = workbook_file(workbook(PLAIN, _sender("Hòa Cư", 46, 16), (entry,)), ODD["file"])
    office.deliver(mail(ODD["display"] + f" <{HOA_CU_MAIL}>", ODD["subject"], files), office.now)
    monkeypatch.setattr(office.desk.reader, "read", dies)
    for _ in range(4):
        office.tick()
    text = log.getvalue()
    assert _found_in(text) == [], text[:20_000]
    assert text.count("event=attempt_failed") >= 3
    assert "ValueError" in text
    assert "understand.py" in text, "where it failed must stand there"
    assert "event=refused" in text
    assert "RCPT: 550 5.1.1" in text
    assert re.search(r"event=(recorded|held)", text)
