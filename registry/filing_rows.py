"""Where messages lie now on the server, and into which folder they must still be moved."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from registry.database import journal
from registry.model import Message, Slot
from registry.rows import Part, flat, get_message
from registry.tables import plain, slots

Target = Literal["processed", "held"]

#: Where a message of this state belongs; a kept one stays where it is.
_HOME: dict[str, str] = {"recorded": "processed", "rejected": "processed", "held": "held"}

_OWE = (
    slots.update()
    .where(slots.c.message_id == sa.bindparam("wanted"))
    .values(
        owed=sa.case(
            (sa.or_(slots.c.at_uid.is_(None), slots.c.filed_to == sa.bindparam("home")), ""),
            else_=sa.bindparam("home"),
        )
    )
)


_AT = (
    slots.c.account == sa.bindparam("account"),
    slots.c.at_folder == sa.bindparam("folder"),
    slots.c.at_uidvalidity == sa.bindparam("uidvalidity"),
    slots.c.at_uid == sa.bindparam("uid"),
)
_LIES_AT = sa.select(slots.c.message_id).where(*_AT).limit(1)
_OWED_AT = sa.select(slots.c.id, slots.c.message_id).where(*_AT, slots.c.owed != "")
_MOVED = slots.update().where(slots.c.id == sa.bindparam("wanted"))


@dataclass(frozen=True, slots=True)
class Filed:
    """A message that was moved out of a slot.

    ``folder`` is the name of the target folder. Only with it and ``new_uid`` can the message be
    moved on from there when a person has decided; else it stays where it is.
    """

    slot: Slot
    target: Target
    new_uid: int | None
    folder: str = ""
    uidvalidity: int = 0


class FilingRows(Part):
    """Moves that are owed, and moves that were made."""

    def slots_to_file(
        self, limit: int | None = None, account: str | None = None
    ) -> list[tuple[Slot, Target]]:
        """Return where messages lie now that belong into another folder, oldest slots first.

        With ``account`` only those of this account: what an account that was given up still owes
        must not stand before them.
        """
        query = (
            sa.select(slots)
            .where(slots.c.owed.in_(["processed", "held"]))
            .order_by(slots.c.id)
            .limit(limit)
        )
        if account is not None:
            query = query.where(slots.c.account == account)
        with self._database.read() as connection:
            return [
                (Slot(row.account, row.at_folder, row.at_uidvalidity, row.at_uid), row.owed)
                for row in connection.execute(query)
            ]

    def message_at(self, slot: Slot) -> Message | None:
        """Return the message that lies in this place now (of `slots_to_file`)."""
        with self._database.read() as connection:
            found = connection.execute(_LIES_AT, flat(slot))
            message_id = found.scalar_one_or_none()
            return None if message_id is None else get_message(connection, message_id)

    def filed(
        self,
        slot: Slot,
        target: Target,
        new_uid: int | None,
        now: dt.datetime,
        *,
        folder: str = "",
        uidvalidity: int = 0,
    ) -> None:
        """Write down that the message in this slot (of `slots_to_file`) was moved."""
        self.filed_all([Filed(slot, target, new_uid, folder, uidvalidity)], now)

    def filed_all(self, filed: Iterable[Filed], now: dt.datetime) -> None:
        """Do as `filed` for several messages in one transaction."""
        with self._database.write() as connection:
            for one in filed:
                _put_filed(connection, one, now)


def _put_filed(connection: sa.Connection, one: Filed, now: dt.datetime) -> None:
    slot, known = one.slot, bool(one.folder) and one.new_uid is not None
    for row in connection.execute(_OWED_AT, flat(slot)).all():
        values = {
            "wanted": row.id,
            "at_folder": one.folder,
            "at_uidvalidity": one.uidvalidity if known else None,
            "at_uid": one.new_uid if known else None,
            "filed_to": one.target,
            "filed_at": now,
        }
        connection.execute(_MOVED, values)
        owe_filing(connection, get_message(connection, row.message_id))
        data = {
            "target": one.target,
            "account": plain(slot.account),
            "from": [plain(slot.folder), slot.uidvalidity, slot.uid],
            "to": [plain(one.folder), one.uidvalidity, one.new_uid],
        }
        journal(connection, now, "filed", f"message {row.message_id}", data)


def owe_filing(connection: sa.Connection, message: Message) -> None:
    """Set which folder each slot of a message is to be moved to, after its state became this.

    A message that was never fetched stays where it lies.
    """
    home = _HOME.get(message.state, "") if message.sha256 else ""
    connection.execute(_OWE, {"wanted": message.id, "home": home})
