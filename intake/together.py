"""Several files of one message that hold the same form: one answer, and where they disagree. Pure.

A commune sends the Excel file and the signed PDF of it. That is one submission: the better reading
counts. Where two certain values differ nobody can know which is meant: the commune is asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from rapidfuzz import fuzz

from parsers.form import Field, Form
from parsers.outcome import quoted
from parsers.reading import CERTAIN, Finding, Reading, Row
from parsers.vietnamese import fold, one_line

#: From this likeness on two names are the same point's, if one of them was not read for certain.
_ALIKE = 80.0
_DIFFERENT = 0.5
#: What holds typed cells is read better than what was printed, that better than a picture.
_RANKS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("xlsx", "xlsm", "xlsb", "xls", "ods", "csv"), 4),
        **dict.fromkeys(("docx", "doc", "odt", "rtf", "html", "xml"), 3),
        "pdf": 2,
    }
)


@dataclass(frozen=True, slots=True)
class FormFile:
    """One file with its form's reading."""

    name: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class OneForm:
    """The file that counts, its reading with what the others put in doubt, and those doubts."""

    chosen: int
    reading: Reading


def one_form(files: Sequence[FormFile], form: Form) -> OneForm | None:
    """Return the one form that several files hold; None if they hold different ones.

    The same form has as many rows, and row by row the same name. ``chosen`` is the index of the
    file whose reading counts.
    """
    chosen = max(range(len(files)), key=lambda at: _quality(files[at].reading))
    best = files[chosen]
    others = [file for at, file in enumerate(files) if at != chosen]
    if not all(_same_points(best.reading, other.reading, form) for other in others):
        return None
    rows, findings = list(best.reading.rows), list(best.reading.findings)
    for other in others:
        for number, (mine, theirs) in enumerate(zip(rows, other.reading.rows, strict=True), 1):
            told = list(_differences(number, mine, theirs, best, other, form))
            findings += told
            rows[number - 1] = _doubted(mine, told)
    return OneForm(chosen, replace(best.reading, rows=tuple(rows), findings=tuple(findings)))


def _quality(reading: Reading) -> tuple[int, int, float]:
    """Order readings: few errors, then the better kind of file, then certainty."""
    errors = sum(finding.severity == "error" for finding in reading.findings)
    sure = [value for row in reading.rows for value in row.confidence.values()]
    return -errors, _RANKS.get(reading.kind, 1), sum(sure) / max(1, len(sure))


def _same_points(one: Reading, other: Reading, form: Form) -> bool:
    return len(one.rows) == len(other.rows) and all(
        _same_name(mine, theirs, form.name_key)
        for mine, theirs in zip(one.rows, other.rows, strict=True)
    )


def _same_name(mine: Row, theirs: Row, key: str) -> bool:
    names = [fold(row.values.get(key, "")) for row in (mine, theirs)]
    if names[0] == names[1]:
        return True
    sure = all(row.confidence.get(key, 0.0) >= CERTAIN for row in (mine, theirs))
    return not sure and fuzz.ratio(*names) >= _ALIKE


def _differences(
    number: int, mine: Row, theirs: Row, best: FormFile, other: FormFile, form: Form
) -> Iterator[Finding]:
    """Yield an error where both files are sure of other values, a warning where one has none."""
    for field in form.fields:
        ours, value = mine.values.get(field.key), theirs.values.get(field.key)
        sure = theirs.confidence.get(field.key, 0.0) >= CERTAIN
        if value is None or not sure or (ours is not None and _equal(ours, value)):
            continue
        place = mine.places.get(field.key)
        if ours is None:
            text = (
                f"Cột “{field.label}”: tệp “{best.name}” không có giá trị, tệp “{other.name}” ghi "
                f"{quoted(field, value)}; đề nghị bổ sung vào tệp “{best.name}”."
            )
            yield Finding("warning", "only-in-other-file", text, field.key, number, place)
        else:
            yield _contradiction(field, number, place, (best.name, ours), (other.name, value))


def _contradiction(
    field: Field, number: int, place: str | None, one: tuple[str, str], other: tuple[str, str]
) -> Finding:
    text = (
        f"Cột “{field.label}”: hai tệp ghi khác nhau – “{one[0]}” ghi {quoted(field, one[1])}, "
        f"“{other[0]}” ghi {quoted(field, other[1])}; đề nghị gửi lại giá trị đúng."
    )
    return Finding("error", "files-differ", text, field.key, number, place)


def _equal(one: str, other: str) -> bool:
    return one == other or fold(one_line(one)) == fold(one_line(other)) != ""


def _doubted(row: Row, told: Sequence[Finding]) -> Row:
    doubts = {finding.field: _DIFFERENT for finding in told if finding.code == "files-differ"}
    lowered = {key: min(sure, doubts.get(key, sure)) for key, sure in row.confidence.items()}
    return replace(row, confidence=lowered)
