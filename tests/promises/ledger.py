"""What really happened outside the office, and the promises held against it.

Nothing here asks the program what it believes happened: deliveries are noted by whoever delivers,
mails by the courier, decisions by whoever decides.
"""

import datetime as dt
import email
import email.policy
import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from functools import cache

from rigs.memory_courier import Taken
from rigs.memory_office import APPROVER, CAMPAIGN, DEPARTMENT, OFFICE, OFFICER, MemoryOffice

from notifier.due import due
from notifier.token import found_tokens
from registry.model import CommuneKey, Message
from registry.snapshot import commune_state, silent_communes, windows

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
SINCE = dt.date(2020, 1, 1)


@dataclass
class Delivered:
    """A message that the server accepted for the inbox."""

    raw: bytes
    at: dt.datetime
    sender: str = ""
    #: The commune that it is from, when the roster has always said so; else "".
    unit: str = ""
    #: A person took it out of the inbox before the program could have seen it.
    taken_away: bool = False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()


@dataclass
class Ledger:
    """Everything that was done to the office, and the invariants over it."""

    office: MemoryOffice
    delivered: list[Delivered] = field(default_factory=list)
    #: sha256 of messages that an officer rejected: they do not count as heard.
    rejected: set[str] = field(default_factory=set)
    #: Addresses that were ever on the roster, and those that left it.
    known: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    approved: set[int] = field(default_factory=set)
    receipts: dict[int, str] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    closed: bool = False
    _checked: int = 0

    # --- 1: never neither in the vault nor in the inbox ---

    def nothing_is_lost(self) -> None:
        inbox = {one.raw for one in self.office.server.folders["INBOX"]}
        for one in self.delivered:
            if one.raw in inbox or one.taken_away:
                continue
            assert self.office.vault.get(one.sha256) == one.raw, "a message is nowhere"

    def all_is_known(self) -> None:
        """After a tick that was not disturbed, what was delivered is in the registry once."""
        known = Counter(message.sha256 for message in self.office.store.messages())
        wanted = {one.sha256 for one in self.delivered if not one.taken_away}
        assert wanted <= set(known)
        assert set(known.values()) <= {1}
        counts = self.office.store.counts().messages
        assert sum(counts.values()) == sum(known.values())
        assert set(counts) <= {"kept", "recorded", "held", "rejected"}

    # --- 2 and 6: what left ---

    def mails_are_sound(self) -> None:
        """Look at every mail taken over since the last look, with all that left before it."""
        taken = self.office.courier.taken
        for number in range(self._checked, len(taken)):
            self._leaves_once(taken[number], taken[:number])
            self._within_caps(taken[number], taken[:number])
            self._to_whom(taken[number])
        self._checked = len(taken)

    def _leaves_once(self, mail: Taken, before: list[Taken]) -> None:
        same = [o for o in before if (o.key, o.recipient) == (mail.key, mail.recipient)]
        if not same:
            return
        kinds = self.office.desk.config.settings.smtp.retry_unknown
        assert (mail.key, mail.recipient) in self.office.courier.open_ends, f"twice: {mail.key}"
        assert len(same) == 1, f"three times: {mail.key}"
        assert same[0].raw == mail.raw, "another text under the same key"
        assert same[0].message_id == mail.message_id
        kind = mail.key.partition("/")[0].replace("remind", "reminder")
        assert kind in kinds, f"{kind} may not leave twice"

    def _within_caps(self, mail: Taken, before: list[Taken]) -> None:
        limits = self.office.desk.config.settings.limits
        to = mail.recipient.casefold()
        mine = [one.at for one in before if one.recipient.casefold() == to]
        assert sum(at > mail.at - HOUR for at in mine) < limits.per_recipient_hour, "hourly cap"
        assert sum(at > mail.at - DAY for at in mine) < limits.per_recipient_day, "daily cap"

    def _to_whom(self, mail: Taken) -> None:
        to = mail.recipient.casefold()
        assert to in self.known | {OFFICER, DEPARTMENT, APPROVER}, f"a mail to {to}"
        assert to != OFFICE
        if to == DEPARTMENT:  # promise 5
            assert mail.key.startswith(f"report/{CAMPAIGN}/")
            assert int(mail.key.rpartition("/")[2]) in self.approved, "not released"

    # --- who decides ---

    def only_an_officer_decides(self) -> None:
        """By a reply from his address, with a token that went to him and to nobody else."""
        issued = {
            token
            for one in self.office.courier.taken
            if one.recipient == OFFICER
            for token in found_tokens(_header(one.raw, "Subject"))
        }
        for event in self.office.store.journal(limit=200):
            if "reply" not in event.data:
                continue
            told = self.office.store.message(int(str(event.data["reply"])))
            raw = self.office.vault.get(told.sha256)
            mail = email.message_from_bytes(raw, policy=email.policy.default)
            body = mail.get_body(("plain", "html"))
            tokens = set(found_tokens(str(mail["Subject"])))
            tokens |= set(found_tokens(str(body.get_content()) if body else ""))
            assert str(mail["From"]) == event.data["by"] == OFFICER
            assert tokens & issued, "decided without the right token"
            target = self.office.store.message(int(event.subject.rpartition(" ")[2]))
            self.rejected.add(target.sha256)

    # --- 3: who wrote is not silent ---

    def nobody_is_wronged(self) -> None:
        snapshot = self.office.store.snapshot(windows(self.office.desk.config.campaigns))
        state = snapshot.campaigns[CAMPAIGN]
        if state.closed_at is not None and not self.closed:
            self.closed = True
            campaign = self.office.desk.config.campaigns[0]
            heard = self.heard_before(campaign.closes_at)
            wronged = {code for code, _ in state.silent} & heard
            assert not wronged, f"silent, but a letter had come: {wronged}"
        assert not self.closed or state.closed_at is not None, "a closed campaign is open again"
        for code, day in state.silent:
            heard_of = snapshot.heard.get((CAMPAIGN, (code, day)))
            if heard_of is not None:
                assert commune_state(snapshot, CAMPAIGN, (code, day)) != "silent"

    def heard_before(self, moment: dt.datetime) -> set[str]:
        """The units of which something had arrived by the server's time."""
        opens_at = self.office.desk.config.campaigns[0].opens_at
        return {
            one.unit
            for one in self.delivered
            if one.unit
            and not one.taken_away
            and one.sender not in self.removed
            and one.sha256 not in self.rejected
            and opens_at <= one.at < moment
        }

    # --- 4: versions, receipts ---

    def versions_are_sound(self) -> None:
        found = self.office.store.submissions(CAMPAIGN)
        by_commune: dict[CommuneKey, list] = defaultdict(list)
        for one in found:
            by_commune[one.commune].append(one)
            assert self.receipts.setdefault(one.id, one.receipt) == one.receipt
        assert len({one.receipt for one in found}) == len(found), "a receipt number twice"
        assert {one.id for one in found} >= set(self.receipts), "a version is gone"
        for versions in by_commune.values():
            counting = [one for one in versions if not one.withdrawn]
            current = [one for one in versions if one.current]
            assert len(current) == bool(counting)
            assert all(not one.withdrawn for one in current)
            if current:
                newest = max(counting, key=lambda one: (one.received_at, one.id))
                assert current[0].id == newest.id
            numbers = sorted(one.version for one in versions)
            assert numbers == list(range(1, len(versions) + 1))

    # --- 9: the journal ---

    def journal_only_grows(self) -> None:
        known = len(self.events)
        last = self.office.store.journal(limit=1)
        count = last[0].serial if last else 0
        assert count >= known, "events are gone"
        new = [] if count == known else self.office.store.journal(limit=count - known + 1)
        if known and new:
            assert new[-1].sha256 == self.events[-1], "an event was changed"
        self.events += [one.sha256 for one in reversed(new)][1 if known else 0 :]
        assert len(self.events) == count

    # --- after a tick that nothing disturbed ---

    def all_is_decided(self) -> None:
        """What is owed now is in the outbox."""
        desk = self.office.desk
        snapshot = desk.store.snapshot(windows(desk.config.campaigns))
        owed = due(snapshot, desk.config, desk.calendar, self.office.now)
        assert owed == [], [one.key for one in owed]

    def nothing_failed(self) -> None:
        """No message made our own code raise (deaths use up tries too)."""
        if not self.office.effects.deaths:
            failed = [m for m in self.office.store.messages() if m.reason.startswith("program-")]
            assert failed == []

    # --- at the end, when everything was well for days ---

    def all_is_done(self) -> None:
        store = self.office.store
        assert store.verify_journal() is None
        assert [one.key for one in store.mails(state="sending")] == []
        assert [one.key for one in store.mails(state="queued")] == []
        left = {(one.key, one.recipient) for one in self.office.courier.taken}
        for message in store.messages():
            assert message.state != "kept"
            self._was_answered(message, left)
        silent = self.office.desk.store.campaign_state(CAMPAIGN)
        if silent.closed_at is not None:
            members = self.office.desk.config.members(self.office.desk.config.campaigns[0])
            snapshot = store.snapshot(windows(self.office.desk.config.campaigns))
            silent_communes(snapshot, self.office.desk.config.campaigns[0], members)

    def _was_answered(self, message: Message, left: set[tuple[str, str]]) -> None:
        if not message.ack_key:
            return
        mine = [one for one in self.office.store.mails(message_id=message.id)
                if one.key == message.ack_key]  # fmt: skip
        if not mine:  # nobody to answer: the sender is unknown and the commune has no address
            assert message.sender not in self.known - self.removed, message
        for one in mine:
            assert one.state in {"sent", "refused", "unknown", "cancelled"}, one
            if one.state == "sent":
                assert (one.key, one.recipient) in left


@cache  # of the mails that left, asked after every step
def _header(raw: bytes, name: str) -> str:
    return str(BytesHeaderParser(policy=email.policy.default).parsebytes(raw)[name])
