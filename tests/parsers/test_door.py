"""The one door: every document becomes a reading that can be traced, or a refusal that teaches."""

from typing import Final

import pytest
from rigs.ocop_form import FORM
from rigs.papers import Paper, docx, paragraph, row, table
from rigs.sample_form import COLUMNS, DATA, TRUTH, canonical

from parsers import Limits, read
from parsers.reading import CERTAIN, Reading, Refusal

LETTERHEAD: Final = ("ỦY BAN NHÂN DÂN", "XÃ HÒA CƯ", "Số: 12/UBND-KT")


def reading(data: bytes, name: str = "") -> Reading:
    result = read(data, FORM, name=name)
    assert isinstance(result, Reading), result
    return result


def refusal(data: bytes, limits: Limits | None = None) -> Refusal:
    result = read(data, FORM, limits=limits)
    assert isinstance(result, Refusal), result
    return result


@pytest.mark.parametrize(
    "name",
    [
        "form.xlsx",
        "form.docx",
        "form_docx.pdf",
        "form_split.pdf",
        "letter_form.docx",
        "letter_form.pdf",
    ],
)
def test_every_value_of_the_samples(name: str) -> None:
    result = reading((DATA / name).read_bytes(), name)
    assert result.role == "form"
    assert result.kind == name.rpartition(".")[2]
    found = [[row.values.get(key) for key in COLUMNS.values()] for row in result.rows]
    wanted = [
        [canonical(key, line[column]) for column, key in COLUMNS.items()] for line in TRUTH["rows"]
    ]
    told = {(item.row, item.field): item.code for item in result.findings}
    for number, (one, other) in enumerate(zip(found, wanted, strict=True), 1):
        for key, value, right in zip(COLUMNS.values(), one, other, strict=True):
            # On paper a wrapped name and two names look alike: then it is asked, not guessed.
            asked = name.endswith(".pdf") and told.get((number, key)) == "list-lines"
            assert value == right or asked
    for number, line in enumerate(result.rows, 1):
        assert set(line.values) <= set(line.places)
        for key, confidence in line.confidence.items():
            assert confidence >= CERTAIN or (number, key) in told


@pytest.mark.parametrize("name", ["letter_form.docx", "letter_form.pdf"])
def test_letter_beside_its_form(name: str) -> None:
    result = reading((DATA / name).read_bytes())
    assert result.letter is not None
    assert result.letter.number == "37/UBND-KT"
    assert result.letter.issued_on == "2025-03-18"
    assert result.letter.signer == "Nguyễn Văn Trường"
    assert result.letter.points_stated == 14
    assert "XÃ YÊN THƯỢNG" in result.heading
    assert not any("Kính gửi" in line for line in result.heading)
    assert "512/UBND-NNMT" in result.text


def letter(*body: str) -> bytes:
    return docx("".join(map(paragraph, (*LETTERHEAD, *body))))


NIL: Final = (
    "Qua rà soát, trên địa bàn xã Hòa Cư không có nhu cầu đăng ký hỗ trợ "
    "điểm giới thiệu và bán sản phẩm OCOP."
)


def test_nil_statement_in_prose() -> None:
    result = reading(letter("Kính gửi: UBND huyện", NIL))
    assert (result.role, result.nil, result.rows) == ("letter", True, ())


def test_letter_without_a_form() -> None:
    result = reading(letter("Kính gửi: UBND huyện", "Xã gửi kèm danh sách đăng ký."))
    assert (result.role, result.nil) == ("letter", False)
    assert result.letter is not None
    assert result.letter.number == "12/UBND-KT"


def test_nil_letter_with_an_unread_page_is_doubtful() -> None:
    size = "<wp:extent cx='7000000' cy='9000000'/>"
    drawing = f"<w:p><w:r><w:drawing>{size}<a:blip/></w:drawing></w:r></w:p>"
    body = "".join(map(paragraph, (*LETTERHEAD, "Kính gửi: UBND huyện", NIL)))
    result = reading(docx(body + drawing))
    assert not result.nil
    assert {"nil-doubtful", "not-read"} <= {item.code for item in result.findings}


