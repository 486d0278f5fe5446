"""A reading compared with what the sender meant, cell by cell.

A *cell* is one field of one point for which the truth has a value or a planted error.

right           the canonical value is the truth's. A planted error is right if an error or warning
                of the expected code, or any error, stands at that row and field, and no certain
                value that is not meant; or if the reader read what was meant all the same.
wrong, said     another value, but below 0.9 or with a warning or an error at that row and field.
wrong, unsaid   another value that looks certain; also an invented one, and a planted error of which
                nothing is said. This is the figure that the whole project is about.
missed          a value that the reading does not have (``missed unsaid``: without any finding).
invented        a value where the sender wrote none, or a row that he did not write.
false error     an error-severity finding at a cell, row or document where nothing is wrong.
sure            a value at 0.9 or above; ``sure wrong`` are those that are not the truth.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from parsers.reading import CERTAIN, Reading, Refusal

#: Field keys whose cells are numbers, dates or codes; the others are text.
NUMBERS: Final = frozenset(
    {"phone", "area_m2", "stars", "certified_on", "cost_total", "cost_requested", "registration_no"}
)
_SAID: Final = frozenset({"error", "warning"})


@dataclass(slots=True)
class Score:
    """What one document's comparison gave: counts by name, and a line for each cell not right."""

    counts: Counter[str] = field(default_factory=Counter)
    misread: list[str] = field(default_factory=list)


def compare(outcome: Reading | Refusal, truth: Mapping[str, Any]) -> Score:
    """Compare one outcome with one document's truth (``paper.Truth.shape``)."""
    score = Score(Counter(documents=1))
    got = _outcome(outcome)
    if got != truth["outcome"]:
        score.misread.append(f"document: {truth['outcome']} wanted, {got} got")
    else:
        score.counts["outcomes right"] += 1
    rows = outcome.rows if isinstance(outcome, Reading) else ()
    values = [dict(row.values) for row in rows]
    pairs = aligned(truth["rows"], values)
    _Comparison(outcome, truth, pairs, score).run()
    return score


def _outcome(outcome: Reading | Refusal) -> str:
    if isinstance(outcome, Refusal):
        return outcome.code
    return "nil" if outcome.nil else outcome.role


def aligned(
    wanted: Sequence[Mapping[str, str]], got: Sequence[Mapping[str, str]]
) -> list[tuple[int | None, int | None]]:
    """Pair the rows that mean the same, in order; None = no partner.

    The pairing with the most equal cells wins, so that one lost row does not spoil all after it.
    """
    best: dict[tuple[int, int], tuple[float, tuple[int, int]]] = {}
    for i in range(len(wanted), -1, -1):
        for j in range(len(got), -1, -1):
            if i == len(wanted) and j == len(got):
                best[i, j] = 0.0, (0, 0)
                continue
            options = []
            if i < len(wanted) and j < len(got):
                alike = _alike(wanted[i], got[j]) + 0.05
                options.append((best[i + 1, j + 1][0] + alike, (1, 1)))
            if i < len(wanted):
                options.append((best[i + 1, j][0], (1, 0)))
            if j < len(got):
                options.append((best[i, j + 1][0], (0, 1)))
            best[i, j] = max(options)
    pairs: list[tuple[int | None, int | None]] = []
    i = j = 0
    while (i, j) != (len(wanted), len(got)):
        _, (down, right) = best[i, j]
        pairs.append((i if down else None, j if right else None))
        i, j = i + down, j + right
    return pairs


def _alike(wanted: Mapping[str, str], got: Mapping[str, str]) -> float:
    same = sum(1 for key, value in wanted.items() if got.get(key) == value)
    return same / max(1, len(wanted))


