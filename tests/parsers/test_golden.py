"""Each golden input is read as its ``expected.json`` says (why: its ``why.md``)."""

import json
from pathlib import Path

import pytest
from rigs.golden import cases, document, shape

from parsers.reading import CERTAIN


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


def test_every_case_is_explained() -> None:
    for case in cases():
        assert (case / "why.md").read_text(encoding="utf-8").strip(), case.name
