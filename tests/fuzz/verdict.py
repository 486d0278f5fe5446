"""The oracle: what a mutant was recorded as, beside what the document meant.

refused    nothing counts as an answer: refused, held, or a letter without a form.
flagged    something is said that was not said of the document as it was: an error, so that the
           answer is not complete; or a finding at every cell and row that is not as it was.
equal      the same values are recorded as of the document as it was, or those that were meant.
unseen     it says something else now and nobody can know (``mutant.Meaning``).
violation  a wrong value is recorded as certain, a row was lost or invented without a word, or what
           did not hurt the document was read differently.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fuzz.door import Recorded
from fuzz.mutant import Meaning
from golden.accuracy import aligned

from parsers.reading import CERTAIN, Finding, Row

Kind = Literal["refused", "flagged", "equal", "unseen", "violation"]
_SAID = frozenset({"error", "warning"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """One mutant's end, and for a violation the cells that are wrong without a word."""

    kind: Kind
    wrong: tuple[str, ...] = ()


def judge(
    before: Recorded, after: Recorded, meant: Sequence[Mapping[str, Any]], meaning: Meaning
) -> Verdict:
    """Judge what was recorded of a mutant. ``meant`` are the rows of the document's truth."""
    if meaning == "same":
        return _same(before, after)
    if not after.state:
        return Verdict("refused")
    if after.state == "nil":
        return _nil(before, meaning)
    values = [dict(row.values) for row in after.rows]
    if values == [dict(row.values) for row in before.rows] or values == list(meant):
        return Verdict("equal")
    if any(_new_errors(before, after)):
        return Verdict("flagged")
    wrong = list(_wrong(before, after, meant))
    if not wrong:
        return Verdict("flagged")
    if meaning == "otherwise" or (meaning == "one byte" and _one_row(before, after, wrong)):
        return Verdict("unseen", tuple(line for _, line in wrong))
    return Verdict("violation", tuple(line for _, line in wrong))


def _same(before: Recorded, after: Recorded) -> Verdict:
    if (before.state, _values(before)) == (after.state, _values(after)):
        return Verdict("equal")
    was = f"{before.state or before.reason}, {len(before.rows)} rows"
    now = f"{after.state or after.reason}, {len(after.rows)} rows"
    details = (refusal.detail for refusal in after.refusals)
    return Verdict("violation", (f"{was} became {now}", *details))


def _values(one: Recorded) -> list[dict[str, str]]:
    return [dict(row.values) for row in one.rows]


def _nil(before: Recorded, meaning: Meaning) -> Verdict:
    if before.state == "nil":
        return Verdict("equal")
    return Verdict("unseen" if meaning == "otherwise" else "violation", ("recorded as no need",))


def _new_errors(before: Recorded, after: Recorded) -> Iterator[Finding]:
    """Yield the errors that were not told of the document as it was."""
    known = Counter((f.code, f.field) for f in before.findings if f.severity == "error")
    for finding in after.findings:
        if finding.severity == "error":
            known[finding.code, finding.field] -= 1
            if known[finding.code, finding.field] < 0:
                yield finding


def _new_warnings(before: Recorded, after: Recorded) -> Iterator[Finding]:
    """Yield the warnings about the whole document that were not told of it as it was."""
    known = {(finding.code, finding.message) for finding in before.findings}
    for finding in after.findings:
        whole = finding.row is None and finding.field is None
        if finding.severity == "warning" and whole and (finding.code, finding.message) not in known:
            yield finding


def _wrong(
    before: Recorded, after: Recorded, meant: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[int | None, str]]:
    """Yield (row as it was, line) for each certain value that is wrong, each row lost or invented.

    Right is what was meant, and also what was read of the document as it was.
    """
    old = [dict(row.values) for row in before.rows]
    right = old if len(old) != len(meant) else [{**m, **o} for m, o in zip(meant, old, strict=True)]
    told = any(_new_warnings(before, after))
    for was, now in aligned(right, [dict(row.values) for row in after.rows]):
        if now is None or was is None:
            if not (told or (now is not None and _row_said(after, now))):
                yield was, f"row {now} invented" if was is None else f"row {was} lost"
            continue
        accepted = [right[was]]
        if len(old) == len(right):
            accepted.append(old[was])
        if len(meant) == len(right):
            accepted.append(dict(meant[was]))
        yield from ((was, line) for line in _cells(after, now, accepted, told))


def _cells(
    after: Recorded, now: int, accepted: Sequence[Mapping[str, Any]], told: bool
) -> Iterator[str]:
    row = after.rows[now]
    for key in sorted({*row.values, *(key for one in accepted for key in one)}):
        value = row.values.get(key)
        if any(value == one.get(key) for one in accepted) or _cell_said(after, now, key):
            continue
        if value is None and told:
            continue
        if value is None or row.confidence.get(key, 0.0) >= CERTAIN:
            wanted = " or ".join(sorted({repr(one.get(key)) for one in accepted}))
            yield f"row {now + 1} {key}: {wanted} became {value!r}"


def _row_said(after: Recorded, now: int) -> bool:
    return any(f.row == now + 1 and f.severity in _SAID for f in after.findings)


def _cell_said(after: Recorded, now: int, key: str) -> bool:
    return any(
        f.severity in _SAID and f.field == key and f.row in {now + 1, None} for f in after.findings
    )


def _one_row(before: Recorded, after: Recorded, wrong: Sequence[tuple[int | None, str]]) -> bool:
    """Whether one row changed, one text that several rows share, or one caption: a byte's work.

    An optional column whose caption nobody knows any more is left out (docs/known-limits.md).
    """
    columns = {line.split()[2] for _, line in wrong if line.endswith("became None")}
    caption = len(columns) == 1 and all(line.endswith("became None") for _, line in wrong)
    changes = {line.partition(" ")[2].partition(" ")[2] for _, line in wrong}
    alike = caption or len(changes) == 1 or len({row for row, _ in wrong}) <= 1
    return len(before.rows) == len(after.rows) and alike


def as_meant(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Return the values of a reading as a truth: for documents that have none of their own."""
    return [dict(row.values) for row in rows]
