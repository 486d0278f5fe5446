"""Shows how the readings of the golden inputs differ from their ``expected.json``.

``python tests/golden/regenerate.py`` prints the differences and writes only what is missing;
``--write`` also replaces. Review the diff before committing it: it is the specification.
"""

import argparse
import difflib
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from rigs.golden import cases, document, shape, written  # noqa: E402  after the path is set


def main() -> int:
    """Return 1 if an expectation differs and was not replaced."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="replace expectations that differ")
    parser.add_argument("case", nargs="*", help="only these cases")
    chosen = parser.parse_args()
    refused = 0
    for case in cases():
        if chosen.case and case.name not in chosen.case:
            continue
        target = case / "expected.json"
        new = written(shape(document(case)))
        old = target.read_text(encoding="utf-8") if target.exists() else ""
        if new == old:
            continue
        name = f"{case.name}/expected.json"
        diff = difflib.unified_diff(old.splitlines(), new.splitlines(), name, name, lineterm="")
        print("\n".join(diff))  # noqa: T201  a program for people
        if old and not chosen.write:
            refused += 1
            continue
        target.write_text(new, encoding="utf-8")
    if refused:
        print(f"{refused} expectations differ; --write replaces them")  # noqa: T201
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
