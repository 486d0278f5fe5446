"""The official letter of a report as văn thư issues it: a PDF, signed or not."""

import io
from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from rigs.signing import certificate, signed

ROOT = certificate("CA của cơ quan")
SIGNER = certificate("UBND huyện Cao Lộc", ROOT)
TITLE = "đăng ký hỗ trợ Điểm giới thiệu và bán sản phẩm OCOP"
PDF = "application/pdf"
_FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf")


@cache
def letter(
    number: str = "145/UBND-KT&HT", *, supplement: bool = False, title: str = TITLE
) -> bytes:
    """The letter's page, with number and date."""
    pdfmetrics.registerFont(TTFont("Letter", _FONT))
    kind = "báo cáo bổ sung" if supplement else "báo cáo"
    made = io.BytesIO()
    page = Canvas(made, pagesize=(595, 842), invariant=1)
    page.setFont("Letter", 10)
    lines = (
        "ỦY BAN NHÂN DÂN HUYỆN CAO LỘC",
        f"Số: {number}",
        f"V/v {kind} kết quả {title}",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Cao Lộc, ngày 22 tháng 5 năm 2024",
        "Kính gửi: Sở Công Thương tỉnh Lạng Sơn",
        f"UBND huyện Cao Lộc {kind} kết quả {title} (đợt 2) như sau:",
        "TM. ỦY BAN NHÂN DÂN",
        "CHỦ TỊCH",
        "Hoàng Văn Thử",
    )
    for row, line in enumerate(lines):
        page.drawString(60, 760 - 24 * row, line)
    page.save()
    return made.getvalue()


@cache
def signed_letter(number: str = "145/UBND-KT&HT", *, supplement: bool = False) -> bytes:
    """The same, signed by the office."""
    return signed(letter(number, supplement=supplement), SIGNER)


def altered(data: bytes) -> bytes:
    """One byte of its producer's name is another one: the pages are what they were."""
    at = data.index(b"ReportLab") + 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
