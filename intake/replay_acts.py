"""What each kind of event does when it is played again (`intake.replay`).

What came from outside is applied as it is told; what the program concludes is concluded anew.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from email.policy import default
from pathlib import Path
from typing import Any, Literal, cast

import structlog

from config.model import Config
from config.problem import ConfigProblems
from intake.closing import freeze_report
from intake.desk import Desk, Reader
from intake.kept_config import config_again
from intake.message import parse_header
from intake.post import alert_mails, owed_at
from intake.replay_script import Difference, by_reply, differences, name_of, number_of, too_old
from intake.told import told_by
from intake.understand import given_up, understand_again
from notifier.templates import WordingProblem
from parsers.jail import JailBrokenError
from registry.errors import NotPossible, RegistryBusy, RegistryProblem, VaultAway
from registry.model import (
    Arrival,
    Choice,
    Decided,
    Event,
    FoundMail,
    FoundReport,
    MailState,
    Message,
    NewMail,
    OpenTrouble,
    Outcome,
    ReportDecision,
    ReportFile,
    SignedLetter,
    Slot,
    debt_key,
)
from registry.rows import read_key
from registry.snapshot import silent_communes, windows
from registry.vault import VaultDamaged

_log = structlog.get_logger("replay")
_LOST_REASON = "Nội dung chi tiết của cảnh báo này không còn trong kho gốc."
_LOST = b"Subject: (lost)\r\n\r\nThe text of this mail was not in the vault.\r\n"


class ReplayImpossible(RegistryProblem):
    """The journal does not tell enough, or tells what this program does not know."""


@dataclass
class Player:
    """One replay: the desk it is played on, and how far its own journal is."""

    desk: Desk
    folder: Path
    new_reader: Callable[[Config], Reader]
    serial: int
    #: When the running attempt at a message began.
    _begun: dict[int, dt.datetime] = field(default_factory=dict)
    _noted: list[Difference] = field(default_factory=list)

    def play(self, scene: Sequence[Event]) -> list[Difference]:
        """Do again what these events tell; return what came out differently."""
        main = scene[-1]
        act = ACTS.get(main.kind)
        if act is None:
            raise ReplayImpossible(
                f"event {main.serial} is of the kind {main.kind!r}, which this version cannot "
                "replay: use the version of the program that wrote it"
            )
        if any(map(too_old, scene)):
            raise ReplayImpossible(
                f"event {main.serial} ({main.kind}) was written by a version that told too "
                "little to replay it: restore a backup instead"
            )
        self._noted = []
        why = ""
        try:
            act(self, scene)
        except (NotPossible, KeyError, WordingProblem) as error:
            why = f"{type(error).__name__}: {error}"
        new = self.desk.store.events_after(self.serial, len(scene) + 1000)
        if new:
            self.serial = new[-1].serial
        found = self._noted + [one for one in differences(scene, new) if not _lost_alert(one)]
        return [dataclasses.replace(one, why=one.why or why) for one in found]

    # --- what came in ---

    def take_up_config(self) -> None:
        """Where the registry has a beginning already: the config that was in use at its end."""
        for event in self.desk.store.journal(1, subject="config"):
            self._use_config(event)

    def configure(self, scene: Sequence[Event]) -> None:
        """The admin's config of that day is in use from here on; without it, today's is."""
        event = scene[-1]
        files = cast("Mapping[str, str]", event.data["files"])
        self.desk.store.note_config(files, event.at)
        self._use_config(event)

    def _use_config(self, event: Event) -> None:
        files = cast("Mapping[str, str]", event.data["files"])
        folder = self.folder / f"config-{event.serial}"
        try:
            config = config_again(files, self.desk.vault, folder)
        except VaultAway:
            raise
        except (KeyError, VaultDamaged, ConfigProblems, OSError) as error:
            self._note(event, {}, {}, f"the config of that day is not usable: {error}")
            return
        self.desk.config = config
        self.desk.reader = self.new_reader(config)

    def keep(self, scene: Sequence[Event]) -> None:
        """A message lies in a slot of the mailbox, its bytes in the vault."""
        event = scene[-1]
        data: Mapping[str, Any] = event.data
        arrival = Arrival(
            _slot(data), data["sha256"], data["size_bytes"], _instant(data["received_at"])
        )
        if "found_in" in data:
            self.desk.store.keep_found([arrival], data["found_in"], event.at)
        else:
            self.desk.store.keep_all([arrival], event.at)

    def note_unfetched(self, scene: Sequence[Event]) -> None:
        """A message that was too large or too old, as its header was told."""
        event = scene[-1]
        data: Mapping[str, Any] = event.data
        self.desk.store.note_unfetched(
            _slot(data),
            data["size_bytes"],
            _instant(data["received_at"]),
            data["verdict"],
            data["ack"],
            data["sender"],
            data["subject"],
            event.at,
            rfc_message_id=data["rfc_message_id"],
            commune=read_key(data["commune"]),
            campaign=data["campaign"],
            reason=data["reason"],
            state=data["state"],
        )

    def note_again(self, scene: Sequence[Event]) -> None:
        """The same in another slot."""
        event = scene[-1]
        known = self.desk.store.message(number_of(event))
        self.desk.store.note_unfetched(
            _slot(event.data),
            known.size_bytes,
            known.received_at,
            known.verdict or "old",
            known.ack,
            known.sender,
            known.subject,
            event.at,
            rfc_message_id=known.rfc_message_id,
        )

    def begin(self, scene: Sequence[Event]) -> None:
        """An attempt to understand begins."""
        event = scene[-1]
        self._begun[number_of(event)] = event.at
        self.desk.store.begin_attempt(number_of(event), event.at)

    def record(self, scene: Sequence[Event]) -> None:
        """A message is understood and read again, and what follows from it recorded."""
        event = scene[-1]
        message = self.desk.store.message(number_of(event))
        outcome = self._understood(event, message)
        answered = str(event.data["ack"])
        if outcome.ack != answered:
            # The answer has left: what was said stands, or the sender would be told again.
            self._note(event, {"ack": answered}, {"ack": outcome.ack}, "the answer stays as it was")
            outcome = dataclasses.replace(outcome, ack=answered)
        outcome = self._as_decided(scene, outcome)
        self.desk.store.record(message.id, outcome, event.at)

    def _as_decided(self, scene: Sequence[Event], outcome: Outcome) -> Outcome:
        """A decision that a reply brought stands as it was taken, whatever is read in it today."""
        before = [one for one in scene[:-1] if by_reply(one)]
        told = self._decision_told(before[0]) if before else None
        if told == outcome.decided:
            return outcome
        self._note(
            scene[-1],
            {"decided": str(told)},
            {"decided": str(outcome.decided)},
            "the decision stays as it was taken",
        )
        return dataclasses.replace(outcome, decided=told)

    def _decision_told(self, event: Event) -> Decided | ReportDecision:
        if event.subject.startswith("campaign "):
            return report_decision_told(event)
        return decision_told(event, self.desk.store.message(number_of(event)).decisions)

    def _understood(self, event: Event, message: Message) -> Outcome:
        """Return today's outcome; giving a message up came from trouble, which is told only."""
        if str(event.data["reason"]).startswith("program-failed"):
            return given_up(self.desk, message, again=True)
        try:
            told = told_by(str(event.data["verdict"]), str(event.data["reason"]))
            desk = dataclasses.replace(self.desk, told=told)
            return understand_again(desk, message, self._begun_at(event))
        except (JailBrokenError, RegistryProblem, RegistryBusy, VaultAway):
            raise  # nothing is known of the message: whoever started this starts it again
        except (KeyError, VaultDamaged) as error:
            self._note(event, {}, {}, f"its file in the vault is gone or damaged: {error}")
        except Exception as error:  # noqa: BLE001  told as a difference, as the daemon tells it
            _log.exception("replay_failed", message=message.id)
            self._note(event, {}, {}, f"the program failed: {type(error).__name__}: {error}")
        return given_up(self.desk, message, again=True)

    def _begun_at(self, event: Event) -> dt.datetime:
        """When the attempt began; where this replay began only after that, the journal says it."""
        known = self._begun.pop(number_of(event), None)
        if known is not None:
            return known
        story = self.desk.store.journal(10, subject=event.subject)
        return next((one.at for one in story if one.kind == "attempt"), event.at)

    def take_up(self, scene: Sequence[Event]) -> None:
        """A message that waited for the scanner or DNS is sent back to be understood."""
        event = scene[-1]
        self.desk.store.take_up(number_of(event), event.at)

    def reread(self, scene: Sequence[Event]) -> None:
        """A message is read again because the form has learnt a word."""
        event = scene[-1]
        self.desk.store.reread(number_of(event), _text(event, "by"), event.at)

    # --- what people decided ---

    def assign(self, scene: Sequence[Event]) -> None:
        """A person said whose answer in which campaign a message is."""
        event = scene[-1]
        after: Any = event.data["after"]
        commune = read_key(after["commune"])
        if commune is None:
            raise NotPossible("no commune is named")
        self.desk.store.assign(
            number_of(event), commune, after["campaign"], _text(event, "by"), event.at
        )

    def accept(self, scene: Sequence[Event]) -> None:
        """A person took a message as it is."""
        event = scene[-1]
        self.desk.store.accept(number_of(event), _text(event, "by"), event.at)

    def reject(self, scene: Sequence[Event]) -> None:
        """A person decided that nothing follows from a message."""
        event = scene[-1]
        after: Any = event.data["after"]
        self.desk.store.reject(number_of(event), after["reason"], _text(event, "by"), event.at)

    def launch(self, scene: Sequence[Event]) -> None:
        """A person launched the call; or a copy in Sent proves that somebody had."""
        event = scene[-1]
        if "launched_at" in event.data:
            if scene[:-1]:  # it follows from the copy
                self.take_over(scene[:-1])
            launched_at = _instant(event.data["launched_at"])
            self.desk.store.launched_before(name_of(event), launched_at, event.at)
            return
        self.desk.store.launch(name_of(event), _text(event, "by"), event.at)

    def approve(self, scene: Sequence[Event]) -> None:
        """A person released a report."""
        event = scene[-1]
        data: Mapping[str, Any] = event.data
        letter = SignedLetter(**data["letter"]) if "letter" in data else None
        by, number = _text(event, "by"), data["number"]
        store = self.desk.store
        store.approve(name_of(event), by, event.at, number, letter, replayed=True)

    def return_report(self, scene: Sequence[Event]) -> None:
        """An approver gave a draft back."""
        event = scene[-1]
        number, reason = _int(event.data["number"]), _text(event, "reason")
        self.desk.store.return_report(name_of(event), number, reason, _text(event, "by"), event.at)

    def ask_again(self, scene: Sequence[Event]) -> None:
        """A person asked for another draft."""
        event = scene[-1]
        self.desk.store.ask_again(name_of(event), _text(event, "by"), event.at)

    def release_brake(self, scene: Sequence[Event]) -> None:
        """A person released the brake."""
        event = scene[-1]
        self.desk.store.release_brake(_text(event, "by"), event.at)

    def release_mails(self, scene: Sequence[Event]) -> None:
        """The mails that the brake held are queued."""
        event = scene[-1]
        self.desk.store.release_mails(event.at)

    def cancel_mails(self, scene: Sequence[Event]) -> None:
        """A person decided that the mails which the brake held are not sent."""
        event = scene[-1]
        self.desk.store.cancel_held(_text(event, "by"), event.at)

    # --- campaigns ---

    def pull_brake(self, scene: Sequence[Event]) -> None:
        """The brake was pulled: by a flood, a clock, a roster. Only the first can be seen again."""
        event = scene[-1]
        if event.data.get("all"):
            self.desk.store.hold_all(_text(event, "reason"), event.at)
            return
        self.desk.store.pull_brake(_text(event, "reason"), event.at)

    def close(self, scene: Sequence[Event]) -> None:
        """A campaign is closed; who was silent is found out again."""
        event = scene[-1]
        desk, campaign = self.desk, self.desk.config.campaign(name_of(event))
        snapshot = desk.store.snapshot(windows([campaign]), contents=False)
        silent = silent_communes(snapshot, campaign, desk.config.members(campaign))
        desk.store.close_campaign(campaign.id, [one.key for one in silent], event.at)

    def freeze(self, scene: Sequence[Event]) -> None:
        """A report is built again and frozen. One that cannot be built stays as it was."""
        event = scene[-1]
        data: Mapping[str, Any] = event.data
        released_by = data.get("released_by", "")  # by nothing that is not told
        try:
            freeze_report(self.desk, self.desk.config.campaign(name_of(event)), released_by)
        except (KeyError, WordingProblem):
            files = [
                ReportFile(name, sha256, len(self.desk.vault.get(sha256)))
                for name, sha256 in zip(data["names"], data["files"], strict=True)
            ]
            chain = {name: data.get(name, 0) for name in ("supplement", "base")}
            chain["released_by"] = released_by
            self.desk.store.freeze_report(name_of(event), data["inputs"], files, event.at, **chain)
            raise

    # --- a registry that was behind ---

    def fall_behind(self, scene: Sequence[Event]) -> None:
        """The registry was found to be older than the mailbox."""
        event = scene[-1]
        self.desk.store.fall_behind(_text(event, "reason"), event.at)

    def catch_up(self, scene: Sequence[Event]) -> None:
        """All that could be found in the mailbox was taken over."""
        event = scene[-1]
        found = {name: _int(count) for name, count in event.data.items()}
        self.desk.store.caught_up(found, event.at)

    def take_over(self, scene: Sequence[Event]) -> None:
        """A copy in Sent: the mail had left, to these recipients."""
        event = scene[-1]
        data: Mapping[str, Any] = event.data
        try:
            raw = self.desk.vault.get(data["body"])
        except VaultAway:
            raise
        except (KeyError, VaultDamaged, OSError):
            raw = _LOST
        mail = FoundMail(
            key=data["key"],
            kind=data["kind"],
            recipients=tuple(_text(one, "recipient") for one in scene),
            subject=parse_header(raw, self.desk.config.settings.limits).subject,
            rfc_message_id=data["rfc_message_id"],
            raw=raw,
            sent_at=_instant(data["sent_at"]),
            campaign=data["campaign"],
            commune=read_key(data["commune"]),
            identity=data["identity"],
        )
        self.desk.store.take_over([mail], event.at)

    def take_over_report(self, scene: Sequence[Event]) -> None:
        """A report or its draft in Sent: it had been frozen, and perhaps released."""
        event = scene[-1]
        data: Mapping[str, Any] = event.data
        files = zip(data["names"], data["files"], data["sizes"], strict=True)
        released_at = data["released_at"]
        report = FoundReport(
            name_of(event),
            data["number"],
            _instant(data["created_at"]),
            tuple(ReportFile(*file) for file in files),
            _instant(released_at) if released_at else None,
            data.get("supplement", 0),
        )
        self.desk.store.take_over_report(report, event.at)

    # --- its health ---

    def begin_trouble(self, scene: Sequence[Event]) -> None:
        """Something was not well, or worse than before."""
        event = scene[-1]
        data: Mapping[str, Any] = event.data
        trouble = OpenTrouble(
            _instant(data["since"]), data["severity"], data["text"], data["advice"]
        )
        self.desk.store.trouble_began(name_of(event), trouble, event.at)

    def end_trouble(self, scene: Sequence[Event]) -> None:
        """It was well again."""
        event = scene[-1]
        self.desk.store.trouble_over(name_of(event), event.at)

    def back_up(self, scene: Sequence[Event]) -> None:
        """A backup was made."""
        self.desk.store.backed_up(scene[-1].at)

    # --- mails ---

    def queue(self, scene: Sequence[Event]) -> None:
        """Mails are decided on and composed again; one that is not owed today stays as it was."""
        owed: dict[tuple[str, str], NewMail] = {}
        for place, event in enumerate(scene):
            key = _text(event, "key"), _text(event, "recipient")
            if key not in owed and _derivable(event):
                keys = {_text(later, "key") for later in scene[place:]}
                again = owed_at(self.desk, event.at, keys)
                owed |= {(mail.key, mail.recipient): mail for mail in again}
            mail = owed.get(key)
            if mail is None:
                mail = self._as_it_left(event)
                if _derivable(event):
                    self._note(event, {}, {}, "nothing owes this mail today")
            # An older program may have named it otherwise; bounces cite the name that it had.
            named = dataclasses.replace(mail, rfc_message_id=_text(event, "rfc_message_id"))
            self.desk.store.queue([named], event.at, held=bool(event.data["held"]))

    def tell_refusals(self, scene: Sequence[Event]) -> None:
        """The admin was told of refused mails; the alert itself follows."""
        event = scene[-1]
        data: Mapping[str, Any] = event.data
        self.desk.store.queue([], event.at, tells=data["mails"])

    def _as_it_left(self, event: Event) -> NewMail:
        """Return a mail as the journal tells it, with its bytes if the vault has them."""
        data: Mapping[str, Any] = event.data
        try:
            raw = self.desk.vault.get(data["body"])
        except VaultAway:
            raise
        except (KeyError, VaultDamaged, OSError):
            raw = self._without_text(data)
        return NewMail(
            key=data["key"],
            recipient=data["recipient"],
            kind=data["kind"],
            subject=str(BytesHeaderParser(policy=default).parsebytes(raw)["Subject"]),
            rfc_message_id=data["rfc_message_id"],
            raw=raw,
            campaign=data["campaign"],
            commune=read_key(data["commune"]),
            message_id=data["message"],
            not_before=_instant(data["next_try_at"]),
        )

    def _without_text(self, data: Mapping[str, Any]) -> bytes:
        """Return the bytes of a mail whose own are lost; of an alert at least what it was about."""
        if data["kind"] != "alert":
            return _LOST
        facts = {"what": debt_key(str(data["key"])).split("/")[1], "reason": _LOST_REASON}
        mails = alert_mails(self.desk, debt_key(data["key"]), facts, _instant(data["next_try_at"]))
        return next((one.raw for one in mails), _LOST)

    def hand_over(self, scene: Sequence[Event]) -> None:
        """The content of a mail went to a server."""
        event = scene[-1]
        self.desk.store.handed(number_of(event), event.at)

    def settle(self, scene: Sequence[Event]) -> None:
        """What the server said of a mail, or why it did not leave."""
        event = scene[-1]
        data: Mapping[str, Any] = event.data
        if data.get("why") == "interrupted":
            self.desk.store.interrupted(event.at)
            return
        again_at = data["next_try_at"]
        state = cast("MailState", event.kind.removeprefix("mail-"))
        self.desk.store.settle(
            number_of(event),
            state,
            event.at,
            data["response"],
            data["server"],
            _instant(again_at) if again_at else None,
            tried=bool(data.get("tried", True)),
        )

    def save(self, scene: Sequence[Event]) -> None:
        """A copy was put into Sent."""
        event = scene[-1]
        self.desk.store.saved(number_of(event), event.at)

    def file(self, scene: Sequence[Event]) -> None:
        """A message was moved."""
        event = scene[-1]
        data: Mapping[str, Any] = event.data
        folder, uidvalidity, new_uid = data["to"]
        self.desk.store.filed(
            Slot(data["account"], *data["from"]),
            data["target"],
            new_uid,
            event.at,
            folder=folder,
            uidvalidity=uidvalidity,
        )

    def _note(
        self, event: Event, then: Mapping[str, object], now: Mapping[str, object], why: str
    ) -> None:
        place = event.serial, event.at, event.kind, event.subject
        self._noted.append(Difference(*place, then, now, why))


