"""Nil returns: what a commune states about itself, against letters that only mention the words."""

import unicodedata
from pathlib import Path

import pytest

from parsers.form import Form
from parsers.letter import nil_statement

OCOP = Form(
    "Điểm giới thiệu và bán sản phẩm OCOP",
    (),
    nil_phrases=("xin phép chưa triển khai điểm nào",),
    topic_phrases=("điểm giới thiệu và bán sản phẩm",),
)
CALL = (Path(__file__).parent / "letters" / "call.txt").read_text("utf-8")

YES = [
    "Qua rà soát, xã Hòa Cư không có nhu cầu đăng ký hỗ trợ điểm giới thiệu và bán sản phẩm OCOP.",
    "Qua rà soát trên địa bàn, UBND xã không có nhu cầu.",
    "UBND xã Bảo Lâm báo cáo không có nhu cầu hỗ trợ Điểm giới thiệu và bán sản phẩm OCOP./.",
    "Sau khi rà soát, trên địa bàn xã không có điểm nào đăng ký hỗ trợ.",
    "Qua rà soát, trên địa bàn thị trấn không có tổ chức, cá nhân nào có nhu cầu hỗ trợ.",
    "Kết quả: trên địa bàn xã không có cơ sở, hộ kinh doanh nào đăng ký điểm bán hàng.",
    "Qua rà soát, UBND xã Thanh Loà không đăng ký điểm giới thiệu và bán sản phẩm OCOP năm 2024.",
    "Xã Mẫu Sơn không đề nghị hỗ trợ điểm giới thiệu và bán sản phẩm OCOP đợt này.",
    "Hiện nay, trên địa bàn xã chưa có nhu cầu hỗ trợ xây dựng điểm giới thiệu sản phẩm OCOP.",
    "UBND xã không phát sinh nhu cầu đăng ký điểm giới thiệu.",
    "Tổng số điểm đăng ký: 0 điểm.",
    "UBND xã đăng ký 00 điểm.",
    "Qua ra soat xa Gia Cat khong co nhu cau dang ky diem OCOP.",
    "QUA RÀ SOÁT, XÃ KHÔNG CÓ NHU CẦU ĐỀ NGHỊ HỖ TRỢ ĐIỂM OCOP",
    "Các thôn trên địa bàn xã đều không có nhu cầu đăng ký.",
    "Trên địa bàn xã không có điểm nào đáp ứng các điều kiện hỗ trợ theo Hướng dẫn liên ngành.",
    "Nhu cầu đăng ký hỗ trợ điểm giới thiệu: Không.",
    "Xã Hải Yến không có trường hợp nào đề nghị hỗ trợ.",
    "Kính gửi phòng Kinh tế và Hạ tầng, xã Cao Lâu không có nhu cầu ạ.",
    (
        "Thực hiện Công văn số 1200/UBND-KT&HT yêu cầu UBND các xã, thị trấn rà soát, UBND xã "
        "báo cáo: qua rà soát xã không có nhu cầu đề nghị hỗ trợ."
    ),
    "V/v báo cáo không có nhu cầu hỗ trợ điểm giới thiệu và bán sản phẩm OCOP",
    "UBND xã xin phép chưa triển khai điểm nào trong năm 2024.",
]
YES += [
    "Xã không có nội dung đăng ký.",
    "UBND xã không lựa chọn được điểm nào.",
    "Xã không có nhu cầu, không đăng ký.",
    "Xã không có nhu cầu vì không có cơ sở bán hàng.",
    "Trên địa bàn xã không có hợp tác xã, hộ kinh doanh nào đăng ký, đề nghị UBND huyện tổng hợp.",
    "Xã không có nhu cầu xây dựng điểm giới thiệu sản phẩm trong năm 2024.",
    "Hiện tại không có ai đăng ký ạ.",
    "Không có nhu cầu",
    "Nhu cầu hỗ trợ: 0",
    "Xã không đề nghị hỗ trợ điểm giới thiệu và bán sản phẩm OCOP.",
]
YES += [
    "Không có đối tượng đăng ký hỗ trợ.",
    "Trên địa bàn xã không phát sinh điểm đăng ký.",
    "Số lượng đăng ký: 0",
    "Số lượng điểm đăng ký hỗ trợ: Không có",
    "UBND xã không triển khai đăng ký đợt này.",
    "UBND thị trấn Đồng Đăng không có nhu cầu đăng ký trên địa bàn thị trấn.",
    "Xã không có nhu cầu, chịu trách nhiệm trước Chủ tịch UBND huyện về nội dung này.",
    "Xã không có nhu cầu theo nội dung Công văn số 1200/UBND-KT&HT.",
    "Xã không có nhu cầu đối với nội dung trên.",
]
NO = [
    "Không có hộ nào không đăng ký.",
    "UBND xã không đề nghị hỗ trợ biển hiệu mà chỉ đề nghị hỗ trợ kệ, tủ cho 02 điểm.",
    "Xã không có điểm nào không đủ điều kiện.",
    "Không có cơ sở nào vi phạm trong thời gian đăng ký.",
    (
        "Trường hợp quá thời gian nêu trên, UBND các xã, thị trấn không gửi văn bản thì được hiểu "
        "là không có nhu cầu đề nghị hỗ trợ Điểm giới thiệu và bán sản phẩm OCOP trên địa bàn."
    ),
    "Nếu không có nhu cầu đăng ký thì các thôn báo cáo bằng văn bản.",
    "Trong quá trình rà soát, UBND xã không có khó khăn, vướng mắc.",
    "Xã không có ý kiến gì thêm về hướng dẫn.",
    "Qua rà soát, thôn A không có nhu cầu, thôn B đăng ký 1 điểm.",
    "UBND xã đăng ký 02 điểm; các thôn còn lại không có nhu cầu.",
    "Đến nay chưa có xã, thị trấn nào thực hiện đăng ký điểm giới thiệu và bán sản phẩm OCOP.",
    "UBND xã gửi danh sách các Điểm có nhu cầu hỗ trợ để UBND huyện tổng hợp.",
    "Đề nghị phòng cho biết xã không có nhu cầu đăng ký thì có phải gửi báo cáo không?",
    "UBND xã tổng hợp danh sách 03 điểm đề nghị hỗ trợ như sau:",
    "Hộ kinh doanh chưa có nhu cầu vay vốn, đề nghị hỗ trợ 01 điểm.",
    "Các hộ chưa đăng ký kinh doanh sẽ được hướng dẫn; xã đăng ký 1 điểm.",
    "Không có đơn vị nào gặp khó khăn khi đăng ký.",
    "Chất lượng phục vụ tốt, khách không có nhu cầu gì thêm thì về.",
    "Xã cam kết không để xảy ra sai phạm.",
    "",
]
DOUBTFUL = [
    "UBND xã không có đề xuất gì.",
    "Xã không nhu cầu.",
    "Đăng ký: 0",
    "Xã xin rút điểm số 2, không có nhu cầu nữa; giữ nguyên điểm số 1.",
    "UBND xã xin rút điểm tại chợ Bản Ngà do hộ kinh doanh không có nhu cầu.",
    "Về việc đăng ký Điểm OCOP: xã không có.",
    "Xã Hòa Cư: không có.",
    "Không có điểm nào dưới 3 sao trong danh sách đăng ký.",
    "UBND xã không đề nghị hỗ trợ chi phí thuê mặt bằng.",
    "Hiện nay trên địa bàn xã không có điểm giới thiệu và bán sản phẩm OCOP, đề nghị hỗ trợ.",
    "Trên địa bàn xã chưa có điểm nào đáp ứng, kính đề nghị UBND huyện hỗ trợ xây dựng mới.",
    "UBND xã chưa lựa chọn được địa điểm.",
    "Thôn Nà Pàn không có nhu cầu đăng ký.",
    "HTX Hòa Bình không có nhu cầu hỗ trợ.",
    "UBND xã chưa đăng ký kịp, xin gia hạn đến ngày 25/5/2024.",
    "Trên địa bàn xã chưa có sản phẩm OCOP.",
    "Đợt trước xã không có nhu cầu đăng ký điểm.",
    "Các thôn còn lại không có nhu cầu đăng ký.",
    "Xã không có nhu cầu đào tạo nghề.",
    "Xã không có nhu cầu hỗ trợ thêm kinh phí biển hiệu.",
    "Hiện xã không có nhu cầu đăng ký, đang tiếp tục rà soát và sẽ báo cáo sau.",
]


