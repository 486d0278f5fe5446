"""One form in several files: the better reading counts, and where they disagree is told."""

from dataclasses import replace

from rigs.ocop_form import FORM
from rigs.office import POINT

from intake.together import FormFile, one_form
from parsers.reading import CERTAIN, Finding, Reading, Row


def reading(kind: str, *names: str, sure: float = 1.0, **changes: str) -> Reading:
    rows = []
    for name in names:
        values = {**POINT, "name": name, **changes}
        values = {key: value for key, value in values.items() if value}
        places = {key: f"{kind} {key}" for key in POINT}
        rows.append(Row(values, places, dict.fromkeys(values, sure)))
    return Reading(kind, "form", rows=tuple(rows))


def both(one: Reading, other: Reading):
    return one_form([FormFile(f"1.{one.kind}", one), FormFile(f"2.{other.kind}", other)], FORM)


def test_the_typed_file_counts_whatever_its_place_in_the_mail() -> None:
    excel, paper = reading("xlsx", "A", "B"), reading("pdf", "A", "B", sure=0.95)
    assert both(paper, excel).chosen == 1
    assert both(excel, paper).chosen == 0
    assert both(excel, paper).reading.findings == ()


def test_a_reading_with_fewer_errors_is_better() -> None:
    broken = replace(reading("xlsx", "A"), findings=(Finding("error", "missing-value", "Thiếu."),))
    assert both(broken, reading("pdf", "A")).chosen == 1


def test_a_certain_contradiction_is_an_error_and_no_longer_certain() -> None:
    one = both(reading("xlsx", "A"), reading("pdf", "A", cost_requested="80000000"))
    (found,) = one.reading.findings
    assert (found.severity, found.code, found.field, found.row) == (
        "error",
        "files-differ",
        "cost_requested",
        1,
    )
    assert "1.xlsx" in found.message
    assert "2.pdf" in found.message
    assert one.reading.rows[0].values["cost_requested"] == "50000000"
    assert one.reading.rows[0].confidence["cost_requested"] < CERTAIN
    assert one.reading.rows[0].confidence["name"] == 1.0


def test_personal_values_are_not_quoted() -> None:
    one = both(reading("xlsx", "A"), reading("pdf", "A", phone="0987000222"))
    (found,) = one.reading.findings
    assert "0987000222" not in found.message
    assert "0912000111" not in found.message


def test_what_the_worse_file_doubts_is_no_contradiction() -> None:
    one = both(reading("xlsx", "A"), reading("jpeg", "A", sure=0.5, cost_requested="80000000"))
    assert one.reading.findings == ()


def test_a_value_only_the_other_file_has() -> None:
    one = both(reading("xlsx", "A", needs=""), reading("pdf", "A"))
    (found,) = one.reading.findings
    assert (found.code, found.field) == ("only-in-other-file", "needs")


def test_other_points_are_other_forms() -> None:
    assert both(reading("xlsx", "A", "B"), reading("pdf", "A")) is None
    assert both(reading("xlsx", "Chợ Bản Ngà"), reading("pdf", "Chợ Bản Nà")) is None


def test_a_name_that_was_not_read_for_certain_may_differ_in_a_letter() -> None:
    scan = reading("jpeg", "Chợ Bản Nga`", sure=0.7)
    assert both(reading("xlsx", "Chợ Bản Ngà"), scan).chosen == 0
    assert both(reading("xlsx", "Chợ Bản Ngà"), reading("jpeg", "Bến xe", sure=0.7)) is None


def test_marks_and_spaces_are_no_difference() -> None:
    assert both(reading("xlsx", "Chợ Hòa Cư"), reading("pdf", "CHỢ HOÀ  CƯ")).reading.findings == ()
