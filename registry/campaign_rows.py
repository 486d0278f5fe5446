"""What happens to a campaign: launch, closing, reports and their release; and the brake."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from registry.database import journal
from registry.errors import NotPossible
from registry.inbox_rows import put_mark
from registry.model import (
    CampaignState,
    CommuneKey,
    ReportDecision,
    ReportFile,
    ReportRow,
    SignedLetter,
)
from registry.rows import Part, report_of, written
from registry.tables import campaigns, events, mails, marks, reports

#: Who released a report that needs no approval.
BY_CONFIG = "config"

_LAST_CONFIG = (
    sa.select(events.c.data)
    .where(events.c.kind == "config")
    .order_by(events.c.serial.desc())
    .limit(1)
)


class CampaignRows(Part):
    """Campaigns, reports and the brake."""

    def launch(self, campaign: str, by: str, now: dt.datetime) -> CampaignState:
        """Write down that the call was launched; the first time counts."""
        with self._database.write() as connection:
            state = get_campaign(connection, campaign)
            if state.launched_at is None:
                _put_campaign(connection, campaign, {"launched_at": now})
                journal(connection, now, "launched", f"campaign {campaign}", {"by": by})
            return get_campaign(connection, campaign)

    def close_campaign(
        self, campaign: str, silent: Sequence[CommuneKey], now: dt.datetime
    ) -> CampaignState:
        """Fix which communes were silent; a campaign that was closed keeps what was fixed."""
        with self._database.write() as connection:
            state = get_campaign(connection, campaign)
            if state.closed_at is None:
                keys = [[code, day.isoformat()] for code, day in silent]
                _put_campaign(connection, campaign, {"closed_at": now, "silent": keys})
                data = {"silent": [written(key) for key in silent]}
                journal(connection, now, "closed", f"campaign {campaign}", data)
            return get_campaign(connection, campaign)

    def freeze_report(
        self,
        campaign: str,
        inputs_sha256: str,
        files: Iterable[ReportFile],
        now: dt.datetime,
        *,
        supplement: int = 0,
        base: int = 0,
        released_by: str = "",
        seen: Sequence[ReportRow] | None = None,
    ) -> ReportRow:
        """Fix a report: its inputs' hash and its files, whose bytes are in the vault.

        The same inputs and files as the last report's are the last report. Numbers count from 1
        in each campaign; a supplement has a number of its own and knows its ``base``. With
        ``released_by`` (`BY_CONFIG`) nobody is asked: it is released as it is frozen.

        Raises:
            NotPossible: the campaign's reports are no longer those that were ``seen`` when it was
                built: what it adds to may be another one.
        """
        frozen = tuple(files)
        with self._database.write() as connection:
            known = read_reports(connection, [campaign])
            last = known[-1] if known else None
            if last and (last.inputs_sha256, last.files) == (inputs_sha256, frozen):
                return last
            if seen is not None and known != list(seen):
                raise NotPossible(f"a report of {campaign} was decided on while one was built")
            number = last.number + 1 if last else 1
            connection.execute(
                reports.insert().values(
                    campaign=campaign,
                    number=number,
                    created_at=now,
                    inputs_sha256=inputs_sha256,
                    files=[dataclasses.asdict(file) for file in frozen],
                    supplement=supplement,
                    base=base,
                    **({"approved_at": now, "approved_by": released_by} if released_by else {}),
                )
            )
            data: dict[str, object] = {
                "number": number,
                "inputs": inputs_sha256,
                "files": [file.sha256 for file in frozen],
                "names": [file.name for file in frozen],
            }
            if released_by:
                data["released_by"] = released_by
            if supplement:
                data |= {"supplement": supplement, "base": base}
            journal(connection, now, "report-frozen", f"campaign {campaign}", data)
            return _required(_last_report(connection, campaign), campaign)

    def approve(
        self,
        campaign: str,
        by: str,
        now: dt.datetime,
        number: int | None = None,
        letter: SignedLetter | None = None,
        *,
        replayed: bool = False,
    ) -> ReportRow:
        """Release a report to the Department: the last one, or the one of this number.

        Approving again changes nothing. ``letter`` goes out in place of the drafted one. What is
        ``replayed`` was done by an older version, which did not look for another draft's being
        asked for.

        Raises:
            NotPossible: there is no report, ``number`` is not the last one's – the approver saw
                something else than what would leave –, it was returned, or another draft was
                asked for.
        """
        with self._database.write() as connection:
            last = _the_last(connection, campaign, number)
            if last.again_at and not (last.approved_at or last.returned_at or replayed):
                raise NotPossible(
                    f"another draft was asked for in place of report {last.number} of {campaign}: "
                    "wait for that one"
                )
            return _release(connection, last, by, now, letter, {})

    def return_report(
        self, campaign: str, number: int, reason: str, by: str, now: dt.datetime
    ) -> ReportRow:
        """Give a draft back to the officers; it can no longer be released. Once is enough.

        Raises:
            NotPossible: it is not the last one, or it was released.
        """
        with self._database.write() as connection:
            last = _the_last(connection, campaign, number)
            return _give_back(connection, last, reason, by, now, {})

    def ask_again(self, campaign: str, by: str, now: dt.datetime) -> ReportRow:
        """Ask for another draft in place of the last one; the first time counts.

        Raises:
            NotPossible: there is none, or it was released: what changes then makes a supplement.
        """
        with self._database.write() as connection:
            return _ask_again(connection, _the_last(connection, campaign, None), by, now, {})

    def reports(self, campaign: str) -> list[ReportRow]:
        """Return the reports of a campaign in the order of their numbers."""
        with self._database.read() as connection:
            return read_reports(connection, [campaign])

    def reported_campaigns(self) -> list[str]:
        """Return the campaigns that have a report, also those that are no longer configured."""
        query = sa.select(reports.c.campaign).distinct().order_by(reports.c.campaign)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def campaign_state(self, campaign: str) -> CampaignState:
        """Return what happened to a campaign so far; nothing, if it is not known."""
        with self._database.read() as connection:
            return get_campaign(connection, campaign)

    def note_config(self, files: Mapping[str, str], now: dt.datetime) -> None:
        """Write down which config is in use from now on: the hash of each file, by its path.

        The same files as the last time are no event.
        """
        data = {"files": dict(sorted(files.items()))}
        with self._database.write() as connection:
            if connection.execute(_LAST_CONFIG).scalar_one_or_none() != data:
                journal(connection, now, "config", "config", data)

    def pull_brake(self, reason: str, now: dt.datetime) -> None:
        """Stop mass mail until a person releases it; the first reason stands."""
        with self._database.write() as connection:
            query = sa.select(marks.c.name).where(marks.c.name == "brake")
            if connection.execute(query).one_or_none() is None:
                put_mark(connection, "brake", now, reason)
                journal(connection, now, "brake-pulled", "outbox", {"reason": reason})

    def release_brake(self, by: str, now: dt.datetime) -> None:
        """Let mass mail leave again; the mails that were held are queued by `release_mails`."""
        with self._database.write() as connection:
            connection.execute(marks.delete().where(marks.c.name == "brake-all"))
            if connection.execute(marks.delete().where(marks.c.name == "brake")).rowcount:
                put_mark(connection, "released", now, "")
                journal(connection, now, "brake-released", "outbox", {"by": by})


def get_campaign(connection: sa.Connection, campaign: str) -> CampaignState:
    """Return a campaign's state inside the caller's transaction."""
    query = sa.select(campaigns).where(campaigns.c.campaign == campaign)
    row = connection.execute(query).one_or_none()
    if row is None:
        return CampaignState(campaign)
    silent = tuple((code, dt.date.fromisoformat(day)) for code, day in row.silent or [])
    return CampaignState(campaign, row.launched_at, row.closed_at, silent)


def read_reports(connection: sa.Connection, ids: Sequence[str]) -> list[ReportRow]:
    """Return the reports of campaigns inside the caller's transaction, by number.

    Once a report without approval was released by the config of the day and by nothing else. Of
    those the mail to the Department is the proof, once its content left: one that still waits
    proves nothing, for the last gate before the Department asks here.
    """
    query = (
        sa.select(reports)
        .where(reports.c.campaign.in_(ids))
        .order_by(reports.c.campaign, reports.c.number)
    )
    found = [report_of(row) for row in connection.execute(query)]
    keys = {f"report/{one.campaign}/{one.number}": one for one in found if not one.approved_at}
    left = sa.and_(mails.c.key.in_(keys), mails.c.state.in_(("sending", "sent", "unknown")))
    query = sa.select(mails.c.key, sa.func.min(mails.c.queued_at)).where(left)
    proofs = connection.execute(query.group_by(mails.c.key)).all() if keys else ()
    sent = {keys[key].id: at for key, at in proofs}
    return [
        dataclasses.replace(one, approved_at=sent[one.id], approved_by=BY_CONFIG)
        if one.id in sent
        else one
        for one in found
    ]


def apply_report_decision(
    connection: sa.Connection, decided: ReportDecision, reply_id: int, now: dt.datetime
) -> ReportRow:
    """Do what a person's reply says, inside the transaction that records the reply.

    Raises:
        NotPossible: somebody else decided meanwhile, or there is a newer report.
    """
    campaign, number, by = decided.campaign, decided.number, decided.by
    last = _the_last(connection, campaign, number)
    if last.approved_at or last.again_at or (last.returned_at and decided.choice != "again"):
        raise NotPossible(f"report {number} of {campaign} was decided on while a reply was read")
    said = {"reply": reply_id}
    if decided.choice == "release":
        return _release(connection, last, by, now, decided.letter, said)
    if decided.choice == "return":
        return _give_back(connection, last, decided.reason, by, now, said)
    return _ask_again(connection, last, by, now, said)


def _release(
    connection: sa.Connection,
    last: ReportRow,
    by: str,
    now: dt.datetime,
    letter: SignedLetter | None,
    said: Mapping[str, object],
) -> ReportRow:
    if last.approved_at is not None:
        return last
    if last.returned_at is not None:
        raise NotPossible(
            f"report {last.number} of {last.campaign} was returned: wait for the draft that "
            "replaces it"
        )
    plain = dataclasses.asdict(letter) if letter else None
    values = {"approved_at": now, "approved_by": by, "letter": plain}
    data = {"number": last.number, "by": by, **({"letter": plain} if plain else {}), **said}
    return _changed(connection, last, values, "report-approved", data, now)


def _give_back(
    connection: sa.Connection,
    last: ReportRow,
    reason: str,
    by: str,
    now: dt.datetime,
    said: Mapping[str, object],
) -> ReportRow:
    if last.approved_at is not None:
        raise NotPossible(f"report {last.number} of {last.campaign} is released already")
    if last.returned_at is not None:
        return last
    values = {"returned_at": now, "returned_by": by, "returned_reason": reason}
    data = {"number": last.number, "by": by, "reason": reason, **said}
    return _changed(connection, last, values, "report-returned", data, now)


def _ask_again(
    connection: sa.Connection,
    last: ReportRow,
    by: str,
    now: dt.datetime,
    said: Mapping[str, object],
) -> ReportRow:
    if last.approved_at is not None:
        raise NotPossible(
            f"report {last.number} of {last.campaign} is released: what changes now makes a "
            "supplement"
        )
    if last.again_at is not None:
        return last
    data = {"number": last.number, "by": by, **said}
    return _changed(connection, last, {"again_at": now}, "report-again", data, now)


def _changed(
    connection: sa.Connection,
    report: ReportRow,
    values: Mapping[str, object],
    kind: str,
    data: Mapping[str, object],
    now: dt.datetime,
) -> ReportRow:
    connection.execute(reports.update().where(reports.c.id == report.id).values(**values))
    journal(connection, now, kind, f"campaign {report.campaign}", dict(data))
    return _required(_last_report(connection, report.campaign), report.campaign)


def _the_last(connection: sa.Connection, campaign: str, number: int | None) -> ReportRow:
    last = _required(_last_report(connection, campaign), campaign)
    if number is not None and number != last.number:
        raise NotPossible(
            f"report {number} of {campaign} is not the last one: that is {last.number}"
        )
    return last


def _put_campaign(connection: sa.Connection, campaign: str, values: dict[str, Any]) -> None:
    query = campaigns.update().where(campaigns.c.campaign == campaign).values(**values)
    if not connection.execute(query).rowcount:
        connection.execute(campaigns.insert().values(campaign=campaign, **values))


def _last_report(connection: sa.Connection, campaign: str) -> ReportRow | None:
    found = read_reports(connection, [campaign])
    return found[-1] if found else None


def _required(report: ReportRow | None, campaign: str) -> ReportRow:
    if report is None:
        raise NotPossible(f"{campaign} has no report yet: the daemon builds it once it is closed")
    return report
