"""The search for a header stops early, and finds what the whole search would find."""

from pathlib import Path

import pytest
from rigs.golden import CASES
from rigs.shipped import shipped_form

from parsers import header, sheet
from parsers.columns import captions_of
from parsers.grid import Extract, Grid
from parsers.header import Header, find_header

CAPTIONS = captions_of(shipped_form())
WORKBOOKS = sorted(CASES.glob("*/input*.xlsx"))


@pytest.mark.parametrize("path", WORKBOOKS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_header_found_is_the_best_of_all_blocks(path: Path) -> None:
    extract = sheet.extract(path.read_bytes())
    for grid in extract.grids if isinstance(extract, Extract) else ():
        found, best = find_header(grid, CAPTIONS), _best(grid)
        assert (found is None) == (best is None)
        if found is not None and best is not None:
            assert (found.first, found.score) == (best.first, best.score)
            assert found == header._finished(grid, CAPTIONS, best)


def _best(grid: Grid) -> Header | None:
    """What names most; of those that name as much the lowest, of those the first."""
    blocks = [
        block
        for first in header._starts(grid, CAPTIONS)
        for end in range(first + 1, min(first + 4, len(grid.rows)) + 1)
        if (block := header._candidate(grid, CAPTIONS, first, end))
    ]
    return max(blocks, key=lambda one: (one.score, one.first - one.end, -one.first), default=None)


def test_a_header_with_all_fields_is_not_compared_with_its_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes = []
    candidate = header._candidate

    def counted(*args: object) -> Header | None:
        sizes.append(args[3] - args[2])  # type: ignore[operator]
        return candidate(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(header, "_candidate", counted)
    extract = sheet.extract((CASES / "all-columns" / "input.xlsx").read_bytes())
    assert isinstance(extract, Extract)
    found = find_header(extract.grids[0], CAPTIONS)
    assert found is not None
    assert set(sizes) == {1}
