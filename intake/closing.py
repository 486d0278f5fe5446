"""Close: past ``closes_at`` silence is recorded; at ``report.at`` the report is frozen.

Silence counts as an answer for which a chairman is responsible. So it is recorded only after the
inbox was read completely since the campaign closed, with nothing left to understand (promise 3).
"""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Literal, TypeVar

import structlog

from config.model import Campaign, Config
from intake.desk import Desk
from intake.dossier_files import dossier_archives
from intake.memory import growing
from intake.post import alert, frozen_inputs
from notifier.changes import Changes, differences, told_the_same
from notifier.due import closing_due, report_due
from notifier.official_letter import Addition, draft
from notifier.report import gather, workbook
from notifier.report_inputs import (
    CommuneFacts,
    ReportInputs,
    counted_receipts,
    inputs_pieces,
    told_states,
    unreached_silent,
)
from notifier.report_names import file_names
from notifier.schedule import ReportChange, newest_report, next_report_due, released_report
from notifier.supplement import supplement_workbook
from notifier.templates import WordingProblem
from registry.errors import NotPossible, VaultAway
from registry.model import CommuneKey, CommuneState, ReportFile, ReportRow, Snapshot
from registry.snapshot import silent_communes, undone_silences, windows
from registry.store import Store
from registry.vault import Vault, VaultDamaged

_log = structlog.get_logger("closing")

_Said = TypeVar("_Said")

#: Why a draft must not be released.
Untrue = Literal["", "taken-back", "heard", "as-released"]
_WHY_NOT: Mapping[Untrue, str] = {
    "taken-back": "counts an answer that was taken back since: wait for the draft that replaces it",
    "heard": (
        "calls a commune silent that is known since to have written before closing: "
        "wait for the draft that replaces it"
    ),
    "as-released": (
        "adds nothing any more: what counts is again what was released. Nothing is to be released "
        "now; the next difference makes another draft"
    ),
}


def close_campaigns(desk: Desk) -> None:
    """Record silence and freeze reports where their moment has come."""
    snapshot = _snapshot(desk)
    for campaign in desk.config.campaigns:
        now = desk.clock()
        if closing_due(snapshot, campaign, now):
            silent = silent_communes(snapshot, campaign, desk.config.members(campaign))
            desk.store.close_campaign(campaign.id, [commune.key for commune in silent], now)
            _log.info("closed", campaign=campaign.id, silent=len(silent))
            snapshot = _snapshot(desk)
        if report_due(snapshot, campaign, now, _change(desk, campaign, snapshot, now)):
            _freeze(desk, campaign)
            snapshot = _snapshot(desk)


def _snapshot(desk: Desk) -> Snapshot:
    """The same question as `intake.post` asks: what it takes long to read is read once."""
    campaigns = windows(desk.config.campaigns)
    return desk.store.snapshot(campaigns, contents=False, findings=False)


def _change(desk: Desk, campaign: Campaign, snapshot: Snapshot, now: dt.datetime) -> ReportChange:
    """Compare what the newest report counts with what one would count that was made now.

    That takes a look at all answers: it is made when a further report may be due at all, and again
    only when something has changed that a report could tell.
    """
    newest = newest_report(snapshot, campaign)
    if newest is None:
        return "none"
    urgent = newest.approved_at is None and (
        newest.again_at is not None
        or takes_back(desk.store, desk.vault, newest)
        or calls_silent(snapshot, desk.vault, campaign, newest)
    )
    if not urgent and not next_report_due(newest, campaign, now):
        return "none"
    told = _told_by(snapshot, campaign, desk.config)
    if desk.compared.get(campaign.id, (None, "none"))[0] != told:
        found = _compared(desk, campaign, snapshot, newest, now)
        desk.compared[campaign.id] = told, found
    return desk.compared[campaign.id][1]


def _told_by(snapshot: Snapshot, campaign: Campaign, config: Config) -> tuple[object, ...]:
    """Return what is another thing when a report could tell anything else."""
    mine = campaign.id
    return (
        config,
        frozenset(one.id for (call, _), one in snapshot.current.items() if call == mine),
        frozenset(one for one in snapshot.heard.items() if one[0][0] == mine),
        frozenset(one for one in snapshot.asked.items() if one[0][0] == mine),
        tuple(row for row in snapshot.reports if row.campaign == mine),
        snapshot.bounced,
        snapshot.campaigns.get(mine),
    )


