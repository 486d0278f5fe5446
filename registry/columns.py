"""Columns that a form does not know, as a document's row keeps them: JSON there and back."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from parsers.reading import UnknownColumn
from registry.model import CommuneKey


@dataclass(frozen=True, slots=True)
class SeenColumn:
    """An unknown column, the message that brought it and whose answer that was."""

    message_id: int
    commune: CommuneKey | None
    column: UnknownColumn


def written_columns(columns: Sequence[UnknownColumn]) -> str:
    """Return them as text, the same for the same columns."""
    return json.dumps([asdict(one) for one in columns], ensure_ascii=False, separators=(",", ":"))


def read_columns(text: str) -> tuple[UnknownColumn, ...]:
    """Return what `written_columns` wrote; empty for text that is none of it."""
    try:
        found = json.loads(text) if text else []
        return tuple(
            UnknownColumn(one["caption"], one["place"], one["field"], tuple(one["samples"]))
            for one in found
        )
    except (ValueError, TypeError, KeyError):
        return ()