#: Somebody registers, or it is about another matter: never recorded as nil.
NOT_PLAIN = [
    "Xã không có tổ chức, cá nhân nào đăng ký, chỉ có 01 hộ đề nghị.",
    "Xã không có hợp tác xã đăng ký, tuy nhiên có hộ kinh doanh đề nghị hỗ trợ.",
    "Không có HTX nào đăng ký. Hộ kinh doanh Lý Thị Hoa đăng ký mở điểm.",
    "Không có nhu cầu. Xã không có tổ chức nào đăng ký nhưng có hộ Lý Thị Hoa xin hỗ trợ.",
    "Xã không đăng ký được do mất điện.",
    "Xã không đăng ký được trên hệ thống.",
    "Xã không đăng ký kịp.",
    "Chưa có hộ nào đăng ký, xã sẽ tiếp tục vận động.",
    "Xã không đăng ký thêm.",
    "Xã không có nhu cầu bổ sung.",
    "Không đăng ký mới, giữ nguyên danh sách đã gửi.",
    "Xã không có điểm nào thay đổi so với danh sách đã đăng ký.",
    "Xã không có điểm đăng ký mới, vẫn giữ 02 điểm đã gửi.",
    "Xã không có hộ nào đề nghị hỗ trợ nhà ở.",
    "Xã không đăng ký nông thôn mới nâng cao năm 2024.",
    "Xã không có trường hợp nào đăng ký kết hôn.",
    "Xã không đăng ký sản phẩm OCOP mới năm 2024.",
    "Chủ thể chưa có nhu cầu vì chưa được hướng dẫn.",
]


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_what_takes_the_words_back_or_means_another_matter_is_not_plain(text: str) -> None:
    assert nil_statement([text], OCOP) != "yes"


