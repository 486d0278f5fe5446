"""Which commune, which campaign – or a person decides."""

import unicodedata

import pytest
from rigs.cast import CAO_LOC, COMMUNES, DONG_DANG, GIA_CAT, HOA_CU, campaign, moment

from intake.matching import (
    CampaignMatch,
    CommuneMatch,
    Unsure,
    match_campaign,
    match_commune,
    named_communes,
    unknown_issuers,
)

HEADING = ("ỦY BAN NHÂN DÂN", "XÃ HÒA CƯ", "Số: 45/UBND-KT")


@pytest.mark.parametrize(
    "line",
    [
        "UBND XÃ HÒA CƯ",
        "UBND xã Hoà Cư",
        "UBND X. HÒA CƯ",
        "Xa Hoa Cu",
        unicodedata.normalize("NFD", "Ủy ban nhân dân xã Hòa Cư"),
        "(Kèm theo Công văn số 45/UBND-KT của UBND xã Hòa Cư)",
        "xã  Hòa\u00a0Cư.",
    ],
)
def test_fault_066_a_name_is_found_however_it_is_written(line):
    """FAULTS 66: NFC and NFD, old and new tone placement, case, spaces and no diacritics."""
    assert named_communes([line], COMMUNES) == (HOA_CU,)


@pytest.mark.parametrize(
    "line",
    [
        "Kính gửi: UBND huyện Cao Lộc",
        "UBND HUYỆN CAO LỘC",
        "Hòa Cư, ngày 17 tháng 5 năm 2024",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "UBND các xã, thị trấn",
        "xã Hòa Cưu",
    ],
)
def test_a_bare_substring_names_nobody(line):
    assert named_communes([line], COMMUNES) == ()


@pytest.mark.parametrize("line", ["UBND THỊ TRẤN CAO LỘC", "TT Cao Lộc", "UBND TT. CAO LỘC"])
def test_the_town_is_told_from_its_district(line):
    assert named_communes(["UBND HUYỆN CAO LỘC", line], COMMUNES) == (CAO_LOC,)


def test_an_issuer_broken_after_its_class_word_is_one_line():
    assert named_communes(["ỦY BAN NHÂN DÂN XÃ", "HÒA CƯ"], COMMUNES) == (HOA_CU,)


def test_a_letterhead_of_an_unknown_unit_is_noticed():
    assert unknown_issuers(["UBND XÃ YÊN THƯỢNG", "XÃ HỘI CHỦ NGHĨA"], COMMUNES)
    assert not unknown_issuers(HEADING, COMMUNES)


def _commune(sender=(HOA_CU,), heading=HEADING, subject="", *, on_behalf=False):
    return match_commune(sender, heading, subject, COMMUNES, on_behalf=on_behalf)


def test_the_roster_address_decides_when_nothing_speaks_against_it():
    assert _commune() == CommuneMatch(HOA_CU, "sender")
    assert _commune(heading=()) == CommuneMatch(HOA_CU, "sender")
    assert _commune(heading=("Danh sách đăng ký",)) == CommuneMatch(HOA_CU, "sender")


def test_fault_076_sender_a_form_of_b_is_held_and_both_are_named():
    """FAULTS 76: sender is commune A, the form says commune B."""
    answer = _commune(sender=(GIA_CAT,))
    assert isinstance(answer, Unsure)
    assert answer.candidates == ("Xã Gia Cát", "Xã Hòa Cư")


def test_fault_077_a_namesake_that_is_not_on_the_roster_is_held():
    """FAULTS 77: a unit of another district; matched by roster, never by likeness."""
    assert isinstance(_commune(heading=("UBND XÃ TÂN THÀNH",)), Unsure)


def test_documents_that_name_two_communes_are_held():
    assert isinstance(_commune(heading=(*HEADING, "UBND XÃ GIA CÁT")), Unsure)


def test_an_address_that_two_communes_share_needs_the_letterhead():
    both = (HOA_CU, GIA_CAT)
    assert isinstance(_commune(sender=both, heading=()), Unsure)
    assert _commune(sender=both) == CommuneMatch(HOA_CU, "heading")


def test_an_officer_speaks_for_whom_letterhead_or_subject_names():
    forward = {"sender": (), "on_behalf": True}
    assert _commune(**forward) == CommuneMatch(HOA_CU, "heading")
    named = _commune(**forward, heading=(), subject="Fwd: TT Đồng Đăng gửi qua Zalo")
    assert named == CommuneMatch(DONG_DANG, "subject")
    assert isinstance(_commune(**forward, subject="Fwd: xã Gia Cát"), Unsure)
    assert isinstance(_commune(**forward, heading=(), subject="Fwd: hồ sơ"), Unsure)


def test_fault_075_a_stranger_is_never_matched_by_what_the_form_says():
    """FAULTS 75: sender not on the roster."""
    assert isinstance(_commune(sender=()), Unsure)


ROUND_2 = campaign()
ROUND_3 = campaign(
    "ocop-2024-3", receipt_prefix="OCOP3", number="", basis=[], opens_at=moment(14),
)  # fmt: skip


def _campaign(thread=None, subject="", cited=(), campaigns=(ROUND_2, ROUND_3), at=None):
    return match_campaign(thread, subject, cited, campaigns, at or moment(17))


