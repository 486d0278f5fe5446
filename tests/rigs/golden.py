"""The golden cases: where they are, and the shape in which a document's reading is compared.

A case is a folder. Written by hand, it has one ``input.<ext>`` and its whole reading in
``expected.json``. Drawn from seeds, it is a layout with an ``input-<producer>.<ext>`` for each
program that writes it. ``truth.json`` says by stem of file name what was meant.
"""

import json
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import Any

from rigs.shipped import shipped_form

import parsers
from parsers.office import OfficeLimits, convert
from parsers.reading import Reading, Refusal

CASES = Path(__file__).parent.parent / "golden"
#: As an office does, but patiently: many others may be at work on this machine.
_convert = partial(convert, limits=OfficeLimits(seconds=120))
_LETTER_KEYS = ("number", "issued_on", "subject", "signer")


def cases() -> list[Path]:
    """Return the folders of the cases written by hand, by name."""
    return sorted(path.parent for path in CASES.glob("*/input.*"))


def document(case: Path) -> Path:
    """Return the one input file of a case written by hand."""
    (path,) = case.glob("input.*")
    return path


def measured() -> list[Path]:
    """Return every document that has a truth, by name."""
    return [
        path for path in sorted(CASES.glob("*/input*.*")) if _stem(path) in _truths(path.parent)
    ]


def truth(path: Path) -> dict[str, Any]:
    """Return what was meant by a document."""
    meant: dict[str, Any] = _truths(path.parent)[_stem(path)]
    return meant


def _stem(path: Path) -> str:
    return path.name.split(".", maxsplit=1)[0]


@cache
def _truths(case: Path) -> dict[str, Any]:
    file = case / "truth.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def read(data: bytes, name: str) -> Reading | Refusal:
    """Read a document as an office does: with the shipped form and the programs outside."""
    return parsers.read(data, shipped_form(), name=name, convert=_convert)


@cache
def shape(path: Path) -> dict[str, Any]:
    """Return what ``intake parse --json`` says of a file, but for commune and sha256."""
    outcome = read(path.read_bytes(), path.name)
    if isinstance(outcome, Refusal):
        return {
            "kind": outcome.kind,
            "role": "unknown",
            "letter": None,
            "nil": False,
            "rows": [],
            "findings": [],
            "refusal": {"code": outcome.code, "message": outcome.message},
        }
    letter = None
    if outcome.letter is not None:
        letter = {key: getattr(outcome.letter, key) for key in _LETTER_KEYS}
    rows = [
        {
            "values": dict(row.values),
            "places": dict(row.places),
            "confidence": dict(row.confidence),
        }
        for row in outcome.rows
    ]
    return {
        "kind": outcome.kind,
        "role": outcome.role,
        "letter": letter,
        "nil": outcome.nil,
        "rows": rows,
        "findings": [
            {key: value for key, value in asdict(finding).items() if value is not None}
            for finding in outcome.findings
        ],
        "refusal": None,
    }


def written(shape_of: dict[str, Any]) -> str:
    """Return the shape as it stands in ``expected.json``."""
    return json.dumps(shape_of, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
