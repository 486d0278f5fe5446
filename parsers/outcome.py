"""What reading one cell gives: a canonical value, how sure it is, and what is wrong with it."""

from dataclasses import dataclass
from typing import NamedTuple

from parsers.form import Field
from parsers.reading import Severity

_QUOTED_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Context:
    """What a cell's surroundings say about how to read it.

    ``unit`` is stated by the header, the title or a unit row (``triệu đồng``); ``certain`` is false
    when it is unclear whether that statement is meant for this column. ``decimal_sign`` (``,`` or
    ``.``) and ``day_first`` are set when other cells of the column leave no doubt about them.
    ``exchanged`` = a spreadsheet that puts the month first seems to have made the column's typed
    dates: it left days over 12 as text, so that in the others it took the day for the month.
    ``told`` = the form itself says how to write (an official workbook: items parted by ``;``).
    """

    unit: str = ""
    certain: bool = True
    decimal_sign: str = ""
    day_first: bool = False
    exchanged: bool = False
    told: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a cell; ``message`` is Vietnamese and says what to write instead."""

    severity: Severity
    code: str
    message: str


class Value(NamedTuple):
    """The canonical text of a cell (DESIGN §6); ``None`` = empty, or no value that can be trusted.

    Confidence is 0–1; below ``reading.CERTAIN`` there is always a problem.
    """

    text: str | None
    confidence: float = 1.0
    problem: Problem | None = None


EMPTY = Value(None)


def quoted(field: Field, text: str) -> str:
    """Return the value in quotation marks for a message, never that of a personal field."""
    if field.personal:
        return "giá trị đã ghi"
    line = " ".join(text.split())
    return f"“{line[:_QUOTED_CHARACTERS]}…”" if len(line) > _QUOTED_CHARACTERS else f"“{line}”"


def error(field: Field, code: str, message: str) -> Value:
    """Return no value and an error that names the column."""
    return Value(None, 0.0, Problem("error", code, f"Cột “{field.label}”: {message}"))


def doubt(field: Field, text: str, code: str, message: str, confidence: float = 0.6) -> Value:
    """Return the value by the declared rule, not certain, with the warning that asks about it."""
    return Value(text, confidence, Problem("warning", code, f"Cột “{field.label}”: {message}"))


def note(field: Field, text: str, code: str, message: str, confidence: float = 0.9) -> Value:
    """Return a value with a remark on how it was read."""
    return Value(text, confidence, Problem("note", code, f"Cột “{field.label}”: {message}"))