@pytest.mark.parametrize("text", YES)
def test_a_plain_statement_is_a_nil_return(text: str) -> None:
    assert nil_statement([text], OCOP) == "yes"


@pytest.mark.parametrize("text", NO)
def test_mentioning_the_words_is_no_nil_return(text: str) -> None:
    assert nil_statement([text], OCOP) == "no"


@pytest.mark.parametrize("text", DOUBTFUL)
def test_what_is_in_between_goes_to_a_person(text: str) -> None:
    assert nil_statement([text], OCOP) == "doubtful"


@pytest.mark.parametrize("text", YES)
def test_lines_broken_by_a_pdf_do_not_change_the_answer(text: str) -> None:
    words = text.split()
    lines = [" ".join(words[at : at + 6]) for at in range(0, len(words), 6)]
    assert nil_statement(lines, OCOP) == "yes"


@pytest.mark.parametrize("text", YES)
def test_a_registration_beside_the_statement_is_never_nil(text: str) -> None:
    assert nil_statement([text, "UBND xã đăng ký 02 điểm tại chợ trung tâm."], OCOP) == "no"


def without_marks(text: str) -> str:
    bare = text.replace("đ", "d").replace("Đ", "D")
    return unicodedata.normalize("NFD", bare).encode("ascii", "ignore").decode()


def in_every_writing(text: str) -> list[str]:
    """As typed, with its marks apart (macOS, iOS), and as typed without any (telephones)."""
    return [text, unicodedata.normalize("NFD", text), without_marks(text)]


