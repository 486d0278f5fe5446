"""The background service: words, signals, reload, the idle hint. No test waits for a clock."""

import datetime as dt
import os
import queue
import signal
import threading
from types import SimpleNamespace

import pytest
from rigs.answering import HOA_CU_MAIL, NIL, OFFICER, state
from rigs.cast import moment
from rigs.report_letter import ROOT
from rigs.whole import ENV, mail, words

from config.settings import ConfigProblems, load
from intake import service as service_module
from intake.daemon import Daemon
from intake.health import Signs
from intake.reload import log_warnings, replace_config
from intake.service import Service
from registry.errors import RegistryBusy, VaultAway
from registry.snapshot import windows
from registry.vault import Vault

pytestmark = pytest.mark.e2e


def test_a_refused_edit_is_looked_at_again_at_each_turn() -> None:
    daemon = Steps()
    service = Service(daemon, {})
    looked: list[int] = []
    service._unread_edit = lambda: True  # type: ignore[method-assign]
    service.reload = lambda: (looked.append(daemon.ticks), service.words.put("stop"))  # type: ignore[method-assign,assignment,return-value]
    service.words.put("tick")
    service._loop()
    assert looked == [1]


@pytest.fixture
def served(office, monkeypatch):
    """A service around an office whose clock stands in 2024."""
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))
    return Service(office.daemon, ENV)


def brake_of(office):
    return office.store.snapshot(windows(office.config.campaigns)).brake


# --- words ---------------------------------------------------------------------------------------


class Steps:
    """A daemon that only notes what it is asked for."""

    def __init__(self, *failures: Exception | None) -> None:
        self.stopping = False
        self.config_due = False
        self.ticks = 0
        self.failures = list(failures)
        self.desk = SimpleNamespace(clock=lambda: dt.datetime.now(dt.UTC))
        self.health = SimpleNamespace(signs=Signs(), read_at=None, look=lambda: ())
        self.publisher = SimpleNamespace(numbers=None, publish=lambda **_: None)

    def until_idle(self) -> None:
        self.ticks += 1
        failure = self.failures.pop(0) if self.failures else None
        if failure:
            raise failure


def serve(daemon, *words):
    service = Service(daemon, {})
    for word in words:
        service.words.put(word)
    service._loop()
    return service


def test_words_that_wait_together_make_one_tick() -> None:
    daemon = Steps()
    service = Service(daemon, {})
    reloaded: list[int] = []
    service.reload = lambda: (reloaded.append(daemon.ticks), service.words.put("stop"))  # type: ignore[method-assign,assignment,return-value]
    for word in ("tick", "reload", "tick", "reload"):
        service.words.put(word)  # type: ignore[arg-type]
    service._loop()
    assert (reloaded, daemon.ticks) == ([1], 2)


def test_stop_comes_before_everything_else() -> None:
    daemon = Steps()
    serve(daemon, "tick", "reload", "stop")
    assert daemon.ticks == 1


@pytest.mark.parametrize("failure", [RegistryBusy("locked"), OSError(28, "No space left")])
def test_fault_086_089_a_locked_registry_or_a_full_disk_costs_one_tick(failure) -> None:
    """FAULTS 86, 89: the tick is given up and the service goes on, also when reloading."""
    daemon = Steps(failure)
    service = Service(daemon, {})

    def reload() -> None:
        service.words.put("stop")
        raise failure

    service.reload = reload  # type: ignore[method-assign]
    service.words.put("reload")
    service._loop()
    assert daemon.ticks == 2


# --- signals -------------------------------------------------------------------------------------


@pytest.fixture
def handlers():
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_fault_094_a_signal_ends_the_step_and_a_second_one_the_process(number) -> None:
    """FAULTS 94: the current step is finished; the system's own handler is back for the second."""
    service = Service(Steps(), {})
    service._obey_signals()
    signal.raise_signal(number)
    assert service.daemon.stopping
    assert service.words.get(timeout=5) == "stop"
    assert signal.getsignal(number) == signal.SIG_DFL


