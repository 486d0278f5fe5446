"""The background service: words, signals, reload, the idle hint. No test waits for a clock."""

import datetime as dt
import queue
import signal
import threading
from types import SimpleNamespace

import pytest
from rigs.answering import HOA_CU_MAIL, NIL, OFFICER, state
from rigs.cast import moment
from rigs.whole import ENV, mail

from config.settings import ConfigProblems, load
from intake import service as service_module
from intake.daemon import Daemon
from intake.health import Signs
from intake.service import Service, log_warnings, replace_config
from registry.errors import RegistryBusy
from registry.snapshot import windows

pytestmark = pytest.mark.e2e


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
        self.ticks = 0
        self.failures = list(failures)
        self.desk = SimpleNamespace(clock=lambda: dt.datetime.now(dt.UTC))
        self.health = SimpleNamespace(signs=Signs(), read_at=None, look=lambda: ())
        self.publisher = SimpleNamespace(numbers=None)

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


def test_fault_127_a_half_saved_file_changes_nothing_and_is_told(served, office):
    """FAULTS 127: the old config stays whole, the admin hears once; the whole file is taken."""
    old = office.desk.config
    for name in ("settings.toml", "communes.csv", "campaigns/ocop-2024-2.toml"):
        path = office.folder / name
        whole_file = path.read_bytes()
        for half in (whole_file[: len(whole_file) // 2], b""):
            path.write_bytes(half)
            served.reload()
            assert office.desk.config is old
        path.write_bytes(whole_file)
    office.tick()
    told = office.subjects(OFFICER)
    assert ["Cấu hình" in subject for subject in told] == [True]
    path = office.folder / "settings.toml"
    edited = path.read_text(encoding="utf-8").replace('phone = ""', 'phone = "0205 3861 000"')
    path.write_text(edited, encoding="utf-8")
    served.reload()
    assert office.desk.config.settings.office.phone == "0205 3861 000"


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
    assert waited[0] >= 30
    assert service.words.empty()
