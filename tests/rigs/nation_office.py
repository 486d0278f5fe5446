"""The office of a nation: the real daemon on a real desk, servers in memory, a clock that jumps.

In memory, because what is measured is the program: a mail server's own time is in bench/intake.py,
and the contract tests hold these against Dovecot. Bytes that were filed are forgotten here, as they
would lie on another machine.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rigs.memory_courier import MemoryCourier, Taken
from rigs.memory_mailbox import MemoryMailbox, MemoryServer
from rigs.nation import LEADER, OFFICE, OFFICER, Nation
from rigs.nation_roster import Unit, csv

from config.init import write_example
from config.model import Config
from config.service import with_values
from config.settings import load
from intake.daemon import Daemon
from intake.desk import Desk, Reader
from intake.opening import jail_limits, open_registry
from parsers.jail import Jail
from registry.snapshot import commune_state, windows

ENV = {"INTAKE_IMAP_PASSWORD": "made-up", "INTAKE_SMTP_PASSWORD": "made-up"}
DEPARTMENT = "vu.congthuong@bo.example"
#: (id, round, the number that identifies it, opens, deadline, closes, report)
CAMPAIGNS = (
    ("ocop-2024-2", 2, "689/SCT-QLTM", "05-13T00", "05-21T00", "05-22T00", "05-22T08"),
    ("ocop-2024-3", 3, "812/SCT-QLTM", "05-20T00", "06-04T00", "06-05T00", "06-05T08"),
)
#: What a nation's office sets otherwise than a district's: see docs/scale.md.
LIMITS = {
    "batch": "200",
    "per_recipient_hour": "1000",
    "per_recipient_day": "5000",
    "brake_unasked": "10000",
    "brake_acks": "5000",
}
_MINUTE = dt.timedelta(minutes=1)
_HOUR = 60 * _MINUTE
_MOST_MINUTES = 600


def configure(folder: Path, units: Sequence[Unit], database: str = "") -> Config:
    """Write the shipped example as a nation's office has it; load it."""
    write_example(folder)
    settings = folder / "settings.toml"
    text = settings.read_text("utf-8")
    sections: dict[str, dict[str, str]] = {
        "office": {"name": '"Cơ quan chủ trì"', "unit": '"Tổ OCOP"', "place": '"Hà Nội"', "address": f'"{OFFICE}"'},  # noqa: E501
        "smtp": {"from": f'"{OFFICE}"', "rate_per_minute": "1000"},
        "officers": {"addresses": f'["{OFFICER}"]'},
        "limits": LIMITS,
    }  # fmt: skip
    if database:
        sections["storage"] = {"database": f'"{database}"'}
    for section, values in sections.items():
        text = with_values(text, section, values)
    settings.write_text(text, "utf-8")
    (folder / "communes.csv").write_text(csv(tuple(units)), "utf-8")
    path = folder / "campaigns" / "ocop-2024-2.toml"
    shipped = path.read_text("utf-8")
    for named, number, basis, *moments in CAMPAIGNS:
        opens, deadline, closes, report = (f"2024-{one}:00:00+07:00" for one in moments)
        values = {
            "id": f'"{named}"', "round": str(number), "communes": str(len(units)),
            "opens_at": opens, "deadline_at": deadline, "closes_at": closes,
            "receipt_prefix": f'"OCOP{number}"', "at": report,
            "approvers": f'["{LEADER}"]', "to": f'["{DEPARTMENT}"]',
        }  # fmt: skip
        made = shipped.replace("689/SCT-QLTM", basis)
        for key, value in values.items():
            # The first line of that key outside the reminders, whose keys are other ones.
            line = re.compile(rf"^{key} = (?:\"[^\"]*\"|\[[^\]]*\]|[0-9T:+-]+)", re.MULTILINE)
            if key == "at":
                line = re.compile(r"^at = 2024\S+", re.MULTILINE)
            if key == "to":
                line = re.compile(r"^to = \[[^\]]*\]", re.MULTILINE)
            made, count = line.subn(f"{key} = {value}", made, count=1)
            assert count == 1, key
        (folder / "campaigns" / f"{named}.toml").write_text(made, "utf-8")
    return load(folder, env=ENV)


@dataclass
class ForgetfulServer(MemoryServer):
    """Keeps the bytes of the inbox only."""

    def put(self, folder: str, raw: bytes, at: dt.datetime) -> int:
        return super().put(folder, raw if folder == "INBOX" else b"", at)


