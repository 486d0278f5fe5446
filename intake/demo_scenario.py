"""What the people of Cao Lộc do in the demo: who writes what, when, and how it should end.

Communes, the officer, the leader and the Department only write mails; what they answer lies in
their mailboxes.

Everything is invented but the names of the units. Times are local (+07:00), in May 2024.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from intake import demo_documents as make
from intake.demo_documents import GROUPED, PLAIN, TWO_ROWS, Entry, Sender
from intake.demo_signing import signed
from notifier.filled import Cell, filled
from parsers.form import Form
from registry.model import CommuneState

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF = "application/pdf"
STRANGER = "nguoi.la@thudientu.example"


@dataclass(frozen=True, slots=True)
class Given:
    """What its writer has before him: the mail that is answered, and the campaign's form."""

    mail: EmailMessage | None
    form: Form

    def filled(self, *rows: Mapping[str, Cell]) -> bytes:
        """Return the workbook that came with the mail, with these values in its first rows."""
        parts = self.mail.iter_attachments() if self.mail else ()
        books = (one for one in parts if str(one.get_filename()).endswith(".xlsx"))
        return filled(bytes(next(books).get_content()), self.form, rows)

    def typed(self, entry: Entry) -> dict[str, Cell]:
        """Return the values of a point as a clerk types them into a workbook."""
        return make.typed(entry, self.form)


#: The files of a mail, made when it is written.
Files = Callable[[Given], list[tuple[str, str, bytes]]]
#: Which of our mails somebody answers: the first word of its key.
Answers = Literal["", "call", "ack", "remind", "held", "draft", "report"]


@dataclass(frozen=True, slots=True)
class Act:
    """One mail that somebody sends to the office.

    ``sender`` is a commune's code (its address number ``address``), or an address. ``answers`` is
    the kind of our mail to which it is the reply: the newest one that its sender got. Then the
    subject is that mail's, and that mail is quoted below the ``body``.
    """

    at: dt.datetime
    sender: str
    subject: str
    story: str
    body: str = "Kính gửi UBND huyện, xã gửi văn bản kèm theo. Trân trọng."
    files: Files = lambda _given: []
    answers: Answers = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    address: int = 0


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
APPROVE_SUPPLEMENT = moment(24, 9, 15)
END = moment(24, 11, 0)
OFFICER = "canbo.ktht@caoloc.example"
LEADER = "lanhdao@caoloc.example"
DEPARTMENT = "qltm@soct-langson.example"


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

BINH_TRUNG = (
    entry(
        "Điểm OCOP Bình Trung", "Thôn Pàn Bó, xã Bình Trung", "HTX Nông sản Bình Trung",
        ("Hà Thị Xuân", "0941000117"), "24", "Khoai môn sấy; Mật ong", 3, 44_000_000,
        cost_total="88000000", owner_kind="hợp tác xã",
    ),
)  # fmt: skip

REPORT = "báo cáo kết quả đăng ký hỗ trợ Điểm giới thiệu và bán sản phẩm OCOP"
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
    return lambda _given: [(name, XLSX, make.workbook(layout, who, entries))]


def _docx(name: str, who: Sender, entries: tuple[Entry, ...] = ()) -> Files:
    body = _letter(who, len(entries))
    return lambda _given: [(name, DOCX, make.word(who, body, TWO_ROWS, entries))]


def _pdf(name: str, who: Sender, entries: tuple[Entry, ...] = ()) -> Files:
    body = _letter(who, len(entries))
    return lambda _given: [(name, PDF, make.pdf(who, body, TWO_ROWS, entries))]


def _wrong_gia_cat(given: Given) -> list[tuple[str, str, bytes]]:
    """The official workbook with a phone of nine digits and no amount: two places to correct."""
    typed = {**given.typed(GIA_CAT[0]), "phone": "086600010", "cost_requested": None}
    return [("Bieu dang ky.xlsx", XLSX, given.filled(typed))]


def _right_gia_cat(given: Given) -> list[tuple[str, str, bytes]]:
    """The workbook of the acknowledgment, with its red cells corrected."""
    typed = given.typed(GIA_CAT[0])
    mended = {key: typed[key] for key in ("phone", "cost_requested")}
    return [("Bieu da sua.xlsx", XLSX, given.filled(mended))]


def _binh_trung(given: Given) -> list[tuple[str, str, bytes]]:
    """The official workbook, when all is over."""
    return [("Bieu dang ky.xlsx", XLSX, given.filled(given.typed(BINH_TRUNG[0])))]


@cache
def _yen_trach_book() -> bytes:
    return make.workbook(GROUPED, _sender("Yên Trạch", 24, 17), YEN_TRACH)


def _yen_trach(_given: Given) -> list[tuple[str, str, bytes]]:
    """The very same file, however often it is sent."""
    return [("YenTrach.xlsx", XLSX, _yen_trach_book())]


def _signed_letter(_given: Given) -> list[tuple[str, str, bytes]]:
    """The official letter as văn thư issues it: numbered, dated and signed."""
    who = Sender("Cao Lộc", "145/UBND-KT&HT", dt.date(2024, 5, 22), "Lý Văn Sơn", "huyện")
    body = [
        "Kính gửi: Sở Công Thương tỉnh Lạng Sơn.",
        f"UBND huyện Cao Lộc {REPORT} (đợt 2), số liệu tại biểu tổng hợp kèm theo.",
    ]
    made = make.pdf(who, body, PLAIN, (), subject=f"V/v {REPORT}")
    return [("145-UBND-KTHT.pdf", PDF, signed(made, "UBND huyện Cao Lộc", APPROVE))]


