"""What bytes are, by content: names lie, and each refusal tells what to send instead."""

import io
import zipfile
from pathlib import Path

import msoffcrypto.format.ooxml
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.reading import Refusal
from parsers.sniff import has_pages, sniff, unsupported

DATA = Path(__file__).parent / "data"


def refused(data: bytes, name: str) -> Refusal:
    found = sniff(data, name)
    return found.refusal or unsupported(found.kind)


def _zip(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, content in members.items():
            package.writestr(name, content)
    return buffer.getvalue()


def _workbook() -> bytes:
    buffer = io.BytesIO()
    openpyxl.Workbook().save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("form.xlsx", "xlsx"),
        ("form.docx", "docx"),
        ("form_docx.pdf", "pdf"),
        ("form.xls", "xls"),
        ("form.ods", "ods"),
        ("csv_cp1258.csv", "csv"),
        ("csv_utf16.csv", "csv"),
    ],
)
def test_readable_kinds_pass(name: str, kind: str) -> None:
    found = sniff((DATA / name).read_bytes(), "ảnh.jpg")
    assert (found.kind, found.refusal) == (kind, None)


TABLE = "STT;Tên điểm;Địa chỉ\n1;A;B\n2;C;D\n"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (TABLE.encode(), "csv"),
        (TABLE.encode("utf-16"), "csv"),
        (TABLE.replace(";", "\t").encode("utf-16-le"), "csv"),
        (b"Kinh gui Phong Kinh te, Ha tang,\nxa Hoa Cu, khong co, nhu cau.", "text"),
        ("Kính gửi Phòng Kinh tế\nXã không có nhu cầu.".encode(), "text"),
        (b"<html><body><table><tr><td>STT</td></tr></table>", "html"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
         "xml"),
        (b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body/>', "html"),
        (b'<?xml?><o:document o:mimetype="application/vnd.oasis.opendocument.spreadsheet"/>',
         "fods"),
        (b'<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument/>',
         "wordml"),
        (b'<?xml version="1.0"?><svg/>', "unknown"),
    ],
)  # fmt: skip
def test_kinds_of_text(data: bytes, kind: str) -> None:
    found = sniff(data, "bieu.xls")
    assert (found.kind, found.refusal) == (kind, None)


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (b"", "empty", "empty"),
        (b"\0" * 500, "empty", "empty"),
        (b" \r\n\t", "empty", "empty"),
        (b"\xff\xd8\xff\xe0 JFIF", "jpeg", "unreadable"),
        (b"\x89PNG\r\n\x1a\n....", "png", "unreadable"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "heic", "unreadable"),
        (b"II*\0\x08\0\0\0", "tiff", "unreadable"),
        (b"MZ\x90\0\x03", "exe", "unsupported"),
        (b"From: a@b.example\r\nSubject: x\r\n\r\nbody", "eml", "unsupported"),
        (_zip(**{"danh sach.xls": "x"}), "zip", "unsupported"),
        (_zip(mimetype="application/vnd.oasis.opendocument.text"), "odt", "unsupported"),
    ],
)
def test_other_kinds_are_refused_with_advice(data: bytes, kind: str, code: str) -> None:
    found = refused(data, "bieu.xlsx")
    assert (found.kind, found.code) == (kind, code)
    assert "Đề nghị" in found.message
    assert found.detail.isascii()


def _locked_workbook() -> bytes:
    buffer = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(_workbook())).encrypt("mật khẩu", buffer)
    return buffer.getvalue()


