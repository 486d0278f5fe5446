"""What a reply decides about a report, and why nothing; which file is the signed letter."""

import datetime as dt
from dataclasses import replace

import pytest
from rigs.office import office

from intake.by_reply import Reply
from intake.record import ReadDocument
from intake.release import AskedReport, asked_by, decide_report, is_the_letter
from intake.reply import Order
from notifier.answered import Answered
from notifier.report_rules import Question, question_key
from notifier.token import Token, found_tokens, token
from parsers.reading import Letter, Reading, Refusal, Signature
from registry.model import ReportDecision, ReportFile, ReportRow

CONFIG = office()
CAMPAIGN = CONFIG.campaign("ocop-2024-2")
LEADER, OFFICER = "lanhdao@caoloc.example", "canbo.ktht@caoloc.example"
SECRET, TODAY = b"s" * 32, dt.date(2024, 5, 22)
NOW = dt.datetime(2024, 5, 22, 8, tzinfo=dt.UTC)
DRAFT = ReportRow(7, CAMPAIGN.id, 1, NOW, "ab" * 32, (ReportFile("Bao cao.xlsx", "f" * 64, 9),))
TEXT = f"Số: 145/UBND-KT&HT V/v báo cáo kết quả {CAMPAIGN.title.lower()} (đợt 2)"


def the_token(question: Question = "draft", sender: str = LEADER, number: int = 1) -> Token:
    key = question_key(question, CAMPAIGN.id, number)
    (found,) = found_tokens(token(SECRET, "B", number, key, sender, TODAY))
    return found


def asked(row: ReportRow = DRAFT, **changes: object) -> AskedReport:
    whole = AskedReport(CAMPAIGN, row, row, "draft", "good", frozenset({LEADER}))
    return replace(whole, **changes)  # type: ignore[arg-type]


def said(*orders: Order, tokens: int = 1) -> Reply:
    return Reply((the_token(), the_token(number=2))[:tokens], orders)


RELEASE, RETURN = Order("release"), Order("return", "kinh phí sai")


def file(
    state: str = "", text: str = TEXT, name: str = "145.pdf", kind: str = "pdf"
) -> ReadDocument:
    signatures = (Signature(state),) if state else ()  # type: ignore[arg-type]
    read = Reading(kind, "letter", text=text, letter=Letter("145/UBND-KT&HT", "2024-05-22"),
                   signatures=signatures)  # fmt: skip
    return ReadDocument(1, name, f"{name:a>64}"[:64], 1_000, read)


def code(found: ReportDecision | Answered) -> str:
    return found.code if isinstance(found, Answered) else found.choice


def test_a_token_is_known_by_its_seal_whatever_the_campaign() -> None:
    other = CAMPAIGN.model_copy(update={"id": "other"})
    reports = [(other, [replace(DRAFT, campaign="other")]), (CAMPAIGN, [DRAFT])]
    hit = asked_by(the_token(), SECRET, LEADER, TODAY, reports)
    assert hit == (CAMPAIGN, DRAFT, "draft", "good")
    assert asked_by(the_token(), SECRET, OFFICER, TODAY, reports) is None
    assert asked_by(the_token(), b"t" * 32, LEADER, TODAY, reports) is None
    hit = asked_by(the_token(), SECRET, LEADER, TODAY + dt.timedelta(days=1), reports)
    assert hit is not None
    assert hit[3] == "expired"
    hit = asked_by(the_token("returned", OFFICER), SECRET, OFFICER, TODAY, reports)
    assert hit is not None
    assert hit[2] == "returned"


@pytest.mark.parametrize(
    ("reply", "about", "expected"),
    [
        (said(RELEASE), asked(), "release"),
        (said(RETURN), asked(), "return"),
        (said(Order("return")), asked(), "answer-no-reason"),
        (said(), asked(), "answer-none"),
        (said(RELEASE, RETURN), asked(), "answer-several"),
        (said(RELEASE, tokens=2), asked(), "answer-several"),
        (said(Order("drop")), asked(), "answer-not-offered"),
        (said(RELEASE), None, "answer-forged"),
        (said(RELEASE), asked(may_answer=frozenset({OFFICER})), "answer-forged"),
        (said(RELEASE), asked(seal="expired"), "answer-expired"),
        (said(RELEASE), asked(untrue="answer-taken-back"), "answer-taken-back"),
        (said(RETURN), asked(untrue="answer-taken-back"), "return"),
        (said(RELEASE), asked(untrue="answer-heard-since"), "answer-heard-since"),
        (said(RELEASE), asked(untrue="answer-nothing-new"), "answer-nothing-new"),
        (said(RELEASE), asked(replace(DRAFT, approved_at=NOW)), "answer-released"),
        (said(RELEASE), asked(replace(DRAFT, returned_at=NOW)), "answer-was-returned"),
        (said(RELEASE), asked(replace(DRAFT, again_at=NOW)), "answer-older-draft"),
        (said(RELEASE), asked(newest=replace(DRAFT, number=2)), "answer-older-draft"),
        (said(Order("accept")), asked(), "answer-not-offered"),
    ],
)
def test_an_answer_counts_once_and_only_for_the_newest_draft(
    reply: Reply, about: AskedReport | None, expected: str
) -> None:
    assert code(decide_report(reply, LEADER, about, ())) == expected


