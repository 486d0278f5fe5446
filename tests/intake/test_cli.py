"""The command line as its users meet it: answers, JSON shapes, exit codes."""

import dataclasses
import datetime as dt
import email
import email.policy
import hashlib
import json
import subprocess
import sys
from email.message import EmailMessage

import openpyxl
import pytest
from rigs import registry
from rigs.office import POINT
from rigs.official import fill
from rigs.packed import LOCKED, Lie, odd_zip, plain_zip, rar5
from rigs.saved_mail import saved

from config.init import write_example
from config.settings import load
from intake import replay_acts
from intake.__main__ import main
from intake.closing import close_campaigns
from intake.daemon import Daemon
from intake.demo import _with_values
from intake.demo_documents import PLAIN, workbook
from intake.demo_scenario import GIA_CAT, HOA_CU, XLSX, _sender
from intake.desk import open_desk, reading_desk
from intake.opening import open_registry
from intake.post import alert, decide_and_queue
from registry.database import journal
from registry.journal_file import JournalFile
from registry.model import Slot
from registry.store import open_store

VN = dt.timezone(dt.timedelta(hours=7))
ENV = {"INTAKE_IMAP_PASSWORD": "made-up", "INTAKE_SMTP_PASSWORD": "made-up"}
CAMPAIGN = "ocop-2024-2"
MOMENT = dt.datetime(2024, 5, 15, 9, 0, tzinfo=VN)
BOOK = workbook(PLAIN, _sender("Hòa Cư", 45, 15), HOA_CU)
BROKEN = workbook(PLAIN, _sender("Gia Cát", 12, 13), [{**GIA_CAT[0], "phone": "12"}])
WORDS_OF_HOA_CU = ["Xã", "Hòa", "Cư", "registered", "OCOP2-06223-01-9", "1", "2", "15/05", "09:00"]
STRANGER = "ai.do@thudientu.example"


def mail(sender, book):
    made = EmailMessage()
    made["From"], made["To"] = sender, "ocop@caoloc.example"
    made["Subject"], made["Message-ID"] = "Đăng ký điểm OCOP", f"<{sender}-1>"
    made.set_content("Kính gửi UBND huyện.")
    main_type, sub_type = XLSX.split("/")
    made.add_attachment(book, maintype=main_type, subtype=sub_type, filename="Biểu.xlsx")
    return made.as_bytes()


def receive(desk, *mails, first_uid=1):
    """Put mails into vault and registry, then do what a tick does without servers."""
    for uid, raw in enumerate(mails, first_uid):
        sha = desk.vault.put(raw)
        slot = Slot("intake@host", "INBOX", 1, uid)
        desk.store.keep(slot, sha, len(raw), desk.clock(), desk.clock())
    desk.store.polled(desk.clock())
    Daemon(desk).understand_and_record()
    decide_and_queue(desk)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A config folder whose registry holds a good form, one with an error, and a stranger's."""
    folder = tmp_path_factory.mktemp("cli") / "config"
    write_example(folder)
    registry.settle(folder)
    moment = dt.datetime(2024, 5, 15, 9, 0, tzinfo=VN)
    with open_desk(load(folder, env=ENV), ENV, lambda: moment) as desk:
        receive(
            desk,
            mail("hoacu@caoloc.example", BOOK),
            mail("giacat@caoloc.example", BROKEN),
            mail(STRANGER, BOOK),
        )
    return folder