SIGNS_ON = [
    "UBND xã đăng kí 02 điểm tại chợ; các thôn không có nhu cầu.",
    "Các thôn không có nhu cầu. Xã đăng kí 02 điểm.",
]


@pytest.mark.parametrize("text", SIGNS_ON)
def test_dang_ki_is_dang_ky_where_a_commune_registers(text: str) -> None:
    for written in in_every_writing(text):
        assert nil_statement([written], OCOP) == "no"


@pytest.mark.parametrize("text", [text for text in YES if "đăng ký" in text])
def test_dang_ki_is_dang_ky_where_nobody_registers(text: str) -> None:
    for written in in_every_writing(text.replace("đăng ký", "đăng kí")):
        assert nil_statement([written], OCOP) == "yes"


#: A case that is supposed, and what somebody else is to think: no word of it is the commune's.
SUPPOSED = [
    "Nếu UBND xã không có nhu cầu, đề nghị gửi văn bản trả lời.",
    "Trường hợp UBND xã không có nhu cầu, đề nghị báo cáo bằng văn bản.",
    "Trường hợp không gửi văn bản được hiểu là UBND xã không có nhu cầu đề nghị hỗ trợ.",
    "Quá thời hạn trên, huyện hiểu là UBND xã Hòa Cư không có nhu cầu.",
    "Đơn vị không gửi báo cáo thì xem như UBND xã không có nhu cầu.",
    "Nếu qua rà soát không có đơn vị nào đăng ký, xã sẽ chọn nhà văn hóa.",
    "Nếu kết quả rà soát không có nhu cầu, đề nghị các thôn báo cáo bằng văn bản.",
    "Nếu trên địa bàn xã không có nhu cầu, đề nghị các thôn báo cáo.",
]
#: They may be the writer's own words, but a condition, a call or a doubt stands before them.
PERHAPS_SUPPOSED = [
    "Nếu phải đối ứng, UBND xã không có nhu cầu.",
    "Trường hợp không được hỗ trợ 100%, xã không đăng ký.",
    "Không phải UBND xã không có nhu cầu mà chưa nhận được công văn.",
    "Không thể coi UBND xã không có nhu cầu.",
    "Hoặc UBND xã không có nhu cầu, hoặc UBND xã đăng ký theo biểu.",
    "Việc hệ thống ghi nhận UBND xã Hòa Cư không có nhu cầu là sai.",
    "Đề nghị Phòng ghi nhận xã Hòa Cư không có nhu cầu.",
]
ASKS_FOR_A_FORM = [
    "Phòng cho xin mẫu báo cáo không có nhu cầu ạ",
    "Cho xã xin mẫu báo cáo không có nhu cầu.",
    "Em xin biểu mẫu cho xã không có nhu cầu.",
    "Đề nghị Phòng hướng dẫn mẫu văn bản báo cáo không có nhu cầu.",
]


@pytest.mark.parametrize("text", SUPPOSED)
def test_a_condition_holds_for_all_that_follows_it(text: str) -> None:
    """Who is named after "nếu" or "được hiểu là" has not said it."""
    for written in in_every_writing(text):
        assert nil_statement([written], OCOP) == "no"


@pytest.mark.parametrize("text", PERHAPS_SUPPOSED)
def test_a_report_after_a_condition_goes_to_a_person(text: str) -> None:
    for written in in_every_writing(text):
        assert nil_statement([written], OCOP) == "doubtful"


@pytest.mark.parametrize("text", ASKS_FOR_A_FORM)
def test_who_asks_how_to_word_a_nil_return_has_not_given_one(text: str) -> None:
    for written in in_every_writing(text):
        assert nil_statement([written], OCOP) == "no"


