"""A registry that is older than the mailbox: what it has to take over before it may speak again."""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from registry.database import journal
from registry.filing_rows import Target, owe_filing
from registry.inbox_rows import keep_arrival, put_mark
from registry.model import Arrival, Behind, FoundMail, FoundReport, Kept, SignedLetter
from registry.outbox_rows import answered, put_body
from registry.rows import Part, commune_values, get_message, written
from registry.sending_rows import OPEN
from registry.tables import campaigns, events, mails, marks, messages, reports, slots

_MARK = "behind"
#: Who is named where a person's decision was found again in what had left.
FOUND = "found in Sent"
_COPY = "a copy lies in Sent"
_UNSURE = "the copy in Sent is another recipient's: whether this one left is not known"


class CatchUpRows(Part):
    """From the mark that says so to the last thing found."""

    def behind(self) -> Behind | None:
        """Return since when the registry is known to be older than the mailbox; None: it is not."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(marks).where(marks.c.name == _MARK)).one_or_none()
            return None if row is None else Behind(row.at, row.text, _last_known(connection))

    def fall_behind(self, reason: str, now: dt.datetime) -> None:
        """Write down that the registry is older than the mailbox; the first reason stands.

        ``now`` is the moment from which on nothing of the registry is from before.
        """
        with self._database.write() as connection:
            query = sa.select(marks.c.name).where(marks.c.name == _MARK)
            if connection.execute(query).one_or_none() is None:
                data = {"reason": reason, "known_until": _known(_last_known(connection))}
                put_mark(connection, _MARK, now, reason)
                journal(connection, now, "fell-behind", "registry", data)

    def caught_up(self, found: dict[str, int], now: dt.datetime) -> None:
        """Take the mark away: all that could be found was taken over."""
        with self._database.write() as connection:
            if connection.execute(marks.delete().where(marks.c.name == _MARK)).rowcount:
                journal(connection, now, "caught-up", "registry", dict(found))

    # --- messages ---

    def lying_in(self, account: str, folder: str, uidvalidity: int) -> set[int]:
        """Return the UIDs under which messages of the registry lie in this folder now."""
        query = sa.select(slots.c.at_uid).where(
            slots.c.account == account,
            slots.c.at_folder == folder,
            slots.c.at_uidvalidity == uidvalidity,
            slots.c.at_uid.is_not(None),
        )
        with self._database.read() as connection:
            return {int(uid) for uid in connection.execute(query).scalars()}

    def knows_arrival(self, size_bytes: int, received_at: dt.datetime) -> bool:
        """Whether a message of this size arrived at this moment by the server's time.

        Both survive a move: so a message is recognised whose move was made and not written down.
        """
        query = (
            sa.select(messages.c.id)
            .where(messages.c.received_at == received_at, messages.c.size_bytes == size_bytes)
            .limit(1)
        )
        with self._database.read() as connection:
            return connection.execute(query).one_or_none() is not None

    def keep_found(
        self, arrivals: Sequence[Arrival], target: Target, now: dt.datetime
    ) -> list[Kept]:
        """Do as `keep_all` for messages that lie in Processed or Held already.

        They are moved only when they turn out to belong into the other one.
        """
        with self._database.write() as connection:
            kept = []
            for arrival in arrivals:
                one = keep_arrival(connection, arrival, now, found_in=target)
                slot = dataclasses.asdict(arrival.slot)
                connection.execute(
                    slots.update()
                    .where(*(slots.c[name] == value for name, value in slot.items()))
                    .values(filed_to=target, filed_at=now)
                )
                owe_filing(connection, get_message(connection, one.message_id))
                kept.append(one)
            return kept

    def launched_before(self, campaign: str, launched_at: dt.datetime, now: dt.datetime) -> None:
        """Write down that the call had been launched at that moment; the first time counts."""
        with self._database.write() as connection:
            _launched(connection, campaign, launched_at, now)

    # --- mails ---

    def lacking(self, copies: Iterable[tuple[str, Sequence[str]]]) -> set[str]:
        """Return the keys of copies with a recipient to whom the mail did not leave by the outbox.

        Each copy is (key, recipients).
        """
        with self._database.read() as connection:
            return {
                key
                for key, recipients in copies
                if set(recipients) - _settled(connection, key) or not recipients
            }

    def may_have_left(self, key: str) -> bool:
        """Whether a mail of this key left by the outbox, or may have, to one recipient at least.

        Only then a copy of it can lie in Sent. (Some servers put one there by themselves: then
        also of a mail whose outcome is unknown.)
        """
        handed = mails.c.state.in_(["sent", "sending", "unknown"])
        query = sa.select(mails.c.id).where(mails.c.key == key, handed).limit(1)
        with self._database.read() as connection:
            return connection.execute(query).one_or_none() is not None

    def take_over(self, found: Sequence[FoundMail], now: dt.datetime) -> int:
        """Put mails into the outbox as sent, because a copy of them lies in Sent.

        One that is there and may still leave has left, or its outcome is unknown when another
        recipient's was known already; return how many rows this changed. A call proves that its
        campaign was launched.
        """
        with self._database.write() as connection:
            return sum(_take_over(connection, mail, now) for mail in found)

    def take_over_report(self, found: FoundReport, now: dt.datetime) -> bool:
        """Write down a frozen report that had been sent; False when the registry has its number.

        Its inputs are not known. It counts as released if it went to the Department; a PDF that
        went there and was not in the draft is the signed letter.
        """
        same = sa.and_(reports.c.campaign == found.campaign, reports.c.number == found.number)
        with self._database.write() as connection:
            row = connection.execute(sa.select(reports).where(same)).one_or_none()
            released: dict[str, object] = {"approved_at": found.released_at, "approved_by": FOUND}
            if row is None:
                connection.execute(
                    reports.insert().values(
                        campaign=found.campaign,
                        number=found.number,
                        created_at=found.created_at,
                        inputs_sha256="",
                        files=[dataclasses.asdict(file) for file in found.files],
                        supplement=found.supplement,
                        base=_released_before(connection, found) if found.supplement else 0,
                        **(released if found.released_at else {}),
                    )
                )
            elif found.released_at and row.approved_at is None:
                released["letter"] = _letter_of(found, row.files)
                connection.execute(reports.update().where(same).values(**released))
            else:
                return False
            data: dict[str, object] = {
                "number": found.number,
                "created_at": _known(found.created_at),
                "released_at": _known(found.released_at),
                "files": [file.sha256 for file in found.files],
                "names": [file.name for file in found.files],
                "sizes": [file.size_bytes for file in found.files],
            }
            if found.supplement:
                data["supplement"] = found.supplement
            journal(connection, now, "report-found", f"campaign {found.campaign}", data)
            return True

    def hold_all(self, reason: str, now: dt.datetime) -> int:
        """Pull the brake for every kind of mail, also what is queued; return how many that holds.

        Mails whose outcome is open are not tried again: nobody can tell whether they left.
        """
        with self._database.write() as connection:
            for name in ("brake", "brake-all"):
                connection.execute(marks.delete().where(marks.c.name == name))
                put_mark(connection, name, now, reason)
            journal(connection, now, "brake-pulled", "outbox", {"reason": reason, "all": True})
            queued = mails.c.state == "queued"
            held = mails.update().where(queued, mails.c.kind != "alert").values(state="held")
            open_ = mails.c.state.in_(["unknown", "sending"])
            connection.execute(mails.update().where(open_).values(next_try_at=None))
            return connection.execute(held).rowcount


def _released_before(connection: sa.Connection, found: FoundReport) -> int:
    query = sa.select(sa.func.max(reports.c.number)).where(
        reports.c.campaign == found.campaign,
        reports.c.number < found.number,
        reports.c.approved_at.is_not(None),
    )
    return connection.execute(query).scalar_one() or 0


def _letter_of(found: FoundReport, drafted: Sequence[dict[str, object]]) -> object:
    known = {file["sha256"] for file in drafted}
    for file in found.files:
        if file.sha256 not in known and file.name.lower().endswith(".pdf"):
            return dataclasses.asdict(SignedLetter(file.name, file.sha256, file.size_bytes))
    return None


def _last_known(connection: sa.Connection) -> dt.datetime | None:
    """When the last event was written before the registry was found to be old."""
    first = sa.select(sa.func.max(events.c.serial)).where(events.c.kind == "fell-behind")
    fell = connection.execute(first).scalar_one_or_none()
    query = sa.select(events.c.at).order_by(events.c.serial.desc()).limit(1)
    mark = connection.execute(sa.select(marks.c.at).where(marks.c.name == _MARK)).one_or_none()
    if fell is not None and mark is not None:
        query = query.where(events.c.serial < fell)
    return connection.execute(query).scalar_one_or_none()


def _known(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.UTC).isoformat() if moment else None


def _settled(connection: sa.Connection, key: str) -> set[str]:
    query = sa.select(mails.c.recipient).where(mails.c.key == key, mails.c.state.not_in(OPEN))
    return set(connection.execute(query).scalars())


def _take_over(connection: sa.Connection, mail: FoundMail, now: dt.datetime) -> int:
    message_id = _answered_message(connection, mail.identity)
    body = hashlib.sha256(mail.raw).hexdigest()
    answered(connection, mail.key)
    sent = {
        "state": "sent",
        "sent_at": mail.sent_at,
        "handed_at": mail.sent_at,
        "appended_at": mail.sent_at,
        "response": _COPY,
        "next_try_at": None,
    }
    same = mails.c.key == mail.key, mails.c.rfc_message_id == mail.rfc_message_id
    one_sent = sa.select(mails.c.id).where(*same, mails.c.state == "sent").limit(1)
    before = connection.execute(one_sent).one_or_none() is not None
    changed = 0
    for recipient in dict.fromkeys(mail.recipients):
        place = sa.and_(mails.c.key == mail.key, mails.c.recipient == recipient)
        row = connection.execute(sa.select(mails.c.id, mails.c.state).where(place)).one_or_none()
        if row is not None and row.state not in OPEN:
            continue
        if row is not None:
            unsure = {"state": "unknown", "response": _UNSURE, "next_try_at": None}
            connection.execute(mails.update().where(place).values(**(unsure if before else sent)))
        else:
            values = {
                "key": mail.key,
                "recipient": recipient,
                "recipient_key": recipient.strip().lower(),
                "kind": mail.kind,
                "subject": mail.subject,
                "rfc_message_id": mail.rfc_message_id,
                "body_sha256": put_body(connection, mail.raw),
                "queued_at": mail.sent_at,
                "attempts": 1,
                "campaign": mail.campaign,
                "message_id": message_id,
                **commune_values(mail.commune),
                **sent,
            }
            connection.execute(mails.insert().values(**values))
        data = {
            "key": mail.key,
            "recipient": recipient,
            "sent_at": _known(mail.sent_at),
            "kind": mail.kind,
            "rfc_message_id": mail.rfc_message_id,
            "body": body,
            "campaign": mail.campaign,
            "commune": written(mail.commune),
            "identity": mail.identity,
        }
        journal(connection, now, "found-in-sent", "outbox", data)
        changed += 1
    if mail.kind == "call" and mail.campaign:
        _launched(connection, mail.campaign, mail.sent_at, now)
    return changed


def _answered_message(connection: sa.Connection, identity: str) -> int | None:
    """Return the message that a key names by the beginning of its identity."""
    if not identity:
        return None
    for column in (messages.c.sha256, messages.c.content_key):
        # the literal lets the database use the index, which leaves out messages without bytes
        there = column != sa.literal_column("''")
        named = sa.and_(there, column >= identity, column < identity + "g")
        query = sa.select(messages.c.id).where(named).limit(1)
        found = connection.execute(query).scalar_one_or_none()
        if found is not None:
            return int(found)
    return None


def _launched(
    connection: sa.Connection, campaign: str, sent_at: dt.datetime, now: dt.datetime
) -> None:
    same = campaigns.c.campaign == campaign
    row = connection.execute(sa.select(campaigns.c.launched_at).where(same)).one_or_none()
    if row is not None and row.launched_at is not None:
        return
    if row is None:
        connection.execute(campaigns.insert().values(campaign=campaign, launched_at=sent_at))
    else:
        connection.execute(campaigns.update().where(same).values(launched_at=sent_at))
    data = {"by": FOUND, "launched_at": _known(sent_at)}
    journal(connection, now, "launched", f"campaign {campaign}", data)
