"""The golden documents are read as they were meant, within the figures of every format family.

Cases written by hand also have their whole reading in ``expected.json``, drawn ones the remarks.
``./dev golden`` shows the table and the differences.
"""

import json
from functools import cache
from pathlib import Path

import pytest
from golden.figures import LIMITS, Figures, family, missed_limits
from golden.make import inputs
from golden.measure import RECOGNISED, Measured, figures_of, measure_file, said_of, seen_again
from rigs.golden import CASES, cases, document, measured, shape

from parsers.reading import CERTAIN

#: Every so many documents of the families that take long; ``./dev golden`` reads them all.
_SOME = {"doc/odt/rtf": 3, "scans": 2, "bad pictures": 2}


@cache
def _measured(name: str) -> list[Measured]:
    paths = [path for path in measured() if family(path) == name]
    return [measure_file(path) for path in paths[:: _SOME.get(name, 1)]]


@pytest.mark.parametrize("name", LIMITS)
def test_every_family_is_as_right_as_it_must_be(name: str) -> None:
    results = _measured(name)
    figures = figures_of(results).get(name, Figures())
    misread = [f"{one.path}: {line}" for one in results for line in one.score.misread]
    assert not missed_limits(name, figures, timed=False), "\n".join(misread)


@pytest.mark.parametrize("name", [name for name in LIMITS if name not in RECOGNISED])
def test_nothing_else_is_remarked_than_was_reviewed(name: str) -> None:
    for one in _measured(name):
        if not one.path.name.startswith("input."):
            file = CASES / one.path.parent.name / "expected.json"
            expected = json.loads(file.read_text(encoding="utf-8"))
            assert said_of(one) == expected.get(one.path.name), one.path


def test_documents_never_seen_are_as_right() -> None:
    for name, figures in figures_of(seen_again(2, every=5)).items():
        assert not missed_limits(name, figures, timed=False)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_golden(case: Path) -> None:
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    assert shape(document(case)) == expected


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_every_doubt_comes_with_a_finding(case: Path) -> None:
    reading = shape(document(case))
    for number, row in enumerate(reading["rows"], 1):
        for key, sure in row["confidence"].items():
            about = [f for f in reading["findings"] if f.get("field") == key]
            said = any(finding.get("row") in {None, number} for finding in about)
            assert sure >= CERTAIN or said, (number, key)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_every_value_has_a_place(case: Path) -> None:
    for row in shape(document(case))["rows"]:
        assert set(row["values"]) == set(row["confidence"])
        assert set(row["values"]) <= set(row["places"])


def test_every_input_has_a_maker() -> None:
    assert {*CASES.glob("*/input*.*")} == inputs()


def test_the_set_is_what_was_promised() -> None:
    folders = {path.parent for path in measured()}
    assert len(measured()) >= 150
    assert len(folders) >= 40
    for folder in folders:
        assert (folder / "why.md").read_text(encoding="utf-8").strip(), folder.name
