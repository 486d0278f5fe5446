"""A nation's documents by the thousand: a few are made in full, the others bear other names.

`Files` runs in a process of its own, so that what makes the mails is no part of what is measured.
"""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape

from rigs.nation_roster import Unit

from intake.demo_documents import PLAIN, TWO_ROWS, Layout, Sender, pdf, word, workbook

_NAME, _KIND, _SERIAL = "MARKNAME", "MARKKIND", "MARKSERIAL"
_ON = dt.date(2024, 5, 15)
_POINT: Mapping[str, str] = {
    "owner_kind": "hợp tác xã",
    "registration_no": "4900812345",
    "representative": "Hoàng Thị Mai",
    "phone": "0912000101",
    "area_m2": "45.5",
    "products": "Mật ong rừng; Măng ớt ngâm",
    "stars": "4",
    "certified_on": "2023-06-15",
    "needs": "Kệ trưng bày, biển hiệu",
    "cost_total": "100000000",
    "cost_requested": "50000000",
}
NO_NEED = "không có nhu cầu đề nghị hỗ trợ Điểm giới thiệu và bán sản phẩm OCOP"


def _sender(name: str, kind: str, number: str) -> Sender:
    return Sender(name, number, _ON, class_word=kind)


def _entries(
    count: int, name: str, kind: str, serial: str, *, broken: bool
) -> list[dict[str, str]]:
    points = [
        {
            "name": f"Điểm OCOP {serial} số {number}",
            "address": f"Thôn {number}, {kind} {name}",
            "owner": f"Hợp tác xã số {number} {name}",
            **_POINT,
        }
        for number in range(1, count + 1)
    ]
    if broken:
        points[0]["phone"] = ""
    return points


@cache
def _book(layout: Layout, count: int, *, broken: bool) -> bytes:
    who = _sender(_NAME, _KIND, f"{_SERIAL}/UBND-KT")
    return workbook(layout, who, _entries(count, _NAME, _KIND, _SERIAL, broken=broken))


@cache
def _word(body: tuple[str, ...], count: int) -> bytes:
    who = _sender(_NAME, _KIND, f"{_SERIAL}/UBND-KT")
    points = _entries(count, _NAME, _KIND, _SERIAL, broken=False)
    return word(who, body, TWO_ROWS, points)


def _named(packed: bytes, unit: Unit, serial: int) -> bytes:
    """Return the Office file with this commune's name and this number in it."""
    made = io.BytesIO()
    changes = (
        (_NAME.encode(), unit.name.encode()),
        (_KIND.encode(), unit.kind.encode()),
        (_SERIAL.encode(), str(serial).encode()),
    )
    with (
        zipfile.ZipFile(io.BytesIO(packed)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for item in old.infolist():
            content = old.read(item)
            if b"MARK" in content:
                for mark, name in changes:
                    content = content.replace(mark, name)
            new.writestr(_as_ever(item.filename), content)
    return made.getvalue()


def _as_ever(name: str) -> zipfile.ZipInfo:
    """A member that bears no moment: whoever sends a file again sends the same bytes."""
    member = zipfile.ZipInfo(name)
    member.compress_type = zipfile.ZIP_DEFLATED
    return member


def a_workbook(unit: Unit, serial: int, points: int, *, rough: bool, broken: bool = False) -> bytes:
    """A workbook of the commune's own."""
    return _named(_book(TWO_ROWS if rough else PLAIN, points, broken=broken), unit, serial)


def _covering(points: int) -> tuple[str, ...]:
    return (
        "Kính gửi: Cơ quan chủ trì chương trình.",
        f"Ủy ban nhân dân đăng ký {points:02d} điểm, có danh sách kèm theo./.",
    )


def a_word_file(unit: Unit, serial: int, points: int) -> bytes:
    """Letter and table in one Word file."""
    return _named(_word(_covering(points), points), unit, serial)


def a_nil_letter(unit: Unit, serial: int) -> bytes:
    """A Word file that says in prose that there is no need."""
    body = (
        "Kính gửi: Cơ quan chủ trì chương trình.",
        f"Qua rà soát, trên địa bàn {NO_NEED}.",
        "Ủy ban nhân dân báo cáo theo quy định./.",
    )
    return _named(_word(body, 0), unit, serial)


def a_pdf(unit: Unit, serial: int, points: int) -> bytes:
    """Letter and table in a PDF with text."""
    who = _sender(unit.name, unit.kind, f"{serial}/UBND-KT")
    entries = _entries(points, unit.name, unit.kind, str(serial), broken=False)
    return pdf(who, _covering(points), TWO_ROWS, entries)


def a_letter(unit: Unit, serial: int, points: int) -> bytes:
    """The official letter alone, its table to follow."""
    return pdf(_sender(unit.name, unit.kind, f"{serial}/UBND-KT"), _covering(points), PLAIN, ())


def a_paper(unit: Unit, serial: int, title: str) -> bytes:
    """A paper of a dossier, as a PDF with text."""
    who = _sender(unit.name, unit.kind, f"{serial}/UBND-KT")
    return pdf(who, (f"{title} số {serial}.",), PLAIN, (), subject=title)


def a_scan(unit: Unit, serial: int, points: int) -> bytes:
    """Letter and table on paper, scanned at 200 dpi."""
    from rigs.scanner import Scan, encoded_pages, pdf_page, scan  # noqa: PLC0415  heavy

    page = pdf_page(a_pdf(unit, serial, points))
    return encoded_pages([scan(page, Scan(seed=serial))], "pdf", dpi=200)


def a_zip(files: Sequence[tuple[str, bytes]]) -> bytes:
    """A zip archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in files:
            new.writestr(_as_ever(name), data)
    return made.getvalue()


def filled_in(blank: bytes, serial: int, points: int, keys: Sequence[str], first: int = 9) -> bytes:
    """The official workbook with points typed into its empty cells, from column B on.

    As text, which every field takes: the cells are changed in place, as the thousandth part of what
    a spreadsheet program does.
    """
    entries = _entries(points, "trung tâm", "khu", str(serial), broken=False)
    values = {
        f"{chr(ord('B') + column)}{first + line}": entry[key]
        for line, entry in enumerate(entries)
        for column, key in enumerate(keys)
        if key in entry
    }
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(blank)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for item in old.infolist():
            content = old.read(item)
            if item.filename.endswith("worksheets/sheet1.xml"):
                content = _EMPTY.sub(lambda found: _typed(found, values), content)
            new.writestr(_as_ever(item.filename), content)
    return made.getvalue()


_EMPTY = re.compile(rb'<c r="([A-Z]+\d+)"((?: s="\d+")?)(?: t="n")?(?: ?/>|></c>)')


def _typed(found: re.Match[bytes], values: Mapping[str, str]) -> bytes:
    value = values.get(found[1].decode())
    if value is None:
        return found[0]
    text = escape(value).encode()
    head = b'<c r="' + found[1] + b'"' + found[2]
    return head + b' t="inlineStr"><is><t>' + text + b"</t></is></c>"
