"""docs/faults.md: each known fault, its expected outcome, the tests that show it, what they said.

The rows and their outcomes stand in tests/faults.toml; which tests show a row is read from their
names (``test_fault_NNN_words``; several numbers in one name are several rows). The page is written
from a run of those tests: ``./dev faults`` (pytest with ``--faults-page``, see conftest.py).
``python tests/faults_table.py`` only says whether rows and tests of the page are those of today.
"""

import ast
import re
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "faults.md"
PASSED = "passed"
_NAME = re.compile(r"test_fault((?:_\d{3})+)_")
_RESULT = re.compile(r" \| [^|]*\|$", re.MULTILINE)
_HEAD = """\
# Faults

What can go wrong, what then happens, which tests show it, and what they said when this page was
made (`./dev faults`; a number in brackets counts the cases of a row). The rows stand in
`tests/faults.toml`, the tests are found by their names; do not edit by hand. In every row it also
holds that the daemon stays up, the message is kept, and other messages are handled.
"""

#: Test (``file::name``) → how many of its cases passed, failed, were skipped.
Results = Mapping[str, Counter[str]]


def main() -> str | None:
    """Check that the page speaks of today's rows and tests; return what is wrong with it."""
    there = PAGE.read_text("utf-8")
    if _RESULT.sub(" |", there) != _RESULT.sub(" |", render(rows(), shown(), {})):
        return "docs/faults.md is out of date: run ./dev faults"
    return None


def rows() -> dict[str, dict[str, list[str]]]:
    """Return the rows by group: number → fault, expected outcome."""
    return tomllib.loads((ROOT / "tests" / "faults.toml").read_text("utf-8"))


def shown() -> dict[int, list[str]]:
    """Return the tests of each row, as ``file::name``, in the order of files and lines."""
    found: dict[int, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in _tests(path):
            for number in numbers_of(name):
                found[number].append(f"{path.relative_to(ROOT / 'tests')}::{name}")
    return found


def numbers_of(name: str) -> list[int]:
    """Return the rows that a test of this name shows; none for other tests."""
    match = _NAME.match(name)
    return [int(number) for number in match[1].strip("_").split("_")] if match else []


def _tests(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name


def render(
    groups: dict[str, dict[str, list[str]]], tests: Mapping[int, Sequence[str]], results: Results
) -> str:
    """Return the page: a table for each group, then what no test shows yet."""
    out, missing = [_HEAD], []
    for group, faults in groups.items():
        out.append(f"\n## {group}\n\n")
        out.append("| row | fault | outcome | tests | result |\n|---|---|---|---|---|\n")
        for number, (fault, outcome) in faults.items():
            names = tests.get(int(number), [])
            if not names:
                missing.append(f"- {number}: {fault} – {outcome}")
                continue
            listed = "<br>".join(f"`{name}`" for name in names)
            result = result_of(names, results)
            out.append(f"| {number} | {fault} | {outcome} | {listed} | {result} |\n")
    out.append("\n## Not shown by a test yet\n\n")
    out.append("\n".join(missing) + "\n" if missing else "None.\n")
    return "".join(out)


def result_of(names: Sequence[str], results: Results) -> str:
    """Return what the tests of a row said: ``passed (3)``, else each kind of result counted."""
    total: Counter[str] = Counter()
    for name in names:
        total += results.get(name, Counter({"not run": 1}))
    return ", ".join(f"{word} ({count})" for word, count in sorted(total.items()))


if __name__ == "__main__":
    sys.exit(main())
