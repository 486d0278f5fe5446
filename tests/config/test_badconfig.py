"""The catalogue of tests/badconfig: each case is laid over base/ and must say expected.txt."""

import shutil
from pathlib import Path

import pytest
from rigs.config_folder import BADCONFIG, base_folder

from config.settings import ConfigProblems, load

CASES = sorted(path for path in BADCONFIG.iterdir() if path.is_dir() and path.name != "base")


def test_the_base_itself_is_good(tmp_path: Path) -> None:
    config = load(base_folder(tmp_path / "config"), env={})
    assert len(config.members(config.campaigns[0])) == 3


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fault_125_126_127_every_problem_at_once(case: Path, tmp_path: Path) -> None:
    """Rosters, keys, types, forms, half-saved files: told as file:line, what, why, remedy."""
    folder = base_folder(tmp_path / "config")
    shutil.copytree(case, folder, dirs_exist_ok=True)
    with pytest.raises(ConfigProblems) as caught:
        load(folder, env={})
    expected = (case / "expected.txt").read_text(encoding="utf-8").splitlines()
    assert [str(problem) for problem in caught.value.problems] == expected
    assert "Bi-Mat-123" not in str(caught.value)


def test_the_catalogue_has_no_case_that_cannot_fail() -> None:
    assert len(CASES) >= 40
    for case in CASES:
        assert (case / "expected.txt").read_text(encoding="utf-8").strip(), case.name
