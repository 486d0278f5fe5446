"""Config folders for tests: the small base of tests/badconfig, with edits laid over it."""

import shutil
from pathlib import Path

BADCONFIG = Path(__file__).parents[1] / "badconfig"
EXAMPLE = Path(__file__).parents[2] / "config" / "cao-loc"
CAMPAIGN = "campaigns/dot-1.toml"


def base_folder(target: Path) -> Path:
    """Copy the small valid config folder and return it."""
    shutil.copytree(BADCONFIG / "base", target)
    return target


def edit(folder: Path, name: str, old: str, new: str) -> None:
    """Replace the first occurrence of ``old``, which must be there."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {name}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
