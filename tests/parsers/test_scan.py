"""Scans and photos: the grid is right at any angle, bad pictures give nothing but advice."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from rigs.ocop_form import FORM
from rigs.pictures import Column, DrawnPage, Layout, draw, font_of
from rigs.scanner import Photo, Scan, encoded, encoded_pages, photo, scan

from parsers import gates, read
from parsers.jail import Jail, JailLimits
from parsers.legible import PartialExtract
from parsers.letter import secrecy_mark
from parsers.light import lit
from parsers.picture import Album, opened
from parsers.reading import Reading, Refusal
from parsers.ruled import RuledTable, tables
from parsers.rules import flattened
from parsers.scan import extract
from parsers.straighten import Sheet, straightened
from parsers.tesseract import Tesseract

COLUMNS = (
    Column("STT", 0.5, "center"),
    Column("Tên điểm", 2.2),
    Column("Địa chỉ", 2.2),
    Column("Chủ thể quản lý", 2),
    Column("Họ và tên", 1.6, parent="Người đại diện"),
    Column("Điện thoại", 1.4, parent="Người đại diện"),
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
    ("3", "Gian hàng chợ trung tâm", "Khối 3, thị trấn Cao Lộc", "Tổ hợp tác Nà Pùng",
     "Lý Văn Thành", "0363 112 233", "60", "Trà hoa vàng", "5", "200"),
)  # fmt: skip
ABOVE = (
    "DANH SÁCH ĐĂNG KÝ HỖ TRỢ ĐIỂM GIỚI THIỆU VÀ BÁN SẢN PHẨM OCOP",
    "Đơn vị tính: triệu đồng",
)
LAYOUTS = (
    Layout(COLUMNS, above=ABOVE, letterhead=True),
    Layout(COLUMNS, above=ABOVE, font="sans", points=10, index_row=True),
    Layout(COLUMNS, above=ABOVE, font="dejavu", points=9.5, rule_points=1),
)
GROUP = ("II. Các điểm mới", *[None] * 9)


def page(number: int = 0) -> DrawnPage:
    rows = [*ROWS[:2], GROUP, *ROWS[2:]]
    return draw(LAYOUTS[number], rows, merges=[(2, 0, 1, 10)])[0]


@pytest.fixture(scope="module")
def engine():
    engine = Tesseract(6)
    yield engine
    engine.close()


def sheet_of(picture: np.ndarray, engine: Tesseract) -> Sheet:
    return straightened(lit(picture), lambda tile, _: engine.line(tile).text)


def grid_of(picture: np.ndarray, engine: Tesseract) -> RuledTable:
    sheet, rules, _ = flattened(sheet_of(picture, engine))
    return max(tables(rules, sheet.letter), key=lambda table: len(table.cells))


def spans(drawn: DrawnPage) -> list[tuple[int, int, int, int]]:
    return sorted((c.row, c.column, c.row_span, c.col_span) for c in drawn.cells)


SCANS = (
    Scan(dpi=200, angle=0.7),
    Scan(dpi=300, angle=-2.5, noise=10),
    Scan(dpi=300, angle=4),
    Scan(dpi=200, angle=-1, seal=(0.8, 0.6), signature=(0.8, 0.62)),
    Scan(dpi=300, fold=True, holes=True, bleed=0.1),
    Scan(dpi=200, faint=0.35, noise=4),
    Scan(dpi=150, angle=1),
    Scan(dpi=250, angle=1, turn=270, skew=0.6, contrast=0.6),
)
PHOTOS = (
    Photo(width=3264, seed=1),
    Photo(width=3264, tilt=0.06, shadow=0.4, seed=2),
    Photo(width=3264, curl=0.01, seed=3),
    Photo(width=3264, turn=90, seed=4),
    Photo(width=3264, turn=180, roll=4, seed=5),
    Photo(width=3264, desk=200, shadow=0.2, seed=6),
)


@pytest.mark.parametrize("number", range(len(SCANS)))
def test_a_scans_cells_are_those_drawn(number, engine):
    drawn = page(number % 3)
    table = grid_of(scan(drawn.image, SCANS[number]), engine)
    assert sorted((c.row, c.column, c.row_span, c.col_span) for c in table.cells) == spans(drawn)


@pytest.mark.parametrize("number", range(len(PHOTOS)))
def test_a_photos_cells_are_those_drawn(number, engine):
    drawn = page(number % 3)
    table = grid_of(photo(drawn.image, PHOTOS[number]), engine)
    assert sorted((c.row, c.column, c.row_span, c.col_span) for c in table.cells) == spans(drawn)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_whichever_side_is_up_the_page_comes_out_upright(turn, number, engine):
    sheet = sheet_of(scan(page(number).image, Scan(dpi=200, turn=turn, seed=turn)), engine)
    right = sheet.to_source @ np.array([1, 0, 0])
    down = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[turn]
    assert tuple(np.round(right[:2]).astype(int)) == down


BAD = {
    "blurred": Photo(width=3264, blur=4.5),
    "shaken": Photo(width=3264, shake=20),
    "dark": Photo(width=2000, dark=0.93, noise=8),
    "glare": Photo(width=2000, glare=0.12),
    "far away": Photo(width=1200),
    "75 dpi": Scan(dpi=75),
    "out of focus": Scan(softness=4.5),
    "hardly any toner": Scan(faint=0.85, noise=10),
    "cut off": Photo(width=3264, cut=0.2),
}


@pytest.mark.parametrize("how", BAD)
def test_a_bad_picture_is_refused_with_advice(how):
    made = BAD[how]
    take = photo if isinstance(made, Photo) else scan
    refusal = extract(encoded(take(page().image, made)), None, FORM)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "unreadable"
    assert "Đề nghị" in refusal.message
    assert "Excel" in refusal.message
    assert refusal.detail.isascii()


def test_a_table_at_the_pictures_border_may_go_on_beyond_it():
    picture = scan(page().image, Scan(dpi=200))
    cell = page().cells[-1].box
    cut = picture[:, : round(cell[2] * 200 / 300) + 8]
    refusal = extract(encoded(cut), None, FORM)
    assert isinstance(refusal, Refusal)
    assert refusal.detail == "cut off: right"


def test_a_form_read_from_a_scan():
    result = read(encoded(scan(page().image, Scan(dpi=300, angle=0.8)), "pdf", dpi=300), FORM)
    assert isinstance(result, Reading)
    assert result.role == "form"
    assert [row.values["stars"] for row in result.rows] == ["4", "3", "5"]
    assert [row.values["cost_requested"] for row in result.rows] == [
        "150000000",
        "80500000",
        "200000000",
    ]
    assert result.rows[0].places["phone"] == "page 1, row 3, column 6"


@pytest.mark.parametrize("how", [Scan(dpi=200, angle=2, turn=90), Scan(dpi=200)])
def test_a_cells_box_is_where_it_stands_on_the_page_as_shown(how):
    drawn = page(1)
    result = extract(encoded(scan(drawn.image, how)), None, FORM)
    name = next(cell for cell in drawn.cells if cell.text == "Cửa hàng nông sản sạch")
    traced = result.grids[0].rows[name.row][name.column].trace.box
    middle = (traced[1] + traced[3]) / 2, (traced[2] + traced[4]) / 2
    wide, high = drawn.image.size
    x = (name.box[0] + name.box[2]) / 2 - wide / 2
    y = (name.box[1] + name.box[3]) / 2 - high / 2
    turn = -np.radians(how.angle)
    x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    x, y = x / wide + 0.5, y / high + 0.5
    expected = (1 - y, x) if how.turn == 90 else (x, y)
    assert middle == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("text", ["MẬT", "TỐI MẬT"])
def test_a_secrecy_stamp_is_seen_though_stamps_are_dropped(colour, text):
    picture = scan(page().image, Scan(dpi=200, colour=True))
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    pen.rectangle((850, 20, 1250, 110), outline=(210, 40, 45), width=5)
    pen.text((880, 25), text, fill=(210, 40, 45), font=font_of("serif", 60, "Bold"))
    result = extract(encoded(np.asarray(image.convert("RGB" if colour else "L"))), None, FORM)
    assert secrecy_mark(result.lines)


def test_a_seal_over_text_leaves_the_text():
    plain, sealed = (
        lit(scan(page().image, how))
        for how in (Scan(dpi=300, colour=True), Scan(dpi=300, seal=(0.5, 0.6)))
    )
    dark, left = plain.gray < 120, sealed.gray < 150
    assert left[dark].mean() > 0.95
    assert (left & ~dark).mean() < 0.01
    assert (sealed.marked < 150).sum() > left.sum()


def test_a_bad_page_among_good_ones_is_named_and_not_read():
    good = scan(page().image, Scan(dpi=200))
    result = extract(encoded_pages([good, scan(page().image, Scan(dpi=75))]), None, FORM)
    assert isinstance(result, PartialExtract)
    assert result.unread == ("page 2",)
    assert result.findings[0].severity == "error"
    assert len(result.grids) == 1


def test_an_empty_back_is_no_page():
    back = scan(np.full((2480, 3508), 255, np.uint8), Scan(dpi=200, specks=60))
    result = extract(encoded_pages([scan(page().image, Scan(dpi=200)), back]), None, FORM)
    assert not isinstance(result, PartialExtract | Refusal)


def test_a_table_over_two_pages_is_one_grid():
    rows = [*ROWS] * 5
    drawn = draw(LAYOUTS[0], rows)
    pictures = [scan(part.image, Scan(dpi=200, angle=0.4)) for part in drawn]
    result = extract(encoded_pages(pictures), None, FORM)
    assert len(drawn) == 2
    assert [len(grid.rows) for grid in result.grids] == [sum(part.rows for part in drawn)]
    assert result.grids[0].rows[-1][0].place.startswith("page 2, row ")


@pytest.mark.parametrize("kind", ["jpeg", "png", "tiff", "heic", "webp"])
def test_a_picture_is_turned_as_its_tag_says(kind):
    picture = scan(page().image, Scan(dpi=100, specks=0))
    album = opened(encoded(picture, kind, exif=6, quality=95), kind)
    assert isinstance(album, Album)
    shown = album.page(0)
    assert shown.shape[:2] == picture.shape[::-1]
    gray = shown if shown.ndim == 2 else shown[..., 1]
    assert np.abs(np.rot90(gray).astype(int) - picture).mean() < 8


@pytest.mark.parametrize("kind", ["jpeg", "png", "tiff", "heic", "bmp", "webp"])
def test_half_a_picture_is_damaged(kind):
    data = encoded(scan(page().image, Scan(dpi=100)), kind)
    refusal = extract(data[: len(data) // 2], None, FORM)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "damaged"


def test_a_picture_over_the_budget_is_not_decoded():
    buffer = io.BytesIO()
    Image.new("1", (10_000, 7_000)).save(buffer, "PNG")
    refusal = extract(buffer.getvalue(), None, FORM)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "too-large"


def test_a_scan_and_a_photo_are_read_in_the_jail():
    with Jail(JailLimits(seconds=300)) as jail:
        for data in (
            encoded(scan(page().image, Scan(dpi=200)), "pdf", dpi=200),
            encoded(photo(page().image, Photo(width=3264)), "heic"),
        ):
            result = jail.read(data, FORM)
            assert isinstance(result, Reading), result
            assert len(result.rows) == 3


def test_edges_of_letters_tell_sharp_from_blurred_at_any_resolution(engine):
    def softness(picture: np.ndarray) -> bool:
        sheet = sheet_of(picture, engine)
        return gates.too_coarse(sheet.gray, sheet.letter, "jpeg") is not None

    for dpi in (150, 200, 300):
        assert not softness(scan(page().image, Scan(dpi=dpi)))
        assert softness(scan(page().image, Scan(dpi=dpi, softness=4)))