def test_campaign_by_thread_then_subject_then_cited_number():
    assert _campaign(thread="ocop-2024-3", cited=("1290/UBND-KT&HT",)) == CampaignMatch(
        ROUND_3, "thread"
    )
    assert _campaign(thread="ocop-2024-3", subject="Re: ocop-2024-3") == CampaignMatch(
        ROUND_3, "thread"
    )
    assert _campaign(subject="Re: [OCOP3-06223-01-4] sửa") == CampaignMatch(ROUND_3, "subject")
    assert _campaign(cited=("1290/UBND-KT&HT",)) == CampaignMatch(ROUND_2, "cited")
    assert _campaign(cited=("689 / SCT-QLTM",)) == CampaignMatch(ROUND_2, "cited")


@pytest.mark.parametrize("subject", ["Re: đăng ký ocop-2024-2", "Re: [OCOP2-06223-01-9] sửa"])
def test_a_thread_and_a_subject_that_disagree_are_for_a_person(subject):
    """Whoever answers the old round's mail may write about the new one."""
    answer = _campaign(thread="ocop-2024-3", subject=subject, cited=("1290/UBND-KT&HT",))
    assert answer == Unsure("several-campaigns", ("ocop-2024-3", "ocop-2024-2"))


@pytest.mark.parametrize(
    "subject", ["Đăng ký hội chợ OCOP 2024 (2)", "ocop-2024-2-bis", "OCOP2", "XOCOP2-06223-01-9"]
)
def test_words_that_only_resemble_an_id_or_a_receipt_name_no_campaign(subject):
    assert isinstance(_campaign(subject=subject), Unsure)


def test_fault_081_the_period_is_never_guessed_by_todays_date():
    """FAULTS 81: several open campaigns and nothing that names one: held."""
    answer = _campaign()
    assert isinstance(answer, Unsure)
    assert answer.candidates == ("ocop-2024-2", "ocop-2024-3")
    assert isinstance(_campaign(cited=("1144/UBND-KT&HT",)), Unsure)


def test_the_only_open_campaign_is_meant_and_a_closed_one_when_none_is_open():
    assert _campaign(campaigns=(ROUND_2,)) == CampaignMatch(ROUND_2, "only-open")
    assert _campaign(campaigns=(ROUND_2,), at=moment(25)) == CampaignMatch(ROUND_2, "only-open")
    assert isinstance(_campaign(campaigns=(ROUND_2,), at=moment(1)), Unsure)
    assert _campaign(at=moment(13, 12)) == CampaignMatch(ROUND_2, "only-open")


CLOSED = campaign(
    "ocop-2024-1", receipt_prefix="OCOP1", number="1144/UBND-KT&HT", basis=[],
    opens_at=moment(1), deadline_at=moment(10), closes_at=moment(11),
    report={**ROUND_2.report.model_dump(), "at": moment(11, 8)},
)  # fmt: skip
ROUNDS = (CLOSED, ROUND_2)


@pytest.mark.parametrize(
    "given",
    [
        {"thread": "ocop-2024-1"},
        {"thread": "ocop-2024-1", "cited": ("1290/UBND-KT&HT",)},
        {"thread": "ocop-2024-1", "cited": ("1144/UBND-KT&HT", "1290/UBND-KT&HT")},
        {"thread": "ocop-2024-1", "subject": "Re: [OCOP1-06223-01-7] sửa"},
        {"subject": "Đăng ký ocop-2024-1"},
    ],
)
def test_an_old_mail_answered_while_another_round_is_open_is_for_a_person(given):
    """Whoever looks for our address answers the last mail at hand: the old round's call."""
    ids = ("ocop-2024-1", "ocop-2024-2")
    assert _campaign(**given, campaigns=ROUNDS) == Unsure("several-campaigns", ids)


def test_an_answer_to_a_round_whose_file_was_taken_away_is_for_a_person():
    """Unless it names another itself: that round may be meant, whether we still know it or not."""
    gone = {"thread": "ocop-2024-1", "campaigns": (ROUND_2,)}
    both = ("ocop-2024-1", "ocop-2024-2")
    assert _campaign(**gone) == Unsure("several-campaigns", both)
    assert _campaign(**gone, at=moment(25)) == Unsure("several-campaigns", both[:1])
    assert _campaign(**gone, cited=("1144/UBND-KT&HT", "1290/UBND-KT&HT")) == CampaignMatch(
        ROUND_2, "cited"
    )
    assert _campaign(**gone, subject="Re: [OCOP2-06223-01-9] sửa") == CampaignMatch(
        ROUND_2, "subject"
    )


def test_a_correction_stays_in_its_closed_round_where_nothing_speaks_for_another():
    thread = CampaignMatch(CLOSED, "thread")
    assert _campaign(thread="ocop-2024-1", campaigns=ROUNDS, at=moment(12)) == thread
    assert _campaign(thread="ocop-2024-1", campaigns=(CLOSED,)) == thread
    said = _campaign(thread="ocop-2024-1", cited=("1144/UBND-KT&HT",), campaigns=ROUNDS)
    assert said == thread
    assert _campaign(thread="ocop-2024-2", campaigns=ROUNDS) == CampaignMatch(ROUND_2, "thread")
