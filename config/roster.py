"""communes.csv → communes, as spreadsheet programs really save it."""

import csv
import datetime as dt
import difflib
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from config.model import Commune
from config.problem import Problem
from config.scalars import address_fault, is_address, read_day, tidy_address
from parsers.vietnamese import one_line

COLUMNS = ("code", "valid_from", "valid_to", "kind", "name", "emails", "chair_emails", "aliases")
KINDS = (
    "xã",
    "phường",
    "thị trấn",
    "đặc khu",
    "huyện",
    "quận",
    "thị xã",
    "thành phố",
    "tỉnh",
    "sở",
)
_NEEDED = ("code", "valid_from", "kind", "name")
#: Digits of the codes of communes, districts and provinces (GSO).
_CODE_LENGTHS = {2, 3, 5}
_CODE = re.compile(r"[0-9A-Za-z]{1,12}")
_LONE_TONE = re.compile("[\u0300\u0301\u0303\u0309\u0323]")


@dataclass(frozen=True, slots=True)
class Roster:
    """The communes of a file with the line of each, what is wrong, and what was lived with."""

    communes: tuple[Commune, ...] = ()
    lines: tuple[int, ...] = ()
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Notes:
    """Problems and remarks of one file, gathered while it is read."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)

    def problem(self, line: int, what: str, why: str, remedy: str) -> None:
        self.problems.append(Problem(self.file, line, what, why, remedy))

    def remark(self, line: int, what: str, why: str, remedy: str) -> None:
        self.remarks.append(Problem(self.file, line, what, why, remedy))


def read_roster(name: str, data: bytes) -> Roster:
    """Read the roster: comma, semicolon or tab; UTF-8 with or without BOM, UTF-16, cp1258.

    Lines that begin with ``#`` and empty lines are passed over. A row with any problem gives no
    commune, so a caller that finds problems must not use the rest.
    """
    notes = _Notes(name)
    text = _decoded(data, notes)
    found: list[tuple[Commune, int]] = []
    if text is not None:
        for line, row in _rows(text, notes):
            commune = _commune(row, line, notes)
            if commune is not None:
                found.append((commune, line))
        if not found and not notes.problems:
            notes.problem(
                0,
                "there is no commune in the file",
                "nobody would be asked and nobody recognised",
                "save it again with one line per commune below the heading",
            )
    return Roster(
        tuple(commune for commune, _ in found),
        tuple(line for _, line in found),
        tuple(notes.problems),
        tuple(notes.remarks),
    )


def _decoded(data: bytes, notes: _Notes) -> str | None:
    if not data.strip(b"\x00\r\n\t "):
        notes.problem(
            0,
            "the file is empty",
            "it was probably caught while it was being saved",
            "save it again with one line per commune below the heading",
        )
        return None
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        notes.problem(0, "the file is a workbook", "only its name ends in .csv", _SAVE_AS)
        return None
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = data.decode("utf-16")
        else:
            text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _old_encoding(data, error, notes)
    if "\x00" in text:
        notes.problem(1, "the file is not text", "it has zero bytes in it", _SAVE_AS)
        return None
    return unicodedata.normalize("NFC", text)


_SAVE_AS = 'save it from the spreadsheet as "CSV UTF-8"'


def _old_encoding(data: bytes, error: UnicodeDecodeError, notes: _Notes) -> str | None:
    """Read what Excel's plain "CSV" writes on a Vietnamese Windows (cp1258), if it is that."""
    line = data.count(b"\n", 0, error.start) + 1
    text = unicodedata.normalize("NFC", data.decode("cp1258", errors="replace"))
    # Letters before the fault that are good UTF-8, a tone mark that joins no vowel, or a byte that
    # cp1258 does not have: it is something else, such as a file cut in the middle of a letter.
    utf8 = not data[: error.start].isascii()
    if utf8 or "\ufffd" in text or _LONE_TONE.search(text):
        notes.problem(
            line,
            "the letters here cannot be read",
            "the file is neither whole UTF-8 nor cp1258",
            _SAVE_AS,
        )
        return None
    notes.remark(
        line,
        "the file is in the old encoding cp1258",
        "it was read all the same, but some Vietnamese letters cannot be kept in it",
        _SAVE_AS,
    )
    return text


