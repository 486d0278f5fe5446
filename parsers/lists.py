"""Several things in one cell, joined by ``"; "``."""

import re

from parsers.form import Field
from parsers.grid import WRAP, Cell
from parsers.outcome import Value, doubt
from parsers.vietnamese import one_line, repair

_BULLET = re.compile(
    r"^\s*(?:[-–—•*+▪●]\s+|\(?\d{1,2}\s*[.)]\s*(?=\D)|\(?[a-eđ]\)\s*|[-–—•▪●](?=[^\W\d]))"
)
_NUMBERED = re.compile(r"(?:(?<=\s)|^)(\d{1,2})\s*[.)]\s+(?=[^\W\d])")
_COMMA = re.compile(r",\s+")
#: At the end of a line: the next one begins an item.
_PARTED = (";", "+")
_SEPARATOR = re.compile(r";|(?<=\s)[+/](?=\s)")
#: What may part two items as well as two words of one: "mật ong và phấn hoa", "Chè+Mật ong".
_PERHAPS = re.compile(
    r",(?:\s|(?=[^\W\d]))|\s(?:và|&)\s|(?<=[^\W\d])[+/](?=[^\W\d])", re.IGNORECASE
)


def parse_list(field: Field, cell: Cell, *, told: bool = False) -> Value:
    """Split a cell into its items: at line breaks, ``;``, `` + ``, "1. … 2. …", bullets.

    Commas split only where every item begins with a capital; brackets are never split. A line that
    begins small goes on with the one before. Where a break may be mere wrapping (``grid.WRAP``) the
    lines stay together and a capital is asked about; so is a comma or "và" that may part items, but
    for who was ``told`` to write ``;`` between items and did.
    """
    pieces, doubtful = _lines(cell.text)
    items = [item for piece in pieces for item in _split(piece)]
    if len(items) == 1:
        items = _at_commas(items[0])
    value = "; ".join(items)
    if not value:
        return Value(None)
    if doubtful:
        message = "ô xuống dòng, chưa rõ là một hay nhiều mục. Đề nghị ngăn các mục bằng dấu “;”."
        return doubt(field, value, "list-lines", message, 0.8)
    plain = told and ";" in cell.text
    if not plain and any(len(_outside_brackets(item, _PERHAPS)) > 1 for item in items):
        message = "chưa rõ là một hay nhiều mục. Đề nghị ngăn các mục bằng dấu “;”."
        return doubt(field, value, "list-items", message, 0.8)
    return Value(value, 1.0 if len(items) == 1 else 0.95)


def _lines(text: str) -> tuple[list[str], bool]:
    """Return the lines that are items of their own, and whether that is doubtful."""
    joined: list[str] = []
    doubtful = False
    for wrapped, raw in enumerate(text.split(WRAP)):
        for at, line in enumerate(filter(None, map(str.strip, repair(raw).splitlines()))):
            own = _BULLET.match(line) is not None
            goes_on = line[0].islower() or line[0] in "(,;+)" or _open(joined)
            soft = wrapped and at == 0 and not (joined and joined[-1].endswith(_PARTED))
            if joined and not own and (goes_on or soft):
                doubtful = doubtful or not (goes_on or _marked(text))
                joined[-1] = f"{joined[-1]} {line}"
            else:
                joined.append(line)
    return joined, doubtful


def _marked(text: str) -> bool:
    """Tell a text whose items are parted by something better than line breaks."""
    return ";" in text or any(_BULLET.match(line) for line in text.splitlines())


def _open(joined: list[str]) -> bool:
    return bool(joined) and (
        joined[-1].count("(") > joined[-1].count(")") or joined[-1].endswith(",")
    )


def _split(piece: str) -> list[str]:
    line = one_line(piece)
    parts = _outside_brackets(line, _SEPARATOR)
    if len(parts) == 1:
        parts = _at_numbers(line)
    return [item for part in parts if (item := _item(part))]


def _at_numbers(line: str) -> list[str]:
    """Split ``1. Mật ong 2. Chè``: only if the numbers count up from the first word on."""
    marks = list(_NUMBERED.finditer(line))
    counts = [int(mark[1]) for mark in marks]
    rising = list(range(counts[0], counts[0] + len(counts))) if counts else []
    if len(marks) < 2 or marks[0].start() or counts != rising:  # noqa: PLR2004  one is no list
        return [line]
    ends = [mark.start() for mark in marks[1:]] + [len(line)]
    return [line[mark.end() : end] for mark, end in zip(marks, ends, strict=True)]


def _at_commas(item: str) -> list[str]:
    parts = [one_line(part) for part in _outside_brackets(item, _COMMA)]
    safe = all(part and part[0].isupper() for part in parts)
    return [part for raw in parts if (part := _item(raw))] if safe else [item]


def _outside_brackets(line: str, separator: re.Pattern[str]) -> list[str]:
    parts, start = [], 0
    for match in separator.finditer(line):
        before = line[: match.start()]
        if before.count("(") <= before.count(")"):
            parts.append(line[start : match.start()])
            start = match.end()
    return [*parts, line[start:]]


def _item(text: str) -> str:
    return _BULLET.sub("", text).strip(" ;,+")
