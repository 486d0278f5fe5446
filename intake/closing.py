"""Close: past ``closes_at`` silence is recorded; at ``report.at`` the report is frozen.

Silence counts as an answer for which a chairman is responsible. So it is recorded only after the
inbox was read completely since the campaign closed, with nothing left to understand (promise 3).
"""

import datetime as dt

import structlog

from config.model import Campaign, Config
from intake.desk import Desk
from intake.post import alert
from notifier.due import closing_due, report_due
from notifier.official_letter import draft
from notifier.report import gather, inputs_json, workbook
from notifier.report_inputs import CommuneFacts, counted_receipts, unreached_silent
from notifier.schedule import ReportChange, newest_report
from notifier.templates import WordingProblem
from registry.errors import NotPossible
from registry.model import ReportFile, ReportRow, Snapshot
from registry.snapshot import silent_communes, windows
from registry.store import Store
from registry.vault import Vault, VaultDamaged

_log = structlog.get_logger("closing")


def close_campaigns(desk: Desk) -> None:
    """Record silence and freeze reports where their moment has come."""
    for campaign in desk.config.campaigns:
        now = desk.clock()
        snapshot = desk.store.snapshot(windows([campaign]), contents=False)
        if closing_due(snapshot, campaign, now):
            silent = silent_communes(snapshot, campaign, desk.config.members(campaign))
            desk.store.close_campaign(campaign.id, [commune.key for commune in silent], now)
            _log.info("closed", campaign=campaign.id, silent=len(silent))
            snapshot = desk.store.snapshot(windows([campaign]), contents=False)
        if report_due(snapshot, campaign, now, _change(desk, campaign, snapshot)):
            _freeze(desk, campaign)


def _change(desk: Desk, campaign: Campaign, snapshot: Snapshot) -> ReportChange:
    """Compare what the newest report counts with what one would count that was made now."""
    newest = newest_report(snapshot, campaign)
    if newest is None:
        return "none"
    if _takes_back(desk.store, desk.vault, newest):
        return "taken-back"
    inputs = gather(desk.store, desk.config, campaign, desk.clock())
    if not newest.inputs_sha256:  # found in Sent: it counted what had arrived before it was made
        later = [one for one in inputs.communes if _arrived_after(one, newest)]
        return "other" if later else "none"
    same = inputs.receipts == _counted(desk.vault, newest)
    # A bounce that came later takes evidence away: the approver must not sign the old words.
    same &= newest.approved_at is not None or inputs.unreached == _unreached(desk.vault, newest)
    return "none" if same else "other"


def _arrived_after(commune: CommuneFacts, report: ReportRow) -> bool:
    counted = commune.counted
    return counted is not None and counted.received_at >= report.created_at


def release_report(
    store: Store, vault: Vault, campaign: str, by: str, now: dt.datetime, number: int | None = None
) -> ReportRow:
    """Release a report to the Department: the last one, or the one of this number.

    Raises:
        NotPossible: there is none, ``number`` is not the last one's, or an answer that it counts
            was taken back.
    """
    last = next(reversed(store.reports(campaign)), None)
    if last and last.approved_at is None and _takes_back(store, vault, last):
        raise NotPossible(
            f"report {last.number} of {campaign} counts an answer that was taken back since: "
            "wait for the draft that replaces it"
        )
    return store.approve(campaign, by, now, number)


def _takes_back(store: Store, vault: Vault, report: ReportRow) -> bool:
    """Whether a report counts an answer that a person has taken back since."""
    if not report.inputs_sha256:  # found in Sent: which answers it counts is not known
        return False
    withdrawn = {one.receipt for one in store.submissions(report.campaign) if one.withdrawn}
    return bool(withdrawn) and not withdrawn.isdisjoint(_counted(vault, report))


def _counted(vault: Vault, report: ReportRow) -> frozenset[str]:
    """The receipt numbers that a frozen report counts; none, when its inputs are lost."""
    try:
        return counted_receipts(vault.get(report.inputs_sha256))
    except (KeyError, ValueError, VaultDamaged, OSError) as error:
        _log.warning("inputs_lost", campaign=report.campaign, number=report.number, why=str(error))
        return frozenset()


def _unreached(vault: Vault, report: ReportRow) -> frozenset[str]:
    """The communes that a frozen report calls silent though no mail was delivered to them."""
    try:
        return unreached_silent(vault.get(report.inputs_sha256))
    except (KeyError, ValueError, VaultDamaged, OSError):
        return frozenset()  # `_counted` has logged it


def _freeze(desk: Desk, campaign: Campaign) -> None:
    """Freeze the report; a broken or unreadable letter template stops no other work."""
    try:
        report = freeze_report(desk, campaign)
    except (WordingProblem, OSError) as error:
        _log.error("report_not_built", campaign=campaign.id, reason=str(error))
        alert(desk, "report", str(error))
    else:
        _log.info("report_frozen", campaign=campaign.id, number=report.number)


def freeze_report(desk: Desk, campaign: Campaign) -> ReportRow:
    """Fix the report of this moment: its inputs and files into the vault, then its row."""
    now = desk.clock()
    written, built = build_report(desk.store, desk.config, campaign, now)
    files = [ReportFile(name, desk.vault.put(data), len(data)) for name, data in built.items()]
    return desk.store.freeze_report(campaign.id, desk.vault.put(written), files, now)


def build_report(
    store: Store, config: Config, campaign: Campaign, now: dt.datetime
) -> tuple[bytes, dict[str, bytes]]:
    """Return the report's inputs as JSON, and its files by name; nothing is written.

    Raises:
        WordingProblem: the template of the official letter is broken.
    """
    inputs = gather(store, config, campaign, now)
    template = config.folder / "templates" / campaign.report.letter_template
    return inputs_json(inputs), {
        f"Bao cao {campaign.id}.xlsx": workbook(inputs),
        f"Du thao cong van {campaign.id}.docx": draft(inputs, template.read_bytes()),
    }