def _compared(
    desk: Desk, campaign: Campaign, snapshot: Snapshot, newest: ReportRow, now: dt.datetime
) -> ReportChange:
    released = released_report(snapshot, campaign)
    inputs = gather(desk.store, desk.config, campaign, now)
    if released is not None and not _adds(desk.vault, released, inputs):
        return "none"  # a supplement without differences is never made
    if released is not None and released.number == newest.number:
        return "other"
    if newest.again_at is not None:
        return "asked"
    if takes_back(desk.store, desk.vault, newest):
        return "taken-back"
    if calls_silent(snapshot, desk.vault, campaign, newest):
        return "heard"
    if not newest.inputs_sha256:  # found in Sent: it counted what had arrived before it was made
        later = [one for one in inputs.communes if _arrived_after(one, newest)]
        return "other" if later else "none"
    same = inputs.receipts == _counted(desk.vault, newest)
    # A bounce that came later takes evidence away: the approver must not sign the old words.
    same &= inputs.unreached == _unreached(desk.vault, newest)
    same &= inputs.states == _states(desk.vault, newest)
    return "none" if same else "other"


def _adds(vault: Vault, released: ReportRow, inputs: ReportInputs) -> bool:
    """Whether there is anything to tell beyond what was released."""
    if not released.inputs_sha256:
        return any(_arrived_after(one, released) for one in inputs.communes)
    was = frozen_inputs(vault, released.inputs_sha256)
    return was is None or (not told_the_same(was, inputs) and bool(differences(was, inputs)))


def _still_adds(
    store: Store, vault: Vault, config: Config, campaign: Campaign, now: dt.datetime
) -> bool:
    released = [one for one in store.reports(campaign.id) if one.approved_at is not None]
    return not released or _adds(vault, released[-1], gather(store, config, campaign, now))


def _arrived_after(commune: CommuneFacts, report: ReportRow) -> bool:
    counted = commune.counted
    return counted is not None and counted.received_at >= report.created_at


def release_report(
    store: Store,
    vault: Vault,
    config: Config,
    campaign: str,
    by: str,
    now: dt.datetime,
    number: int | None = None,
) -> ReportRow:
    """Release a report to the Department: the last one, or the one of this number.

    Raises:
        NotPossible: there is none, ``number`` is not the last one's, or it says what is known by
            now not to be so.
    """
    last = next(reversed(store.reports(campaign)), None)
    if last and last.approved_at is None:
        why_not = untrue(store, vault, config, last, now)
        if why_not:
            raise NotPossible(f"report {last.number} of {campaign} {_WHY_NOT[why_not]}")
    return store.approve(campaign, by, now, number)


def untrue(
    store: Store, vault: Vault, config: Config, report: ReportRow, now: dt.datetime
) -> Untrue:
    """Return why a draft must not be released though nobody has decided about it; "" when it may.

    What is merely not in it yet is no reason: that makes another draft, or a supplement. But none
    follows a supplement's draft that has come to nothing, as when a commune took its change back.
    """
    campaign = config.campaign(report.campaign)
    if report.supplement and not _still_adds(store, vault, config, campaign, now):
        return "as-released"
    if takes_back(store, vault, report):
        return "taken-back"
    snapshot = store.snapshot(windows(config.campaigns), contents=False, findings=False)
    return "heard" if calls_silent(snapshot, vault, campaign, report) else ""


def takes_back(store: Store, vault: Vault, report: ReportRow) -> bool:
    """Whether a report counts an answer that a person has taken back since."""
    if not report.inputs_sha256:  # found in Sent: which answers it counts is not known
        return False
    withdrawn = store.withdrawn_receipts(report.campaign)
    return bool(withdrawn) and not withdrawn.isdisjoint(_counted(vault, report))


def calls_silent(snapshot: Snapshot, vault: Vault, campaign: Campaign, report: ReportRow) -> bool:
    """Whether a report calls a commune silent that is known by now to have written in time."""
    undone = undone_silences(snapshot, campaign)
    if not undone or not report.inputs_sha256:
        return False
    told = _states(vault, report)
    return any(key in undone for key, state in told if state == "silent")


