"""From parts to documents (FAULTS B): nothing is read twice, nothing disappears silently."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs import letters
from rigs.ocop_form import FORM

import parsers
from config.model import Limits
from intake.message import parse
from intake.unpack import Unpacked, unpack
from parsers import tnef
from parsers.container import Opened, Room, open_container, wrapping
from parsers.reading import Reading, Refusal

PNG = b"\x89PNG\r\n\x1a\n"


def opened(data: bytes, name: str, room: Room) -> Opened | Refusal | None:
    """What a worker of the jail does, without one."""
    return open_container(data, name, room)


def take(*parts: bytes, text: str = "x", kind: str = "text/plain", **limits: object) -> Unpacked:
    raw = letters.multipart([letters.words(text, kind), *parts])
    budget = Limits(**limits)  # type: ignore[arg-type]
    return unpack(parse(raw, budget), budget, opened)


def test_documents_in_the_order_of_the_mail() -> None:
    unpacked = take(letters.file("a.xlsx", b"a" * 99), letters.file("b.docx", b"b" * 99))
    assert [part.name for part in unpacked.files] == ["a.xlsx", "b.docx"]
    assert unpacked.notes == ()


def test_the_same_bytes_count_once_also_from_a_forwarded_mail() -> None:
    inner = letters.multipart([letters.words("x"), letters.file("c.xlsx")])
    files, notes, _ = take(letters.file("a.xlsx"), letters.file("b.xlsx"), letters.forwarded(inner))
    assert [part.name for part in files] == ["a.xlsx"]
    assert [(note.code, note.name) for note in notes] == [
        ("same-file", "b.xlsx"),
        ("same-file", "c.xlsx"),
    ]


def test_three_files_of_one_name_stay_three() -> None:
    files, *_ = take(*(letters.file("bieu.xlsx", bytes([n]) * 99) for n in range(3)))
    assert [part.name for part in files] == ["bieu.xlsx", "bieu (2).xlsx", "bieu (3).xlsx"]


def test_logos_and_icons_are_no_documents_when_there_are_others() -> None:
    logo = letters.file("image001.png", PNG + b"l" * 40_000, "image/png", disposition="inline")
    icon = letters.file("zalo.png", PNG, "image/png")
    files, notes, _ = take(letters.file(), logo, icon)
    assert [part.name for part in files] == ["bieu.xlsx"]
    assert [note.code for note in notes] == ["picture", "picture"]


def test_a_picture_in_the_text_is_a_document_when_it_is_all_there_is() -> None:
    """A photographed form that was pasted into the mail."""
    photo = letters.file(
        "image001.jpg", b"\xff\xd8\xff" + b"p" * 90_000, "image/jpeg", disposition="inline"
    )
    files, *_ = take(photo)
    assert [part.name for part in files] == ["image001.jpg"]
    big = letters.file(
        "image002.jpg", b"\xff\xd8\xff" + b"q" * 400_000, "image/jpeg", disposition="inline"
    )
    assert len(take(letters.file(), big).files) == 2


@pytest.mark.parametrize("first", ["shown", "attached"])
def test_a_scan_that_the_text_shows_and_that_is_attached_is_one_document(first: str) -> None:
    scan = b"\xff\xd8\xff" + b"s" * 90_000
    shown = letters.file("scan.jpg", scan, "image/jpeg", disposition="inline")
    attached = letters.file("scan.jpg", scan, "image/jpeg")
    both = [shown, attached] if first == "shown" else [attached, shown]
    files, notes, _ = take(*both)
    assert [part.name for part in files] == ["scan.jpg"]
    assert [note.code for note in notes] == ["picture"]


def test_a_small_tiff_is_a_page_and_no_icon() -> None:
    """A sparse letter in black and white, as scanners pack it."""
    files, notes, _ = take(letters.file("cv.tif", b"II*\0" + b"x" * 6_000, "image/tiff"))
    assert [part.name for part in files] == ["cv.tif"]
    assert notes == ()


def test_trifles_of_mailers_are_left_out() -> None:
    trifles = [
        letters.file("smime.p7s", b"0\x80" * 900, "application/pkcs7-signature"),
        letters.file("invite.ics", b"BEGIN:VCALENDAR", "text/calendar"),
        letters.file("an.vcf", b"BEGIN:VCARD", "text/x-vcard"),
        letters.file("ATT00001.txt", b"\r\n", "text/plain"),
    ]
    files, notes, _ = take(letters.file(), *trifles)
    assert len(files) == 1
    assert [note.code for note in notes] == ["trifle"] * 4


def test_fault_042_winmail_dat_is_opened() -> None:
    """The file inside under its long name; a damaged envelope stays a document to be refused."""
    assert [
        (part.name, part.data) for part in take(letters.file("winmail.dat", winmail())).files
    ] == [("Biểu đăng ký.xlsx", letters.BIG)]
    for broken in (winmail()[:40], winmail()[:6], struct.pack("<IH", 0x223E9F78, 1) + b"\xff" * 40):
        assert [part.name for part in take(letters.file("winmail.dat", broken)).files] == [
            "winmail.dat"
        ]


def winmail() -> bytes:
    def attribute(identity: int, value: bytes) -> bytes:
        return struct.pack("<BII", 2, identity, len(value)) + value + b"\0\0"

    long_name = "Biểu đăng ký.xlsx\0".encode("utf-16-le")
    properties = struct.pack("<IIII", 1, 0x3707001F, 1, len(long_name)) + long_name
    return (
        struct.pack("<IH", 0x223E9F78, 1)
        + attribute(0x00069002, b"\0" * 14)
        + attribute(0x00018010, b"BIEU~1.XLS\0")
        + attribute(0x0006800F, letters.BIG)
        + attribute(0x00069005, properties)
    )


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 60))
def test_tnef_of_any_bytes_is_some_list_of_files(noise: bytes, at: int) -> None:
    data = winmail()[:at] + noise
    if wrapping(data, "winmail.dat"):
        found = open_container(data, "winmail.dat")
        assert found is None or isinstance(found, Opened)
        unpacked = take(letters.file("winmail.dat", data))
        assert unpacked.files or unpacked.notes


def test_winmail_with_files_without_end_is_not_walked() -> None:
    """An attribute of eleven bytes makes a file: some are taken, and a message has its budget."""
    rendering = b"\x02" + struct.pack("<II", 0x00069002, 0) + b"\0\0"
    content = b"\x02" + struct.pack("<II", 0x0006800F, 1) + b"x\0\0"
    data = struct.pack("<IH", 0x223E9F78, 1) + (rendering + content) * 300_000
    assert len(tnef.files(data)) == 5_000
    parsed = parse(letters.multipart([letters.file("winmail.dat", data)]), Limits())
    unpacked = unpack(parsed, Limits(), opened)
    assert unpacked.files == ()
    assert [note.code for note in unpacked.notes] == ["too-large"]


def test_fault_044_encrypted_is_noted_for_the_sender() -> None:
    """The note asks, in Vietnamese, to send it unencrypted."""
    parsed = parse(letters.plain("-----BEGIN PGP MESSAGE-----\nabc"), Limits())
    (note,) = unpack(parsed, Limits(), opened).notes
    assert note.code == "encrypted"
    assert "không mã hóa" in note.message


def test_fault_046_table_of_the_body_is_offered_as_a_document() -> None:
    """Only when nothing is attached."""
    row = "<tr><td>1</td><td>Chợ</td><td>50</td></tr>"
    page = f"<table>{row * 3}</table>"
    (part,) = take(text=page, kind="text/html").files
    assert (part.content_type, row.encode() in part.data) == ("text/html", True)
    assert [each.name for each in take(letters.file(), text=page, kind="text/html").files] == [
        "bieu.xlsx"
    ]


@pytest.mark.parametrize(
    "beside",
    [
        letters.file("logo.png", PNG + b"l" * 3_000, "image/png", disposition="inline"),
        letters.file("an.vcf", b"BEGIN:VCARD", "text/x-vcard"),
    ],
)
def test_a_table_of_the_body_is_a_document_also_beside_what_signatures_bring(beside: bytes) -> None:
    page = f"<table>{'<tr><td>1</td><td>Chợ</td><td>50</td></tr>' * 3}</table>"
    (part,) = take(beside, text=page, kind="text/html").files
    assert part.content_type == "text/html"


def test_fault_046_table_of_the_body_is_read() -> None:
    """As Outlook writes it when cells of Excel are pasted, with its own charset claim."""
    cell = "<td style='border:solid windowtext 1.0pt'><p class=MsoNormal>{}<o:p></o:p></p></td>"
    head = ("STT", "Tên điểm", "Địa chỉ", "Chủ thể quản lý", "Điện thoại", "Diện tích (m2)")
    line = ("1", "Điểm OCOP chợ Kỳ Lừa", "Thôn 1", "HTX A", "0912345678", "45,5")
    rows = "".join(f"<tr>{''.join(map(cell.format, each))}</tr>" for each in (head, line))
    page = (
        "<html><head><meta http-equiv=Content-Type content='text/html; charset=us-ascii'></head>"
        f"<body><p>Kính gửi Phòng,</p><table border=0 class=MsoNormalTable>{rows}</table></body>"
    )
    (part,) = take(text=page, kind="text/html").files
    reading = parsers.read(part.data, FORM, name=part.name)
    assert isinstance(reading, Reading)
    (row,) = reading.rows
    assert (row.values["name"], row.values["area_m2"]) == ("Điểm OCOP chợ Kỳ Lừa", "45.5")
    assert row.places["name"] == "table 1, row 2, cell 2"


def test_fault_049_fifty_attachments_and_one_more() -> None:
    """Fifty are taken; each one beyond is named, never dropped silently."""
    files = [letters.file(f"b{n}.xlsx", bytes([n]) * 99) for n in range(52)]
    unpacked = take(*files, documents=50)
    assert len(unpacked.files) == 50
    assert [(note.code, note.name) for note in unpacked.notes] == [
        ("too-many", "b50.xlsx"),
        ("too-many", "b51.xlsx"),
    ]


@pytest.mark.parametrize("limits", [{"document_bytes": 1_000}, {"message_bytes": 1_000}])
def test_a_file_over_the_budget_is_named(limits: dict[str, int]) -> None:
    files, notes, _ = take(
        letters.file("lon.xlsx", b"x" * 2_000), letters.file("nho.xlsx", b"y" * 10), **limits
    )
    assert [part.name for part in files] == ["nho.xlsx"]
    assert [(note.code, note.name) for note in notes] == [("too-large", "lon.xlsx")]
    assert "MB" in notes[0].message
