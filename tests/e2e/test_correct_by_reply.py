"""A commune corrects and confirms by replying, in whatever program it reads its mail."""

import datetime as dt
import functools
import io

import openpyxl
import pytest
from rigs.answering import (
    HOA_CU_MAIL,
    key_of,
    newest,
    state,
    with_communes,
)
from rigs.pictures import Column, Layout, draw
from rigs.replaying import comes_out_equal
from rigs.replies import reply
from rigs.scanner import Scan, encoded, scan
from rigs.whole import CAMPAIGN, mail, parsed, words, workbook_file

from notifier.report import gather

pytestmark = pytest.mark.e2e

HOUR = dt.timedelta(hours=1)
COLUMNS = (
    Column("STT", 0.5, "center"),
    Column("Tên điểm", 2.2),
    Column("Địa chỉ", 2.2),
    Column("Chủ thể quản lý", 2),
    Column("Người đại diện", 1.6),
    Column("Điện thoại", 1.4),
    Column("Diện tích (m2)", 0.9, "center"),
    Column("Sản phẩm OCOP", 1.6),
    Column("Hạng sao", 0.7, "center"),
    Column("Kinh phí đề nghị hỗ trợ", 1.2, "right"),
)
ROWS = (
    ("1", "Điểm bán hàng Hòa Cư", "Thôn Bản Lìm, xã Hòa Cư", "HTX Hòa Cư", "Nông Văn Bình",
     "0912 345 678", "45,5", "Mật ong hoa nhãn", "4", "150"),
    ("2", "Cửa hàng nông sản sạch", "Thôn Chè Lân, xã Hòa Cư", "Hộ kinh doanh Hoàng Thị Mai",
     "Hoàng Thị Mai", "0987 654 321", "32", "Cao khô vịt quay", "3", "80,5"),
)  # fmt: skip
ABOVE = (
    "DANH SÁCH ĐĂNG KÝ HỖ TRỢ ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM OCOP",
    "Đơn vị tính: triệu đồng",
)
POINT = {
    "name": "Điểm OCOP chợ Hòa Cư",
    "address": "Thôn Bản Lìm, xã Hòa Cư",
    "owner": "HTX Hòa Cư",
    "representative": "Nông Văn Bình",
    "phone": "0912345678",
    "area_m2": 45.5,
    "products": "Mật ong; Măng khô",
    "stars": 4,
    "cost_requested": 150000000,
}


@functools.cache
def scanned(rows: tuple[tuple[str, ...], ...] = ROWS) -> bytes:
    """A page as an office's scanner makes it: read, but not everywhere for certain."""
    page = draw(Layout(COLUMNS, above=ABOVE), rows)[0]
    how = Scan(dpi=200, angle=0.5)
    return encoded(scan(page.image, how), "jpeg", dpi=how.dpi)


def scan_file(data: bytes) -> list[tuple[str, str, bytes]]:
    return [("bieu quet.jpg", "image/jpeg", data)]


def last_to(office, recipient=HOA_CU_MAIL):
    return next(one.raw for one in reversed(office.sent) if recipient in one.recipients)


def attached(raw: bytes) -> dict[str, bytes]:
    return {part.get_filename(): part.get_content() for part in parsed(raw).iter_attachments()}


def folded(raw: bytes) -> str:
    return " ".join(words(raw).split())


def filled(blank: bytes, *points: dict[str, object]) -> bytes:
    """Type points into an official workbook, below its hidden row of keys."""
    book = openpyxl.load_workbook(io.BytesIO(blank))
    sheet = book.worksheets[0]
    at = keys(sheet)
    first = next(row for row in range(1, 40) if sheet.cell(row, 1).value == 1)
    for line, point in enumerate(points, start=first):
        for key, value in point.items():
            sheet.cell(line, at[key]).value = value
    return saved(book)


def keys(sheet) -> dict[str, int]:
    row = next(row for row in sheet.iter_rows(max_row=12) if any(c.value == "#name" for c in row))
    return {str(cell.value)[1:]: cell.column for cell in row if cell.value}


def saved(book) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def red_cells(data: bytes):
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    return [
        cell
        for row in sheet.iter_rows()
        for cell in row
        if cell.comment and str(cell.fill.fgColor.rgb).endswith("FF9C9C")
    ]


