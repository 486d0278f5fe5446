"""What the Department answers: to which campaign and report, as far as it can be told. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence

from config.model import Campaign
from notifier.answered_report import report_key
from notifier.mail_key import read_key
from parsers.vietnamese import fold
from registry.model import Mail, ReportRow, debt_key

_SUPPLEMENT = re.compile(r"\bbo sung (?:so |lan )?(\d{1,3})\b")


def answered_report(
    cited: Iterable[Mail],
    subject: str,
    sender: str,
    campaigns: Sequence[Campaign],
    reports: Mapping[str, Sequence[ReportRow]],
) -> tuple[str | None, str]:
    """Return the campaign and the key of the report that a mail of the Department is about.

    ``cited`` are the mails of ours that it answers (In-Reply-To); without one the campaign is that
    which alone sends its reports to this address, and the report the supplement that the subject
    names, else the one released last. (None, "") when that cannot be told, a campaign without a
    key when nothing of it was released.
    """
    for mail in cited:
        said = read_key(debt_key(mail.key))
        if mail.kind == "report" and said and said.campaign:
            return said.campaign, report_key(said.campaign, said.number)
    mine = [one for one in campaigns if sender.casefold() in map(str.casefold, one.report.to)]
    if len(mine) != 1:
        return None, ""
    released = [row for row in reports.get(mine[0].id, ()) if row.approved_at]
    named = _SUPPLEMENT.search(fold(subject))
    meant = [row for row in released if named and row.supplement == int(named[1])] or released
    return mine[0].id, report_key(mine[0].id, meant[-1].number) if meant else ""
