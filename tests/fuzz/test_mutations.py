"""No mutant of a golden document is recorded as complete with a wrong value.

A fixed sample, through the real jail; ``./dev fuzz`` runs all mutators over all documents. The
oracle itself is tested too: a check that never fails proves nothing.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from fuzz import bytewise
from fuzz.door import Door, Recorded
from fuzz.mutant import Mutator, posted
from fuzz.run import MUTATORS, mutants_of, truth_of
from fuzz.verdict import judge
from rigs.golden import CASES

from parsers.reading import Finding, Row

#: Documents that are read in milliseconds, with few points: those without checksums first.
_BARE = (
    "total-wrong/input-csv-cp1258.csv",
    "list-sixteen/input-excel-html.xls",
    "columns-are-points/input-mail.html",
    "unit-cells/input-xml-2003.xls",
    "worn-tcvn3/input-openpyxl-tcvn3.xls",
)
_DOCUMENTS = (
    *_BARE,
    "plain-form/input.xlsx",
    "list-nine/input-csv-utf-16.csv",
    "list-colons/input-python-docx.docx",
    "list-synonyms/input-openpyxl.ods",
    "nothing-needed/input-csv-utf-16.csv",
    "header-merged/input-xlsxwriter.xlsx",
    "merged-down-values/input.xlsx",
)
_DOCUMENTS_EACH = 3
_MUTANTS_EACH = 5


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with Door() as opened:
        yield opened


@pytest.fixture(scope="module")
def before(door: Door) -> dict[str, Recorded]:
    paths = {name: CASES / name for name in _DOCUMENTS}
    return {name: door.record(posted(p.read_bytes(), p.name)) for name, p in paths.items()}


def _some(mutator: Mutator) -> list[Path]:
    """Return documents for a mutator: where bytes are damaged, those that nothing else guards."""
    if mutator.__module__ == bytewise.__name__:
        return [CASES / name for name in _BARE]
    start = [one.__name__ for one in MUTATORS].index(mutator.__name__) % len(_DOCUMENTS)
    turned = [*_DOCUMENTS[start:], *_DOCUMENTS[:start]]
    fit = (CASES / name for name in turned if any(mutants_of(CASES / name, mutator, 1)))
    return list(islice(fit, _DOCUMENTS_EACH))


@pytest.mark.parametrize("mutator", MUTATORS, ids=lambda mutator: mutator.__name__)
def test_fault_074_no_mutant_is_complete_and_wrong(
    mutator: Mutator, door: Door, before: dict[str, Recorded]
) -> None:
    """FAULTS 74: truncated at each twentieth, flipped, repacked, wrapped, damaged within."""
    tried = 0
    for path in _some(mutator):
        was = before[str(path.relative_to(CASES))]
        made = list(mutants_of(path, mutator, 1))
        for mutant in made[:: max(1, len(made) // _MUTANTS_EACH)]:
            after = door.record(mutant.mail)
            verdict = judge(was, after, truth_of(path, was), mutant.meaning)
            assert verdict.kind != "violation", (path, mutant.detail, verdict.wrong)
            assert not after.crashes, (path, mutant.detail, after.crashes)
            tried += 1
    assert tried


# --- the oracle -----------------------------------------------------------------------------------

_MEANT = [{"name": "A", "phone": "0912000111"}, {"name": "B", "phone": "0912000222"}]


def _recorded(
    *rows: dict[str, str], findings: tuple[Finding, ...] = (), sure: float = 1.0
) -> Recorded:
    made = tuple(Row(row, {}, dict.fromkeys(row, sure)) for row in rows)
    return Recorded("registered", made, findings)


_WAS = _recorded(*_MEANT)
_OTHER = {"name": "B", "phone": "0912000333"}


@pytest.mark.parametrize("meaning", ["any", "same"])
@pytest.mark.parametrize(
    "rows",
    [
        (_MEANT[0], _OTHER),
        (_MEANT[0],),
        (*_MEANT, {"name": "C"}),
        (_MEANT[0], {"name": "B"}),
        (_MEANT[1], _MEANT[0]),
    ],
    ids=["wrong", "lost", "invented", "emptied", "swapped"],
)
def test_the_oracle_sees_what_is_wrong(meaning: str, rows: tuple[dict[str, str], ...]) -> None:
    assert judge(_WAS, _recorded(*rows), _MEANT, meaning).kind == "violation"  # type: ignore[arg-type]


def test_the_oracle_takes_a_doubt_or_an_error_for_said() -> None:
    told = Finding("warning", "x", "…", "phone", 2)
    wrong = Finding("error", "cut-off", "…")
    assert (
        judge(_WAS, _recorded(_MEANT[0], _OTHER, findings=(told,)), _MEANT, "any").kind == "flagged"
    )
    assert judge(_WAS, _recorded(_MEANT[0], findings=(wrong,)), _MEANT, "any").kind == "flagged"
    elsewhere = replace(told, row=1)
    after = _recorded(_MEANT[0], _OTHER, findings=(elsewhere,))
    assert judge(_WAS, after, _MEANT, "any").kind == "violation"


def test_an_error_that_was_there_before_excuses_nothing() -> None:
    old = Finding("error", "missing-value", "…", "area_m2", 1)
    was = _recorded(*_MEANT, findings=(old,))
    assert judge(was, _recorded(_MEANT[0], findings=(old,)), _MEANT, "any").kind == "violation"


def test_one_byte_may_change_one_row_and_no_more() -> None:
    one = _recorded(_MEANT[0], _OTHER)
    both = _recorded({"name": "A", "phone": "0912000444"}, _OTHER)
    assert judge(_WAS, one, _MEANT, "one byte").kind == "unseen"
    assert judge(_WAS, both, _MEANT, "one byte").kind == "violation"
    assert judge(_WAS, _recorded(_MEANT[0]), _MEANT, "one byte").kind == "violation"


def test_no_need_out_of_a_list_is_the_worst_of_all() -> None:
    assert judge(_WAS, Recorded("nil"), _MEANT, "any").kind == "violation"
