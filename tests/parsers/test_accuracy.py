"""What measures the readers is measured: each kind of misreading counts as what it is."""

from typing import Any

import pytest
from golden.accuracy import aligned, compare

from parsers.reading import Finding, Reading, Refusal, Row

POINT = {"name": "Điểm A", "phone": "0912345678"}


def _reading(*rows: dict[str, str], sure: float = 1.0, **more: Any) -> Reading:
    made = tuple(
        Row(values, dict.fromkeys(values, "A1"), dict.fromkeys(values, sure)) for values in rows
    )
    return Reading("xlsx", "form", made, **more)


def _truth(*rows: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"outcome": "form", "rows": list(rows), **more}


def _phone(severity: Any, code: str) -> tuple[Finding, ...]:
    return (Finding(severity, code, "…", "phone", 1),)


def test_what_is_as_meant_is_right() -> None:
    counts = compare(_reading(POINT), _truth(POINT)).counts
    assert counts["cells"] == counts["right"] == counts["sure"] == 2
    assert counts["wrong unsaid"] == counts["sure wrong"] == 0


def test_another_value_that_looks_certain_is_unsaid() -> None:
    counts = compare(_reading(POINT | {"phone": "0987654321"}), _truth(POINT)).counts
    assert (counts["right"], counts["wrong unsaid"], counts["sure wrong"]) == (1, 1, 1)
    assert (counts["numbers right"], counts["texts right"]) == (0, 1)


@pytest.mark.parametrize("findings", [(), _phone("warning", "doubtful-reading")])
def test_another_value_below_the_line_is_said(findings: tuple[Finding, ...]) -> None:
    read = _reading(POINT | {"phone": "0987654321"}, sure=0.6, findings=findings)
    counts = compare(read, _truth(POINT)).counts
    assert (counts["wrong said"], counts["wrong unsaid"], counts["sure"]) == (1, 0, 0)


def test_a_value_left_out_is_missed_and_one_too_many_invented() -> None:
    counts = compare(_reading({"name": "Điểm A", "note": "x"}), _truth(POINT)).counts
    assert (counts["missed"], counts["missed unsaid"], counts["invented"]) == (1, 1, 1)
    assert counts["wrong unsaid"] == 1  # the invented one


def test_a_lost_row_does_not_spoil_the_next() -> None:
    rows = [{"name": f"Điểm {n}", "phone": f"091234567{n}"} for n in range(4)]
    counts = compare(_reading(*rows[1:]), _truth(*rows)).counts
    assert (counts["right"], counts["missed"]) == (6, 2)


def test_rows_are_paired_in_order() -> None:
    assert aligned([{"a": "1"}, {"a": "2"}], [{"a": "2"}]) == [(0, None), (1, 0)]
    assert aligned([{"a": "1"}], [{"a": "9"}, {"a": "1"}]) == [(None, 0), (0, 1)]


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        (_phone("error", "bad-phone"), "right"),
        (_phone("error", "anything"), "right"),
        (_phone("warning", "bad-phone"), "right"),
        (_phone("warning", "anything"), "wrong said"),
        ((), "wrong unsaid"),
    ],
)
def test_a_planted_error_must_be_said(findings: tuple[Finding, ...], verdict: str) -> None:
    truth = _truth({"name": "Điểm A"}, defects=[[1, "phone", "bad-phone"]])
    counts = compare(_reading({"name": "Điểm A"}, findings=findings), truth).counts
    assert counts["cells"] == 2
    assert counts[verdict] == 1 + (verdict == "right")
    assert counts["false errors"] == 0


def test_a_planted_error_that_became_a_certain_value_is_wrong() -> None:
    truth = _truth({"name": "Điểm A"}, defects=[[1, "phone", "bad-phone"]])
    assert compare(_reading(POINT), truth).counts["wrong unsaid"] == 1
    said = compare(_reading(POINT, findings=_phone("warning", "bad-phone")), truth).counts
    assert (said["wrong said"], said["right"]) == (1, 1)


def test_an_error_where_nothing_is_wrong_is_false() -> None:
    read = _reading(POINT, findings=_phone("error", "bad-phone"))
    assert compare(read, _truth(POINT)).counts["false errors"] == 1
    whole = _reading(POINT, findings=(Finding("error", "missing-column", "…", "owner"),))
    assert compare(whole, _truth(POINT)).counts["false errors"] == 1
    said = compare(whole, _truth(POINT, said=["missing-column"])).counts
    assert (said["false errors"], said["remarks said"]) == (0, 1)


def test_a_refused_form_is_missed_and_a_right_refusal_right() -> None:
    refused = Refusal("wrong-form", "…")
    counts = compare(refused, _truth(POINT)).counts
    assert (counts["missed"], counts["missed unsaid"], counts["outcomes right"]) == (2, 0, 0)
    truth = {"outcome": "wrong-form", "rows": []}
    assert compare(refused, truth).counts["outcomes right"] == 1
