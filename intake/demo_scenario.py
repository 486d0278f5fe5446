"""What the 22 communes of Cao Lộc do in the demo: who writes what, when, and how it should end.

Everything is invented but the names of the units. Times are local (+07:00), in May 2024.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from zoneinfo import ZoneInfo

from intake import demo_documents as make
from intake.demo_documents import GROUPED, PLAIN, TWO_ROWS, Entry, Sender
from registry.model import CommuneState

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF = "application/pdf"
STRANGER = "nguoi.la@thudientu.example"

Files = Callable[[], list[tuple[str, str, bytes]]]


@dataclass(frozen=True, slots=True)
class Act:
    """One mail that somebody sends to the office.

    ``sender`` is a commune's code (its first address), or an address. ``reply_to`` answers the
    latest mail of that kind that the commune got. ``repeat`` sends exactly the files of the
    sender's previous mail again.
    """

    at: dt.datetime
    sender: str
    subject: str
    story: str
    body: str = "Kính gửi UBND huyện, xã gửi văn bản kèm theo. Trân trọng."
    files: Files = list
    reply_to: Literal["", "call", "ack", "reminder"] = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    address: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """A person at the office decides about the newest held message."""

    at: dt.datetime
    story: str
    commune: str = ""  # assign to this code; empty = accept as it is


@dataclass(frozen=True, slots=True)
class Expected:
    """How a commune stands when the campaign is closed, and the values that must be on record."""

    state: CommuneState
    entries: tuple[Entry, ...] = ()
    late: bool = False


def moment(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """Return an instant of May 2024, local time."""
    return dt.datetime(2024, 5, day, hour, minute, tzinfo=ZONE)


START = moment(13, 7, 45)
LAUNCH = moment(13, 8, 0)
APPROVE = moment(22, 9, 30)
END = moment(22, 10, 30)


def entry(
    name: str,
    address: str,
    owner: str,
    person: tuple[str, str],
    area: str,
    products: str,
    stars: int,
    requested: int,
    **more: str,
) -> Entry:
    """Return the canonical values of one point; ``requested`` in đồng, ``person`` name, phone."""
    return {
        "name": name,
        "address": address,
        "owner": owner,
        "representative": person[0],
        "phone": person[1],
        "area_m2": area,
        "products": products,
        "stars": str(stars),
        "cost_requested": str(requested),
        **more,
    }


HOA_CU = (
    entry(
        "Điểm OCOP Hòa Cư", "Thôn Bản Luận, xã Hòa Cư", "HTX Nông sản Hòa Cư",
        ("Hoàng Thị Mai", "0912000101"), "45.5", "Mật ong rừng; Măng ớt ngâm", 4, 50_000_000,
        owner_kind="hợp tác xã", registration_no="4900812345", certified_on="2023-06-15",
        needs="Kệ trưng bày, biển hiệu", cost_total="100000000", note="Đã có mặt bằng",
    ),
    entry(
        "Cửa hàng nông sản Pò Nhùng", "Thôn Pò Nhùng, xã Hòa Cư", "Hộ kinh doanh Lý Văn Bình",
        ("Lý Văn Bình", "0363000102"), "32", "Hạt dẻ sấy", 3, 35_500_000,
        owner_kind="hộ kinh doanh", certified_on="2022-12-20", needs="Biển hiệu",
        cost_total="71000000",
    ),
)  # fmt: skip
DONG_DANG = (
    entry(
        "Gian hàng OCOP chợ Đồng Đăng", "Khu Nam Quan, thị trấn Đồng Đăng",
        "HTX Dịch vụ Đồng Đăng", ("Vi Văn Toàn", "0987000103"), "60",
        "Hồng sấy dẻo; Trà gừng", 4, 80_000_000, cost_total="150000000",
    ),
    entry(
        "Điểm bán hàng Ga Đồng Đăng", "Ga Đồng Đăng, thị trấn Đồng Đăng",
        "Công ty TNHH Nông sản Xứ Lạng", ("Lương Thị Hằng", "0905000104"), "24.75",
        "Bánh khảo", 3, 45_250_000, cost_total="90500000", note="Cần sửa mái",
    ),
)  # fmt: skip
CAO_LOC_TOWN = (
    entry(
        "Siêu thị mini Phai Trần", "Số 12, khối 3, thị trấn Cao Lộc",
        "Công ty CP Thương mại Phai Trần", ("Đàm Quang Huy", "0978000105"), "120",
        "Thạch đen đóng hộp", 4, 100_000_000, cost_total="250000000",
    ),
    entry(
        "Điểm giới thiệu sản phẩm Khối 6", "Khối 6, thị trấn Cao Lộc",
        "Hộ kinh doanh Triệu Thị Lan", ("Triệu Thị Lan", "0345000106"), "18.5",
        "Rượu men lá", 3, 30_000_000, cost_total="60000000",
    ),
    entry(
        "Quầy hàng Bến xe phía Bắc", "Bến xe phía Bắc, thị trấn Cao Lộc",
        "HTX Rau an toàn Cao Lộc", ("Hứa Văn Cường", "0934000107"), "15",
        "Rau bò khai; Ngồng cải", 3, 27_500_000, cost_total="55000000",
    ),
)  # fmt: skip
GIA_CAT = (
    entry(
        "Điểm dừng chân Gia Cát", "Quốc lộ 4B, xã Gia Cát", "HTX Nông nghiệp Gia Cát",
        ("Nông Thị Hiền", "0866000108"), "50", "Vịt quay lá mắc mật", 3, 60_000_000,
        cost_total="120000000", owner_kind="hợp tác xã",
    ),
)  # fmt: skip
YEN_TRACH = (
    entry(
        "Cửa hàng Hương quê Yên Trạch", "Thôn Yên Thành, xã Yên Trạch",
        "Tổ hợp tác Trồng rau Yên Trạch", ("Bế Văn Dũng", "0911000109"), "36",
        "Rau cải làn", 3, 42_000_000,
    ),
)  # fmt: skip
BAO_LAM = (
    entry(
        "Điểm bán hàng Đền Mẫu Bảo Lâm", "Thôn Còn Kéo, xã Bảo Lâm", "HTX Hồng Bảo Lâm",
        ("Chu Văn Sáng", "0399000110"), "40", "Hồng không hạt Bảo Lâm", 4, 75_000_000,
    ),
)  # fmt: skip
XUAT_LE = (
    entry(
        "Gian hàng chợ Ba Sơn", "Chợ Ba Sơn, xã Xuất Lễ", "HTX Chè Ba Sơn",
        ("Mã Thị Nga", "0356000111"), "22", "Chè cổ thụ Ba Sơn", 4, 55_000_000,
        cost_total="110000000",
    ),
)  # fmt: skip
HONG_PHONG = (
    entry(
        "Điểm OCOP Hồng Phong", "Thôn Nà Tậu, xã Hồng Phong", "HTX Nông lâm Hồng Phong",
        ("Dương Văn Khánh", "0977000112"), "28", "Na rừng; Mật ong", 3, 38_000_000,
    ),
)  # fmt: skip
PHU_XA = (
    entry(
        "Cửa hàng nông sản Phú Xá", "Thôn Còn Chủ, xã Phú Xá", "Hộ kinh doanh Nông Văn Lộc",
        ("Nông Văn Lộc", "0869000113"), "30", "Quýt vàng", 3, 33_000_000,
        owner_kind="hộ kinh doanh",
    ),
)  # fmt: skip
MAU_SON = (
    entry(
        "Điểm trưng bày khu du lịch Mẫu Sơn", "Khu du lịch Mẫu Sơn, xã Mẫu Sơn",
        "HTX Du lịch cộng đồng Mẫu Sơn", ("Triệu Sành Phin", "0948000114"), "85.2",
        "Rượu Mẫu Sơn; Chè tuyết Mẫu Sơn", 4, 95_500_000,
    ),
    entry(
        "Quầy hàng thôn Khuổi Tẳng", "Thôn Khuổi Tẳng, xã Mẫu Sơn",
        "Tổ hợp tác Dược liệu Mẫu Sơn", ("Dương Tà Sếnh", "0336000115"), "16",
        "Cao ích mẫu", 3, 25_000_000,
    ),
)  # fmt: skip

NO_NEED = "không có nhu cầu đề nghị hỗ trợ Điểm giới thiệu và bán sản phẩm OCOP"
LETTER = (
    "Kính gửi: Ủy ban nhân dân huyện Cao Lộc (qua Phòng Kinh tế và Hạ tầng).",
    f"Thực hiện {make.CALL}, UBND {{who}} đăng ký {{count:02d}} điểm (có danh sách kèm theo).",
    "UBND {who} kính đề nghị UBND huyện xem xét, tổng hợp./.",
)
NIL_LETTER = (
    "Kính gửi: Ủy ban nhân dân huyện Cao Lộc (qua Phòng Kinh tế và Hạ tầng).",
    f"Thực hiện {make.CALL}, UBND {{who}} đã tổ chức rà soát.",
    f"Qua rà soát, trên địa bàn xã {NO_NEED}.",
    "UBND {who} báo cáo UBND huyện theo quy định./.",
)


def _sender(name: str, number: int, day: int, class_word: str = "xã") -> Sender:
    return Sender(name, f"{number}/UBND-KT", dt.date(2024, 5, day), class_word=class_word)


def _letter(who: Sender, count: int) -> list[str]:
    title = f"{who.class_word} {who.name}"
    lines = LETTER if count else NIL_LETTER
    return [line.format(who=title, count=count) for line in lines]


def _xlsx(name: str, layout: make.Layout, who: Sender, entries: tuple[Entry, ...]) -> Files:
    return lambda: [(name, XLSX, make.workbook(layout, who, entries))]


def _docx(name: str, who: Sender, entries: tuple[Entry, ...] = ()) -> Files:
    body = _letter(who, len(entries))
    return lambda: [(name, DOCX, make.word(who, body, TWO_ROWS, entries))]


def _pdf(name: str, who: Sender, entries: tuple[Entry, ...] = ()) -> Files:
    body = _letter(who, len(entries))
    return lambda: [(name, PDF, make.pdf(who, body, TWO_ROWS, entries))]


def _wrong_gia_cat() -> list[tuple[str, str, bytes]]:
    """A phone with nine digits and no amount: two errors that the clerk then corrects."""
    broken: dict[str, Any] = {**GIA_CAT[0], "phone": "086600010"}
    del broken["cost_requested"]
    who = _sender("Gia Cát", 31, 14)
    return [("Biểu đăng ký OCOP.xlsx", XLSX, make.workbook(PLAIN, who, (broken,)))]


def _still_wrong() -> list[tuple[str, str, bytes]]:
    who = _sender("Cao Lâu", 22, 18)
    bare = entry(
        "Điểm bán hàng Cao Lâu", "Thôn Bản Xâm, xã Cao Lâu", "HTX Cao Lâu",
        ("Hoàng Văn Páo", "0912000116"), "20", "Hạt dẻ", 3, 40_000_000,
    )  # fmt: skip
    return [("dang ky.xlsx", XLSX, make.workbook(PLAIN, who, ({**bare, "owner": ""},)))]


def _hoa_cu() -> list[tuple[str, str, bytes]]:
    who = _sender("Hòa Cư", 45, 15)
    letter = make.pdf(who, _letter(who, len(HOA_CU)), PLAIN, ())
    book = make.workbook(PLAIN, who, HOA_CU)
    return [("CV 45.signed.pdf", PDF, letter), ("Biểu tổng hợp (1).xlsx", XLSX, book)]


NIL_BODY = (
    "Kính gửi: UBND huyện Cao Lộc.\n\n"
    f"UBND xã Tân Liên đã rà soát, trên địa bàn xã {NO_NEED}.\n\nTrân trọng./."
)

SCENARIO: tuple[Act | Decision, ...] = (
    Act(moment(13, 8, 6), "06199", "Trả lời tự động: vắng mặt", "out-of-office to the call",
        body="Tôi đi công tác đến hết ngày 15/5.", headers={"Auto-Submitted": "auto-replied"},
        reply_to="call"),
    Act(moment(13, 8, 7), "mailer-daemon@caoloc.example", "Undelivered Mail Returned to Sender",
        "the first address of Xuất Lễ bounces", headers={"X-Demo": "bounce 06202"}),
    Act(moment(14, 9, 12), "06235", "Re: Đăng ký điểm OCOP", "a workbook with two errors",
        files=_wrong_gia_cat, reply_to="call"),
    Act(moment(14, 15, 40), "06235", "Re: Cần sửa", "the same commune sends it corrected",
        files=_xlsx("Biểu đăng ký OCOP (sửa).xlsx", PLAIN, _sender("Gia Cát", 31, 14), GIA_CAT),
        reply_to="ack"),
    Act(moment(15, 8, 30), "06223", "Xã Hòa Cư đăng ký điểm OCOP", "letter as PDF, list as xlsx",
        files=_hoa_cu),
    Act(moment(15, 10, 5), STRANGER, "Đăng ký điểm OCOP", "a personal address nobody knows",
        files=_xlsx("dang ky OCOP.xlsx", PLAIN, _sender("Hồng Phong", 17, 15), HONG_PHONG)),
    Decision(moment(15, 14, 0), "the officer phones Hồng Phong and assigns it", "06205"),
    Act(moment(16, 9, 20), "06184", "UBND thị trấn Đồng Đăng - đăng ký OCOP",
        "a Word letter with a two-row table",
        files=_docx("CV dang ky OCOP Dong Dang.docx",
                    _sender("Đồng Đăng", 88, 16, "thị trấn"), DONG_DANG)),
    Act(moment(16, 10, 0), "06226", "Hợp Thành báo cáo OCOP", "a nil letter in prose, Word",
        files=_docx("BC OCOP xa Hop Thanh.docx", _sender("Hợp Thành", 19, 16))),
    Act(moment(16, 13, 50), "06244", "Xã Tân Liên: đăng ký điểm OCOP", "a nil answer in the mail",
        body=NIL_BODY, reply_to="reminder"),
    Act(moment(16, 15, 15), "06187", "Thị trấn Cao Lộc gửi danh sách OCOP", "a PDF with text",
        files=_pdf("danh_sach_ocop_signed.pdf",
                   _sender("Cao Lộc", 102, 16, "thị trấn"), CAO_LOC_TOWN)),
    Act(moment(17, 8, 45), "06247", "Yên Trạch đăng ký OCOP", "a good workbook",
        files=_xlsx("YenTrach.xlsx", GROUPED, _sender("Yên Trạch", 24, 17), YEN_TRACH)),
    Act(moment(17, 8, 58), "06247", "Fwd: Yên Trạch đăng ký OCOP", "the same file again",
        files=_xlsx("YenTrach.xlsx", GROUPED, _sender("Yên Trạch", 24, 17), YEN_TRACH)),
    Act(moment(17, 9, 30), "06202", "Re: đăng ký điểm OCOP", "from its second address",
        files=_docx("Xuat Le 12.docx", _sender("Xuất Lễ", 12, 17), XUAT_LE), address=1),
    Act(moment(17, 10, 40), "canbo.ktht@caoloc.example", "Fwd: xã Phú Xá gửi qua Zalo",
        "an officer forwards what came by Zalo",
        files=_xlsx("dang ky phu xa.xlsx", PLAIN, _sender("Phú Xá", 9, 17), PHU_XA)),
    Act(moment(17, 14, 20), "06208", "Gửi lại biểu", "our own form sent back empty",
        files=lambda: [("Mau dang ky.xlsx", XLSX,
                        make.blank_workbook(PLAIN, _sender("Thụy Hùng", 15, 17)))]),
    Act(moment(18, 9, 0), "06196", "Cao Lâu đăng ký", "a workbook without the owner",
        files=_still_wrong),
    Act(moment(20, 8, 30), "06211", "Hồ sơ OCOP xã Lộc Yên", "a share link instead of a file",
        body="Hồ sơ tại https://drive.google.com/file/d/abc123/view . Trân trọng."),
    Act(moment(20, 9, 10), "06238", "Mẫu Sơn - đăng ký điểm OCOP", "groups, totals, notes",
        files=_xlsx("Mau Son OCOP.xlsx", GROUPED, _sender("Mẫu Sơn", 33, 20), MAU_SON)),
    Act(moment(20, 10, 25), "06232", "Công Sơn báo cáo", "a nil letter, Word",
        files=_docx("Cong Son.docx", _sender("Công Sơn", 27, 20))),
    Act(moment(20, 16, 45), "06199", "Thạch Đạn: báo cáo đăng ký OCOP", "a nil letter, PDF",
        files=_pdf("ThachDan.pdf", _sender("Thạch Đạn", 14, 20))),
    Act(moment(21, 9, 5), "06190", "Bảo Lâm gửi muộn", "after the deadline, before the close",
        files=_xlsx("Bảo Lâm.xlsx", GROUPED, _sender("Bảo Lâm", 41, 20), BAO_LAM)),
)  # fmt: skip

EXPECTED: Mapping[str, Expected] = {
    "06184": Expected("registered", DONG_DANG),
    "06187": Expected("registered", CAO_LOC_TOWN),
    "06190": Expected("registered", BAO_LAM, late=True),
    "06193": Expected("silent"),
    "06196": Expected("needs-fix"),
    "06199": Expected("nil"),
    "06202": Expected("registered", XUAT_LE),
    "06205": Expected("registered", HONG_PHONG),
    "06208": Expected("needs-fix"),
    "06211": Expected("needs-fix"),
    "06214": Expected("registered", PHU_XA),
    "06217": Expected("silent"),
    "06220": Expected("silent"),
    "06223": Expected("registered", HOA_CU),
    "06226": Expected("nil"),
    "06232": Expected("nil"),
    "06235": Expected("registered", GIA_CAT),
    "06238": Expected("registered", MAU_SON),
    "06241": Expected("silent"),
    "06244": Expected("nil"),
    "06247": Expected("registered", YEN_TRACH),
    "06250": Expected("silent"),
}
