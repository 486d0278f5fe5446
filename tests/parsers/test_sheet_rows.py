"""Rows found by patterns are the rows that the walk over the XML finds, or are left to it."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rigs.golden import CASES
from rigs.shipped import shipped_form

from parsers import sheet
from parsers.columns import captions_of, is_index
from parsers.grid import Extract
from parsers.reading import Refusal
from parsers.sheet_rows import (
    PLAIN_BYTES,
    OtherShapeError,
    plain_content,
    plain_sheet,
    plain_strings,
)
from parsers.vietnamese import _fold, folded_lines

FORM = shipped_form()
WORKBOOKS = sorted(CASES.glob("*/input*.xlsx"))


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], Extract | Refusal]:
    """What the walk alone makes of a workbook."""

    def extract(data: bytes) -> Extract | Refusal:
        with monkeypatch.context() as patch:
            patch.setattr(sheet, "plain_sheet", lambda _part: None)
            patch.setattr(sheet, "plain_strings", lambda _part: None)
            return sheet.extract(data)

    return extract


@pytest.mark.parametrize("path", WORKBOOKS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_golden_workbooks_are_the_same_either_way(path: Path, walked) -> None:
    data = path.read_bytes()
    assert sheet.extract(data) == walked(data)


def test_nearly_all_golden_workbooks_are_of_the_usual_shape() -> None:
    parts = []
    for path in WORKBOOKS:
        with zipfile.ZipFile(path) as book:
            parts += [
                _is_plain(book.read(name))
                for name in book.namelist()
                if name.startswith("xl/worksheets/sheet")
            ]
    assert sum(parts) > len(parts) * 0.9


def _is_plain(part: bytes) -> bool:
    plain = plain_sheet(part)
    try:
        written = {text for row in (plain.rows if plain else ()) for _, _, text in row.cells}
        return plain is not None and all(map(plain_content, written))
    except OtherShapeError:
        return False


HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
ROW = '<row r="1"><c r="A1" t="str"><v>Tên điểm</v></c><c r="B1"><v>{}</v></c></row>'
ROWS = {
    "a comment": ROW.format("<!-- 7 -->8"),
    "a cdata": ROW.format("<![CDATA[8]]>"),
    "a bracket": ROW.format("8]]>"),
    "an entity": ROW.format("&eight;"),
    "a letter that is none": ROW.format("&#1;"),
    "a letter beyond all": ROW.format("&#9999999;"),
    "a reference": ROW.format("&#56;"),
    "no number": ROW.format("1_0"),
    "spaces": ROW.format(" 8 "),
    "nothing": '<row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1"><v></v></c></row>',
    "no text": '<row r="1"><c r="A1" t="s"><v></v></c></row>',
    "a text too far": '<row r="1"><c r="A1" t="s"><v>7</v></c></row>',
    "twice": '<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
    "backwards": '<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
    "another row's": '<row r="1"><c r="A2"><v>1</v></c></row>',
    "rows backwards": '<row r="2"><c r="A2"><v>1</v></c></row><row r="1"><c r="A1"/></row>',
    "a last row of other shape": f'{ROW.format(8)}<row r="2"><c r="A2" vm="1"><v>1</v></c></row>',
    "too many digits": '<row r="12345678"><c r="A12345678"><v>1</v></c></row>',
    "a row that ends itself": '<row r="1"/><row r="2" ht="15" /><row r="3"><c r="A3"/></row>',
    "a row that ends itself with cells": '<row r="1"/><c r="A1"><v>1</v></c></row>',
    "an empty row": '<row r="1"></row><row r="2"><c r="A2"><v>1</v></c></row>',
    "no row": "",
    "a cell in a cell": '<row r="1"><c r="A1"><c r="B1"><v>1</v></c></c></row>',
    "dollars": '<row r="1"><c r="$A$1"><v>1</v></c></row>',
    "an address by reference": '<row r="1"><c r="&#65;1"><v>1</v></c></row>',
    "a number by reference": ROW.format("&#56;&#57;"),
    "a reference in a name": ROW.format("&amp;#57;"),
    "an attribute twice": '<row r="1" ht="1" ht="2"><c r="A1"><v>1</v></c></row>',
    "a prefix of nobody": '<row r="1" x14ac:dyDescent="1"><c r="A1"><v>1</v></c></row>',
    "hidden": '<row r="1" spans="1:2" hidden="1"><c r="A1"><v>1</v></c></row>',
    "no end": '<row r="1"><c r="A1"><v>1</v></c>',
    "an end too many": '<row r="1"><c r="A1"><v>1</v></c></row></row>',
    "between": '<row r="1"><c r="A1"><v>1</v></c></row>text<row r="2"><c r="A2"/></row>',
    "a row in a row": '<row r="1"><row r="2"><c r="A2"><v>1</v></c></row></row>',
    "other order": '<row r="1"><c t="str" r="A1"><v>a</v></c></row>',
    "no addresses": '<row><c t="str"><v>a</v></c><c><v>2</v></c></row>',
    "far": '<row r="9999999"><c r="A9999999"><v>1</v></c></row>',
    "wide": '<row r="1"><c r="ZZZ1"><v>1</v></c></row>',
    "formulas": '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1"><f>A1</f></c>'
    '<c r="C1"><f aca="false">A1</f><v/></c><c r="D1" t="str"><f>""</f><v></v></c>'
    '<c r="E1" t="s"><f>A1</f></c><c r="F1" t="s"><f>A1</f><v></v></c></row>',
    "in the cell": '<row r="1"><c r="A1" t="inlineStr"><is><t xml:space="preserve"> a &amp; b</t>'
    '</is></c><c r="B1" t="inlineStr"><f>1</f><is><t>c</t></is></c><c r="C1"><is><t>d</t></is></c>'
    '<c r="D1" t="inlineStr"><is><t>_x000D_e_x0041_</t></is></c></row>',
    "kinds": '<row r="1"><c r="A1" t="b"><v>1</v></c><c r="B1" t="e"><v>#REF!</v></c>'
    '<c r="C1" t="d"><v>2024-05-15</v></c><c r="D1" s="7" t="n"><v>45427</v></c></row>',
    "look-alikes": '<row r="1"><c r="A1" t="str"><v>\u01a3\u200b\u00a0\U0001f600</v></c></row>',
    "what XML forbids": '<row r="1"><c r="A1" t="str"><v>a\ufffe</v></c></row>',
    "line ends": '<row r="1"><c r="A1" t="str"><v>a\r\nb</v></c></row>',
    "dtd in the tail": '<row r="1"><c r="A1"><v>1</v></c></row>',
}


@pytest.mark.parametrize("name", ROWS)
def test_other_shapes_are_what_the_walk_says(name: str, walked) -> None:
    head = f'{HEAD}<cols><col min="2" max="2" hidden="1"/></cols>'
    tail = '<mergeCells><mergeCell ref="A1:B1"/></mergeCells></worksheet>'
    if name == "dtd in the tail":
        tail += '<!DOCTYPE a [<!ENTITY b "c">]>'
    data = _workbook(f"{head}<sheetData>{ROWS[name]}</sheetData>{tail}".encode())
    assert sheet.extract(data) == walked(data)


@pytest.mark.parametrize(
    "part",
    [
        f"{HEAD}<sheetData>{ROW.format(1)}</sheetData></worksheet>".encode("utf-16"),
        b'<?xml version="1.0" encoding="windows-1252"?>'
        + f"{HEAD}<sheetData>{ROW.format(1)}</sheetData></worksheet>".encode("cp1258", "replace"),
        HEAD.encode() + b"<sheetData>" + b"\xff" + b"</sheetData></worksheet>",
        HEAD.encode() + b" " * PLAIN_BYTES + b"<sheetData></sheetData></worksheet>",
    ],
)
def test_what_is_not_utf8_or_large_is_left_to_the_walk(part: bytes) -> None:
    assert plain_sheet(part) is None


def test_shared_texts_with_runs_are_left_to_the_walk() -> None:
    plain = b"<sst><si><t>a &amp; b</t></si><si><t/></si></sst>"
    assert plain_strings(plain) == (b"<sst></sst>", ["a & b", ""])
    assert plain_strings(plain.replace(b"<t/>", b"<r><t>c</t></r>")) is None
    assert plain_strings(plain.replace(b"</si><si>", b"</si> <si>")) is None


def _workbook(part: bytes) -> bytes:
    made = io.BytesIO()
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(made, "w") as book:
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{relations}"><Relationship Id="a" Target="xl/workbook.xml" '
            f'Type="{office}/officeDocument"/></Relationships>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{relations}"><Relationship Id="a" Target="sheet.xml" '
            f'Type="{office}/worksheet"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
            f'xmlns:r="{office}"><sheets><sheet name="Biểu" r:id="a"/></sheets></workbook>',
        )
        book.writestr("xl/sheet.xml", part)
    return made.getvalue()


# --- texts judged at once -------------------------------------------------------------------------

_LINES = st.text(st.characters(exclude_characters="\n", exclude_categories=("Cs",)))
_WORDS = st.lists(
    st.sampled_from(
        ["Tên điểm", "Diện tích", "m2", "triệu", "đồng", "1", "IV", "a", "ĐT", "SĐT", "sp", "đvt",
         "Kinh phí", "stt", "Địa chỉ", ".", ":", "số", "vnd", "m", "2", "(đồng)", "12", "đơn vị"]
    ), max_size=5,
).map(" ".join)  # fmt: skip


@given(st.lists(_LINES))
def test_lines_are_folded_together_as_one_by_one(lines: list[str]) -> None:
    assert folded_lines(lines) == list(map(_fold, lines)) or not lines


@given(st.lists(_WORDS | _LINES, min_size=1))
def test_what_is_strange_is_no_caption(texts: list[str]) -> None:
    captions = captions_of(FORM)
    captions.learn(texts)
    strange = [text for text in texts if captions.is_strange(text)]
    assert not any(captions._exactly(text) or is_index(text) for text in strange)


def test_values_are_strange_and_captions_are_not() -> None:
    captions = captions_of(FORM)
    names = [field.label for field in FORM.fields]
    captions.learn([*names, "STT", "Thôn Nà Lìn, xã Hòa Cư", "Mật ong rừng"])
    assert [name for name in [*names, "STT"] if captions.is_strange(name)] == []
    assert captions.is_strange("Mật ong rừng")
