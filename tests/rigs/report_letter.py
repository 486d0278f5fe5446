"""The official letter of a report as văn thư issues it: a PDF, signed or not."""

from rigs.papers import Paper
from rigs.signing import certificate, signed

ROOT = certificate("CA của cơ quan")
SIGNER = certificate("UBND huyện Cao Lộc", ROOT)
TITLE = "DANG KY HO TRO DIEM GIOI THIEU VA BAN SAN PHAM OCOP"
PDF = "application/pdf"


def letter(number: str = "145/UBND-KT&HT", *, supplement: bool = False, title: str = TITLE) -> bytes:
    """The letter's page, with number and date."""
    kind = "bao cao bo sung" if supplement else "bao cao"
    paper = Paper()
    lines = (
        "UY BAN NHAN DAN HUYEN CAO LOC          CONG HOA XA HOI CHU NGHIA VIET NAM",
        f"So: {number}",
        f"V/v {kind} ket qua {title.lower()}",
        "Cao Loc, ngay 22 thang 5 nam 2024",
        "Kinh gui: So Cong Thuong tinh Lang Son",
        f"UBND huyen Cao Loc {kind} ket qua {title.lower()} (dot 2) nhu sau:",
        "TM. UY BAN NHAN DAN   CHU TICH   Hoang Van Thu",
    )
    for row, line in enumerate(lines):
        paper.line(60, 80 + 24 * row, line)
    return paper.page().done()


def signed_letter(number: str = "145/UBND-KT&HT", *, supplement: bool = False) -> bytes:
    """The same, signed by the office."""
    return signed(letter(number, supplement=supplement), SIGNER)


def altered(data: bytes) -> bytes:
    """One byte of its producer's name is another one: the pages are what they were."""
    at = data.index(b"ReportLab") + 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
