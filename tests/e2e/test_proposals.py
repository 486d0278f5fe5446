"""Captions that the form does not know: proposed, accepted by an edit, shown, read again."""

import datetime as dt
import shutil
import stat
from dataclasses import replace

import pytest
from rigs.cast import moment
from rigs.dovecot import PASSWORD, Dovecot
from rigs.replaying import comes_out_equal
from rigs.running import running_office, wait_for
from rigs.whole import CAMPAIGN, ENV, Whole, mail, real_process, words, workbook_file
from typer.testing import CliRunner

from config.settings import ConfigProblems, load
from intake import reread
from intake.__main__ import app
from intake.demo_documents import PLAIN, Layout, workbook
from intake.demo_scenario import HOA_CU, _sender
from intake.proposals import waiting
from intake.service import Service
from registry.errors import NotPossible

pytestmark = pytest.mark.e2e
HOA_CU_MAIL, GIA_CAT_MAIL = "hoacu@caoloc.example", "giacat@caoloc.example"
USERS = {f"box{number}": PASSWORD for number in range(40)}
_free = iter(USERS)
CAPTION = "Toạ lạc"
GUESSED = "Nơi đặt quầy"  # taken for the address, with a warning


def book(*renamed: tuple[str, str]) -> bytes:
    """A filled workbook whose columns of these keys bear other captions."""
    captions = dict(renamed)
    columns = tuple(replace(one, header=captions.get(one.key, one.header)) for one in PLAIN.columns)
    return workbook(Layout(columns, PLAIN.unit), _sender("Hòa Cư", 45, 15), HOA_CU)


UNKNOWN = book(("address", CAPTION))


@pytest.fixture(scope="module")
def dovecot():
    with Dovecot(USERS) as server:
        yield server


@pytest.fixture
def whole(tmp_path, dovecot):
    with Whole(tmp_path / "config", dovecot, next(_free), moment(15)) as office:
        yield office


@pytest.fixture
def file(whole):
    return whole.folder / "proposals" / f"{CAMPAIGN}.toml"


def send_unknown(whole: Whole) -> None:
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(UNKNOWN)))
    whole.tick()


def accept(file, field: str = "address") -> None:
    text = file.read_text("utf-8")
    at = text.index(f'caption = "{CAPTION}"')
    line = text.index("# field", at)
    end = text.index("\n", line)
    file.write_text(f'{text[:line]}field = "{field}"{text[end:]}', "utf-8")


def looked(whole: Whole) -> reread.Preview:
    config = load(whole.folder, env=ENV)
    campaign = config.campaign(CAMPAIGN)
    return reread.preview(config, campaign, whole.store, whole.desk.vault, whole.now)


def current(whole: Whole):
    commune = next(one for one in whole.config.communes if one.code == "06223")
    return whole.store.current_submission(CAMPAIGN, commune.key)


def test_an_unknown_caption_is_proposed_with_samples_for_the_admin_only(whole, file, capsys):
    send_unknown(whole)
    text = file.read_text("utf-8")
    assert f'caption = "{CAPTION}"' in text
    assert "Thôn Bản Luận, xã Hòa Cư" in text
    assert "1 lần; Xã Hòa Cư" in text
    assert "\n# field = " in text
    assert "\nfield = " not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    said = capsys.readouterr()
    assert "Bản Luận" not in said.out + said.err
    assert all("Bản Luận" not in str(event.data) for event in whole.store.journal(1000))
    # Its commune alone is written to; not the bytes: some letters stand by chance in base64.
    assert [one.recipients for one in whole.sent] == [(HOA_CU_MAIL,)]
    assert all("Bản Luận" not in words(one.raw) for one in whole.sent)
    assert all(CAPTION not in subject for subject in whole.subjects())


def test_the_check_names_what_waits(whole, file):
    assert waiting(whole.config) == []
    send_unknown(whole)
    name = f"proposals/{CAMPAIGN}.toml"
    assert waiting(whole.config) == [
        f"{name}: 1 caption(s) that the form does not know; see the file"
    ]
    accept(file)
    assert waiting(whole.config) == [f"{name}: 1 accepted; next: intake reread {CAMPAIGN}"]
    file.write_text("[[alias", "utf-8")
    assert "cannot be read" in waiting(whole.config)[0]
    done = CliRunner().invoke(app, ["--config", str(whole.folder), "check"], env=ENV)
    assert f"note: {name}:1" in done.output


