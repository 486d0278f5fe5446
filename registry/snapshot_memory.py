"""What a snapshot takes long to read, remembered from one to the next.

The journal's new events tell what is to be read again: nothing changes without one. Whatever kind
of event is not known here, or a journal that is not the one that was read, means reading it all.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, get_args

import sqlalchemy as sa

from registry.bounce_rows import ASKING, read_asked
from registry.look_rows import read_submissions
from registry.model import (
    ARRIVALS,
    GENESIS_HEAD,
    Asked,
    CommuneKey,
    Head,
    Heard,
    MailKind,
    Submission,
    Window,
)
from registry.tables import events, mails, messages, submissions

#: Mails about single messages besides their acknowledgments; and all the others.
SINGLE: tuple[MailKind, ...] = ("held", "stranger", "question")
_COMMON = tuple(kind for kind in get_args(MailKind) if kind not in {"ack", *SINGLE})
#: Events of mails, which change what became of calls and reminders.
_OF_MAILS = frozenset(
    {"queued", "mail-queued", "mail-sent", "mail-refused", "mail-unknown", "mail-cancelled"}
    | {"mail-held", "mail-bounced"}
)
#: Events that change neither whose answers there are nor who was heard.
_OF_OTHERS = frozenset(
    {"kept", "seen-again", "attempt", "filed", "handed", "saved", "refusals-told", "config"}
    | {"launched", "closed", "brake-pulled", "brake-released", "trouble-began", "trouble-over"}
    | {"report-frozen", "report-approved", "report-returned", "report-again", "backed-up"}
)
#: What a message was understood as, or that it is nothing: it concerns the answers of its own
#: commune, and those that were its versions. (An assignment also concerns the commune before.)
_OF_MESSAGES = frozenset({"recorded", "held", "rejected", "token-ignored"})
_KNOWN = _OF_MAILS | _OF_OTHERS | _OF_MESSAGES
#: More events or communes than this are not worth telling apart.
_MOST_EVENTS, _MOST = 5_000, 400

Place = tuple[str, CommuneKey]
_Part = TypeVar("_Part")
Windows = Mapping[str, Window]

_SETTLED = ("recorded", "rejected")
_IS_ARRIVAL = sa.and_(
    messages.c.commune_code.is_not(None),
    sa.or_(
        messages.c.state.in_(("kept", "held")),
        sa.and_(
            # what was returned to its sender arrived all the same (promise 3)
            sa.or_(messages.c.state != "rejected", messages.c.ack == "returned"),
            messages.c.verdict.in_(ARRIVALS),
        ),
    ),
)
_WHO = (messages.c.campaign, messages.c.commune_code, messages.c.commune_from)
_ARRIVED = (
    sa.select(
        *_WHO,
        sa.func.min(messages.c.received_at).label("first_at"),
        sa.func.max(messages.c.received_at).label("last_at"),
        sa.func.count().label("messages"),
        sa.func.sum(sa.case((messages.c.state.in_(_SETTLED), 0), else_=1)).label("held"),
    )
    .where(messages.c.campaign.in_(sa.bindparam("campaigns", expanding=True)), _IS_ARRIVAL)
    .group_by(*_WHO)
)
_ARRIVED_ANYWHERE = sa.select(
    messages.c.commune_code, messages.c.commune_from, messages.c.received_at, messages.c.state
).where(messages.c.campaign.is_(None), _IS_ARRIVAL)
_OF_THESE = messages.c.commune_code.in_(sa.bindparam("codes", expanding=True))
_ARRIVED_OF = _ARRIVED.where(_OF_THESE)
_ARRIVED_ANYWHERE_OF = _ARRIVED_ANYWHERE.where(_OF_THESE)
_LAST = sa.select(events.c.serial, events.c.sha256).order_by(events.c.serial.desc()).limit(1)
_HASH = sa.select(events.c.sha256).where(events.c.serial == sa.bindparam("wanted"))
_SINCE = (
    sa.select(events.c.kind, events.c.subject)
    .where(events.c.serial > sa.bindparam("serial"))
    .limit(_MOST_EVENTS + 1)
)
_THESE: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_CODES = sa.union(
    sa.select(messages.c.commune_code).where(messages.c.id.in_(_THESE)),
    sa.select(submissions.c.commune_code).where(submissions.c.message_id.in_(_THESE)),
    sa.select(submissions.c.commune_code).where(submissions.c.read_from.in_(_THESE)),
)
_ASKED_OF = sa.select(mails.c.id).where(mails.c.id.in_(_THESE), mails.c.kind.in_(ASKING)).limit(1)
_KEYS = sa.select(mails.c.id, mails.c.key).where(
    mails.c.id > sa.bindparam("newest"),
    mails.c.kind.in_(_COMMON),
    sa.or_(
        mails.c.campaign.in_(sa.bindparam("campaigns", expanding=True)), mails.c.campaign.is_(None)
    ),
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """The long parts of a snapshot, as they were at ``head``. Nothing in it is ever changed."""

    head: Head
    current: Mapping[Place, Submission]
    heard: Mapping[Place, Heard]
    asked: Mapping[Place, Asked]
    #: The keys of mails that are not about single messages.
    keys: frozenset[str]
    newest_mail: int


def remembered(
    connection: sa.Connection, old: Remembered | None, ids: Sequence[str], windows: Windows
) -> Remembered:
    """Return the parts as they are now, reading again what has changed since ``old``."""
    last = connection.execute(_LAST).one_or_none()
    head = Head(last.serial, last.sha256) if last else GENESIS_HEAD
    if old is not None and old.head == head:
        return old
    if old is None or not _goes_on(connection, old.head, head):
        return _all(connection, head, ids, windows)
    news = connection.execute(_SINCE, {"serial": old.head.serial}).all()
    others = (row.kind for row in news if row.kind not in _KNOWN)
    if len(news) > _MOST_EVENTS or any(others):
        return _all(connection, head, ids, windows)
    new = replace(old, head=head)
    new = _with_answers(connection, new, _numbers(news, _OF_MESSAGES), ids, windows)
    return _with_mails(connection, new, _numbers(news, _OF_MAILS), ids)


def _goes_on(connection: sa.Connection, old: Head, new: Head) -> bool:
    """Whether it is the same journal, grown: another registry may have been put in its place."""
    if old.serial > new.serial or old == GENESIS_HEAD:
        return False
    return connection.execute(_HASH, {"wanted": old.serial}).scalar_one_or_none() == old.sha256


def _numbers(news: Iterable[Any], kinds: frozenset[str]) -> list[int]:
    """Return the numbers of the messages or mails that these kinds of events are about."""
    found = {int(row.subject.rpartition(" ")[2]) for row in news if row.kind in kinds}
    return sorted(found)


def _all(connection: sa.Connection, head: Head, ids: Sequence[str], windows: Windows) -> Remembered:
    none = Remembered(head, {}, {}, read_asked(connection, ids), frozenset(), 0)
    return replace(
        _with_keys(connection, none, ids),
        current=read_current(connection, ids, contents=False, findings=False),
        heard=read_heard(connection, ids, windows),
    )


def _with_answers(
    connection: sa.Connection,
    old: Remembered,
    changed: Sequence[int],
    ids: Sequence[str],
    windows: Windows,
) -> Remembered:
    """Read again what the communes of these messages answered, and when they were heard."""
    if not changed:
        return old
    codes: set[str] | None = None
    if len(changed) <= _MOST:
        found = connection.execute(_CODES, {"ids": changed}).scalars()
        codes = {code for code in found if code is not None}
    current = read_current(connection, ids, contents=False, findings=False, codes=codes)
    heard = read_heard(connection, ids, windows, codes)
    if codes is not None:
        current = {**_without(old.current, codes), **current}
        heard = {**_without(old.heard, codes), **heard}
    return replace(old, current=current, heard=heard)


def _without(parts: Mapping[Place, _Part], codes: set[str]) -> dict[Place, _Part]:
    return {place: part for place, part in parts.items() if place[1][0] not in codes}


def _with_mails(
    connection: sa.Connection, old: Remembered, changed: Sequence[int], ids: Sequence[str]
) -> Remembered:
    """Read the keys of new mails, and what became of calls and reminders if any is among these."""
    if not changed:
        return old
    new = _with_keys(connection, old, ids)
    some = connection.execute(_ASKED_OF, {"ids": changed[:_MOST]}).first() is not None
    if some or len(changed) > _MOST:
        return replace(new, asked=read_asked(connection, ids))
    return new


def _with_keys(connection: sa.Connection, old: Remembered, ids: Sequence[str]) -> Remembered:
    values = {"newest": old.newest_mail, "campaigns": ids}
    found = connection.execute(_KEYS, values).all()
    if not found:
        return old
    keys = old.keys | {row.key for row in found}
    return replace(old, keys=keys, newest_mail=max(row.id for row in found))


# --- read from the tables ---


def read_current(
    connection: sa.Connection,
    ids: Sequence[str],
    *,
    contents: bool,
    findings: bool,
    codes: set[str] | None = None,
) -> dict[Place, Submission]:
    """Return the versions that count, of all communes or those with these codes."""
    which = sa.and_(submissions.c.campaign.in_(ids), submissions.c.current)
    if codes is not None:
        which = sa.and_(which, submissions.c.commune_code.in_(sorted(codes)))
    found = read_submissions(connection, which, contents=contents, notes=findings)
    return {(version.campaign, version.commune): version for version in found}


def read_heard(
    connection: sa.Connection,
    ids: Sequence[str],
    windows: Windows,
    codes: set[str] | None = None,
) -> dict[Place, Heard]:
    """Fold all arrivals of these campaigns, counted by the database, and those of no campaign."""
    named = {} if codes is None else {"codes": sorted(codes)}
    arrived = _ARRIVED if codes is None else _ARRIVED_OF
    anywhere = _ARRIVED_ANYWHERE if codes is None else _ARRIVED_ANYWHERE_OF
    heard: dict[Place, Heard] = {}
    for row in connection.execute(arrived, {"campaigns": ids, **named}):
        place = row.campaign, (row.commune_code, row.commune_from)
        _add(heard, place, Heard(row.first_at, row.last_at, row.messages, row.held))
    for row in connection.execute(anywhere, named):
        at = row.received_at
        for campaign in ids:
            waits = row.state not in _SETTLED
            if _inside(windows.get(campaign), at, waits=waits):
                place = campaign, (row.commune_code, row.commune_from)
                _add(heard, place, Heard(at, at, 1, int(waits)))
    return heard


def _inside(window: Window | None, moment: dt.datetime, *, waits: bool) -> bool:
    """Whether what arrived then may be an answer in this window.

    Who wrote before the opening is not silent while a person has not said what it was about.
    """
    return window is None or (moment < window[1] and (waits or window[0] <= moment))


def _add(heard: dict[Place, Heard], place: Place, more: Heard) -> None:
    old = heard.get(place, more)
    if old is more:
        heard[place] = more
        return
    heard[place] = Heard(
        min(old.first_at, more.first_at),
        max(old.last_at, more.last_at),
        old.messages + more.messages,
        old.held + more.held,
    )