def _still_wrong(_given: Given) -> list[tuple[str, str, bytes]]:
    who = _sender("Cao Lâu", 22, 18)
    bare = entry(
        "Điểm bán hàng Cao Lâu", "Thôn Bản Xâm, xã Cao Lâu", "HTX Cao Lâu",
        ("Hoàng Văn Páo", "0912000116"), "20", "Hạt dẻ", 3, 40_000_000,
    )  # fmt: skip
    return [("dang ky.xlsx", XLSX, make.workbook(PLAIN, who, ({**bare, "owner": ""},)))]


def _hoa_cu(_given: Given) -> list[tuple[str, str, bytes]]:
    who = _sender("Hòa Cư", 45, 15)
    letter = make.pdf(who, _letter(who, len(HOA_CU)), PLAIN, ())
    book = make.workbook(PLAIN, who, HOA_CU)
    return [("CV 45.signed.pdf", PDF, letter), ("Biểu tổng hợp (1).xlsx", XLSX, book)]


NIL_BODY = (
    "Kính gửi: UBND huyện Cao Lộc.\n\n"
    f"UBND xã Tân Liên đã rà soát, trên địa bàn xã {NO_NEED}.\n\nTrân trọng./."
)

SCENARIO: tuple[Act, ...] = (
    Act(moment(13, 8, 6), "06199", "Trả lời tự động: vắng mặt", "out-of-office to the call",
        body="Tôi đi công tác đến hết ngày 15/5.", headers={"Auto-Submitted": "auto-replied"},
        answers="call"),
    Act(moment(13, 8, 7), "mailer-daemon@caoloc.example", "Undelivered Mail Returned to Sender",
        "the first address of Xuất Lễ bounces", headers={"X-Demo": "bounce 06202"}),
    Act(moment(14, 9, 12), "06235", "", "the official workbook, with two errors",
        files=_wrong_gia_cat, answers="call"),
    Act(moment(14, 15, 40), "06235", "", "answers with the red cells of that workbook corrected",
        files=_right_gia_cat, answers="ack", body="Xã gửi lại biểu đã sửa."),
    Act(moment(15, 8, 30), "06223", "Xã Hòa Cư đăng ký điểm OCOP", "letter as PDF, list as xlsx",
        files=_hoa_cu),
    Act(moment(15, 10, 5), STRANGER, "Đăng ký điểm OCOP", "a personal address nobody knows",
        files=_xlsx("dang ky OCOP.xlsx", PLAIN, _sender("Hồng Phong", 17, 15), HONG_PHONG)),
    Act(moment(15, 14, 0), OFFICER, "", "phones Hồng Phong, then answers the notice",
        body="GÁN xã Hồng Phong", answers="held"),
    Act(moment(16, 9, 20), "06184", "UBND thị trấn Đồng Đăng - đăng ký OCOP",
        "a Word letter with a two-row table",
        files=_docx("CV dang ky OCOP Dong Dang.docx",
                    _sender("Đồng Đăng", 88, 16, "thị trấn"), DONG_DANG)),
    Act(moment(16, 10, 0), "06226", "Hợp Thành báo cáo OCOP", "a nil letter in prose, Word",
        files=_docx("BC OCOP xa Hop Thanh.docx", _sender("Hợp Thành", 19, 16))),
    Act(moment(16, 13, 50), "06244", "Xã Tân Liên: đăng ký điểm OCOP", "a nil answer in the mail",
        body=NIL_BODY, answers="remind"),
    Act(moment(16, 15, 15), "06187", "Thị trấn Cao Lộc gửi danh sách OCOP", "a PDF with text",
        files=_pdf("danh_sach_ocop_signed.pdf",
                   _sender("Cao Lộc", 102, 16, "thị trấn"), CAO_LOC_TOWN)),
    Act(moment(17, 8, 45), "06247", "Yên Trạch đăng ký OCOP", "a good workbook",
        files=_yen_trach),
    Act(moment(17, 8, 58), "06247", "Fwd: Yên Trạch đăng ký OCOP", "the same file again",
        files=_yen_trach),
    Act(moment(17, 9, 30), "06202", "Re: đăng ký điểm OCOP", "from its second address",
        files=_docx("Xuat Le 12.docx", _sender("Xuất Lễ", 12, 17), XUAT_LE), address=1),
    Act(moment(17, 10, 40), OFFICER, "Fwd: xã Phú Xá gửi qua Zalo",
        "an officer forwards what came by Zalo",
        files=_xlsx("dang ky phu xa.xlsx", PLAIN, _sender("Phú Xá", 9, 17), PHU_XA)),
    Act(moment(17, 14, 20), "06208", "Gửi lại biểu", "our own form sent back empty",
        files=lambda _given: [("Mau dang ky.xlsx", XLSX,
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
    Act(APPROVE, LEADER, "", "answers the draft with the signed official letter",
        body="DUYỆT. Gửi công văn đã ký số.", files=_signed_letter, answers="draft"),
    Act(moment(22, 15, 20), DEPARTMENT, "", "answers the report",
        body="Sở Công Thương đã nhận báo cáo của huyện. Trân trọng.", answers="report"),
    Act(moment(23, 10, 0), "06217", "", "was silent, and registers after all",
        files=_binh_trung, answers="call", body="Xã xin gửi muộn do mất mạng. Trân trọng."),
    Act(APPROVE_SUPPLEMENT, LEADER, "", "releases the supplement with one word",
        body="DUYỆT", answers="draft"),
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
    "06217": Expected("registered", BINH_TRUNG, late=True),
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