def test_nothing_unknown_makes_no_file(whole, file):
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(book())))
    whole.tick()
    assert not file.exists()


def test_the_file_is_written_anew_and_keeps_the_admins_answers(whole, file):
    send_unknown(whole)
    accept(file)
    whole.deliver(
        mail(GIA_CAT_MAIL, files=workbook_file(book(("address", CAPTION), ("note", "Lời bàn"))))
    )
    whole.tick()
    text = file.read_text("utf-8")
    assert 'caption = "Lời bàn"' in text
    assert '\nfield = "address"' in text
    file.write_text(text + "\n[[alias", "utf-8")  # half through an edit: left alone
    half = file.read_bytes()
    whole.daemon.proposals_due = True
    whole.tick()
    assert file.read_bytes() == half
    file.unlink()  # derived: it comes back, without the answers
    whole.daemon.proposals_due = True
    whole.tick()
    assert 'caption = "Lời bàn"' in file.read_text("utf-8")


def test_a_folder_that_cannot_be_written_stops_nothing(whole):
    (whole.folder / "proposals").write_text("a file where the folder belongs")
    send_unknown(whole)
    assert current(whole).state == "needs-fix"
    assert whole.daemon.trouble == ""


def test_the_difference_is_shown_and_nothing_is_changed(whole, file):
    send_unknown(whole)
    accept(file)
    before = whole.store.journal_head()
    found = looked(whole)
    (change,) = found.changes
    assert (change.before.state, change.after.state) == ("needs-fix", "registered")
    assert (1, "address", "", "Thôn Bản Luận, xã Hòa Cư") in list(change.values())
    assert found.is_edited
    assert change.applies
    assert whole.store.journal_head() == before
    assert current(whole).state == "needs-fix"


def test_an_accepted_caption_is_read_again_and_told_once(whole, file, tmp_path):
    send_unknown(whole)
    accept(file)
    campaign_file = whole.folder / "campaigns" / f"{CAMPAIGN}.toml"
    comments = [line for line in campaign_file.read_text("utf-8").splitlines() if "#" in line]
    first = len(whole.subjects(HOA_CU_MAIL))
    found = looked(whole)
    sent_back = reread.apply(whole.config, found, whole.store, "admin", lambda: whole.now)
    assert sent_back == [found.changes[0].message_id]
    text = campaign_file.read_text("utf-8")
    assert f'  "{CAPTION}"' in text
    assert [line for line in text.splitlines() if "#" in line] == comments
    Service(whole.daemon, ENV).reload()
    whole.tick()
    answer = current(whole)
    assert (answer.state, answer.points[0].row.values["address"]) == (
        "registered",
        "Thôn Bản Luận, xã Hòa Cư",
    )
    assert len(whole.subjects(HOA_CU_MAIL)) == first + 1  # what it must do has changed
    assert CAPTION not in file.read_text("utf-8")
    assert [one.kind for one in whole.store.journal(50)].count("reread") == 1
    assert looked(whole).changes == ()
    whole.tick()
    assert len(whole.subjects(HOA_CU_MAIL)) == first + 1
    comes_out_equal(whole, tmp_path / "anew")


def test_an_answer_that_stays_what_it_was_is_not_told_again(whole, file):
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(book(("note", CAPTION)))))
    whole.tick()
    first = whole.subjects(HOA_CU_MAIL)
    accept(file, "note")
    found = looked(whole)
    assert [(one.before.state, one.after.state) for one in found.changes] == [
        ("registered", "registered")
    ]
    reread.apply(whole.config, found, whole.store, "admin", lambda: whole.now)
    Service(whole.daemon, ENV).reload()
    whole.tick()
    assert current(whole).points[0].row.values["note"] == "Đã có mặt bằng"
    assert whole.subjects(HOA_CU_MAIL) == first


def test_a_caption_that_was_only_guessed_becomes_certain(whole, file):
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(book(("address", GUESSED)))))
    whole.tick()
    file.write_text(f'[[alias]]\ncaption = "{GUESSED}"\nfield = "address"\n', "utf-8")
    (change,) = looked(whole).changes
    assert (change.before.warnings, change.after.warnings) == (1, 0)
    assert change.applies
    assert list(change.values()) == []


