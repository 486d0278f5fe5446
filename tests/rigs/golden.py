"""The golden cases: where they are, and the shape in which a document's reading is compared."""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from rigs.ocop_form import FORM

import parsers
from parsers.reading import Refusal

CASES = Path(__file__).parent.parent / "golden"
_LETTER_KEYS = ("number", "issued_on", "subject", "signer")


def cases() -> list[Path]:
    """Return the folders that hold an input, by name."""
    return sorted(path.parent for path in CASES.glob("*/input.*"))


def document(case: Path) -> Path:
    """Return the case's one input file."""
    (path,) = case.glob("input.*")
    return path


@cache
def shape(path: Path) -> dict[str, Any]:
    """Return what ``intake parse --json`` says of a file, but for commune and sha256."""
    outcome = parsers.read(path.read_bytes(), FORM, name=path.name)
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
