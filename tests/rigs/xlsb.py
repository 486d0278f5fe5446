"""A workbook in Excel's binary packaging (MS-XLSB), as small as it can be: no library writes it."""

import io
import struct
import zipfile
from collections.abc import Sequence

_TYPES = """<?xml version="1.0"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.bin"
 ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>
<Override PartName="/xl/worksheets/sheet1.bin" ContentType="application/vnd.ms-excel.worksheet"/>
</Types>"""
_RELATION = """<?xml version="1.0"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Target="{target}"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"/>
</Relationships>"""
#: Record numbers of MS-XLSB 2.3.1.
_ROW, _REAL, _TEXT, _FORMULA_NUMBER = 0, 5, 6, 9
_SHEET, _SHEET_END, _BOOK, _BOOK_END = 129, 130, 131, 132
_SHEETS, _SHEETS_END, _DATA, _DATA_END, _SHEET_ENTRY = 143, 144, 145, 146, 156
#: Tokens of a formula without operands that asks for the day: TODAY() (MS-XLSB 2.5.97, PtgFunc).
TODAY = struct.pack("<BH", 0x21, 221)

Value = str | float | tuple[float, bytes] | None


def xlsb(rows: Sequence[Sequence[Value]], sheet: str = "Biểu 1") -> bytes:
    """Return a workbook of one sheet; a pair is a saved result and its formula's tokens."""
    entry = struct.pack("<II", 0, 1) + _wide("rId1") + _wide(sheet)
    book = (
        *(_record(number) for number in (_BOOK, _SHEETS)),
        _record(_SHEET_ENTRY, entry),
        *(_record(number) for number in (_SHEETS_END, _BOOK_END)),
    )
    cells = (piece for number, row in enumerate(rows) for piece in _row(number, row))
    data = (
        *(_record(number) for number in (_SHEET, _DATA)),
        *cells,
        *(_record(number) for number in (_DATA_END, _SHEET_END)),
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", _TYPES)
        main = _RELATION.format(target="xl/workbook.bin", kind="officeDocument")
        package.writestr("_rels/.rels", main)
        package.writestr("xl/workbook.bin", b"".join(book))
        part = _RELATION.format(target="worksheets/sheet1.bin", kind="worksheet")
        package.writestr("xl/_rels/workbook.bin.rels", part)
        package.writestr("xl/worksheets/sheet1.bin", b"".join(data))
    return out.getvalue()


def _row(number: int, values: Sequence[Value]) -> list[bytes]:
    pieces = [_record(_ROW, struct.pack("<IIHBBBI", number, 0, 300, 0, 0, 0, 0))]
    for column, value in enumerate(values):
        where = struct.pack("<II", column, 0)
        if isinstance(value, str):
            pieces.append(_record(_TEXT, where + _wide(value)))
        elif isinstance(value, tuple):
            result, tokens = value
            formula = struct.pack("<HI", 0, len(tokens)) + tokens + struct.pack("<I", 0)
            pieces.append(
                _record(_FORMULA_NUMBER, where + struct.pack("<d", result) + formula),
            )
        elif value is not None:
            pieces.append(_record(_REAL, where + struct.pack("<d", value)))
    return pieces


def _record(number: int, data: bytes = b"") -> bytes:
    return _variable(number) + _variable(len(data)) + data


def _variable(number: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first."""
    groups = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        groups.append(low | (0x80 if number else 0))
        if not number:
            return bytes(groups)


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")