@pytest.mark.usefixtures("handlers")
def test_fault_094_sighup_asks_for_a_reload() -> None:
    """FAULTS 94: SIGHUP only puts a word: nothing is reloaded in mid-step."""
    service = Service(Steps(), {})
    service._obey_signals()
    signal.raise_signal(signal.SIGHUP)
    assert not service.daemon.stopping
    assert service.words.get(timeout=5) == "reload"


def test_fault_094_a_stop_in_mid_tick_leaves_the_rest_for_the_next_start(office, monkeypatch):
    """FAULTS 94: the message in hand is finished, the next one waits; nothing is lost."""
    for sender in (HOA_CU_MAIL, "giacat@caoloc.example"):
        office.deliver(mail(sender, body=NIL))
    record = office.store.record

    def then_stop(*arguments):
        office.daemon.stopping = True
        return record(*arguments)

    monkeypatch.setattr(office.store, "record", then_stop)
    office.tick()
    assert len(office.store.kept()) == 1
    assert office.smtp.accepted == []
    office.restart()
    office.tick()
    assert (state(office), state(office, "06235")) == ("nil", "nil")


# --- the clock -----------------------------------------------------------------------------------


def test_fault_122_nothing_is_done_by_a_clock_of_1970(served, office):
    """FAULTS 122: refused before the day of building; set right, all goes on without a brake."""
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    right, office.now = office.now, dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    served._tick()
    assert (len(office.inbox()), office.smtp.accepted) == (1, [])
    office.now = right
    served._tick()
    assert state(office) == "nil"
    assert brake_of(office) is None


@pytest.mark.parametrize("jump", [dt.timedelta(days=30), dt.timedelta(hours=-1)])
def test_fault_122_a_clock_that_jumped_pulls_the_brake(office, monkeypatch, jump):
    """FAULTS 122: mass mail and closing wait for a person; answers still leave."""
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))
    seconds = iter((0.0, 60.0))
    service = Service(office.daemon, ENV, counter=lambda: next(seconds))
    service._tick()
    office.store.launch("ocop-2024-2", "officer", office.now)
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    office.now += jump
    service._tick()
    assert "jumped" in brake_of(office).reason
    assert {one.recipients[0] for one in office.smtp.accepted} == {HOA_CU_MAIL, OFFICER}
    assert len(office.subjects(HOA_CU_MAIL)) == 1
    assert state(office, "06235") == "waiting"  # silence is not recorded by such a clock


# --- reload --------------------------------------------------------------------------------------


def wait_over(office, served, seconds=30):
    """Let time go by, as between two polls, and look at the folder again."""
    office.now += dt.timedelta(seconds=seconds)
    if served._edits.is_due():
        served.reload()
    office.tick()


def told_of_config(office):
    return [subject for subject in office.subjects(OFFICER) if "Cấu hình" in subject]