_Act = Callable[[Player, Sequence[Event]], None]

#: Every kind of event that there is, and what is done again. A test holds it to the registry.
ACTS: Mapping[str, _Act] = {
    "config": Player.configure,
    "kept": Player.keep,
    "seen-again": Player.keep,
    "unfetched": Player.note_unfetched,
    "unfetched-again": Player.note_again,
    "attempt": Player.begin,
    "recorded": Player.record,
    "held": Player.record,
    "assigned": Player.assign,
    "accepted": Player.accept,
    "rejected": Player.reject,
    "launched": Player.launch,
    "closed": Player.close,
    "report-frozen": Player.freeze,
    "report-approved": Player.approve,
    "report-returned": Player.return_report,
    "report-again": Player.ask_again,
    "brake-pulled": Player.pull_brake,
    "brake-released": Player.release_brake,
    "mails-released": Player.release_mails,
    "queued": Player.queue,
    "handed": Player.hand_over,
    "mail-queued": Player.settle,
    "mail-sent": Player.settle,
    "mail-refused": Player.settle,
    "mail-unknown": Player.settle,
    "mail-cancelled": Player.settle,
    "mail-held": Player.settle,
    "mails-cancelled": Player.cancel_mails,
    "refusals-told": Player.tell_refusals,
    "saved": Player.save,
    "filed": Player.file,
    "taken-up": Player.take_up,
    "reread": Player.reread,
    "fell-behind": Player.fall_behind,
    "found-in-sent": Player.take_over,
    "report-found": Player.take_over_report,
    "caught-up": Player.catch_up,
    "trouble-began": Player.begin_trouble,
    "trouble-over": Player.end_trouble,
    "backed-up": Player.back_up,
}


