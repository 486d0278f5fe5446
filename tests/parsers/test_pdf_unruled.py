"""Tables without borders: read right, told as doubtful, or refused; no value moves silently."""

import random
from dataclasses import replace

import pytest
from rigs.ocop_form import FORM
from rigs.unruled_paper import HEAD, Manner, UnruledPaper, manner, row, values

from parsers import read
from parsers.reading import CERTAIN, Reading, Refusal

CLEAR = Manner("Serif", 9, 11, 5.4, 3, "top", "none", counted=False, total=True)
SEEDS = range(60)


def drawn(how: Manner, rows: list[tuple[str, ...]]) -> bytes:
    paper = UnruledPaper(how)
    paper.table(rows)
    return paper.done()


def chances(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  the same papers in every run


def some(count: int, seed: int = 7) -> list[tuple[str, ...]]:
    chance = chances(seed)
    return [row(chance, number) for number in range(1, count + 1)]


def found(how: Manner, rows: list[tuple[str, ...]]) -> Reading:
    result = read(drawn(how, rows), FORM)
    assert isinstance(result, Reading), result
    return result


def silent(result: Reading, rows: list[tuple[str, ...]]) -> list[tuple[int, str]]:
    """Return the values that differ from what was drawn without a finding about them."""
    told = {(finding.row, finding.field) for finding in result.findings}
    wanted = [values(cells) for cells in rows]
    given = [dict(each.values) for each in result.rows]
    longest = max(len(wanted), len(given))
    wanted += [{}] * (longest - len(wanted))
    given += [{}] * (longest - len(given))
    return [
        (number, key)
        for number, (want, have) in enumerate(zip(wanted, given, strict=True), 1)
        for key in want.keys() | have.keys()
        if want.get(key) != have.get(key) and not {(number, key), (None, key)} & told
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_value_moves_in_silence(seed: int) -> None:
    chance = chances(seed)
    how = manner(chance)
    rows = some(chance.choice((1, 2, 3, 5, 8, 12)), seed)
    result = read(drawn(how, rows), FORM)
    if isinstance(result, Refusal):
        assert result.code == "unreadable", how
    elif result.rows:
        whole = any(finding.code == "not-read" for finding in result.findings)
        assert whole or silent(result, rows) == [], how
    else:
        assert result.findings, how


@pytest.mark.parametrize("vertical", ["top", "middle", "bottom"])
@pytest.mark.parametrize("rules", ["none", "each", "head", "ends"])
@pytest.mark.parametrize("counted", [False, True])
def test_wide_margins_are_certain(vertical: str, rules: str, *, counted: bool) -> None:
    """Columns with room between them and rows with room between them: everything, for certain."""
    rows = some(6)
    how = replace(CLEAR, vertical=vertical, rules=rules, counted=counted)
    result = found(how, rows)
    assert [dict(each.values) for each in result.rows] == [values(cells) for cells in rows]
    # Where a list breaks before a capital, one product and two look alike: that is always asked.
    unsure = {
        key for each in result.rows for key, sure in each.confidence.items() if sure < CERTAIN
    }
    assert unsure <= {"products"}


def test_rows_set_solid_are_in_doubt_or_right() -> None:
    """Without room between rows a wrapped line may belong to either neighbour."""
    rows = [tuple(cells) for cells in some(2)]
    how = replace(CLEAR, padding=0, total=False)
    result = found(how, rows)
    assert silent(result, rows) == []


def test_a_table_over_two_pages_without_its_header() -> None:
    rows = some(25)
    result = found(CLEAR, rows)
    assert [each.places["name"].split(",")[0] for each in result.rows][-1] == "page 2"
    assert silent(result, rows) == []
    assert len(result.rows) == 25


def test_a_word_across_the_gap_refuses_the_table() -> None:
    """A text that runs into the next column leaves no certain column."""
    rows = [list(cells) for cells in some(5)]
    paper = UnruledPaper(CLEAR)
    paper.table([tuple(cells) for cells in rows])
    paper._canvas.drawString(25, 480, "chu tran ngang qua cot ben canh va cot sau nua")
    result = read(paper.done(), FORM)
    if isinstance(result, Reading) and result.rows:
        assert silent(result, [tuple(cells) for cells in rows]) == []
    else:
        assert isinstance(result, Refusal)
        assert "không kẻ khung" in result.message


def test_every_value_has_its_box() -> None:
    result = found(CLEAR, some(3))
    for each in result.rows:
        assert set(each.boxes) >= set(each.values)
        for page, left, top, right, bottom in each.boxes.values():
            assert page == 1
            assert 0 <= left < right <= 1
            assert 0 <= top < bottom <= 1
    tops = [each.boxes["name"][2] for each in result.rows]
    assert tops == sorted(tops)


def test_vertical_lines_alone_do_not_melt_rows() -> None:
    """Columns drawn, rows not: pdfplumber sees one row with everything in it."""
    rows = some(4)
    paper = UnruledPaper(replace(CLEAR, rules="ends"))
    paper.table(rows)
    paper.verticals()
    result = read(paper.done(), FORM)
    assert isinstance(result, Reading), result
    assert [dict(each.values) for each in result.rows] == [values(cells) for cells in rows]


def test_most_manners_are_read() -> None:
    """Refusing everything would be safe as well."""
    readings = 0
    for seed in SEEDS:
        chance = chances(seed)
        how = manner(chance)
        result = read(drawn(how, some(chance.choice((1, 2, 3, 5, 8, 12)), seed)), FORM)
        readings += isinstance(result, Reading) and bool(result.rows)
    assert readings >= len(SEEDS) * 0.7
    assert len(HEAD) == 11


@pytest.mark.parametrize("rules", ["none", "each"])
@pytest.mark.parametrize("count", [1, 2, 6])
def test_a_table_without_running_numbers_is_never_passed_over(rules: str, count: int) -> None:
    """Its rows cannot be told apart for certain: that is said, and no "no rows"."""
    paper = UnruledPaper(replace(CLEAR, rules=rules, total=False))
    paper.table([("", *cells[1:]) for cells in some(count)])
    result = read(paper.done(), FORM)
    assert isinstance(result, Refusal), result
    assert "không kẻ khung" in result.message
