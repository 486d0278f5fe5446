"""Anything in any order: the promises of the program as invariants of a state machine.

The store, the vault, the daemon and all its decisions are the real ones; mail servers are in memory
(`rigs.memory_office`). The long form draws new examples: ``./dev machine [EXAMPLES]``.
"""

import datetime as dt
import email
import email.policy
import logging
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from promises.correspondence import KINDS, again, letter, mail
from promises.ledger import Delivered, Ledger
from rigs.answering import bounce
from rigs.cast import moment
from rigs.memory_office import CAMPAIGN, OFFICE, OFFICER, MemoryOffice, Unit
from rigs.office import SECRET
from rigs.replies import reply

import intake.post as post_module
import intake.service as service_module
from config.model import Campaign, Commune
from config.model import Office as OfficeSettings
from intake.closing import release_report
from notifier.fill_in import fill_in_workbook
from notifier.token import found_tokens
from registry import vault as vault_module
from registry.errors import NotPossible

MINUTE, HOUR, DAY = (dt.timedelta(**{unit: 1}) for unit in ("minutes", "hours", "days"))
STRANGER = "nguoila@khac.example"
UNITS = ("06223", "06235", "06208", "06187", "06184", "06226")
#: Small limits, so that caps and the brake are met often.
LIMITS = {
    "per_recipient_hour": "4",
    "per_recipient_day": "9",
    "brake_unasked": "16",
    "brake_acks": "12",
}

#: What all lives of this run came to.
LIVES: Counter[str] = Counter()
#: One number of examples for the suite, another for whoever has time.
EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "0"))
#: A life that fails is made shorter where there is time for it.
PHASES = (
    (Phase.generate, Phase.shrink)
    if EXAMPLES and os.environ.get("MACHINE_SHRINK") != "0"
    else (Phase.generate,)
)
STEPS = int(os.environ.get("MACHINE_STEPS", "50" if EXAMPLES else "25"))


def roster() -> list[Unit]:
    """Six units: with and without a chair's address, with two addresses, sharing nothing."""
    return [
        Unit("06223", "Hòa Cư", ["hoacu@caoloc.example"], ["chutich.hoacu@caoloc.example"]),
        Unit("06235", "Gia Cát", ["giacat@caoloc.example", "vp.giacat@caoloc.example"]),
        Unit("06208", "Thụy Hùng", ["thuyhung@caoloc.example"], ["ct.thuyhung@caoloc.example"]),
        Unit("06187", "Hồng Phong", ["hongphong@caoloc.example"]),
        Unit("06184", "Bình Trung", ["binhtrung@caoloc.example"], ["ct.binhtrung@caoloc.example"]),
        Unit("06226", "Tân Liên", ["tanlien@caoloc.example"]),
    ]


#: What is written, about whom, by whom, with which version of the file, how many hours late.
LETTERS = st.tuples(
    st.sampled_from([*KINDS, "form", "form", "faulty", "nil"]),
    st.sampled_from(UNITS),
    st.sampled_from(["commune", "commune", "commune", "chair", "officer", "stranger"]),
    st.integers(0, 3),
    st.sampled_from([0, 0, 0, 0, 1, 50]),
)


Letter = tuple[str, str, str, int, int]

#: What people write above a notice.
ANSWERS = (
    *("NHẬN", "BỎ", "GÁN", "GÁN xã Hòa Cư", "GÁN gia cat", "GÁN xã Không Có"),
    *("TRẢ LẠI biểu thiếu chữ ký", "BỎ\nNHẬN", "Để tôi xem lại.", ""),
)