def test_rows_beside_a_nil_statement() -> None:
    source = (DATA / "form.docx").read_bytes()
    assert not any(item.code == "nil-beside-rows" for item in reading(source).findings)
    form = table(
        row("STT", "Tên điểm", "Địa chỉ", "Diện tích (m2)", "Sản phẩm OCOP"),
        row("1", "Điểm A", "Thôn 1", "30", "Mật ong"),
    )
    body = "".join(map(paragraph, (*LETTERHEAD, "Kính gửi: UBND huyện", NIL)))
    result = reading(docx(body + form))
    assert len(result.rows) == 1
    assert not result.nil
    assert "nil-beside-rows" in {item.code for item in result.findings}


def test_fault_062_wrong_form_and_blank_template() -> None:
    """A foreign table and our own form without rows are told apart; each says what to do."""
    foreign = table(row("STT", "Họ tên", "Ngày sinh", "Dân tộc"), row("1", "A", "1990", "Tày"))
    wrong = refusal(docx(paragraph("DANH SÁCH CỬ TRI") + foreign))
    header = [cell for cell in TRUTH["head"] if cell]
    blank = refusal(docx(table(row(*header), row(*([""] * len(header))))))
    assert (wrong.code, blank.code) == ("wrong-form", "blank-template")
    assert wrong.kind == blank.kind == "docx"
    assert wrong.message != blank.message


def test_fault_067_legacy_font_text_is_read_as_what_it_shows() -> None:
    """TCVN3 text looks like Latin: it is decoded, and the reading says so."""
    legacy = (
        "Céng hßa x· héi chñ nghÜa ViÖt Nam",
        "Danh s¸ch ®¨ng ký ®iÓm giíi thiÖu vµ b¸n s¶n phÈm OCOP cña x·",
        "Uû ban nh©n d©n x· ®Ò nghÞ Uû ban nh©n d©n huyÖn xem xÐt, quyÕt ®Þnh hç trî",
    )
    found = reading(docx("".join(map(paragraph, legacy))))
    assert found.text.startswith("Cộng hòa xã hội chủ nghĩa Việt Nam\nDanh sách đăng ký điểm")
    assert found.repairs == ("tcvn3",)
    (note,) = [finding for finding in found.findings if finding.code == "text-repaired"]
    assert note.severity == "note"
    assert "TCVN3" in note.message


def test_dropped_glyphs_are_refused() -> None:
    lines = ("U BAN DÂN T C C NG HOÀ XÃ H I CH NGH A VI T NAM",) * 4
    assert refusal(docx("".join(map(paragraph, lines)))).code == "unreadable"


def test_fault_070_letter_before_a_scanned_table_keeps_its_letter() -> None:
    """The letter is read, and the page that nobody read is named."""
    paper = Paper()
    texts = ("UY BAN NHAN DAN", "XA HOA CU", "So: 12/UBND-KT", "Kinh gui: UBND huyen Cao Loc")
    for number, text in enumerate(texts):
        paper.line(60, 60 + 20 * number, text)
    paper.page().picture(0, 0, 595, 842)
    result = read(paper.done(), FORM)
    codes = (
        {item.code for item in result.findings} if isinstance(result, Reading) else {result.code}
    )
    assert codes & {"not-read", "unreadable"}


def test_over_the_size_limit() -> None:
    found = refusal(b"x" * 2000, Limits(document_bytes=1000))
    assert found.code == "too-large"


@pytest.mark.parametrize("name", ["form.xlsx", "form.docx", "form_docx.pdf"])
def test_fault_074_truncated_at_every_twentieth(name: str) -> None:
    """A file cut anywhere is refused or read right, never read wrong with no finding."""
    whole = (DATA / name).read_bytes()
    right = [dict(line.values) for line in reading(whole).rows]
    for twentieth in range(20):
        result = read(whole[: len(whole) * twentieth // 20], FORM, name=name)
        if isinstance(result, Reading):
            assert [dict(line.values) for line in result.rows] in ([], right)
        else:
            assert result.code in {"damaged", "empty", "unreadable", "wrong-form"}
