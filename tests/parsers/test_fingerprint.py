"""The fingerprint of the reading code: equal for equal code, another for any other."""

import ast
import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import parsers
from parsers import fingerprint
from parsers.fingerprint import LIBRARIES, code_fingerprint, fingerprint_of, is_current

PACKAGE = Path(parsers.__file__).parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the package elsewhere, as another host has it."""
    there = tmp_path / "elsewhere" / "parsers"
    shutil.copytree(PACKAGE, there, ignore=shutil.ignore_patterns("__pycache__"))
    return there


def test_the_same_code_in_another_place_has_the_same_fingerprint(copy: Path) -> None:
    assert fingerprint_of(copy) == code_fingerprint() == fingerprint_of(PACKAGE)


def test_another_process_finds_the_same() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "from parsers.fingerprint import *; print(code_fingerprint())"],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == code_fingerprint()


def test_one_letter_of_the_source_makes_another(copy: Path) -> None:
    (copy / "money.py").write_text((copy / "money.py").read_text() + "#")
    assert fingerprint_of(copy) != code_fingerprint()


def test_a_data_file_counts_as_source(copy: Path) -> None:
    (copy / "glyphs.npz").write_bytes((copy / "glyphs.npz").read_bytes() + b"\0")
    assert fingerprint_of(copy) != code_fingerprint()


def test_a_file_by_another_name_makes_another(copy: Path) -> None:
    (copy / "ticks.py").rename(copy / "tocks.py")
    assert fingerprint_of(copy) != code_fingerprint()


def test_what_the_interpreter_leaves_beside_the_source_does_not_count(copy: Path) -> None:
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "money.cpython-311.pyc").write_bytes(b"compiled")
    assert fingerprint_of(copy) == code_fingerprint()


def test_another_version_of_a_library_makes_another(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, version = code_fingerprint(), importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: "0.0" if name == "lxml" else version(name)
    )
    assert fingerprint_of(PACKAGE) != mine


def test_a_library_or_program_that_is_missing_makes_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = code_fingerprint()
    monkeypatch.setenv("PATH", "/nowhere")
    without_office = fingerprint_of(PACKAGE)
    monkeypatch.setenv("TESSDATA_PREFIX", "/nowhere")
    assert len({mine, without_office, fingerprint_of(PACKAGE)}) == 3


def test_every_library_that_the_readers_import_counts() -> None:
    """One that is imported but not listed could change readings without anybody knowing."""
    imported: set[str] = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - {"parsers"}
    brought_by = importlib.metadata.packages_distributions()
    names = {brought_by[name][0].lower().replace("_", "-") for name in foreign}
    assert names == {name.lower() for name in LIBRARIES}


def test_an_upgrade_under_a_running_process_is_noticed(
    monkeypatch: pytest.MonkeyPatch, copy: Path
) -> None:
    monkeypatch.setattr(fingerprint, "_PACKAGE", copy)
    fingerprint._looks_at_first.cache_clear()
    try:
        assert is_current()
        (copy / "money.py").write_text("# another version\n")
        assert not is_current()
    finally:
        fingerprint._looks_at_first.cache_clear()
