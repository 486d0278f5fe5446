"""Official workbooks as communes return them: filled in, taken through other programs, changed."""

import io
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet
from rigs import office as rig

from config.model import Campaign
from notifier.fill_in import fill_in_workbook

CONFIG = rig.office()
CAMPAIGN = CONFIG.campaigns[0]
OFFICE = CONFIG.settings.office
#: The line of a workbook's hidden keys, and of its first point.
KEYS, FIRST = 6, 9
_FILTERS = {"xlsx": "xlsx:Calc MS Excel 2007 XML", "ods": "ods", "xls": "xls:MS Excel 97"}

Point = Mapping[str, Any]


def blank(name: str = "Hòa Cư", campaign: Campaign = CAMPAIGN, secret: bytes = rig.SECRET) -> bytes:
    return fill_in_workbook(campaign, rig.commune(CONFIG, name), OFFICE, secret)


def opened(data: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(data))


def saved(book: openpyxl.Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def columns(sheet: Worksheet, line: int = KEYS) -> dict[str, int]:
    """The sheet's columns by their keys."""
    return {str(cell.value)[1:]: cell.column for cell in sheet[line] if cell.value}


def fill(data: bytes, points: Sequence[Point], *, skipped: int = 0) -> bytes:
    """Type the points into a workbook as a clerk does, one a row, below so many rows."""
    book = opened(data)
    sheet = book.worksheets[0]
    at = columns(sheet)
    for line, point in enumerate(points, start=FIRST + skipped):
        for key, value in point.items():
            cell = sheet.cell(line, at[key])
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"  # also what begins with "="
    return saved(book)


def insert_rows(sheet: Worksheet, before: int, count: int) -> None:
    """Insert rows; what is merged below moves down with them, as in every program but openpyxl."""
    below = [one for one in sheet.merged_cells.ranges if one.min_row >= before]
    for merged in below:
        sheet.unmerge_cells(str(merged))
    sheet.insert_rows(before, count)
    for merged in below:
        merged.shift(row_shift=count)
        sheet.merge_cells(str(merged))


def converted(sources: Mapping[str, bytes], extension: str) -> dict[str, bytes]:
    """Open files in LibreOffice and save them as this kind."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in sources.items():
            (Path(folder) / f"{name}.xlsx").write_bytes(data)
        command = [
            "soffice",
            f"-env:UserInstallation=file://{folder}/profile",
            "--headless",
            "--convert-to",
            _FILTERS.get(extension, extension),
            "--outdir",
            f"{folder}/out",
            *(f"{folder}/{name}.xlsx" for name in sources),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        return {
            name: (Path(folder) / "out" / f"{name}.{extension}").read_bytes() for name in sources
        }