def test_fault_127_a_half_saved_file_changes_nothing_and_is_not_told(served, office):
    """FAULTS 127: the old config stays whole; a file that becomes whole in time worries nobody."""
    for name in ("settings.toml", "communes.csv", "campaigns/ocop-2024-2.toml"):
        old = office.desk.config
        path = office.folder / name
        whole_file = path.read_bytes()
        for half in (whole_file[: len(whole_file) // 2], b""):
            path.write_bytes(half)
            served.reload()
            assert office.desk.config is old
        path.write_bytes(whole_file)
        wait_over(office, served, 5)
    assert told_of_config(office) == []
    path = office.folder / "settings.toml"
    edited = path.read_text(encoding="utf-8").replace('phone = ""', 'phone = "0205 3861 000"')
    path.write_text(edited, encoding="utf-8")
    wait_over(office, served, 0)
    assert office.desk.config.settings.office.phone == "0205 3861 000"


def test_a_broken_edit_is_told_once_and_when_it_is_mended(served, office):
    path = office.folder / "settings.toml"
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace("port = 993", "prot = 993"), encoding="utf-8")
    broken = good.replace('poll = "60s"', 'pol = "60s"')
    path.write_text(broken, encoding="utf-8")
    wait_over(office, served, 0)
    assert told_of_config(office) == []
    for _ in range(4):
        wait_over(office, served)
    assert len(told_of_config(office)) == 1
    assert "mailbox.pol is not known" in words(office.sent[-1].raw)
    path.write_text(broken.replace('unit = "', 'unti = "'), encoding="utf-8")
    for _ in range(3):  # broken in another way: told as well, once
        wait_over(office, served)
    assert len(told_of_config(office)) == 2
    assert "office.unti" in words(office.sent[-1].raw)
    path.write_text(good, encoding="utf-8")
    wait_over(office, served, 0)
    for _ in range(5):
        wait_over(office, served, 600)
    told = told_of_config(office)
    assert len(told) == 3
    assert "Đã hết sự cố" in told[-1]


@pytest.mark.parametrize("way", ["rename", "in place", "link"])
def test_however_an_editor_saves_the_edit_is_seen(served, office, way):
    path = office.folder / "settings.toml"
    text = path.read_text(encoding="utf-8").replace('phone = ""', 'phone = "0205 3861 111"')
    before = path.stat()
    assert not served._edits.is_due()
    if way == "rename":
        fresh = path.with_name("4913")
        fresh.write_text(text, encoding="utf-8")
        path.rename(path.with_name("settings.toml~"))
        fresh.rename(path)
    elif way == "link":  # a mounted configuration is swapped as a whole
        elsewhere = office.folder / "..data"
        elsewhere.mkdir()
        (elsewhere / "settings.toml").write_text(text, encoding="utf-8")
        os.utime(elsewhere / "settings.toml", ns=(before.st_atime_ns, before.st_mtime_ns))
        path.unlink()
        path.symlink_to(elsewhere / "settings.toml")
    else:
        path.write_text(text, encoding="utf-8")
    assert served._edits.is_due()
    served.reload()
    assert office.desk.config.settings.office.phone == "0205 3861 111"
    assert not served._edits.is_due()


def test_the_watcher_hears_a_rename_and_nothing_of_our_own(served, office):
    ended = threading.Event()
    watcher = threading.Thread(target=served._watch_config, args=[ended], daemon=True)
    watcher.start()
    path, fresh = office.folder / "settings.toml", office.folder / "4913"
    text, heard = path.read_text("utf-8"), None
    for serial in range(20):  # the watch itself needs a moment to begin
        fresh.write_text(text.replace('phone = ""', f'phone = "{serial}"'), "utf-8")
        fresh.rename(path)
        try:
            heard = served.words.get(timeout=3)
            break
        except queue.Empty:
            continue
    assert heard == "tick"
    assert served._unread_edit()
    served.reload()
    assert not served._unread_edit()  # words still on their way find nothing to take over
    while not served.words.empty():
        served.words.get()
    for name in ("data/note.toml", "proposals/ocop-2024-2.toml", "settings.toml~"):
        (office.folder / name).parent.mkdir(exist_ok=True)
        (office.folder / name).write_text("x")
    with pytest.raises(queue.Empty):
        served.words.get(timeout=3)
    ended.set()
    watcher.join(timeout=30)
    assert not watcher.is_alive()


def test_a_folder_that_cannot_be_watched_is_looked_at_in_each_turn(served, office, monkeypatch):
    def refuse(*_args, **_more):
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("watchfiles.watch", refuse)
    served._watch_config(threading.Event())
    path = office.folder / "settings.toml"
    path.write_text(path.read_text("utf-8").replace('phone = ""', 'phone = "3"'), "utf-8")
    assert served._unread_edit()


def test_what_editors_and_the_program_leave_beside_is_no_edit(served, office):
    for name in ("campaigns/.#ocop-2024-2.toml", "settings.toml~", ".settings.toml.swp",
                 "templates/.ack.j2.swp", "~$communes.csv", "data/x.toml",
                 "proposals/ocop-2024-2.toml"):  # fmt: skip
        path = office.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    assert not served._edits.is_due()


def test_a_broken_wording_keeps_the_old_one_and_is_told(served, office):
    path = office.folder / "templates" / "ack-nil.j2"
    good = path.read_text("utf-8")
    path.write_text(good + "{% if %}", "utf-8")
    served.reload()
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    wait_over(office, served)
    assert len(office.subjects(HOA_CU_MAIL)) == 1  # by the old wording
    assert len(told_of_config(office)) == 1
    assert any("templates/ack-nil.j2" in words(one.raw) for one in office.sent)
    path.write_text(good.replace("{% block subject %}", "{% block subject %}[MỚI] "), "utf-8")
    served.reload()
    office.deliver(mail("giacat@caoloc.example", body=NIL))
    office.tick()
    (subject,) = office.subjects("giacat@caoloc.example")
    assert "[MỚI]" in subject


def test_a_new_campaign_the_calendar_and_the_roster_are_taken_over(served, office):
    campaigns = office.folder / "campaigns"
    text = (campaigns / "ocop-2024-2.toml").read_text("utf-8")
    other = text.replace('id = "ocop-2024-2"', 'id = "ocop-2024-3"').replace(
        'receipt_prefix = "OCOP2"', 'receipt_prefix = "OCOP3"'
    )
    other = other.replace("identifies = true", "identifies = false")
    (campaigns / "them.toml").write_text(other[: len(other) // 2], "utf-8")  # a copy under way
    served.reload()
    assert len(office.desk.config.campaigns) == 1
    (campaigns / "them.toml").write_text(other, "utf-8")
    calendar = office.folder / "calendar.toml"
    day = 'off = [\n  { date = 2024-05-16, notice = "thử" },'
    calendar.write_text(calendar.read_text("utf-8").replace("off = [", day, 1), "utf-8")
    roster = office.folder / "communes.csv"
    roster.write_text(
        roster.read_text("utf-8").replace(HOA_CU_MAIL, "ubnd.hoacu@caoloc.example"), "utf-8"
    )
    served.reload()
    assert [one.id for one in office.desk.config.campaigns] == ["ocop-2024-2", "ocop-2024-3"]
    assert not office.desk.calendar.is_working(dt.date(2024, 5, 16))
    office.deliver(mail("ubnd.hoacu@caoloc.example", subject="Đợt 2: OCOP2", body=NIL))
    office.tick()
    assert office.store.messages()[0].commune[0] == "06223"


def test_new_limits_and_a_new_password_need_no_restart(served, office, tmp_path):
    path = office.folder / "settings.toml"
    secret = tmp_path / "imap-password"
    secret.write_text(ENV["INTAKE_TEST_PASSWORD"] + "\n")
    secret.chmod(0o600)
    text = path.read_text("utf-8")
    text = text.replace('read_seconds = "120s"', 'read_seconds = "7s"').replace(
        'password_env = "INTAKE_TEST_PASSWORD"\npassword_file = ""',
        f'password_env = ""\npassword_file = "{secret}"',
        1,
    )
    path.write_text(text, "utf-8")
    served.reload()
    assert office.desk.reader.limits.seconds == 7
    office.desk.mailbox.close()
    right = secret.read_text()
    secret.write_text("another\n")
    office.tick()
    assert "login" in office.daemon.health.signs.failing
    secret.write_text(right)
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    office.tick(office.now + dt.timedelta(hours=1))
    assert state(office) == "nil"


def test_storage_elsewhere_waits_for_a_restart(served, office, capsys):
    path = office.folder / "settings.toml"
    old = office.desk.config.settings.storage
    text = path.read_text("utf-8").replace('vault = "data/vault"', 'vault = "data/kho"')
    path.write_text(text.replace('phone = ""', 'phone = "1"'), "utf-8")
    served.reload()
    assert office.desk.config.settings.storage == old
    assert office.desk.config.settings.office.phone == "1"
    assert "restart_needed" in "".join(capsys.readouterr())


def test_a_new_server_is_used_from_the_next_tick_on(served, office):
    path = office.folder / "settings.toml"
    before, poll = office.desk.mailbox, []
    served.poll_every = poll.append
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('processed = "Đã xử lý"', 'processed = "Xong"').replace(
            'poll = "60s"', 'poll = "30s"'
        ),
        encoding="utf-8",
    )
    served.reload()
    assert office.desk.mailbox is not before
    assert poll == [30.0]
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    office.tick()
    assert len(office.inbox("Xong")) == 1


def test_a_missing_password_changes_nothing(office):
    path = office.folder / "settings.toml"
    text = path.read_text(encoding="utf-8")
    changed = text.replace("INTAKE_TEST_PASSWORD", "INTAKE_NOT_SET")
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    before = (office.desk.config, office.desk.mailbox, office.desk.courier)
    with pytest.raises(ConfigProblems):
        replace_config(office.desk, load(office.folder, env={"INTAKE_NOT_SET": "x"}), {})
    assert (office.desk.config, office.desk.mailbox, office.desk.courier) == before


def test_fault_125_a_roster_that_was_halved_while_running_pulls_the_brake(served, office):
    """FAULTS 125: the call goes to nobody until a person has looked."""
    campaign = office.folder / "campaigns" / "ocop-2024-2.toml"
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(text.replace("communes = 22", "communes = 11"), encoding="utf-8")
    roster = office.folder / "communes.csv"
    lines = roster.read_text(encoding="utf-8").splitlines(keepends=True)
    roster.write_text("".join(lines[:12]), encoding="utf-8")
    served.reload()
    assert "roster lost 11 of 22" in brake_of(office).reason
    office.store.launch("ocop-2024-2", "officer", office.now)
    office.tick()
    assert {one.recipients for one in office.smtp.accepted} == {(OFFICER,)}


# --- an edit that cannot be noted now ---


def configs_noted(office):
    return [
        event.data["files"]
        for event in office.store.events_after(0, 10_000)
        if event.kind == "config"
    ]


def edit(office, name, old, new):
    path = office.folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


AWAY = VaultAway("s3://kho/vault/ab (put): the server asks to be asked less often")


@pytest.mark.parametrize(
    ("failure", "code"),
    [(AWAY, "vault"), (OSError(28, "No space left"), "disk")],
    ids=["bucket", "disk"],
)
def test_an_edit_that_the_vault_does_not_take_waits_whole(
    served, office, monkeypatch, failure, code
):
    """Neither its settings nor its wordings count before it is noted; then both do, untouched."""
    before = (office.desk.config, office.desk.mailbox, office.desk.courier, office.desk.reader)
    noted = configs_noted(office)
    edit(office, "settings.toml", 'poll = "60s"', 'poll = "30s"')
    edit(office, "settings.toml", 'read_seconds = "120s"', 'read_seconds = "7s"')
    edit(office, "settings.toml", "rate_per_minute = 100000", "rate_per_minute = 90000")
    edit(office, "templates/ack-nil.j2", "{% block subject %}", "{% block subject %}[MỚI] ")

    def refuses(_name, _data):
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(office.desk.vault.place, "keep", refuses)
        for _ in range(2):
            assert served._unread_edit()
            assert not served._unless_busy(served.reload)
        assert set(office.daemon.health.signs.failing) == {code}
    desk = office.desk
    assert (desk.config, desk.mailbox, desk.courier, desk.reader) == before
    assert configs_noted(office) == noted
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    office.tick()
    (subject,) = office.subjects(HOA_CU_MAIL)
    assert "[MỚI]" not in subject
    assert served._unread_edit()
    assert served._unless_busy(served.reload)
    assert not served._unread_edit()
    assert office.desk.config.settings.mailbox.poll_seconds == 30
    assert office.desk.reader.limits.seconds == 7
    assert len(configs_noted(office)) == len(noted) + 1
    office.deliver(mail("giacat@caoloc.example", body=NIL))
    office.tick()
    (subject,) = office.subjects("giacat@caoloc.example")
    assert "[MỚI]" in subject


def test_a_config_that_could_not_be_noted_at_the_start_is_noted_later(office, monkeypatch):
    noted = configs_noted(office)
    edit(office, "settings.toml", 'phone = ""', 'phone = "1"')
    with monkeypatch.context() as patch:

        def full(*_):
            raise OSError(28, "No space left")

        patch.setattr(Vault, "put", full)
        office.restart()
    served = Service(office.daemon, ENV)
    assert configs_noted(office) == noted
    assert served._unread_edit()
    served.reload()
    assert len(configs_noted(office)) == len(noted) + 1
    assert not served._unread_edit()


def test_an_edit_may_take_away_the_certificates_of_the_one_before(served, office):
    """Those are asked only whether the readers' limits are others now."""
    roots = office.folder / "roots.pem"
    roots.write_bytes("Chứng thư số gốc\n".encode("cp1258", "replace") + ROOT.pem.encode())
    edit(office, "settings.toml", 'signature_roots = ""', 'signature_roots = "roots.pem"')
    served.reload()
    assert office.desk.reader.limits.roots
    roots.unlink()
    edit(office, "settings.toml", 'signature_roots = "roots.pem"', 'signature_roots = ""')
    served.reload()
    assert not office.desk.reader.limits.roots


def test_fault_128_a_password_file_that_others_can_read_is_logged(office, capsys):
    """FAULTS 128: named at every start and reload, its content never."""
    secret = office.folder / "imap-password"
    secret.write_text("rat-bi-mat\n", encoding="utf-8")
    secret.chmod(0o644)
    path = office.folder / "settings.toml"
    text = path.read_text(encoding="utf-8")
    edited = text.replace(
        'password_env = "INTAKE_TEST_PASSWORD"\npassword_file = ""',
        f'password_env = ""\npassword_file = "{secret}"',
        1,
    )
    assert edited != text
    path.write_text(edited, encoding="utf-8")
    log_warnings(load(office.folder, env=ENV), {})
    told = "".join(capsys.readouterr())
    assert "config_warning" in told
    assert "imap-password" in told
    assert "rat-bi-mat" not in told


# --- the hint ------------------------------------------------------------------------------------


def hinted(office, service):
    """Deliver until the listener says something; a letter before its IDLE is not announced."""
    for _ in range(30):
        office.deliver(mail(HOA_CU_MAIL, body=NIL))
        try:
            return service.words.get(timeout=1)
        except queue.Empty:
            continue
    return None


def test_new_mail_ticks_at_once_and_the_listener_ends_with_the_service(office):
    service = Service(Daemon(office.desk), ENV)
    ended = threading.Event()
    listener = threading.Thread(target=service._listen, args=[ended], daemon=True)
    listener.start()
    assert hinted(office, service) == "tick"
    ended.set()
    office.deliver(mail(HOA_CU_MAIL, body=NIL))
    listener.join(timeout=30)
    assert not listener.is_alive()


def test_a_listener_without_its_server_only_waits(office, monkeypatch):
    service = Service(Daemon(office.desk), {"INTAKE_TEST_PASSWORD": "wrong"})
    ended = threading.Event()
    waited: list[float] = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        if len(waited) == 3:
            ended.set()
        return True

    monkeypatch.setattr(ended, "wait", wait)
    service._listen(ended)
    assert min(waited) >= 300  # the loop tries the same password: servers lock accounts for less
    assert service.words.empty()