#: A statement, and a registration, a delay or a condition beside it.
NOT_SETTLED = [
    "UBND xã gửi biểu đăng ký kèm theo. Các thôn không có nhu cầu.",
    "Các thôn vùng cao không có nhu cầu. UBND xã gửi kèm biểu đăng ký điểm chợ trung tâm.",
    "Em gửi danh sách đính kèm ạ. Các thôn khác không có nhu cầu.",
    "UBND xã gửi hồ sơ điểm chợ Hòa Cư (file đính kèm). Các cơ sở khác không có nhu cầu.",
    "UBND xã đăng ký điểm chợ Hòa Cư, các thôn không có nhu cầu.",
    "Xã nhất trí đăng ký điểm chợ Hòa Cư. Các thôn không có nhu cầu.",
    "Do không có tổ chức nào đăng ký nên UBND xã đứng ra đăng ký điểm tại chợ Bản Ngà.",
    "Không có tổ chức nào đăng ký, UBND xã đăng ký điểm tại nhà văn hóa trung tâm.",
    "Không có tổ chức nào đăng ký, vì vậy UBND xã chọn nhà văn hóa làm điểm.",
    "UBND xã lựa chọn điểm tại nhà văn hóa, vì trên địa bàn không có cơ sở nào đăng ký.",
    "Không có tổ chức nào đăng ký nên xin ý kiến huyện.",
    "Xã chưa có điểm nào đăng ký, xin lùi thời hạn đến 25/5.",
    "Xã chưa có điểm nào đăng ký, xin thêm thời gian.",
    "Xã chưa có tổ chức nào đăng ký, chờ họp dân.",
    "Xã tạm thời chưa có điểm nào đăng ký.",
    "UBND xã không đăng ký nếu phải đối ứng.",
    "Xã không đăng ký trừ khi được hỗ trợ 100% kinh phí.",
    "Trừ điểm chợ Hòa Cư, xã không có nhu cầu.",
    "Bên cạnh điểm chợ trung tâm, trên địa bàn xã không có điểm nào đăng ký.",
    "Xã không đăng ký điểm mới, đề nghị nâng cấp điểm cũ.",
    "Xã không có nhu cầu xây dựng điểm mới, chỉ cải tạo.",
    "UBND xã không đăng ký trên phần mềm mà gửi văn bản này.",
    "Trong xã có hộ bà Lý Thị Hoa không có nhu cầu hỗ trợ.",
    "Trên địa bàn xã, thôn Bản Cưởm không có nhu cầu.",
    "Năm 2023 xã không có nhu cầu.",
    "Đợt đầu xã không có điểm nào đăng ký.",
    "Chủ tịch xã chưa ký văn bản báo cáo không có nhu cầu.",
    "Đề nghị huyện cho xã được rút báo cáo không có nhu cầu.",
    "Dự thảo: xã không có nhu cầu.",
    "Nhu cầu vay vốn: không.",
    "Nhu cầu hỗ trợ mặt bằng: không",
    "Số điểm bị thu hồi: 0.",
    "Số điểm dừng hoạt động: 0 điểm.",
    "Qua niêm yết không có tổ chức, cá nhân nào có đơn đề nghị xem xét lại danh sách.",
    "Không có ai phản đối việc đăng ký điểm.",
    "Không có điểm nào trên 100m2.",
    "Các thôn không có nhu cầu. Bà Lý Thị Hoa đăng ký mở điểm tại chợ.",
    "Xã chưa có điểm nào đăng ký, đợi đến cuối tháng.",
    "Xã chưa có hộ nào đăng ký; xin phép gửi chậm.",
    "Xã không đăng ký, trong trường hợp không được hỗ trợ vốn.",
    "Xã chưa có văn bản chính thức báo cáo không có nhu cầu.",
    "Chúng tôi chưa từng trả lời là không có nhu cầu.",
    "Xã Hòa Cư nộp hồ sơ điểm chợ. Các thôn không có nhu cầu.",
    "Xã có nhu cầu tại chợ trung tâm. Các thôn không có nhu cầu.",
    "Xã không có nhu cầu hỗ trợ chi phí thuê mặt bằng.",
]