@dataclass
class NationOffice:
    """The daemon, the people around it, and the clock. ``spent`` is called around each tick."""

    config: Config
    desk: Desk
    server: ForgetfulServer
    courier: MemoryCourier
    nation: Nation
    now: dt.datetime
    step: dt.timedelta = 5 * _MINUTE
    quiet: dt.timedelta = _HOUR
    ticks: int = 0
    decided: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    watch: Callable[[Callable[[], None], int], None] = lambda tick, _mails: tick()
    _sessions: list[dt.datetime] = field(default_factory=list)
    _launches: list[tuple[dt.datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.daemon = Daemon(self.desk, jitter=lambda: 0.0)
        self.daemon.recover()
        self.courier.brought = self._brought
        day, end = self.now.replace(hour=0), max(one.closes_at for one in self.config.campaigns)
        end += dt.timedelta(days=4)
        while day < end:
            if day.weekday() < 5:
                self._sessions += [day + 10 * _HOUR, day + 15.5 * _HOUR]
            day += 24 * _HOUR
        self.end = end
        self._launches = [(one.opens_at + 8 * _HOUR, one.id) for one in self.config.campaigns]

    def _brought(self, mail: Taken) -> None:
        self.sent[mail.key.partition("/")[0]] += 1
        self.nation.brought(mail)
        self.courier.taken.clear()

    def live(self) -> None:
        """Live through both campaigns, to the day after the last report."""
        moments = iter(self._moments())
        for moment in moments:
            self.now = moment
            self._tick(self._arrivals(moment))
            self._until_sent()
            self._people(moment)

    def _moments(self) -> Iterator[dt.datetime]:
        """Yield when the daemon ticks: at each step in which something comes, and every ``quiet``.

        Between those its turns would find nothing to do.
        """
        fixed = sorted({*self._sessions, *(at for at, _ in self._launches), *self._own_moments()})
        at = self.now
        while at < self.end:
            following = next(self.nation.moments(), self.end)
            steps = max(1, -(-(following - at) // self.step))
            coming = next((one for one in fixed if one > at), self.end)
            at = min(at + steps * self.step, at + self.quiet, coming, self.end)
            at = max(at, self.now)
            yield at

    def _own_moments(self) -> Iterator[dt.datetime]:
        """Yield when the office itself has something to do: mornings, deadlines, reports."""
        day = self.now.replace(hour=0)
        while day < self.end:
            yield day + 7.5 * _HOUR
            yield day + 8 * _HOUR
            day += 24 * _HOUR
        for one in self.config.campaigns:
            yield from (one.deadline_at, one.closes_at, one.report.at)

    def _arrivals(self, moment: dt.datetime) -> int:
        count = 0
        for letter in self.nation.until(moment):
            self.server.deliver(letter.raw, letter.at)
            count += 1
        return count

    def _tick(self, mails: int) -> None:
        self.ticks += 1
        self.watch(self.daemon.until_idle, mails)

    def _until_sent(self) -> None:
        """Where the pace ends a round of sending, the daemon's next ticks send the rest."""
        for _ in range(_MOST_MINUTES):
            if not self.desk.store.next_mails(self.now, 1):
                return
            self.now += _MINUTE
            self._tick(0)

    def _people(self, moment: dt.datetime) -> None:
        for at, campaign in list(self._launches):
            if moment >= at:
                self.desk.store.launch(campaign, "to.ocop", self.now)
                self._launches.remove((at, campaign))
        if self._sessions and moment >= self._sessions[0]:
            self._sessions.pop(0)
            self.decided += self.nation.officers_work(self.desk.store, self.now)

    # --- at the end ---

    def wrong(self) -> Iterator[str]:
        """Yield what is not as the nation knows it to be."""
        store = self.desk.store
        known = {message.sha256[:20]: message for message in store.messages()}
        for digest, letter in self.nation.letters.items():
            message = known.pop(digest, None)
            if message is None:
                yield f"{letter.kind}: lost"
            elif message.state not in {"recorded", "held", "rejected"}:
                yield f"{letter.kind}: message {message.id} is {message.state}"
            elif message.verdict not in self.nation.verdicts(letter):
                yield f"{letter.kind}: message {message.id} was taken for {message.verdict}: {message.reason}"  # noqa: E501
        yield from (f"message {one.id} was never sent" for one in known.values())
        snapshot = store.snapshot(windows(self.config.campaigns), contents=False, findings=False)
        for (campaign, code), states in self.nation.expected.items():
            state = commune_state(snapshot, campaign, (code, dt.date(2020, 1, 1)))
            if state not in states:
                yield f"{campaign} {code} is {state}, not {', '.join(states)}"
        for campaign in self.config.campaigns:
            closed = snapshot.campaigns[campaign.id]
            silent = {(campaign.id, code) for code, _ in closed.silent}
            truth = {place for place in self.nation.silent if place[0] == campaign.id}
            yield from (f"{place} was called silent" for place in sorted(silent - truth))
            yield from (f"{place} was not called silent" for place in sorted(truth - silent))
            if not any(row.approved_at for row in store.reports(campaign.id)):
                yield f"no report of {campaign.id} was released"


@contextmanager
def nation_office(
    folder: Path,
    units: Sequence[Unit],
    nation_of: Callable[[Config, Desk], Nation],
    database: str = "",
    reader: Reader | None = None,
) -> Iterator[NationOffice]:
    """Open the office of these communes in a folder; readers in the jail unless one is given."""
    config = configure(folder, units, database)
    store, vault = open_registry(config)
    server, jail = ForgetfulServer(), None
    if reader is None:
        reader = jail = Jail(jail_limits(config), workers=2)
    begin = min(one.opens_at for one in config.campaigns) + 7 * _HOUR
    office: list[NationOffice] = []

    def clock() -> dt.datetime:
        return office[0].now if office else begin

    try:
        if jail:
            jail.__enter__()
        mailbox, courier = MemoryMailbox(server), MemoryCourier(clock)
        desk = Desk(config, store, vault, mailbox, courier, reader, clock)  # type: ignore[arg-type]
        office.append(NationOffice(config, desk, server, courier, nation_of(config, desk), begin))
        office[0].desk.clock = lambda: office[0].now
        yield office[0]
    finally:
        if jail:
            jail.close()
        store.close()