def _derivable(event: Event) -> bool:
    """Whether a mail follows from the registry; most alerts come from trouble outside of it.

    Those of dead addresses do (`notifier.again`), and the brake's own (`notifier.answers`), but not
    what the examination tells of the brake later (``…/warning/2``).
    """
    _, about, *more = debt_key(_text(event, "key")).split("/")
    owed = about in {"bounced", "unreached"} or (about == "brake" and len(more) == 1)
    return owed or event.data["kind"] != "alert"


def _lost_alert(one: Difference) -> bool:
    """Whether only the text of an alert is lost: a kill or a full disk kept it from the vault."""
    return (
        one.kind == "queued" and set(one.then) == {"body"} and debt_key(one.of).startswith("alert/")
    )


def decision_told(event: Event, decisions: int) -> Decided:
    """Return the decision of a reply as the journal tells it, after so many others."""
    after: Any = event.data["after"]
    choices: Mapping[str, Choice] = {"assigned": "assign", "accepted": "accept"}
    rejected: Choice = "return" if after["ack"] == "returned" else "drop"
    choice = choices.get(event.kind, rejected)
    assigned = choice == "assign"
    return Decided(
        choice,
        number_of(event),
        decisions,
        _text(event, "by"),
        read_key(after["commune"]) if assigned else None,
        after["campaign"] if assigned else None,
        after["reason"] if event.kind == "rejected" else "",
    )


def report_decision_told(event: Event) -> ReportDecision:
    """Return the decision of a reply about a report as the journal tells it."""
    data: Mapping[str, Any] = event.data
    choices: Mapping[str, Literal["release", "return", "again"]] = {
        "report-approved": "release",
        "report-returned": "return",
        "report-again": "again",
    }
    letter = SignedLetter(**data["letter"]) if "letter" in data else None
    reason = data.get("reason", "")
    number, by = data["number"], data["by"]
    return ReportDecision(choices[event.kind], name_of(event), number, by, reason, letter)


def _slot(data: Mapping[str, Any]) -> Slot:
    return Slot(data["account"], data["folder"], data["uidvalidity"], data["uid"])


def _text(event: Event, name: str) -> str:
    return str(event.data[name])


def _int(value: object) -> int:
    return int(str(value))


def _instant(text: object) -> dt.datetime:
    return dt.datetime.fromisoformat(str(text))
