"""Write docs/faults.md: each known fault, its expected outcome, and the tests that show it.

The rows and their outcomes stand in tests/faults.toml; which tests show a row is read from their
names (``test_fault_NNN_words``; several numbers in one name are several rows). Run from the root:
``python tests/faults_table.py`` writes the page, ``--check`` only says whether it is up to date.
"""

import ast
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "faults.md"
_NAME = re.compile(r"test_fault((?:_\d{3})+)_")
_HEAD = """\
# Faults

What can go wrong, what then happens, and which tests show it. Made by `tests/faults_table.py` from
`tests/faults.toml` and the names of the tests; do not edit by hand. In every row it also holds that
the daemon stays up, the message is kept, and other messages are handled.
"""


def main() -> str | None:
    """Write or check the page; return what is wrong with it."""
    page = render(tomllib.loads((ROOT / "tests" / "faults.toml").read_text("utf-8")), shown())
    if "--check" not in sys.argv:
        PAGE.write_text(page, encoding="utf-8")
        return None
    if PAGE.read_text("utf-8") == page:
        return None
    return "docs/faults.md is out of date: run python tests/faults_table.py"


def shown() -> dict[int, list[str]]:
    """Return the tests of each row, as ``file::name``, in the order of files and lines."""
    found: dict[int, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in _tests(path):
            match = _NAME.match(name)
            for number in match[1].strip("_").split("_") if match else ():
                found[int(number)].append(f"{path.relative_to(ROOT / 'tests')}::{name}")
    return found


def _tests(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name


def render(rows: dict[str, dict[str, list[str]]], tests: dict[int, list[str]]) -> str:
    """Return the page: a table for each group, then what no test shows yet."""
    out, missing = [_HEAD], []
    for group, faults in rows.items():
        out.append(f"\n## {group}\n\n| row | fault | outcome | tests |\n|---|---|---|---|\n")
        for number, (fault, outcome) in faults.items():
            names = tests.get(int(number), [])
            if not names:
                missing.append(f"- {number}: {fault} – {outcome}")
                continue
            listed = "<br>".join(f"`{name}`" for name in names)
            out.append(f"| {number} | {fault} | {outcome} | {listed} |\n")
    out.append("\n## Not shown by a test yet\n\n")
    out.append("\n".join(missing) + "\n" if missing else "None.\n")
    return "".join(out)


if __name__ == "__main__":
    sys.exit(main())