class _Comparison:
    """One outcome beside one truth; ``run`` fills the score."""

    def __init__(
        self,
        outcome: Reading | Refusal,
        truth: Mapping[str, Any],
        pairs: Sequence[tuple[int | None, int | None]],
        score: Score,
    ) -> None:
        self.rows = outcome.rows if isinstance(outcome, Reading) else ()
        self.findings = outcome.findings if isinstance(outcome, Reading) else ()
        self.refused = isinstance(outcome, Refusal)
        self.truth = truth
        self.pairs = pairs
        self.score = score
        self.defects = {(row - 1, key): code for row, key, code in truth.get("defects", ())}

    def run(self) -> None:
        """Compare every cell, then the findings."""
        for wanted, got in self.pairs:
            meant = self.truth["rows"][wanted] if wanted is not None else {}
            read = self.rows[got].values if got is not None else {}
            planted = {key for row, key in self.defects if row == wanted}
            for key in sorted({*meant, *read, *planted}):
                self._cell(wanted, got, key, meant.get(key), read.get(key))
        self._findings()

    def _cell(
        self, wanted: int | None, got: int | None, key: str, meant: str | None, read: str | None
    ) -> None:
        counts = self.score.counts
        sure = got is not None and self.rows[got].confidence.get(key, 0) >= CERTAIN
        said = self.refused or self._is_said(got, key)
        if read is not None and sure:
            counts["sure"] += 1
            counts["sure wrong"] += read != meant
        verdict = self._verdict(wanted, got, key, meant, read, sure=sure, said=said)
        invented = meant is None and (wanted, key) not in self.defects
        if not invented:
            kind = "numbers" if key in NUMBERS else "texts"
            counts.update({"cells": 1, kind: 1, f"{kind} right": int(verdict == "right")})
        counts[verdict] += 1
        if verdict == "invented" and not said and sure:
            counts["wrong unsaid"] += 1
        if verdict == "missed" and not said:
            counts["missed unsaid"] += 1
        if verdict != "right" and not self.refused:
            row = "new row" if wanted is None else f"row {wanted + 1}"
            self.score.misread.append(f"{row} {key}: {verdict}: wanted {meant!r}, got {read!r}")

    def _verdict(
        self,
        wanted: int | None,
        got: int | None,
        key: str,
        meant: str | None,
        read: str | None,
        *,
        sure: bool,
        said: bool,
    ) -> str:
        code = self.defects.get((wanted, key)) if wanted is not None else None
        if code is not None and self.refused:
            return "missed"
        if code is not None and (read is None or read != meant):
            if not self._is_said(got, key, code):
                return "wrong unsaid" if not said or sure else "wrong said"
            return "wrong said" if read is not None and sure else "right"
        if read == meant:
            return "right"
        if meant is None:
            return "invented"
        if read is None:
            return "missed"
        return "wrong said" if said or not sure else "wrong unsaid"

    def _is_said(self, got: int | None, key: str, code: str = "") -> bool:
        """Tell whether something is said of this cell: of a planted error its code or an error."""
        if got is None:
            return False
        return any(
            finding.severity in _SAID
            and finding.field == key
            and (finding.row == got + 1 or (finding.row is None and finding.severity == "error"))
            and (not code or finding.code == code or finding.severity == "error")
            for finding in self.findings
        )

    def _findings(self) -> None:
        counts = self.score.counts
        place = {got: wanted for wanted, got in self.pairs if got is not None}
        expected = Counter(self.truth.get("said", ()))
        for finding in self.findings:
            planted = finding.row is not None and (
                (place.get(finding.row - 1), finding.field) in self.defects
            )
            if not planted and expected[finding.code] > 0:
                expected[finding.code] -= 1
                counts["remarks said"] += 1
            elif not planted and finding.severity == "error":
                counts["false errors"] += 1
                where = f"row {finding.row or '-'} {finding.field or '-'}"
                self.score.misread.append(f"{where}: false error {finding.code}")
        counts["remarks"] += sum(Counter(self.truth.get("said", ())).values())
        for code in expected.elements():
            self.score.misread.append(f"document: nothing said of {code}")