@pytest.fixture
def folder(made, tmp_path):
    """A copy of it, for commands that write."""
    return registry.copy_office(made, tmp_path / "config")


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a command in this process; return (exit code, stdout, stderr)."""
    monkeypatch.setattr("intake.logs.to_stderr", lambda **_: None)
    monkeypatch.setattr("intake.memory.soon_over", lambda: None)  # this process goes on
    monkeypatch.setenv("COLUMNS", "80")
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)

    def start(folder, *words):
        monkeypatch.setattr(sys, "argv", ["intake", "--config", str(folder), *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return start


# --- the JSON shapes that other programs rely on -------------------------------------------------


def test_status_json_has_every_key(made, run):
    code, out, _ = run(made, "status", "--json")
    view = json.loads(out)
    assert code == 0
    assert set(view) == {
        "campaigns", "department", "messages", "outbox", "mailbox", "daemon", "lease", "health",
    }  # fmt: skip
    assert view["daemon"] is None
    assert view["lease"] == []
    campaign = view["campaigns"][0]
    assert {"id", "deadline_at", "communes", "report"} <= set(campaign)
    assert campaign["id"] == CAMPAIGN
    assert campaign["deadline_at"] == "2024-05-21T00:00:00+07:00"
    assert campaign["report"] == {}
    assert len(campaign["communes"]) == 22
    communes = {one["code"]: one for one in campaign["communes"]}
    assert communes["06223"] == {
        "code": "06223",
        "name": "Xã Hòa Cư",
        "state": "registered",
        "receipt": "OCOP2-06223-01-9",
        "version": 1,
        "points": 2,
        "errors": 0,
        "received_at": communes["06223"]["received_at"],
        "late": False,
    }
    received = dt.datetime.fromisoformat(communes["06223"]["received_at"])
    assert received == dt.datetime(2024, 5, 15, 9, 0, tzinfo=VN)
    assert (communes["06235"]["state"], communes["06235"]["errors"]) == ("needs-fix", 1)
    assert communes["06184"]["state"] == "waiting"
    assert communes["06184"]["receipt"] is None
    assert view["messages"] == {
        "kept": 0,
        "recorded": 2,
        "held": 1,
        "by_verdict": {"submission": 2, "stranger": 1},
    }
    outbox = view["outbox"]
    assert {"queued", "sent", "refused", "unknown", "by_kind"} <= set(outbox)
    assert (outbox["sent"], outbox["refused"], outbox["unknown"]) == (0, 0, 0)
    assert outbox["by_kind"]["ack"] == 2
    assert view["mailbox"]["brake"] is None


def test_parse_json_has_every_key(made, run, tmp_path):
    book = tmp_path / "bieu.xlsx"
    book.write_bytes(BOOK)
    code, out, _ = run(made, "parse", book, "--json")
    (view,) = json.loads(out)
    assert code == 0
    assert list(view) == [
        *("file", "sha256", "kind", "role", "commune", "letter", "official", "nil"),
        *("rows", "findings", "refusal", "children"),
    ]
    assert view["file"] == "bieu.xlsx"
    assert view["sha256"] == hashlib.sha256(BOOK).hexdigest()
    assert (view["kind"], view["role"], view["nil"]) == ("xlsx", "form", False)
    assert view["commune"] == {"code": "06223", "name": "Xã Hòa Cư", "how": "heading"}
    assert (view["refusal"], view["children"], view["official"]) == (None, [], None)
    assert set(view["rows"][0]) == {"values", "places", "confidence"}
    for row, entry in zip(view["rows"], HOA_CU, strict=True):
        assert row["values"] == dict(entry)
        assert set(row["confidence"]) == set(entry)
        assert set(entry) <= set(row["places"])


def test_parse_json_of_a_form_with_an_error_gives_its_finding_and_exit_code_1(made, run, tmp_path):
    book = tmp_path / "sai.xlsx"
    book.write_bytes(BROKEN)
    code, out, _ = run(made, "parse", "--json", book)
    (view,) = json.loads(out)
    assert code == 1
    (found,) = [one for one in view["findings"] if one["severity"] == "error"]
    assert set(found) == {"severity", "code", "field", "row", "place", "message"}
    assert (found["field"], found["row"], found["code"]) == ("phone", 1, "bad-phone")
    assert found["place"] == view["rows"][0]["places"]["phone"]


def test_parse_json_of_a_file_that_is_not_read_gives_the_refusal(made, run, tmp_path):
    book = tmp_path / "trong.xlsx"
    book.write_bytes(b"")
    code, out, _ = run(made, "parse", "--json", book)
    (view,) = json.loads(out)
    assert code == 1
    assert set(view["refusal"]) == {"code", "message"}
    assert view["refusal"]["code"] == "empty"
    assert (view["rows"], view["findings"], view["letter"]) == ([], [], None)


def test_parse_json_of_a_mail_lists_its_files_as_children(made, run, tmp_path):
    path = tmp_path / "thu.eml"
    path.write_bytes(mail("hoacu@caoloc.example", BOOK))
    code, out, _ = run(made, "parse", "--json", path)
    (view,) = json.loads(out)
    assert code == 0
    assert (view["kind"], view["role"]) == ("eml", "message")
    assert [child["file"] for child in view["children"]] == ["Biểu.xlsx"]
    assert len(view["children"][0]["rows"]) == len(HOA_CU)


def test_parse_json_of_an_archive_is_a_tree_with_the_form_in_it(made, run, tmp_path):
    path = tmp_path / "ho so.rar"
    inner = plain_zip([("Bieu.xlsx", BOOK), ("Thumbs.db", b"x")])
    locked = odd_zip([Lie(b"khoa.pdf", flags=LOCKED)])
    path.write_bytes(rar5([("trong.zip", inner), ("khoa.zip", locked), ("rong.txt", b"")]))
    code, out, _ = run(made, "parse", "--json", path)
    (view,) = json.loads(out)
    assert code == 0
    assert (view["kind"], view["role"], view["refusal"]) == ("rar", "archive", None)
    form, shut, empty = view["children"]
    assert (form["file"], form["kind"], form["role"]) == ("trong.zip", "zip", "archive")
    assert [(one["code"], one["severity"]) for one in form["findings"]] == [("trifle", "note")]
    assert (form["children"][0]["file"], form["children"][0]["role"]) == ("Bieu.xlsx", "form")
    assert (shut["role"], shut["refusal"]["code"]) == ("archive", "encrypted")
    assert empty["refusal"]["code"] == "empty"
    assert set(view) == set(form["children"][0])


def test_parse_json_of_a_saved_mail_is_a_message(made, run, tmp_path):
    path = tmp_path / "thu.msg"
    nil = "Qua rà soát, UBND xã không có nhu cầu đăng ký hỗ trợ điểm."
    path.write_bytes(saved(subject="Xã Tân Liên: đăng ký điểm OCOP", text=nil))
    _, out, _ = run(made, "parse", "--json", path)
    (view,) = json.loads(out)
    assert (view["kind"], view["role"], view["nil"]) == ("msg", "message", True)
    path.write_bytes(saved([("Bieu.xlsx", BOOK)]))
    code, out, _ = run(made, "parse", "--json", path)
    (view,) = json.loads(out)
    assert (code, [child["file"] for child in view["children"]]) == (0, ["Bieu.xlsx"])


def test_parse_json_hears_a_nil_return_in_the_words_of_a_mail(made, run, tmp_path):
    words = EmailMessage()
    words["From"], words["Subject"] = "tanlien@caoloc.example", "Xã Tân Liên: đăng ký điểm OCOP"
    words.set_content("Qua rà soát, UBND xã không có nhu cầu đăng ký hỗ trợ điểm.")
    path = tmp_path / "thu.eml"
    path.write_bytes(words.as_bytes())
    code, out, _ = run(made, "parse", "--json", path)
    (view,) = json.loads(out)
    assert (view["role"], view["nil"], view["children"]) == ("message", True, [])
    assert code == 1  # no form was read


def test_show_held_and_plan_json_are_json_and_nothing_else(made, run):
    _, out, _ = run(made, "held", "--json")
    (waiting,) = json.loads(out)
    assert (waiting["sender"], waiting["verdict"]) == (STRANGER, "stranger")
    _, out, _ = run(made, "show", "1", "--json")
    shown = json.loads(out)
    assert shown["submission"]["receipt"] in {"OCOP2-06223-01-9", "OCOP2-06235-01-4"}
    assert {"documents", "mails", "journal"} <= set(shown)
    _, out, _ = run(made, "plan", "--json")
    assert {"at", "kind", "commune", "to", "key"} <= set(json.loads(out)[0])


# --- what people read ----------------------------------------------------------------------------


def test_status_is_one_line_for_each_commune_at_80_columns(made, run):
    code, out, _ = run(made, "status")
    lines = out.splitlines()
    assert code == 0
    hoa_cu = next(line for line in lines if line.startswith("Xã Hòa Cư"))
    assert hoa_cu.split() == WORDS_OF_HOA_CU
    table = lines[2 : 2 + 1 + 22]
    assert all(len(line) < 80 for line in table)
    assert sum(line.startswith(("Xã ", "Thị trấn ")) for line in table) == 22


@pytest.mark.parametrize("what", ["06223", "Xã Hòa Cư", "hòa cư", "OCOP2-06223-01-9"])
def test_show_finds_a_commune_and_its_submission(made, run, what):
    code, out, _ = run(made, "show", what)
    assert code == 0
    assert "OCOP2-06223-01-9  Xã Hòa Cư, version 1 (current): registered" in out
    assert "Điểm OCOP Hòa Cư" in out


def test_show_finds_a_message_a_submission_and_a_mail_by_number(made, run):
    code, out, _ = run(made, "show", "1")
    assert code == 0
    assert out.startswith("message 1  15/05/2024 09:00")
    assert "file Biểu.xlsx  xlsx, form, sha256" in out
    assert run(made, "show", "submission:1")[1].startswith("OCOP2-")
    assert run(made, "show", "mail:1")[1].startswith("mail:1  queued")


def test_held_says_why_in_the_officers_words(made, run):
    code, out, _ = run(made, "held")
    assert code == 0
    assert STRANGER in out
    assert "Địa chỉ người gửi không có trong danh bạ" in out


def test_parse_shows_values_places_and_findings(made, run, tmp_path):
    path = tmp_path / "sai.xlsx"
    path.write_bytes(BROKEN)
    code, out, _ = run(made, "parse", path)
    assert code == 1
    assert out.startswith("sai.xlsx  xlsx, form, Xã Gia Cát (by its heading)")
    assert "error bad-phone  row 1, phone, " in out
    assert GIA_CAT[0]["name"] in out


def test_plan_shows_a_calendar_and_travels_in_time(made, run):
    code, out, _ = run(made, "plan", "--at", "2024-05-01")
    assert code == 0
    grid = out[out.index("May 2024") :]
    assert all(len(line) <= 80 for line in grid.splitlines())
    assert "01/05 off: Ngày Quốc tế Lao động" in grid
    assert "04/05 worked:" in grid
    assert "21 call?" in grid, "one commune owes nothing more"
    assert "(if launched)" in out
    _, early, _ = run(made, "plan", "--json", "--at", "2024-05-17T08:00")
    _, late, _ = run(made, "plan", "--json", "--at", "2024-05-17T01:00:01+00:00")
    early, late = json.loads(early), json.loads(late)
    assert {one["at"] for one in early} - {one["at"] for one in late} == {
        "2024-05-17T08:00:00+07:00"
    }
    assert len({one["key"] for one in early}) == len(early)


@pytest.mark.parametrize("moment", ["tomorrow", "2024-13-01", "17/5/2024"])
def test_plan_says_how_a_moment_is_written(made, run, moment):
    code, _, err = run(made, "plan", "--at", moment)
    assert code == 2
    assert "2024-05-16" in err


def test_plan_shows_each_mail_with_its_moment(made, run):
    code, out, _ = run(made, "plan", "--campaign", CAMPAIGN)
    assert code == 0
    assert "to" in out.splitlines()[0].split()
    assert "nothing was sent" in out


# --- decisions -----------------------------------------------------------------------------------


def held_id(run, folder):
    return json.loads(run(folder, "held", "--json")[1])[0]["id"]


def test_an_assigned_message_no_longer_waits(folder, run):
    number = held_id(run, folder)
    code, out, _ = run(folder, "assign", number, "Hồng Phong", "--by", "cán bộ")
    assert code == 0
    assert f"message {number} is assigned" in out
    assert run(folder, "held")[1] == "nothing waits for a person\n"
    shown = json.loads(run(folder, "show", number, "--json")[1])
    assert any(event.get("by") == "cán bộ" for event in shown["journal"])


def test_a_message_without_a_commune_is_assigned_not_accepted(folder, run):
    code, _, err = run(folder, "accept", held_id(run, folder))
    assert code == 1
    assert err.endswith("use assign\n")


def test_who_accepts_an_older_message_is_told_what_goes_on_counting(folder, run):
    words = EmailMessage()
    words["From"], words["To"] = "hoacu@caoloc.example", "ocop@caoloc.example"
    words["Subject"], words["Message-ID"] = "Về việc đăng ký", "<words@hoacu>"
    words.set_content("Xã đang rà soát, sẽ có ý kiến sau.")
    with open_desk(load(folder, env=ENV), ENV, lambda: MOMENT - dt.timedelta(hours=1)) as desk:
        receive(desk, words.as_bytes(), first_uid=100)
        (number,) = (one.id for one in desk.store.held() if one.commune is not None)
    code, out, _ = run(folder, "accept", number)
    assert code == 0
    assert out.splitlines()[-2:] == [  # above them the log of what was received
        f"message {number} is accepted; the daemon records it at its next tick",
        "it came before OCOP2-06223-01-9, which goes on counting",
    ]


def test_a_rejected_message_no_longer_waits(folder, run):
    number = held_id(run, folder)
    code, out, _ = run(folder, "reject", number, "--reason", "quảng cáo")
    assert code == 0
    assert "nothing is sent to its sender" in out
    assert json.loads(run(folder, "held", "--json")[1]) == []


@pytest.mark.parametrize("words", [("assign", 99, "06223"), ("accept", 99), ("reject", 99)])
def test_a_message_that_does_not_exist_is_a_plain_answer(made, run, words):
    code, out, err = run(made, *words)
    assert (code, out) == (1, "")
    assert err == "intake: there is no message 99: see `intake held`\n"


@pytest.mark.parametrize(
    ("day", "hour", "told"),  # Hòa Cư answered already
    [
        (13, 9, "the daemon sends the call to 21 communes, now"),
        (13, 19, "to 21 communes, from 14/05/2024 07:30 on (office hours)"),
        (21, 9, "no call leaves any more: the deadline is over"),
    ],
)
def test_launch_says_when_the_call_leaves(folder, run, monkeypatch, day, hour, told):
    moment = dt.datetime(2024, 5, day, hour, 0, tzinfo=VN)
    monkeypatch.setattr("intake.__main__._now", lambda: moment)
    code, out, _ = run(folder, "launch", CAMPAIGN)
    assert code == 0
    assert f"launched at {day}/05/2024 {hour:02d}:00" in out
    assert told in out


def test_release_without_a_brake_does_no_harm(folder, run):
    code, out, _ = run(folder, "release")
    assert code == 0
    assert "0 mails" in out


def test_a_report_is_a_preview_first_and_is_approved_once_it_is_frozen(folder, run, tmp_path):
    code, out, _ = run(folder, "report", CAMPAIGN, "--out", tmp_path / "preview")
    assert code == 0
    assert "a preview as of now" in out
    names = {path.name for path in (tmp_path / "preview").iterdir()}
    assert names == {f"Bao cao {CAMPAIGN}.xlsx", f"Du thao cong van {CAMPAIGN}.docx"}
    code, _, err = run(folder, "approve", CAMPAIGN)
    assert code == 1
    assert "has no report yet" in err

    after = dt.datetime(2024, 5, 22, 8, 30, tzinfo=VN)
    with open_desk(load(folder, env=ENV), ENV, lambda: after) as desk:
        for message in desk.store.held():
            desk.store.reject(message.id, "test", "officer", after)
        desk.store.polled(after)
        close_campaigns(desk)
    code, out, _ = run(folder, "approve", CAMPAIGN, "--by", "lãnh đạo")
    assert code == 0
    assert "qltm@soct-langson.example" in out
    code, out, _ = run(folder, "report", CAMPAIGN, "--out", tmp_path / "frozen")
    assert out.startswith("report 1: frozen ")
    report = json.loads(run(folder, "status", "--json")[1])["campaigns"][0]["report"]
    assert report["number"] == 1
    assert report["approved_by"] == "lãnh đạo"


# --- the rest ------------------------------------------------------------------------------------


def test_form_writes_a_workbook_for_every_commune(made, run, tmp_path):
    code, out, _ = run(made, "form", CAMPAIGN, "--out", tmp_path)
    assert code == 0
    assert out.startswith("22 workbooks")
    book = openpyxl.load_workbook(tmp_path / f"{CAMPAIGN} 06223 Xã Hòa Cư.xlsx")
    assert book.worksheets[0]["A1"].value == "UBND XÃ HÒA CƯ"


def test_parse_tells_what_an_official_workbook_says_of_itself(made, run, tmp_path):
    assert run(made, "form", CAMPAIGN, "--out", tmp_path)[0] == 0
    name = f"{CAMPAIGN} 06223 Xã Hòa Cư.xlsx"
    (tmp_path / name).write_bytes(fill((tmp_path / name).read_bytes(), [POINT]))
    (view,) = json.loads(run(made, "parse", tmp_path / name, "--json")[1])
    assert view["official"].pop("form")
    assert view["official"] == {
        "campaign": CAMPAIGN, "commune": "06223", "issue": "", "exact": True
    }  # fmt: skip
    assert view["rows"][0]["values"] == POINT


def test_init_writes_once_and_check_finds_it_sound(run, tmp_path):
    code, out, _ = run(tmp_path, "init", tmp_path / "new")
    assert code == 0
    assert "check --connect" in out
    assert "smtp.redirect_all_to (canbo.ktht@caoloc.example) only" in out
    code, out, _ = run(tmp_path / "new", "check")
    assert code == 0
    assert 'warning: settings.toml: smtp.redirect_all_to = "canbo.ktht@caoloc.example"' in out
    assert "config is sound: 22 communes, 1 campaign(s)" in out
    _, out, _ = run(tmp_path / "new", "status")
    assert "a trial: all mail goes to canbo.ktht@caoloc.example only" in out
    assert json.loads(run(tmp_path / "new", "status", "--json")[1])["outbox"]["redirect_all_to"]
    code, _, err = run(tmp_path, "init", tmp_path / "new")
    assert code == 1
    assert len(err.splitlines()) == 1
    assert "more already there" in err


def test_check_connect_tells_both_servers_troubles_at_once(made, run, monkeypatch):
    for name in ENV:
        monkeypatch.delenv(name)
    code, _, err = run(made, "check", "--connect")
    assert code == 1
    assert "mailbox.password_env" in err
    assert "smtp.password_env" in err


def test_a_bad_config_is_a_line_for_each_problem_and_exit_code_1(folder, run):
    settings = folder / "settings.toml"
    text = settings.read_text(encoding="utf-8").replace("\npoll =", "\npol =")
    settings.write_text(text, encoding="utf-8")
    code, out, err = run(folder, "status")
    assert (code, out) == (1, "")
    assert "settings.toml:" in err
    assert "did you mean poll?" in err


@pytest.mark.parametrize(
    "words",
    [("no-such-command",), ("form", CAMPAIGN), ("approve", "no-such-campaign"), ("assign",)],
)
def test_wrong_usage_is_exit_code_2(made, run, words):
    assert run(made, *words)[0] == 2


def test_a_bug_is_exit_code_70_with_a_traceback(made, run, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("intake.views.status", broken)
    code, out, err = run(made, "status")
    assert (code, out) == (70, "")
    assert "ZeroDivisionError" in err


def test_verify_finds_the_journal_whole(made, run):
    code, out, err = run(made, "verify")
    assert (code, err) == (0, "")
    assert out.startswith("the journal is whole: ")
    assert "3 files are as they were" in out


def files_of_registry(folder):
    return sorted((folder / "data").glob("registry.db*"))


def test_a_replay_says_that_all_came_out_again(made, run, tmp_path):
    code, out, _ = run(made, "replay", "--out", str(tmp_path / "new"))
    assert code == 0
    assert "equal: every reading, answer, mail and report came out again" in out
    assert (tmp_path / "new" / "registry.db").exists()


@pytest.mark.sqlite_file  # it takes the file away; on a server: test_migrate.py
def test_a_replay_names_what_came_out_otherwise_and_is_exit_code_1(folder, run, monkeypatch):
    """Also where it would be put in place: not unasked, with differences."""
    again = replay_acts.understand_again

    def otherwise(desk, message, begun_at):
        outcome = again(desk, message, begun_at)
        return dataclasses.replace(outcome, reason=f"{outcome.reason}!")

    monkeypatch.setattr("intake.replay_acts.understand_again", otherwise)
    code, out, _ = run(folder, "replay")
    assert code == 1
    assert "recorded, message 1" in out
    assert "reason: 2 point(s) → 2 point(s)!" in out
    copy_journal(folder)
    for path in files_of_registry(folder):
        path.unlink()
    code, _, err = run(folder, "replay", "--in-place")
    assert (code, err) == (1, "intake: not put in place; --despite-differences would do it\n")
    assert files_of_registry(folder) == []
    assert run(folder, "replay", "--in-place", "--despite-differences")[0] == 1
    assert files_of_registry(folder) != []


def copy_journal(folder):
    config = load(folder, env=ENV)
    store, vault = open_registry(config)
    with store:
        JournalFile(vault.place.folder).catch_up(store, dt.datetime.now(dt.UTC))


def test_an_alert_whose_text_is_lost_comes_back_under_its_key(folder, run, tmp_path):
    """A kill kept its text from the vault: it is not told a second time, and is no difference."""
    config = load(folder, env=ENV)
    store, vault = open_registry(config)
    with store, reading_desk(config, store, vault, lambda: MOMENT) as (desk, _):
        alert(desk, "disk", "no room")
        (mail,) = [one for one in store.mails() if one.kind == "alert"]
        raw = store.mail_raw(mail.id)
    sha = hashlib.sha256(raw).hexdigest()
    kept = folder / "data" / "vault" / sha[:2] / sha
    assert kept.read_bytes() == raw
    for number, lost in enumerate([False, True]):
        if lost:
            kept.unlink()
        out = tmp_path / str(number)
        view = json.loads(run(folder, "replay", "--json", "--out", str(out))[1])
        assert (view["equal"], view["same_chain"]) == (True, not lost)
        with open_store("sqlite:///registry.db", out) as new:
            (again,) = [one for one in new.mails() if one.kind == "alert"]
            assert (again.key, again.recipient) == (mail.key, mail.recipient)
            assert ("kho gốc" in body_of(new.mail_raw(again.id))) == lost


def body_of(raw):
    made = email.message_from_bytes(raw, policy=email.policy.default)
    return made.get_body(("plain",)).get_content()


def test_an_event_that_this_program_does_not_know_stops_a_replay(folder, run):
    """A newer program wrote it: nothing is guessed."""
    store, _ = open_registry(load(folder, env=ENV))
    with store, store._database.write() as connection:
        journal(connection, MOMENT, "dreamt", "message 1", {})
    code, _, err = run(folder, "replay")
    assert code == 1
    assert "of the kind 'dreamt', which this version cannot replay" in err


@pytest.mark.sqlite_file  # as above
def test_a_registry_that_is_gone_comes_back(folder, run):
    """FAULTS 91 at the command line: refused while there is one; without its journal, said so."""
    code, _, err = run(folder, "replay", "--in-place")
    assert code == 1
    assert "move it away first" in err
    before = json.loads(run(folder, "status", "--json")[1])
    (path,) = files_of_registry(folder)
    kept = path.read_bytes()
    path.unlink()
    code, _, err = run(folder, "replay", "--in-place")
    assert code == 1
    assert "neither a registry nor a journal" in err
    path.write_bytes(kept)
    copy_journal(folder)
    for one in files_of_registry(folder):
        one.unlink()
    code, out, _ = run(folder, "replay", "--in-place", "--json")
    view = json.loads(out)
    assert (code, view["equal"], view["source"], view["placed"]) == (0, True, "vault", True)
    assert view["registry"] == str(path)
    assert run(folder, "verify")[0] == 0
    after = json.loads(run(folder, "status", "--json")[1])
    assert after | {"mailbox": 0} == before | {"mailbox": 0}
    assert after["mailbox"]["polled_at"] is None  # the inbox is read first


def test_a_registry_that_is_gone_comes_back_at_the_start_by_itself(folder, run, monkeypatch):
    """FAULTS 91 unattended: with the servers away, so that nothing else happens."""
    settings = folder / "settings.toml"
    text = settings.read_text(encoding="utf-8")
    for section in ("mailbox", "smtp"):
        there = {"host": '"127.0.0.1"', "port": "9", "security": '"none"'}
        text = _with_values(text, section, there)
    settings.write_text(text, encoding="utf-8")
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    before = json.loads(run(folder, "status", "--json")[1])
    copy_journal(folder)
    for path in files_of_registry(folder):
        path.unlink()
    code, _, err = run(folder, "once")
    assert (code, "the mailbox is away" in err or "mail cannot be sent" in err) == (1, True)
    after = json.loads(run(folder, "status", "--json")[1])
    assert [one["communes"] for one in after["campaigns"]] == [
        one["communes"] for one in before["campaigns"]
    ]
    assert after["messages"] == before["messages"]


def test_a_file_that_is_damaged_is_named_by_verify_and_by_a_replay(folder, run, tmp_path):
    """The message that it belongs to is held in the new registry, not left out."""
    number = json.loads(run(folder, "show", "OCOP2-06223-01-9", "--json")[1])["message"]
    one = json.loads(run(folder, "show", str(number), "--json")[1])
    path = folder / "data" / "vault" / one["sha256"][:2] / one["sha256"]
    path.write_bytes(path.read_bytes()[:-1])
    code, _, err = run(folder, "verify")
    assert code == 1
    assert f"message {one['id']} (received 15/05/2024 09:00 from hoacu@caoloc.example)" in err
    assert "is damaged" in err
    code, out, _ = run(folder, "verify", "--json")
    view = json.loads(out)
    assert (code, view["whole"], len(view["faults"])) == (1, False, 1)
    code, out, _ = run(folder, "replay", "--json", "--out", str(tmp_path / "new"))
    first = json.loads(out)["differences"][0]
    assert (code, first["subject"]) == (1, f"message {one['id']}")
    assert "gone or damaged" in first["why"]
    with open_store("sqlite:///registry.db", tmp_path / "new") as new:
        assert new.message(one["id"]).state == "held"


def test_every_command_says_what_it_does(run, tmp_path):
    commands = (
        *("init", "check", "run", "once", "demo", "parse", "form", "status", "show", "held"),
        *("plan", "assign", "accept", "reject", "release", "launch", "report", "approve"),
        *("replay", "verify"),
    )
    _, out, _ = run(tmp_path, "--help")
    for command in commands:
        assert f" {command} " in out
        assert run(tmp_path, command, "--help")[0] == 0


def test_it_runs_as_a_module_and_keeps_stdout_for_the_answer(made):
    ended = subprocess.run(
        [sys.executable, "-m", "intake", "--config", made, "status", "--json"],
        capture_output=True,
        check=True,
    )
    assert json.loads(ended.stdout)["campaigns"][0]["id"] == CAMPAIGN
    assert ended.stderr == b""
