"""What the mails about a report may speak of: which one it is, what differs, who decided what."""

from dataclasses import dataclass
from typing import Any

from config.model import Config
from notifier import change_words, wording
from notifier.changes import Changes
from notifier.report_inputs import ReportInputs
from registry.model import ReportRow

View = dict[str, Any]

_COMMUNES_SHOWN = 60
_REASON_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """A report; of a supplement also its inputs, what it adds to and what differs, if known."""

    row: ReportRow
    inputs: ReportInputs | None = None
    was: ReportInputs | None = None
    changes: Changes | None = None


def report_view(facts: ReportFacts | None, config: Config) -> View | None:
    """Return the facts of a report as text, lists and maps; None where a mail is about none."""
    if facts is None:
        return None
    row, zone = facts.row, config.settings.office.zone
    told = change_words.told(facts.changes, values=True) if facts.changes else []
    return {
        "number": row.number,
        "supplement": row.supplement,
        "called": f"Báo cáo bổ sung số {row.supplement}" if row.supplement else "Báo cáo",
        "named": f"báo cáo bổ sung số {row.supplement}" if row.supplement else "báo cáo",
        "frozen": wording.moment(row.created_at, zone),
        "earlier": change_words.earlier(facts.inputs, facts.was)
        if facts.inputs and facts.was
        else "",
        "narrative": change_words.narrative(facts.changes) if facts.changes else "",
        "changes": [list(one) for one in told[:_COMMUNES_SHOWN]],
        "changes_left": max(0, len(told) - _COMMUNES_SHOWN),
        "returned": wording.moment(row.returned_at, zone) if row.returned_at else "",
        "returned_by": wording.clean(row.returned_by, 200),
        "reason": wording.clean(row.returned_reason, _REASON_LIMIT),
        "released": wording.moment(row.approved_at, zone) if row.approved_at else "",
        "released_by": wording.clean(row.approved_by, 200),
        **_letter(row),
    }


def _letter(row: ReportRow) -> View:
    """The signed letter that goes out: file, number and day, what its signature is worth."""
    letter = row.letter
    if letter is None:
        return {"signed": False, "letter": "", "letter_file": "", "signature": ""}
    number = f"số {wording.clean(letter.number, 60)}" if letter.number else ""
    on = f"ngày {wording.iso_day(letter.issued_on)}" if letter.issued_on else ""
    said = " ".join(part for part in (number, on) if part)
    return {
        "signed": True,
        "letter": f"Công văn {said}" if said else "",
        "letter_file": wording.clean(letter.name, 160),
        "signature": wording.SIGNATURES.get(letter.signature, letter.signature),
    }
