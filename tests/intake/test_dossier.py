"""Which item of the dossier a file is: by its name, its text, its look; and never a form."""

import pytest
from rigs.office import office

from intake.dossier import dossier_file
from parsers.reading import Letter, Reading, Refusal, Row

ITEMS = office().campaigns[0].dossier
UNREAD = Refusal("unsupported", "Tệp không đọc được.", kind="heic")
DECISION = """ỦY BAN NHÂN DÂN
HUYỆN CAO LỘC
Số: 2210/QĐ-UBND
Cao Lộc, ngày 15 tháng 12 năm 2020
QUYẾT ĐỊNH
Về việc công nhận kết quả đánh giá, phân hạng sản phẩm OCOP
Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015
Sản phẩm: Vịt quay của Hộ kinh doanh Lý Văn Thử"""


def read(text: str, kind: str = "pdf", **more: object) -> Reading:
    return Reading(kind, "unknown", text=text, **more)  # type: ignore[arg-type]


def item(name: str, result: Reading | Refusal = UNREAD) -> str:
    found = dossier_file(name, result, ITEMS)
    return found.item if found else ""


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Đơn đề nghị hỗ trợ.pdf", "request"),
        ("don de nghi - cho Ban Nga.pdf", "request"),
        ("GPKD HTX.jpg", "registration"),
        ("giấy đăng ký kinh doanh.HEIC", "registration"),
        ("GCN_OCOP_mat_ong.pdf", "certificate"),
        ("Hợp đồng thuê nhà.docx", "premises"),
        ("Sổ đỏ.jpg", "premises"),
        ("Báo giá kệ tủ.xlsx", "plan"),
        ("Ảnh 1.jpg", "photos"),
        ("hinh anh hien trang.jpg", "photos"),
        ("ban cam ket.doc", "commitment"),
        ("bien ban khao sat.docx", "survey"),
        ("ho so 2/giay chung nhan ATTP.pdf", "food-safety"),
        ("anh Hung gui.xlsx", ""),
        ("scan0001.pdf", ""),
        ("CV 45.signed.pdf", ""),
    ],
)
def test_the_name_tells(name: str, wanted: str) -> None:
    assert item(name) == wanted


def test_the_text_tells_where_the_name_does_not() -> None:
    assert (
        item("scan0001.pdf", read("CỘNG HÒA XÃ HỘI\nGIẤY CHỨNG NHẬN SẢN PHẨM OCOP"))
        == "certificate"
    )
    assert item("scan0002.pdf", read("BẢN CAM KẾT\nduy trì hoạt động")) == "commitment"
    assert item("scan0003.pdf", read("Danh mục thiết bị của trường học")) == ""


def test_a_decision_looks_like_a_letter_and_is_a_certificate() -> None:
    letter = Letter("2210/QĐ-UBND", organ="ỦY BAN NHÂN DÂN HUYỆN CAO LỘC")
    found = dossier_file("QD.pdf", read(DECISION, letter=letter), ITEMS)
    assert found is not None
    assert (found.item, found.issued_on) == ("certificate", "2020-12-15")
    assert "ho kinh doanh ly van thu" in found.about


def test_the_communes_own_letter_is_no_dossier() -> None:
    letter = Letter("45/UBND-KT", organ="ỦY BAN NHÂN DÂN XÃ HÒA CƯ")
    text = "XÃ HÒA CƯ\nV/v gửi hồ sơ đề nghị hỗ trợ, kèm bản cam kết"
    assert item("CV 45.pdf", read(text, letter=letter)) == ""


def test_a_picture_without_text_shows_the_place() -> None:
    assert item("IMG_2031.jpg", read("", "jpeg")) == "photos"
    assert item("IMG_2032.jpg", read("Mật ong 3 sao", "jpeg")) == "photos"
    blurred = Refusal("unreadable", "Ảnh bị mờ.", kind="jpeg")
    assert item("IMG_2033.jpg", blurred) == ""


def test_a_form_is_never_a_dossier() -> None:
    form = Reading("xlsx", "form", rows=(Row({"name": "A"}, {}, {}),))
    assert item("Đơn đăng ký.xlsx", form) == ""
    assert item("bao cao.docx", Reading("docx", "letter", nil=True)) == ""


def test_two_items_named_alike_are_none() -> None:
    assert item("mat bang, bao gia.zip") in {"premises", ""}
    assert item("cam kết.pdf ảnh") == "commitment"