def corrected(data: bytes, **values: object) -> bytes:
    """Write into the red cells, as a person does."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    at = keys(sheet)
    red = {(cell.row, cell.column) for cell in red_cells(data)}
    for key, value in values.items():
        row = next(row for row, column in red if column == at[key])
        sheet.cell(row, at[key]).value = value
    return saved(book)


def send_official(office, *points: dict[str, object]) -> bytes:
    """Launch the campaign, fill in the workbook that the call brought, send it; the answer."""
    office.store.launch(CAMPAIGN, "officer", office.now)
    office.tick()
    call = last_to(office)
    (blank,) = attached(call).values()
    files = workbook_file(filled(blank, *points))
    office.deliver(reply("outlook-vi", call, "Gửi biểu.", sender=HOA_CU_MAIL, files=files))
    office.tick(office.now + HOUR)
    return last_to(office)


@pytest.mark.parametrize(
    "program", ["outlook", "outlook-html", "gmail", "iphone", "samsung", "thunderbird-below"]
)
def test_a_commune_files_errs_and_corrects_by_reply(office, program):
    """By the official workbook; the red cell is corrected; the answer shows what changed."""
    with_communes(office, "06223")
    first = send_official(office, POINT | {"stars": 7}, POINT | {"name": "Quầy 2", "area_m2": 12})
    assert "[Cần sửa 1 chỗ]" in parsed(first)["Subject"]
    ((name, book),) = attached(first).items()
    assert name == f"Bieu can sua {CAMPAIGN} 06223 lan 1.xlsx"
    (red,) = red_cells(book)
    assert "CẦN SỬA" in red.comment.text
    assert name in folded(first)
    again = workbook_file(corrected(book, stars=4), name)
    office.deliver(reply(program, first, "Gửi lại biểu đã sửa.", sender=HOA_CU_MAIL, files=again))
    office.tick(office.now + HOUR)
    second = last_to(office)
    assert "[Đã nhận]" in parsed(second)["Subject"]
    assert "OCOP2-06223-02" in parsed(second)["Subject"]
    told = folded(second)
    assert "THAY ĐỔI SO VỚI BẢN TRƯỚC" in told
    assert "Điểm 1: Điểm OCOP chợ Hòa Cư – Hạng sao" in told
    assert "Bản này: 4 sao" in told
    assert attached(second) == {}
    assert state(office) == "registered"
    version = office.store.current_submission(CAMPAIGN, key_of(office, "06223"))
    assert (version.version, len(version.points)) == (2, 2)
    assert set(version.points[0].row.confidence.values()) == {1.0}
    assert "0912345678" not in told
    assert "Nông Văn Bình" not in told


@pytest.mark.parametrize(
    ("program", "threaded"), [("outlook-vi", True), ("gmail", False), ("iphone", True)]
)
def test_a_scan_is_confirmed_by_one_word(office, program, threaded):
    """The values are certain then; what was read, and by which message it was confirmed, stays."""
    office.deliver(mail(HOA_CU_MAIL, files=scan_file(scanned())))
    office.tick()
    asked = last_to(office)
    assert "[Đã nhận]" in parsed(asked)["Subject"]
    told = folded(asked)
    assert "NỘI DUNG CẦN ĐƠN VỊ XÁC NHẬN" in told
    assert "Điểm bán hàng Hòa Cư – Tên điểm" in told
    assert "chỉ ghi một chữ “ĐÚNG”" in told
    assert "0987654321" not in told
    assert list(attached(asked)) == [f"Bieu can sua {CAMPAIGN} 06223 lan 1.xlsx"]
    key = key_of(office, "06223")
    before = office.store.current_submission(CAMPAIGN, key)
    office.deliver(reply(program, asked, "ĐÚNG", sender=HOA_CU_MAIL, threaded=threaded))
    office.tick(office.now + HOUR)
    after = office.store.current_submission(CAMPAIGN, key)
    assert (after.version, after.state, after.late) == (2, "registered", False)
    assert [p.row.values for p in after.points] == [p.row.values for p in before.points]
    assert min(min(p.row.confidence.values()) for p in before.points) < 0.9
    assert min(min(p.row.confidence.values()) for p in after.points) >= 0.9
    assert [one.code for one in after.findings] == ["confirmed"]
    assert newest(office).id == after.message_id
    assert (newest(office).verdict, after.source_id) == ("confirmation", before.message_id)
    subject = parsed(last_to(office))["Subject"]
    assert subject.startswith("[Đã xác nhận] 2 điểm")
    assert after.receipt in subject
    inputs = gather(office.store, office.config, office.config.campaign(CAMPAIGN), office.now)
    counted = next(one.counted for one in inputs.communes if one.code == "06223")
    assert counted.receipt == after.receipt
    assert {point.file for point in counted.points} == {"bieu quet.jpg"}


def test_what_was_confirmed_and_corrected_comes_out_equal_when_played_again(office, tmp_path):
    """A workbook, a yes to what is old by now, one that counts, a version taken back."""
    with_communes(office, "06223", "06235")
    first = send_official(office, POINT | {"stars": 7})
    ((name, book),) = attached(first).items()
    again = workbook_file(corrected(book, stars=4), name)
    office.deliver(reply("gmail", first, "Bản sửa.", sender=HOA_CU_MAIL, files=again))
    office.tick(office.now + HOUR)
    office.deliver(reply("gmail", first, "ĐÚNG", sender=HOA_CU_MAIL))
    office.tick(office.now + HOUR)
    office.deliver(mail(HOA_CU_MAIL, files=scan_file(scanned())))
    office.tick(office.now + HOUR)
    asked = newest(office)
    office.deliver(reply("outlook", last_to(office), "Đúng ạ", sender=HOA_CU_MAIL))
    office.tick(office.now + HOUR)
    assert [one.ack for one in sorted(office.store.messages(), key=lambda one: one.id)] == [
        "needs-fix",
        "registered",
        "confirm-older",
        "registered",
        "confirmed",
    ]
    comes_out_equal(office, tmp_path / "new")
    office.store.reject(asked.id, "the wrong sheet", "officer", office.now)
    office.tick(office.now + HOUR)
    key = key_of(office, "06223")
    assert [one.withdrawn for one in office.store.submissions(CAMPAIGN, key)] == [
        False,
        False,
        True,
        True,
    ]
    comes_out_equal(office, tmp_path / "newer")
