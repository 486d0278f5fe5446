"""A stranger's case: if its form names one commune, that one is asked whether it is its own."""

import datetime as dt
from dataclasses import dataclass, replace

from config.model import Commune
from intake import record
from intake.case import Case
from intake.case_files import stamped
from intake.matching import Unsure, named_communes, unknown_issuers
from intake.official import is_forged, workbooks_of
from intake.opened import Opened, opened
from intake.record import ReadDocument
from intake.triage import Triage, documents
from notifier.asked_commune import AskedCommune
from parsers.reading import Reading
from registry.model import Outcome
from registry.rows import written

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Strangers:
    """A stranger's case whose documents are read: how often its commune was asked is not known."""

    opened: Opened
    answer: Triage

    def decided(self) -> Outcome:
        """Hold a stranger's message; if its form names one commune, that one is asked."""
        case, campaign, files = self.opened.case, self.opened.campaign, self.opened.documents
        if stamped(files):
            return case.secret("document")
        plain = case.sorted_out(self.answer, "stranger")
        whose = _named_by(case, files)
        if whose is None or isinstance(campaign, Unsure):
            return plain
        rows = [len(one.result.rows) for one in files if isinstance(one.result, Reading)]
        asks = AskedCommune(whose.title, whose.key, campaign.campaign.id, max(rows))
        since, most = case.message.received_at - _DAY, case.desk.config.settings.security
        asked_before = case.desk.store.questions_since(written(whose.key) or "", since)
        if asked_before >= most.questions_per_commune_day:
            return plain
        return replace(
            plain,
            reason=asks.reason,
            campaign=campaign.campaign.id,
            documents=record.documents_of(files),
        )


def stranger(case: Case, answer: Triage) -> Outcome | Strangers:
    """Read a stranger's files, for the commune that they name to be asked about them."""
    if not documents(case.parsed):
        return case.sorted_out(answer, "stranger")
    read = opened(case)
    return Strangers(read, answer) if isinstance(read, Opened) else read


def _named_by(case: Case, files: tuple[ReadDocument, ...]) -> Commune | None:
    """Return the one commune whose workbook it is and that the headings name, and no other."""
    read = [one.result for one in files if isinstance(one.result, Reading)]
    heading = [line for each in read for line in each.heading]
    sealed = workbooks_of(files, case.communes)
    named = dict.fromkeys((*sealed.communes, *named_communes(heading, case.communes)))
    doubtful = sealed.unknown or is_forged(files) or unknown_issuers(heading, case.communes)
    if doubtful or not any(each.rows for each in read):
        return None
    return next(iter(named)) if len(named) == 1 else None