def _rows(text: str, notes: _Notes) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the line number and the cells by column name of every data row."""
    lines = text.splitlines(keepends=True)
    heading = next((at for at, line in enumerate(lines) if _tells(line)), None)
    if heading is None:
        notes.problem(0, "there is no heading line", "the columns are known by name", _HEADING)
        return
    delimiter = _delimiter(lines[heading])
    names = _names(lines[heading], delimiter, heading + 1, notes)
    if not names:
        return
    reader = csv.reader(lines[heading + 1 :], delimiter=delimiter)
    line = heading + 2
    for cells in reader:
        start, line = line, heading + 2 + reader.line_num
        values = [one_line(cell) for cell in cells]
        if not any(values) or values[0].startswith("#"):
            continue
        if len(values) != len(names) and (len(values) < len(names) or any(values[len(names) :])):
            notes.problem(
                start,
                f"the row has {len(values)} columns and the heading {len(names)}",
                "the line is cut off, or a cell with the separator in it lacks its quotes",
                "complete the row and put such cells in double quotes",
            )
            continue
        yield start, dict(zip(names, values, strict=False))


_HEADING = f"begin the file with the line {','.join(COLUMNS)}"


def _tells(line: str) -> bool:
    bare = line.strip().strip(",;\t")
    return bool(bare) and not bare.startswith("#") and not bare.lower().startswith("sep=")


def _delimiter(heading: str) -> str:
    return max(",;\t", key=lambda sign: sum(_bare(cell) in COLUMNS for cell in heading.split(sign)))


def _bare(cell: str) -> str:
    return cell.strip().strip('"').strip().lower()


def _names(heading: str, delimiter: str, line: int, notes: _Notes) -> list[str]:
    """Return the column names, or nothing when rows cannot be understood by them."""
    names = [_bare(cell) for cell in next(csv.reader(io.StringIO(heading), delimiter=delimiter))]
    while names and not names[-1]:
        names.pop()
    if not set(names) & set(COLUMNS):
        notes.problem(line, "there is no heading line", "the columns are known by name", _HEADING)
        return []
    for at, name in enumerate(names):
        if name not in COLUMNS:
            near = difflib.get_close_matches(name, COLUMNS, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"the columns are {', '.join(COLUMNS)}"
            notes.problem(
                line, f'the column "{name}" is not known', "its cells would be ignored", remedy
            )
        elif name in names[:at]:
            notes.problem(
                line, f'the column "{name}" stands twice', "one of them would be lost", "keep one"
            )
    for name in COLUMNS:
        if name not in names:
            notes.problem(line, f'the column "{name}" is missing', "every row needs it", _HEADING)
    return [] if notes.problems else names


def _commune(row: Mapping[str, str], line: int, notes: _Notes) -> Commune | None:
    before = len(notes.problems)
    for name in _NEEDED:
        if not row[name]:
            notes.problem(
                line, f"{name} is empty", "a commune cannot do without it", f"fill in {name}"
            )
    code = _code(row["code"], line, notes)
    valid_from = _day("valid_from", row, line, notes)
    valid_to = _day("valid_to", row, line, notes)
    if valid_from and valid_to and valid_to <= valid_from:
        notes.problem(
            line,
            f"valid_to {valid_to} is not after valid_from {valid_from}",
            "the commune would exist on no day",
            "write the first day on which it no longer exists, or leave valid_to empty",
        )
    kind = _kind(row["kind"], line, notes)
    _whole_letters(row, line, notes)
    emails = _addresses("emails", row, line, notes)
    chair = _addresses("chair_emails", row, line, notes)
    aliases = tuple(filter(None, (part.strip() for part in row["aliases"].split("|"))))
    if len(notes.problems) > before or valid_from is None:
        return None
    return Commune(code, valid_from, valid_to, kind, row["name"], emails, chair, aliases)


def _code(code: str, line: int, notes: _Notes) -> str:
    if code.isdecimal() and code.isascii() and len(code) not in _CODE_LENGTHS:
        lost = len(code) + 1 in _CODE_LENGTHS
        notes.problem(
            line,
            f"the code {code} has {len(code)} digits",
            "spreadsheets drop a leading 0" if lost else "codes of communes have five digits",
            f"write {'0' + code if lost else 'such as 06223'} and format the column as Text",
        )
    elif code and not _CODE.fullmatch(code):
        notes.problem(
            line,
            f'the code "{code}" is not a code',
            "it becomes part of receipt numbers: letters and digits only",
            "write such as 06223 and format the column as Text",
        )
    return code


def _day(name: str, row: Mapping[str, str], line: int, notes: _Notes) -> dt.date | None:
    if not row[name]:
        return None
    try:
        return read_day(row[name])
    except ValueError:
        notes.problem(
            line,
            f'{name} "{row[name]}" is no date',
            "a day, month and year are needed, the day before the month",
            "write such as 2020-01-01 or 01/01/2020",
        )
        return None


def _kind(kind: str, line: int, notes: _Notes) -> str:
    kind = kind.lower()
    if kind and kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, n=1, cutoff=0.5)
        notes.problem(
            line,
            f'the kind "{kind}" is not known',
            "the class word tells xã Cao Lộc from thị trấn Cao Lộc",
            f"did you mean {near[0]}?" if near else f"write one of: {', '.join(KINDS)}",
        )
    return kind


def _whole_letters(row: Mapping[str, str], line: int, notes: _Notes) -> None:
    for name in ("kind", "name", "aliases"):
        if "?" in row[name] or "\ufffd" in row[name]:
            notes.problem(
                line,
                f'{name} "{row[name]}" has lost letters',
                "the spreadsheet saved ? for letters that its encoding lacks",
                f"correct the name and {_SAVE_AS}",
            )


def _addresses(name: str, row: Mapping[str, str], line: int, notes: _Notes) -> tuple[str, ...]:
    found: list[str] = []
    for part in _parts(row[name]):
        if not is_address(part):
            notes.problem(
                line,
                f'{name}: "{part}" is no e-mail address',
                address_fault(part),
                "write such as hoacu@caoloc.example, several separated by a space",
            )
        elif tidy_address(part).lower() not in {known.lower() for known in found}:
            found.append(tidy_address(part))
    return tuple(found)


def _parts(cell: str) -> Sequence[str]:
    # A comma or semicolon between addresses is what people type; it cannot be part of one.
    return [part for part in re.split(r"[\s,;]+", cell) if part]
