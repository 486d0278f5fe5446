"""Papers as text: separated values, HTML as Word, Excel and mail programs save it, XML of 2003."""

import csv
import datetime as dt
import io
import unicodedata
from html import escape
from itertools import zip_longest

from golden.makers.paper import Box, Paper, Sheet

#: Line separators and encodings as programs choose them.
CSV_WAYS = {
    "utf-8": (",", "utf-8"),
    "bom": (";", "utf-8-sig"),
    "utf-16": ("\t", "utf-16"),
    "cp1258": (";", "cp1258"),
    "tab": ("\t", "utf-8"),
}


def separated(paper: Paper, way: str) -> bytes:
    """Return separated values; covered cells are empty fields."""
    delimiter, encoding = CSV_WAYS[way]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    for sheet in paper.sheets:
        for line in sheet.above:
            writer.writerow([line[0], *[""] * (sheet.width - 1 - len(line[1:])), *line[1:]])
        for row in sheet.rows:
            writer.writerow([box.text if box else "" for box in row])
        for line in sheet.below:
            writer.writerow([line[0], *[""] * (sheet.width - 1 - len(line[1:])), *line[1:]])
    return encoded(out.getvalue(), encoding)


def encoded(text: str, encoding: str) -> bytes:
    """Encode, for cp1258 with its combining tone marks."""
    if encoding != "cp1258":
        return text.encode(encoding)
    composed = unicodedata.normalize("NFC", text)
    return "".join(map(_cp1258, composed)).encode("cp1258")


def _cp1258(letter: str) -> str:
    """Return a letter as cp1258 can hold it: base letter, then the tone mark."""
    try:
        letter.encode("cp1258")
    except UnicodeEncodeError:
        parts = unicodedata.normalize("NFD", letter)
        base = unicodedata.normalize("NFC", "".join(p for p in parts if p not in _TONES))
        return base + "".join(p for p in parts if p in _TONES)
    return letter


_TONES = "\u0300\u0301\u0303\u0309\u0323"
_HTML_HEAD = (
    '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head>'
    '<meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body>'
)


def html(paper: Paper) -> bytes:
    """Return a page as Excel saves it: tables with spans, lines as paragraphs."""
    parts = [_HTML_HEAD]
    for sheet in paper.sheets:
        parts += [_line(line) for line in sheet.above]
        parts += ["<table border=1 cellspacing=0>", *map(_html_row, sheet.rows), "</table>"]
        parts += [_line(line) for line in sheet.below]
    return ("\n".join(parts) + "</body></html>\n").encode()


def mail_html(paper: Paper) -> bytes:
    """Return a page as a mail program makes it: the list pasted inside a table for the looks."""
    body = html(paper).decode().partition("<body>")[2].partition("</body>")[0]
    text = (
        '<html><body><div dir="ltr"><div>Kính gửi anh chị, xã gửi danh sách ạ.</div>'
        f'<table width="100%"><tr><td>{body}</td></tr></table>'
        "<div>Trân trọng!</div></div></body></html>"
    )
    return text.encode()


def _line(line: tuple[str, ...]) -> str:
    return f"<p>{escape('   '.join(line)).strip() or '&nbsp;'}</p>"


def _html_row(row: list[Box | None]) -> str:
    cells = []
    for box in row:
        if box is None:
            continue
        spans = f' rowspan="{box.down}"' * (box.down > 1) + f' colspan="{box.across}"' * (
            box.across > 1
        )
        text = escape(box.text).replace("\n", "<br>") or "&nbsp;"
        cells.append(f"<td{spans}>{text}</td>")
    return f"<tr>{''.join(cells)}</tr>"


_XML_HEAD = (
    '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
    '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"'
    ' xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">\n'
)


def xml_2003(paper: Paper) -> bytes:
    """Return an XML spreadsheet of 2003: rows and cells that skip what is empty or covered."""
    parts = [_XML_HEAD]
    for sheet in paper.sheets:
        parts.append(f'<Worksheet ss:Name="{escape(sheet.name)}"><Table>')
        parts += [_xml_line(line, sheet) for line in sheet.above]
        parts += [_xml_row(row) for row in sheet.rows]
        parts += [_xml_line(line, sheet) for line in sheet.below]
        parts.append("</Table></Worksheet>")
    return ("\n".join(parts) + "</Workbook>\n").encode()


def _xml_line(line: tuple[str, ...], sheet: Sheet) -> str:
    places = (1, max(2, sheet.width - 3))
    cells = [
        f'<Cell ss:Index="{at}"><Data ss:Type="String">{escape(text)}</Data></Cell>'
        for text, at in zip_longest(line, places[: len(line)], fillvalue="")
        if text
    ]
    return f"<Row>{''.join(cells)}</Row>"


def _xml_row(row: list[Box | None]) -> str:
    cells = []
    for at, box in enumerate(row, 1):
        if box is None or (box.value is None and box.across == box.down == 1):
            continue
        merged = f' ss:MergeDown="{box.down - 1}"' * (box.down > 1)
        merged += f' ss:MergeAcross="{box.across - 1}"' * (box.across > 1)
        cells.append(f'<Cell ss:Index="{at}"{merged}>{_xml_data(box)}</Cell>')
    return f"<Row>{''.join(cells)}</Row>"


def _xml_data(box: Box) -> str:
    if isinstance(box.value, dt.date):
        return f'<Data ss:Type="DateTime">{box.value:%Y-%m-%d}T00:00:00.000</Data>'
    if isinstance(box.value, int | float):
        return f'<Data ss:Type="Number">{box.value}</Data>'
    text = escape(box.text).replace("\n", "&#10;")
    return f'<Data ss:Type="String">{text}</Data>' if text else ""