def _counted(vault: Vault, report: ReportRow) -> frozenset[str]:
    """The receipt numbers that a frozen report counts."""
    return _told(report, lambda sha256: counted_receipts(vault.get(sha256)), log=True)


def _unreached(vault: Vault, report: ReportRow) -> frozenset[str]:
    """The communes that a frozen report calls silent though no mail was delivered to them."""
    return _told(report, lambda sha256: unreached_silent(vault.get(sha256)))


def _states(vault: Vault, report: ReportRow) -> frozenset[tuple[CommuneKey, CommuneState]]:
    """Where each commune stands in a frozen report."""
    return _told(report, partial(_states_read, vault))


def _told(
    report: ReportRow, read: Callable[[str], frozenset[_Said]], *, log: bool = False
) -> frozenset[_Said]:
    """Return what ``read`` finds in a frozen report's inputs; nothing, when they are lost.

    Raises:
        VaultAway: they cannot be read now.
    """
    try:
        return read(report.inputs_sha256)
    except VaultAway:
        raise  # not lost: what is compared without them would be taken for a difference
    except (KeyError, ValueError, VaultDamaged, OSError) as error:
        if log:
            why = str(error)
            _log.warning("inputs_lost", campaign=report.campaign, number=report.number, why=why)
        return frozenset()


@lru_cache(maxsize=4)
def _states_read(vault: Vault, inputs_sha256: str) -> frozenset[tuple[CommuneKey, CommuneState]]:
    """Where each commune stands, remembered: of a country they are 150 MB, and every tick asks."""
    return told_states(vault.get(inputs_sha256))


def _freeze(desk: Desk, campaign: Campaign) -> None:
    """Freeze the report; a broken or unreadable letter template stops no other work."""
    try:
        report = freeze_report(desk, campaign)
    except VaultAway:
        raise  # told as that, and not as a report that cannot be built
    except (WordingProblem, OSError) as error:
        _log.error("report_not_built", campaign=campaign.id, reason=str(error))
        alert(desk, "report", str(error))
    else:
        _log.info("report_frozen", campaign=campaign.id, number=report.number)


def freeze_report(desk: Desk, campaign: Campaign) -> ReportRow:
    """Fix the report of this moment: its inputs and files into the vault, then its row."""
    now = desk.clock()
    inputs, built = build_report(desk.store, desk.vault, desk.config, campaign, now)
    if campaign.report.attach_dossiers:
        room = desk.config.settings.limits.notice_bytes - sum(map(len, built.values()))
        changes = _changes(desk.vault, inputs)
        built = built | dossier_archives(desk, campaign, inputs, changes, room)
    files = [ReportFile(name, desk.vault.put(data), len(data)) for name, data in built.items()]
    base = inputs.base
    return desk.store.freeze_report(
        campaign.id,
        desk.vault.put_pieces(inputs_pieces(inputs)),
        files,
        now,
        supplement=base.supplement if base else 0,
        base=base.number if base else 0,
    )


def _changes(vault: Vault, inputs: ReportInputs) -> Changes | None:
    """What a supplement tells; None for a full report, and for one whose base is lost."""
    was = frozen_inputs(vault, inputs.base.inputs_sha256) if inputs.base else None
    return differences(was, inputs) if was else None


@growing()
def build_report(
    store: Store, vault: Vault, config: Config, campaign: Campaign, now: dt.datetime
) -> tuple[ReportInputs, dict[str, bytes]]:
    """Return the report's inputs, and its files by name; nothing is written.

    Once one was released it is a supplement with only the differences – or, when it is not known
    any more what was released, with everything.

    Raises:
        WordingProblem: the template of the official letter is broken.
    """
    inputs = gather(store, config, campaign, now)
    template = (config.folder / "templates" / campaign.report.letter_template).read_bytes()
    base = inputs.base
    book_name, letter_name = file_names(campaign.id, base.supplement if base else 0)
    was = frozen_inputs(vault, base.inputs_sha256) if base else None
    if was is None:
        return inputs, {book_name: workbook(inputs), letter_name: draft(inputs, template)}
    changes = differences(was, inputs)
    return inputs, {
        book_name: supplement_workbook(inputs, was, changes),
        letter_name: draft(inputs, template, Addition(was, changes)),
    }
