from pathlib import Path

import pytest
from rigs.config_folder import EXAMPLE

from config.init import ExampleExists, write_example
from config.settings import load


def test_the_example_is_copied_whole_and_loads(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "config"
    written = write_example(folder)
    assert folder / "campaigns" / "ocop-2024-2.toml" in written
    assert {path.relative_to(folder) for path in written} == {
        path.relative_to(EXAMPLE)
        for path in EXAMPLE.rglob("*")
        if path.is_file() and "data" not in path.relative_to(EXAMPLE).parts
    }
    assert load(folder, env={}).campaigns == load(EXAMPLE, env={}).campaigns


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path) -> None:
    mine = tmp_path / "communes.csv"
    mine.write_text("mine", encoding="utf-8")
    with pytest.raises(ExampleExists) as caught:
        write_example(tmp_path)
    assert caught.value.paths == (mine,)
    assert list(tmp_path.iterdir()) == [mine]
    assert mine.read_text(encoding="utf-8") == "mine"


def test_a_folder_with_other_files_is_fine(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    assert write_example(tmp_path)