class Office(RuleBasedStateMachine):
    """An office, its communes, its people, its servers, its clock, and its bad luck."""

    @initialize(
        letters=st.lists(LETTERS, min_size=2, max_size=6),
        launched=st.booleans(),
        dies_in=st.sampled_from([0, 4, 12, 40]),
    )
    def begin(self, letters: list[Letter], launched: bool, dies_in: int) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="machine-", dir=_fast_disk()))
        self.office = MemoryOffice(
            self.root / "config",
            moment(15, 9),
            roster(),
            {"limits": LIMITS, "smtp": {"rate_per_minute": "100000"}},
        )
        self.ledger = Ledger(self.office)
        self.ledger.known |= {address for unit in roster() for address in _addresses(unit)}
        self.serial = 0
        self.seen: object = None
        if launched:
            self.the_call_is_launched()
        self.communes_write(letters)
        self.office.effects.die_in = dies_in  # a few short lives may not meet the rule for it

    def teardown(self) -> None:
        if not hasattr(self, "office"):
            return
        try:
            self.live_on()
            self.ledger.all_is_done()
            self.hold_the_promises()
            self.count_the_life()
        finally:
            self.office.close()
            shutil.rmtree(self.root)

    def count_the_life(self) -> None:
        """What the lives came to: promises that nothing put to the test would hold for nothing."""
        store, ledger = self.office.store, self.ledger
        kinds = {event.kind for event in store.journal(100_000)}
        LIVES.update(
            {
                "lives": 1,
                "messages": len(store.messages()),
                "versions": len(ledger.receipts),
                "mails": len(self.office.courier.taken),
                "mails of unknown outcome": len(self.office.courier.open_ends),
                "deaths": len(self.office.effects.deaths),
                "campaigns closed": ledger.closed,
                "reports released": len(ledger.approved),
                "brakes pulled": "brake-pulled" in kinds,
                "mails that came back": sum(bool(m.bounced_at) for m in store.mails()),
                "answers by reply": sum(m.verdict == "decision" for m in store.messages()),
                "decided by reply": sum("reply" in event.data for event in store.journal(100_000)),
                "sent again elsewhere": sum("/again/" in m.key for m in store.mails()),
            }
        )

    # --- letters ---

    @rule(letters=st.lists(LETTERS, min_size=1, max_size=5))
    def communes_write(self, letters: list[Letter]) -> None:
        """Letters of any kind; each lay so many hours on a relay before the office's server."""
        for kind, unit, who, version, hours in letters:
            row = self._row(unit)
            other = {"chair": row.chairs[:1], "officer": [OFFICER], "stranger": [STRANGER]}
            for sender in other.get(who, row.emails[-1:]):
                self.serial += 1
                date = _date(self.office.now)
                raw = letter(kind, row.name, sender, self.serial, version, Date=date)
                self._deliver(raw, self.office.now - hours * HOUR, sender, unit)

    @precondition(lambda self: self.ledger.delivered)
    @rule(data=st.data(), how=st.sampled_from(["same", "relay", "forwarded-again"]))
    def the_same_comes_again(self, data: st.DataObject, how: str) -> None:
        """The very mail, the mail by another road, or its files in a new mail."""
        old = data.draw(st.sampled_from(self.ledger.delivered))
        self.serial += 1
        raw = old.raw
        if how == "relay":
            raw = again(old.raw, self.serial)
        elif how == "forwarded-again":
            lines = old.raw.split(b"\r\n")
            fresh = f"Message-ID: <{self.serial}@outside.example>".encode()
            raw = b"\r\n".join(fresh if x.startswith(b"Message-ID:") else x for x in lines)
        at = self.office.now
        self.office.server.deliver(raw, at)
        self.ledger.delivered.append(Delivered(raw, _seconds(at), old.sender, old.unit))

    @rule(what=st.sampled_from(["away", "spoof", "receipt", "mailer"]), unit=st.sampled_from(UNITS))
    def a_robot_writes(self, what: str, unit: str) -> None:
        """What must never be answered."""
        row = self._row(unit)
        self.serial += 1
        headers, sender = {}, row.emails[0]
        if what == "away":
            headers = {"Auto_Submitted": "auto-replied"}
        elif what == "spoof":
            sender = OFFICE
        elif what == "receipt":
            headers = {"List_Id": "<tin.example>"}
        else:
            sender = "MAILER-DAEMON@mx.example"
        raw = mail(sender, "Trả lời tự động", "Tôi đi vắng.", [], self.serial, **headers)
        self._deliver(raw, self.office.now, "", "")

    @precondition(lambda self: self.office.courier.taken)
    @rule(data=st.data(), action=st.sampled_from(["failed", "failed", "delayed"]))
    def a_mail_bounces(self, data: st.DataObject, action: str) -> None:
        """A server sends one of our mails back, or says that it takes long."""
        sent = data.draw(st.sampled_from(self.office.courier.taken[-8:]))
        self._deliver(bounce(sent.raw, sent.recipient, action), self.office.now, "", "")

    # --- people at the office ---

    @precondition(lambda self: self.office.store.held())
    @rule(data=st.data(), what=st.sampled_from(["assign", "accept", "reject", "accept"]))
    def an_officer_decides(self, data: st.DataObject, what: str) -> None:
        message = data.draw(st.sampled_from(self.office.store.held()))
        unit = data.draw(st.sampled_from(UNITS))
        self._decide(message.id, what, unit)

    @precondition(lambda self: self.office.store.submissions(CAMPAIGN))
    @rule(data=st.data(), what=st.sampled_from(["assign", "reject"]))
    def an_officer_changes_his_mind(self, data: st.DataObject, what: str) -> None:
        """About a message that was recorded."""
        recorded = [m for m in self.office.store.messages(state="recorded") if m.submission_id]
        if not recorded:  # nothing to do: no reason to throw the whole life away
            return
        message = data.draw(st.sampled_from(recorded))
        self._decide(message.id, what, data.draw(st.sampled_from(UNITS)))

    @precondition(lambda self: self._notices())
    @rule(
        data=st.data(),
        said=st.sampled_from(ANSWERS),
        sender=st.sampled_from([OFFICER, OFFICER, OFFICER, "hoacu@caoloc.example", STRANGER]),
        program=st.sampled_from(["gmail", "outlook", "iphone"]),
        forged=st.sampled_from([False, False, True]),
    )
    def a_notice_is_answered(
        self, data: st.DataObject, said: str, sender: str, program: str, forged: bool
    ) -> None:
        """By the officer whom it asks or by somebody else, with its token or another."""
        asked = data.draw(st.sampled_from(self._notices()[-6:]))
        self.serial += 1
        subject = f"Re: {_subject(asked)}"
        if forged:
            subject = subject.translate(str.maketrans("0123456789ABC", "1234567890BCA"))
        fresh = f"<answer-{self.serial}@outside.example>"
        raw = reply(program, asked, said, sender=sender, subject=subject, Message_ID=fresh)
        self._deliver(raw, self.office.now, "", "")

    def _notices(self) -> list[bytes]:
        """What asked an officer to decide."""
        return [
            one.raw
            for one in self.office.courier.taken
            if one.recipient == OFFICER and one.key.startswith(("held/", "ack/"))
            if found_tokens(_subject(one.raw))
        ]

    def _decide(self, number: int, what: str, unit: str) -> None:
        store, now = self.office.store, self.office.now
        message = store.message(number)

        def decide() -> None:
            if what == "assign":
                key = next(c.key for c in self.office.desk.config.communes if c.code == unit)
                store.assign(number, key, CAMPAIGN, "officer", now)
            elif what == "accept":
                store.accept(number, "officer", now)
            else:
                store.reject(number, "không phải văn bản", "officer", now)

        try:
            lived = self.office.survive(decide)
        except (NotPossible, StopIteration):
            return
        state = self.office.store.message(number).state
        if lived or state == "rejected":
            # Whatever it was, a person has said whose it is, or that it is nobody's.
            self.ledger.rejected.add(message.sha256)

    @rule()
    def the_call_is_launched(self) -> None:
        self.office.survive(
            lambda: self.office.store.launch(CAMPAIGN, "officer", self.office.now) and None
        )

    @precondition(lambda self: self.office.store.reports(CAMPAIGN))
    @rule()
    def an_approver_releases(self) -> None:
        self.the_report_is_released()

    def the_report_is_released(self) -> None:
        def release() -> None:
            office = self.office
            store, vault, config = office.store, office.vault, office.desk.config
            release_report(store, vault, config, CAMPAIGN, "lãnh đạo", office.now)

        try:
            self.office.survive(release)
        except NotPossible:
            return
        reports = self.office.store.reports(CAMPAIGN)
        self.ledger.approved |= {one.number for one in reports if one.approved_at}

    @rule()
    def the_brake_is_released(self) -> None:
        def release() -> None:
            self.office.store.release_brake("officer", self.office.now)
            self.office.store.release_mails(self.office.now)

        self.office.survive(release)

    # --- people at the mailbox ---

    @precondition(lambda self: len(self.office.server.everywhere()) > 0)
    @rule(data=st.data())
    def a_person_moves_one_back(self, data: st.DataObject) -> None:
        """Out of Processed or Held into the inbox."""
        server = self.office.server
        places = [(name, one.uid) for name in ("Đã xử lý", "Chờ xử lý")
                  for one in server.folders.get(name, [])]  # fmt: skip
        if not places:
            return
        folder, uid = data.draw(st.sampled_from(places))
        lying = server.take(folder, uid)
        server.put("INBOX", lying.raw, lying.at)

    @rule(data=st.data())
    def a_person_deletes_one(self, data: st.DataObject) -> None:
        """Out of Processed or Held: the vault has it."""
        server = self.office.server
        places = [(name, one.uid) for name in ("Đã xử lý", "Chờ xử lý")
                  for one in server.folders.get(name, [])]  # fmt: skip
        if not places:
            return
        folder, uid = data.draw(st.sampled_from(places))
        server.take(folder, uid)

    @precondition(lambda self: self.office.server.folders["INBOX"])
    @rule()
    def one_vanishes_while_it_is_fetched(self) -> None:
        """Somebody takes the newest message away between its listing and its fetching."""
        server = self.office.server

        def take() -> None:
            if server.folders["INBOX"]:
                gone = server.folders["INBOX"].pop()
                for one in self.ledger.delivered:
                    if one.raw == gone.raw and not self.office.vault.has(one.sha256):
                        one.taken_away = True

        server.meanwhile = take

    # --- servers, disks, power ---

    @rule()
    def the_inbox_is_renumbered(self) -> None:
        self.office.server.renumber()

    @rule(trouble=st.sampled_from(["away", "login", "full", "", ""]))
    def the_mailbox_has_trouble(self, trouble: str) -> None:
        self.office.server.trouble = trouble  # type: ignore[assignment]

    @rule(
        answers=st.lists(
            st.sampled_from(
                ["sent", "busy", "greylisted", "away", "never", "lost", "taken", "login"]
            ),
            max_size=5,
        )
    )
    def the_sending_server_has_trouble(self, answers: list[str]) -> None:
        self.office.courier.answers.extend(answers)  # type: ignore[arg-type]

    @rule(steps=st.integers(1, 60))
    def the_power_will_fail(self, steps: int) -> None:
        self.office.effects.die_in = steps

    @rule(writes=st.integers(1, 12), full=st.booleans())
    def the_disk_will_fail(self, writes: int, full: bool) -> None:
        if full:
            self.office.effects.full_in = 1 + writes % 3
        else:
            self.office.effects.busy_in = writes

    @rule()
    def the_process_is_restarted(self) -> None:
        self.office.restart()

    # --- the config ---

    @rule(unit=st.sampled_from(UNITS), chair=st.booleans())
    def an_address_changes(self, unit: str, chair: bool) -> None:
        row = self._row(unit)
        self.serial += 1
        fresh = f"moi{self.serial}.{unit}@caoloc.example"
        old = row.chairs if chair else row.emails
        self.ledger.removed |= set(old[-1:])
        old[-1:] = [fresh]
        self.ledger.known.add(fresh)
        self._reload()

    @rule(units=st.lists(st.sampled_from(UNITS), unique=True, max_size=3))
    def the_roster_loses_units(self, units: list[str]) -> None:
        """Some lines are gone, or all are there again."""
        rows = self._all_rows()
        self.office.roster = [one for one in rows if one.code not in units]
        for one in rows:
            if one.code in units:
                self.ledger.removed |= set(_addresses(one))
        self._reload()

    @rule(days=st.integers(-2, 3), grace=st.integers(0, 1))
    def the_deadline_is_moved(self, days: int, grace: int) -> None:
        deadline = moment(21, 0) + days * DAY
        closes = deadline + grace * DAY
        self.office.edit_campaign(deadline_at=deadline.isoformat(), closes_at=closes.isoformat())
        self.office.edit_report(at=(closes + 8 * HOUR).isoformat())
        self._reload()

    def _reload(self) -> None:
        self.office.write_roster()
        self.office.reload()

    # --- time ---

    @rule()
    def the_daemon_ticks(self) -> None:
        self.tick()

    @rule(
        span=st.sampled_from([MINUTE, 20 * MINUTE, HOUR, 5 * HOUR, DAY, 2 * DAY]),
        letters=st.lists(LETTERS, max_size=3),
    )
    def time_passes(self, span: dt.timedelta, letters: list[Letter]) -> None:
        """With a tick now and then, and letters between the ticks."""
        for part in range(3):
            self.communes_write(letters[part : part + 1])
            self.office.pass_time(span / 3)
            self.tick()

    @rule(
        span=st.sampled_from([HOUR, 5 * HOUR, DAY, 4 * DAY]),
        letters=st.lists(LETTERS, max_size=3),
    )
    def the_daemon_is_down_for(self, span: dt.timedelta, letters: list[Letter]) -> None:
        self.office.pass_time(span / 2)
        self.communes_write(letters)
        self.office.pass_time(span / 2)
        self.office.restart()
        self.tick()

    @rule(span=st.sampled_from([*[-HOUR] * 5, 30 * DAY]))
    def the_clock_jumps(self, span: dt.timedelta) -> None:
        self.office.jump(span)
        self.tick()

    def tick(self) -> None:
        office = self.office
        disturbed = self._disturbed()
        lived = office.tick()
        self.hold_the_promises()
        if not lived or disturbed or office.daemon.trouble:
            return
        self.ledger.all_is_known()
        self.ledger.nothing_failed()
        for _ in range(3):  # what sending reveals is decided on by the next tick
            before = len(self.ledger.events), len(office.courier.taken)
            office.tick()
            self.hold_the_promises()
            if before == (len(self.ledger.events), len(office.courier.taken)):
                break
        else:
            raise AssertionError("at the same moment there is always more to do")
        self.ledger.all_is_decided()

    def _disturbed(self) -> bool:
        office, effects = self.office, self.office.effects
        return bool(
            office.server.trouble
            or office.server.meanwhile
            or office.courier.answers
            or effects.die_in
            or effects.busy_in
            or effects.full_in
            or office.daemon._inbox_pause.waiting(office.now)
            or office.daemon._smtp_pause.waiting(office.now)
        )

    def live_on(self) -> None:
        """Until the campaign is over and its report has left: every life is a whole one."""
        self.calm_down()
        report = self.office.desk.config.campaigns[0].report
        while self.office.now < report.at + HOUR:
            self.office.pass_time(max(min(12 * HOUR, report.at + HOUR - self.office.now), HOUR))
            self.the_brake_is_released()
            self.tick()
        self.the_report_is_released()
        self.calm_down()

    def calm_down(self) -> None:
        """Everything is well, people release what waits, and days go by."""
        office = self.office
        office.effects.disarm()
        office.server.trouble, office.server.meanwhile = "", None
        office.courier.answers.clear()
        for _ in range(60):
            self.the_brake_is_released()
            office.pass_time(3 * HOUR)
            self.tick()
            if not office.store.mails(state="queued", limit=1) and not office.store.kept(1):
                break

    # --- the promises ---

    @invariant()
    def promises_hold(self) -> None:
        """After every rule, if it did anything to the registry or the outside."""
        if not hasattr(self, "office"):
            return
        last = self.office.store.journal(limit=1)
        seen = (last, len(self.office.courier.taken), self.office.server.everywhere())
        if seen != self.seen:
            self.hold_the_promises()
            self.seen = seen

    def hold_the_promises(self) -> None:
        ledger = self.ledger
        ledger.nothing_is_lost()
        ledger.mails_are_sound()
        ledger.only_an_officer_decides()
        ledger.nobody_is_wronged()
        ledger.versions_are_sound()
        ledger.journal_only_grows()

    # --- small things ---

    def _deliver(self, raw: bytes, at: dt.datetime, sender: str, unit: str) -> None:
        self.office.server.deliver(raw, at)
        row = next((one for one in self.office.roster if one.code == unit), None)
        sure = row is not None and sender in _addresses(row)
        self.ledger.delivered.append(Delivered(raw, _seconds(at), sender, unit if sure else ""))

    def _row(self, unit: str) -> Unit:
        return next(one for one in self._all_rows() if one.code == unit)

    def _all_rows(self) -> list[Unit]:
        present = {one.code: one for one in self.office.roster}
        return [present.get(one.code, one) for one in roster()]


