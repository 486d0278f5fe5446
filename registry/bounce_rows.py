"""What arrived and what did not, for the snapshot: dead addresses, lost debts, who was reached.

Read only, inside the snapshot's transaction.
"""

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa

from registry.model import Asked, Bounce, CommuneKey, Lost, MailKind, MailState, Message, debt_key
from registry.rows import key_of, message_of, not_redirected
from registry.tables import MAIL_LOST, bounced, mails, messages

#: The evidence that a commune was asked.
ASKING: tuple[MailKind, ...] = ("call", "reminder")
#: What is sent again when it reached nobody.
_OWED: tuple[MailKind, ...] = (*ASKING, "silence", "ack")
#: In one of these states a mail will still be sent.
_OPEN: frozenset[MailState] = frozenset({"queued", "sending", "held"})
#: In one of these it may still arrive, or may have arrived.
_MAY_ARRIVE: frozenset[MailState] = _OPEN | {"sent", "unknown"}

_BOUNCES = (
    sa.select(bounced.c.address, messages.c.sha256, messages.c.received_at)
    .join(messages, messages.c.id == bounced.c.message_id)
    .order_by(bounced.c.address)
)
_ASKED = (
    sa.select(
        mails.c.campaign,
        mails.c.commune_code,
        mails.c.commune_from,
        mails.c.state,
        mails.c.bounced_at.is_not(None).label("bounced"),
    )
    .where(
        mails.c.campaign.in_(sa.bindparam("campaigns", expanding=True)),
        mails.c.kind.in_(ASKING),
        mails.c.commune_code.is_not(None),
        not_redirected(),
    )
    .distinct()
)
_WITH_A_LOSS = (
    sa.select(mails.c.commune_code)
    .where(
        sa.text(f"({MAIL_LOST})"),
        mails.c.campaign.in_(sa.bindparam("campaigns", expanding=True)),
        mails.c.commune_code.is_not(None),
        not_redirected(),
    )
    .distinct()
)
_OF_COMMUNES = (
    sa.select(mails)
    .where(
        mails.c.campaign.in_(sa.bindparam("campaigns", expanding=True)),
        mails.c.kind.in_(_OWED),
        mails.c.commune_code.in_(sa.bindparam("codes", expanding=True)),
        not_redirected(),
    )
    .order_by(mails.c.id)
)


def read_bounces(connection: sa.Connection) -> tuple[Bounce, ...]:
    """Return the addresses that are dead now, and the messages that said so."""
    return tuple(Bounce(*row) for row in connection.execute(_BOUNCES))


def read_asked(
    connection: sa.Connection, ids: Sequence[str]
) -> dict[tuple[str, CommuneKey], Asked]:
    """Return what became of the calls and reminders to each commune that got one."""
    asked: dict[tuple[str, CommuneKey], Asked] = {}
    for row in connection.execute(_ASKED, {"campaigns": ids}):
        place = row.campaign, (row.commune_code, row.commune_from)
        if row.state == "sent" and not row.bounced:
            asked[place] = "reached"
        elif row.state in _OPEN and not row.bounced and asked.get(place) != "reached":
            asked[place] = "open"
        else:
            asked.setdefault(place, "in-vain")
    return asked


def read_lost(
    connection: sa.Connection, ids: Sequence[str], dead: frozenset[str]
) -> tuple[Lost, ...]:
    """Return the debts to communes in these campaigns of which no mail has or may yet arrive.

    A mail that was not sent because its address is ``dead`` is lost like one that came back.
    """
    codes = connection.execute(_WITH_A_LOSS, {"campaigns": ids}).scalars().all()
    if not codes:
        return ()
    debts: dict[str, list[sa.Row[tuple[object, ...]]]] = defaultdict(list)
    for row in connection.execute(_OF_COMMUNES, {"campaigns": ids, "codes": codes}):
        debts[debt_key(row.key)].append(row)
    answered = _messages(connection, [rows[0].message_id for rows in debts.values()])
    return tuple(
        Lost(key, str(rows[0].campaign), commune, tried, answered.get(rows[0].message_id))
        for key, rows in debts.items()
        if (commune := key_of(rows[0].commune_code, rows[0].commune_from))
        and (tried := _tried_in_vain(rows, dead))
    )


def _tried_in_vain(
    rows: Sequence[sa.Row[tuple[object, ...]]], dead: frozenset[str]
) -> frozenset[str]:
    """The addresses that a debt's mails were lost to; none, while one has or may have arrived."""
    if any(row.state in _MAY_ARRIVE and row.bounced_at is None for row in rows):
        return frozenset()
    return frozenset(
        str(row.recipient_key)
        for row in rows
        if row.bounced_at is not None or row.state == "refused" or row.recipient_key in dead
    )


def _messages(connection: sa.Connection, ids: Sequence[int | None]) -> dict[int, Message]:
    wanted = sorted({one for one in ids if one is not None})
    query = sa.select(messages).where(messages.c.id.in_(wanted))
    return {row.id: message_of(row) for row in connection.execute(query)} if wanted else {}