def test_an_older_version_is_left_alone(whole, file):
    send_unknown(whole)
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(book())), moment(15, 12))
    whole.tick(moment(15, 12))
    file.parent.mkdir(exist_ok=True)
    file.write_text(f'[[alias]]\ncaption = "{CAPTION}"\nfield = "address"\n', "utf-8")
    assert looked(whole).changes == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[[alias]]\ncaption = "x"\nfield = "adress"\n', "did you mean address"),
        ('[[alias]]\nfield = "address"\n', "alias.1..caption is missing"),
        ("[[alias", "cannot be read"),
        # the same caption for two fields is refused by the campaign's own check
        ('[[alias]]\ncaption = "Điện thoại"\nfield = "address"\n', "Điện thoại"),
    ],
)
def test_an_answer_that_makes_no_sense_names_file_and_line(whole, file, text, why):
    send_unknown(whole)
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigProblems, match=why):
        looked(whole)


def test_a_daemon_that_does_not_take_the_edit_over_reads_nothing_again(whole, file, monkeypatch):
    send_unknown(whole)
    accept(file)
    found, slept = looked(whole), []
    monkeypatch.setattr(reread, "holder_of", lambda _config, _store: object())
    with pytest.raises(NotPossible, match="has not taken the edit"):
        reread.apply(whole.config, found, whole.store, "a", lambda: whole.now, slept.append)
    assert len(slept) == 60
    assert current(whole).state == "needs-fix"
    Service(whole.daemon, ENV).reload()
    again = looked(whole)
    assert not again.is_edited
    assert reread.apply(whole.config, again, whole.store, "a", lambda: whole.now, slept.append)


def test_the_command_shows_and_applies(whole, file):
    send_unknown(whole)
    accept(file)
    shutil.copy(file, file.with_suffix(".kept"))
    arguments = ["--config", str(whole.folder), "reread", CAMPAIGN]
    shown = CliRunner().invoke(app, arguments, env=ENV)
    assert shown.exit_code == 0, shown.output
    assert "needs-fix, 2 point(s)" in shown.output
    assert "point 1, address: – → Thôn Bản Luận, xã Hòa Cư" in shown.output
    done = CliRunner().invoke(app, [*arguments, "--apply", "--by", "admin"], env=ENV)
    assert "1 are read again" in done.output
    whole.restart()
    whole.tick()
    assert current(whole).state == "registered"


def test_a_table_of_strange_captions_is_proposed_as_well(whole, file):
    strange = book(*((one.key, f"Cột lạ {at}") for at, one in enumerate(PLAIN.columns) if at > 1))
    whole.deliver(mail(HOA_CU_MAIL, files=workbook_file(strange)))
    whole.tick()
    (message,) = whole.store.messages(CAMPAIGN)
    assert message.verdict == "wrong-form"
    assert file.read_text("utf-8").count("[[alias]]") >= 8


# --- beside a running daemon ----------------------------------------------------------------------


def test_the_whole_loop_beside_a_running_daemon(tmp_path, dovecot):
    """Its own writing is no edit to it; an accepted caption is taken over, read again and told."""
    with (
        running_office(tmp_path / "config", dovecot, next(_free)) as office,
        real_process(office.folder, "run") as daemon,
    ):
        wait_for(daemon, "started")
        office.deliver(mail(HOA_CU_MAIL, files=workbook_file(UNKNOWN)), dt.datetime.now(dt.UTC))
        seen = wait_for(daemon, "proposals_written")
        file = office.folder / "proposals" / f"{CAMPAIGN}.toml"
        accept(file)
        command = ["--config", str(office.folder), "reread", CAMPAIGN, "--apply"]
        done = CliRunner().invoke(app, command, env=ENV)
        assert done.exit_code == 0, done.output
        assert "1 are read again" in done.output
        seen += wait_for(daemon, "verdict=submission")
        assert seen.count("config_taken_over") == 1
        office.deliver(mail(GIA_CAT_MAIL, body="x"), dt.datetime.now(dt.UTC))
        seen = wait_for(daemon, "message=2 verdict=query")
        assert "config_taken_over" not in seen