@pytest.mark.parametrize("text", NOT_SETTLED)
def test_what_stands_beside_a_statement_is_heard(text: str) -> None:
    """Whoever registers, waits or sets a condition in the same letter has not said "nothing"."""
    for written in in_every_writing(text):
        assert nil_statement([written], OCOP) != "yes"


@pytest.mark.parametrize("text", YES)
@pytest.mark.parametrize(
    "beside",
    [
        "UBND xã gửi biểu đăng ký kèm theo.",
        "UBND xã đứng ra đăng ký điểm tại chợ.",
        "Xã xin lùi thời hạn đến 25/5.",
        "Hiện còn chờ họp dân.",
        "UBND xã đề nghị cải tạo điểm cũ.",
    ],
)
def test_no_plain_statement_hides_the_sentence_beside_it(text: str, beside: str) -> None:
    for lines in ([text, "", beside], [beside, "", text]):
        for written in zip(*map(in_every_writing, lines), strict=True):
            assert nil_statement(written, OCOP) != "yes"


@pytest.mark.parametrize(
    ("head", "answer"),
    [("Hòa Cư, ngày 17 tháng 5 năm 2024", "yes"), ("V/v đăng ký điểm năm 2025", "doubtful")],
)
def test_a_year_of_its_own_is_the_year_of_the_letter(head: str, answer: str) -> None:
    assert nil_statement([head, "", "Năm 2024 xã không có nhu cầu."], OCOP) == answer


def test_a_subject_that_only_names_the_matter_registers_nothing() -> None:
    said = "Qua rà soát, UBND xã không có nhu cầu đăng ký hỗ trợ điểm."
    for subject in ("Xã Tân Liên: đăng ký điểm OCOP", "UBND xã Hòa Cư đăng ký điểm OCOP năm 2024"):
        for written in zip(*map(in_every_writing, (subject, "", said)), strict=True):
            assert nil_statement(written, OCOP) == "yes"
    for act in ("Xã Hòa Cư đăng ký điểm chợ Bản Ngà", "Xã Hòa Cư đăng ký điểm OCOP."):
        assert nil_statement([act, "", said], OCOP) == "doubtful"


#: Courteous letters and mails about nothing: a citation of the call, the way it went, thanks.
LETTERS = [
    letter.split("\n")
    for letter in (Path(__file__).parent / "letters" / "nil.txt")
    .read_text("utf-8")
    .strip()
    .split("\n\n")
]


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter[-1][:40])
def test_a_courteous_letter_stays_plain(letter: list[str]) -> None:
    for written in zip(*map(in_every_writing, letter), strict=True):
        assert nil_statement(written, OCOP) == "yes"


def test_the_address_line_does_not_run_into_the_statement() -> None:
    lines = ["V/v báo cáo nhu cầu", "Kính gửi: UBND huyện", "Xã không có nhu cầu đăng ký./."]
    assert nil_statement(lines, OCOP) == "yes"
    assert nil_statement(["Kính gửi UBND huyện, xã không có nhu cầu đăng ký"], OCOP) == "yes"


def test_the_call_itself_sent_back_is_no_nil_return() -> None:
    assert nil_statement(CALL.splitlines(), OCOP) == "no"


@pytest.mark.parametrize("text", YES)
def test_the_call_quoted_below_an_answer_does_not_disturb_it(text: str) -> None:
    assert nil_statement([text, "", *CALL.splitlines()], OCOP) == "yes"


def test_the_words_of_a_quoted_mail_are_not_the_writers() -> None:
    lines = [
        "Xã gửi danh sách kèm theo.",
        "Vào 14:20, Th 2, 20 thg 5, 2024 Xã khác <xa@khac.example> đã viết:",
        "> Xã không có nhu cầu đăng ký.",
        "Xã không có nhu cầu đăng ký.",
    ]
    assert nil_statement(lines, OCOP) == "no"
