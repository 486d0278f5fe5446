"""Close: past ``closes_at`` silence is recorded; at ``report.at`` the report is frozen.

Silence counts as an answer for which a chairman is responsible. So it is recorded only after the
inbox was read completely since the campaign closed, with nothing left to understand (promise 3).
"""

import hashlib

import structlog

from config.model import Campaign
from intake.desk import Desk
from notifier.due import closing_due, report_due
from notifier.report import gather, report_files
from notifier.report_inputs import inputs_json
from registry.model import ReportFile, ReportRow
from registry.snapshot import silent_communes, windows

_log = structlog.get_logger("closing")


def close_campaigns(desk: Desk) -> None:
    """Record silence and freeze reports where their moment has come."""
    for campaign in desk.config.campaigns:
        now = desk.clock()
        snapshot = desk.store.snapshot(windows([campaign]))
        if closing_due(snapshot, campaign, now):
            silent = silent_communes(snapshot, campaign, desk.config.members(campaign))
            desk.store.close_campaign(campaign.id, [commune.key for commune in silent], now)
            _log.info("closed", campaign=campaign.id, silent=len(silent))
            snapshot = desk.store.snapshot(windows([campaign]))
        if report_due(snapshot, campaign, now):
            report = freeze_report(desk, campaign)
            _log.info("report_frozen", campaign=campaign.id, number=report.number)


def freeze_report(desk: Desk, campaign: Campaign) -> ReportRow:
    """Build the report of this moment and fix it: files into the vault, then its row."""
    now = desk.clock()
    inputs = gather(desk.store, desk.config, campaign, now)
    written = inputs_json(inputs)
    files = [
        ReportFile(file.name, desk.vault.put(file.data), len(file.data))
        for file in report_files(inputs, desk.config.folder / "templates")
    ]
    desk.vault.put(written)
    digest = hashlib.sha256(written).hexdigest()
    return desk.store.freeze_report(campaign.id, digest, files, now)