def test_fault_050_password_protected_workbook() -> None:
    """An encrypted xlsx is an OLE file: told apart from a broken one, with what to do."""
    found = sniff(_locked_workbook(), "bieu.xlsx")
    assert found.refusal is not None
    assert found.refusal.code == "encrypted"
    assert "bỏ mật khẩu" in found.refusal.message


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"<html><body><table><tr><td>STT</td></tr></table>", "bieu.xls", "html"),
        (b"{\\rtf1\\ansi Kinh gui}", "cong van.doc", "rtf"),
        (TABLE.encode(), "bieu.xls", "csv"),
        ((DATA / "form.xls").read_bytes(), "bieu.xlsx", "xls"),
        ((DATA / "form.ods").read_bytes(), "bieu.xlsx", "ods"),
        ((DATA / "form.doc").read_bytes(), "bieu.docx", "doc"),
    ],
)
def test_fault_069_wrong_suffix(data: bytes, name: str, kind: str) -> None:
    """An .xls that is HTML or CSV, a .doc that is RTF: sniffed by content."""
    found = sniff(data, name)
    assert (found.kind, found.refusal) == (kind, None)


@pytest.mark.parametrize("kind", ["xlsb", "fods", "wordml", "doc", "odt", "rtf"])
def test_kinds_that_office_can_save_as_another_say_which(kind: str) -> None:
    message = unsupported(kind).message
    assert "Lưu thành" in message
    assert ".xlsx" in message or ".docx" in message


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (_zip(mimetype="application/vnd.oasis.opendocument.text-template"), "odt"),
        (_zip(mimetype="application/vnd.oasis.opendocument.spreadsheet-template"), "ods"),
        (b'<office:document office:mimetype="application/vnd.oasis.opendocument.text">', "fodt"),
        (b'<office:document office:mimetype="application/vnd.oasis.opendocument.spreadsheet">',
         "fods"),
        (b'<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml">',
         "wordml"),
    ],
)  # fmt: skip
def test_templates_and_documents_in_one_xml_file(data: bytes, kind: str) -> None:
    found = sniff(data, "mẫu.xml")
    assert (found.kind, found.refusal) == (kind, None)


def test_fault_069_xlsx_named_xls_is_read() -> None:
    """An xlsx renamed to .xls is an xlsx."""
    found = sniff((DATA / "form.xlsx").read_bytes(), "bieu.xls")
    assert (found.kind, found.refusal) == ("xlsx", None)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"Rar!\x1a\x07\x01\0 rest", "rar"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "7z"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "gz"),
    ],
)
def test_fault_073_archives_get_a_helpful_reply(data: bytes, kind: str) -> None:
    """RAR, 7z and the like are listed as unsupported, with what to do."""
    found = refused(data, "ho so.zip")
    assert found.kind == kind
    assert found.code == "unsupported"
    assert "giải nén" in found.message


def test_fault_073_encrypted_zip() -> None:
    """A zip with a password says so."""
    data = bytearray(_zip(**{"a.txt": "x"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    found = sniff(bytes(data), "a.zip")
    assert found.refusal is not None
    assert found.refusal.code == "encrypted"


@pytest.mark.parametrize("name", ["form.xlsx", "form.docx", "form.xls"])
def test_fault_074_truncated_container_is_damaged(name: str) -> None:
    """A file cut anywhere is refused, mostly as damaged, and never raises."""
    data = (DATA / name).read_bytes()
    for twentieth in range(1, 20):
        found = refused(data[: len(data) * twentieth // 20], name)
        assert found.code in {"damaged", "unsupported", "encrypted"}


STARTS = (b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"From: a\r\n")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(STARTS), st.binary(max_size=600))
def test_any_bytes_have_a_kind(start: bytes, rest: bytes) -> None:
    found = sniff(start + rest)
    assert found.kind
    codes = {"empty", "damaged", "encrypted"}
    assert found.refusal is None or found.refusal.code in codes


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"%PDF-1.7 ...", True),
        (b"\xff\xd8\xff\xe0 JFIF", True),
        (b"II*\0\x08\0\0\0", True),
        (_workbook(), False),
        (b"{\\rtf1", False),
        (b"", False),
    ],
)
def test_what_may_have_to_be_looked_at(data: bytes, seen: bool) -> None:
    assert has_pages(data) is seen
