"""Dossiers: what came for which point, what is missing, what is too old; and the criteria."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rigs import office as rig

from notifier.criteria import judge
from notifier.dossier import checklist, is_expired, months_later, point_of, remarks
from parsers.vietnamese import fold
from registry.model import Document, Point

CONFIG = rig.office()
CAMPAIGN = CONFIG.campaigns[0]
FORM = CAMPAIGN.form
CHO = rig.point(1, name="Điểm OCOP chợ Bản Ngà", owner="HTX Bản Ngà", representative="Lý Văn Mẫu")
QUAN = rig.point(
    2, name="Cửa hàng Nà Lìn", owner="Hộ kinh doanh Nà Lìn", representative="Vi Thị Thử"
)


def document(item: str, name: str, issued_on: str = "") -> Document:
    sha256 = f"{abs(hash((item, name))):064x}"
    return Document(
        1, name, sha256, 9, "pdf", "dossier", item=item, about=fold(name), issued_on=issued_on
    )


def missing(
    documents: list[Document], points: tuple[Point, ...] = (CHO, QUAN)
) -> dict[str, tuple[int, ...]]:
    return {s.item.key: s.missing for s in checklist(CAMPAIGN, documents, points)}


def test_nothing_came() -> None:
    states = checklist(CAMPAIGN, [], (CHO, QUAN))
    assert {state.missing for state in states} == {(1, 2)}
    lines = remarks(states, 2)
    assert len(lines) == sum(item.required for item in CAMPAIGN.dossier)
    assert lines[0] == "Chưa thấy: Đơn đề nghị hỗ trợ (cho tất cả các điểm)."


def test_documents_are_matched_to_their_point() -> None:
    named = document("request", "Đơn đề nghị - HTX Bản Ngà.pdf")
    assert missing([named])["request"] == (2,)
    assert missing([named, document("request", "don vi thi thu.pdf")])["request"] == ()


def test_a_document_of_no_telling_point_stands_for_one() -> None:
    one, two = document("plan", "bao gia.pdf"), document("plan", "du toan.pdf")
    assert missing([one])["plan"] == (1, 2)
    assert missing([one, two])["plan"] == ()
    told = remarks(checklist(CAMPAIGN, [one], (CHO, QUAN)), 2)
    assert any("có 1 tệp chưa rõ của điểm nào" in line for line in told)


def test_the_same_file_twice_counts_once() -> None:
    one = document("plan", "bao gia.pdf")
    assert missing([one, one])["plan"] == (1, 2)


def test_one_point_has_everything() -> None:
    assert missing([document("plan", "bao gia.pdf")], (CHO,))["plan"] == ()


@pytest.mark.parametrize(
    ("about", "ordinal"),
    [
        ("ho so diem ocop cho ban nga", 1),
        ("gcn cua hang na lin", 2),
        ("htx ban nga", 1),
        ("ho so so 2 anh", 2),
        ("diem 02", 2),
        ("diem 7", 0),
        ("htx ban nga va ho kinh doanh na lin", 0),
        ("", 0),
    ],
)
def test_which_point(about: str, ordinal: int) -> None:
    assert point_of(about, (CHO, QUAN), FORM) == ordinal


def test_a_certificate_of_more_than_36_months() -> None:
    old = document("certificate", "GCN.pdf", "2020-12-15")
    new = document("certificate", "GCN 2.pdf", "2023-12-15")
    state = next(s for s in checklist(CAMPAIGN, [old, new], (CHO,)) if s.item.key == "certificate")
    assert state.expired == (old,)
    assert any("15/12/2020" in line and "36 tháng" in line for line in remarks([state], 1))


def test_the_last_day_of_validity_still_counts() -> None:
    assert not is_expired("2021-05-20", 36, dt.date(2024, 5, 20))
    assert is_expired("2021-05-19", 36, dt.date(2024, 5, 20))
    assert not is_expired("", 36, dt.date(2024, 5, 20))
    assert months_later(dt.date(2024, 2, 29), 12) == dt.date(2025, 2, 28)


@given(st.dates(dt.date(2000, 1, 1), dt.date(2050, 1, 1)), st.integers(1, 600))
def test_months_go_on(day: dt.date, months: int) -> None:
    later = months_later(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day <= day.day


LOCATION, PRODUCTS = CAMPAIGN.criterion


@pytest.mark.parametrize(
    ("values", "sure", "answer", "words"),
    [
        ({"stars": "4"}, 1.0, "met", "4"),
        ({"stars": "3"}, 1.0, "met", "3"),
        ({"stars": "2"}, 1.0, "unknown", "dưới 3"),
        ({"stars": "5"}, 0.6, "unknown", "chưa chắc chắn"),
        ({}, 1.0, "unknown", "Chưa ghi"),
    ],
)
def test_the_criterion_of_products(
    values: dict[str, str], sure: float, answer: str, words: str
) -> None:
    found = judge(PRODUCTS, values, dict.fromkeys(values, sure), FORM)
    assert found.answer == answer
    assert words in found.reason


def test_a_lower_value_may_fail_where_the_campaign_says_so() -> None:
    strict = PRODUCTS.model_copy(update={"below": "not-met"})
    assert judge(strict, {"stars": "2"}, {}, FORM).answer == "not-met"


def test_what_no_column_answers_is_left_to_the_officer() -> None:
    open_question = LOCATION.model_copy(update={"field": ""})
    assert judge(open_question, {"location_kind": "chợ"}, {}, FORM).answer == "unknown"
    assert judge(LOCATION, {"location_kind": "chợ"}, {}, FORM).answer == "met"