def _drawn_once() -> Callable[..., bytes]:
    """The workbook of a call costs most of a life; it is the same in each."""
    drawn: dict[tuple[str, dt.datetime, str], bytes] = {}

    def draw(campaign: Campaign, commune: Commune, office: OfficeSettings, _secret: bytes) -> bytes:
        place = campaign.id, campaign.deadline_at, commune.code
        if place not in drawn:
            drawn[place] = fill_in_workbook(campaign, commune, office, SECRET)
        return drawn[place]

    return draw


def _addresses(unit: Unit) -> list[str]:
    return [*unit.emails, *unit.chairs]


def _subject(raw: bytes) -> str:
    return str(email.message_from_bytes(raw, policy=email.policy.default)["Subject"])


def _date(at: dt.datetime) -> str:
    return at.strftime("%a, %d %b %Y %H:%M:%S %z")


def _seconds(at: dt.datetime) -> dt.datetime:
    return at.replace(microsecond=0)


def _fast_disk() -> str | None:
    folder = "/dev/shm"  # noqa: S108  in memory: `mkdtemp` makes the name
    return folder if os.access(folder, os.W_OK) else None


@pytest.fixture
def quiet() -> Iterator[None]:
    """A life logs hundreds of lines; only what the run came to is worth printing."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("quiet")
def test_the_promises_hold_whatever_happens(monkeypatch) -> None:
    monkeypatch.setattr(service_module, "BUILT_AT", moment(1))
    monkeypatch.setattr(post_module, "fill_in_workbook", _drawn_once())
    # An office draws its secret by chance, and answers that quote what it sealed are read by their
    # hashes where several came in one second: without it no life can be lived again.
    drawn = SimpleNamespace(token_hex=lambda _bytes: SECRET.hex())
    monkeypatch.setattr(vault_module, "secrets", drawn)
    run_state_machine_as_test(
        Office,
        settings=settings(
            max_examples=EXAMPLES or 7,
            stateful_step_count=STEPS,
            derandomize=not EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            phases=PHASES,
        ),
    )
    print("".join(f"\n{count:8} {what}" for what, count in LIVES.items()))  # noqa: T201
    never = {"messages", "versions", "mails", "deaths", "campaigns closed"} - set(+LIVES)
    assert not never, f"nothing was put to the test: {never}"