def test_an_officer_says_that_a_returned_draft_is_done() -> None:
    row = replace(DRAFT, returned_at=NOW)
    about = asked(row, question="returned", may_answer=frozenset({OFFICER}))
    assert code(decide_report(said(Order("accept")), OFFICER, about, ())) == "again"
    assert code(decide_report(said(RELEASE), OFFICER, about, ())) == "answer-not-offered"
    assert code(decide_report(said(), OFFICER, about, ())) == "answer-none"


@pytest.mark.parametrize("state", ["valid", "unknown-root", "expired"])
def test_a_signed_letter_releases_without_a_word(state: str) -> None:
    found = decide_report(said(), LEADER, asked(), [file(state)])
    assert isinstance(found, ReportDecision)
    assert found.letter is not None
    assert (found.letter.signature, found.letter.number) == (state, "145/UBND-KT&HT")


@pytest.mark.parametrize(
    ("state", "word", "expected"),
    [
        ("altered", True, "answer-altered"),
        ("changed-later", True, "answer-altered"),
        ("", False, "answer-not-signed"),
        ("uncheckable", False, "answer-not-signed"),
        ("", True, "release"),
        ("uncheckable", True, "release"),
    ],
)
def test_what_nothing_vouches_for_needs_the_word(state: str, word: bool, expected: str) -> None:
    reply = said(RELEASE) if word else said()
    assert code(decide_report(reply, LEADER, asked(), [file(state)])) == expected


def test_the_letter_is_found_among_other_files() -> None:
    other = file("valid", "Kế hoạch phòng chống lụt bão năm 2024", "khac.pdf")
    found = decide_report(said(), LEADER, asked(), [other, file("valid")])
    assert isinstance(found, ReportDecision)
    assert found.letter is not None
    assert found.letter.name == "145.pdf"
    signed_and_not = [file("", name="quet.pdf"), file("valid")]
    found = decide_report(said(RELEASE), LEADER, asked(), signed_and_not)
    assert isinstance(found, ReportDecision)
    assert found.letter is not None
    assert found.letter.name == "145.pdf"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([file("valid"), file("valid", name="146.pdf")], "answer-which-file"),
        ([file("valid", "Kế hoạch phòng chống lụt bão")], "answer-not-the-letter"),
        ([file("valid", kind="docx", name="145.docx")], "answer-not-pdf"),
        (
            [ReadDocument(1, "k.pdf", "a" * 64, 9, Refusal("encrypted", "…", kind="pdf"))],
            "answer-file-unreadable",
        ),
    ],
)
def test_what_is_not_certainly_the_letter_is_told(files: list[ReadDocument], expected: str) -> None:
    assert code(decide_report(said(RELEASE), LEADER, asked(), files)) == expected


def test_our_own_files_are_not_looked_at() -> None:
    ours = ReadDocument(1, "Bao cao.xlsx", "f" * 64, 9, Refusal("wrong-form", "…", kind="xlsx"))
    assert code(decide_report(said(RELEASE), LEADER, asked(), [ours])) == "release"
    assert code(decide_report(said(), LEADER, asked(), [ours])) == "answer-none"


def test_an_earlier_letter_is_not_a_supplements() -> None:
    row = replace(DRAFT, number=2, supplement=1, base=1)
    read = Reading("pdf", "letter", text=TEXT)
    assert is_the_letter(read, CAMPAIGN, DRAFT)
    assert not is_the_letter(read, CAMPAIGN, row)
    adds = Reading("pdf", "letter", text=TEXT.replace("báo cáo", "báo cáo bổ sung"))
    assert is_the_letter(adds, CAMPAIGN, row)
    assert not is_the_letter(Reading("pdf", "unknown", text=CAMPAIGN.title), CAMPAIGN, DRAFT)
