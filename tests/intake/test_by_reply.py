"""What an officer's reply decides – and that nothing else ever decides anything."""

import dataclasses
import datetime as dt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rigs import office as rig

from intake.body import read_html, split_quoted, tidy
from intake.by_reply import Asked, decide_held, meant_commune, read_reply
from notifier.answered import Answered, answered
from notifier.compose import Templates, compose
from notifier.sample import sample_dues
from notifier.token import token
from notifier.view import reply_token
from registry.model import Decided, Message, Verdict

CONFIG = rig.office()
CAMPAIGN = CONFIG.campaigns[0]
HOA_CU = rig.commune(CONFIG, "Hòa Cư")
OFFICER = "canbo@caoloc.example"
SECRET = b"a secret of thirty-two bytes, say"
TODAY = dt.date(2024, 5, 20)
LATER = dt.date(2024, 6, 19)
TEMPLATES = Templates(rig.FOLDER / "templates")

HELD = dataclasses.replace(
    rig.message(id=12),
    state="held",
    verdict="stranger",
    reason="unknown-sender",
    sender="ai@la.example",
    commune=None,
    campaign=None,
)
FROM_HOA_CU = dataclasses.replace(
    HELD,
    verdict="query",
    reason="words-only",
    sender="hoacu@caoloc.example",
    commune=HOA_CU.key,
    campaign=CAMPAIGN.id,
)


def token_for(message: Message = HELD, to: str = OFFICER, until: dt.date = LATER) -> str:
    return token(SECRET, "T", message.id, message.held_key, to, until)


def decide(
    words: str,
    message: Message | None = HELD,
    *,
    code: str | None = None,
    sender: str = OFFICER,
    today: dt.date = TODAY,
    quoted: str = "",
) -> Decided | Answered:
    subject = f"Re: [Chờ xử lý] Thư số 12 [{token_for() if code is None else code}]"
    reply = read_reply(subject, words, quoted, "officer")
    asked = Asked(message, CONFIG, CONFIG.communes) if message else None
    return decide_held(reply, sender, asked, SECRET, today)


def why(found: Decided | Answered) -> str:
    assert isinstance(found, Answered)
    return found.code


@pytest.mark.parametrize(
    "words",
    [
        "GÁN xã Hòa Cư",
        "Gán Hòa Cư ạ",
        "gan xa hoa cu",
        "GÁN 06223",
        "GÁN xã Hòa Cư ocop-2024-2",
        "GÁN cho UBND xã Hòa Cư nhé",
    ],
)
def test_a_commune_is_named_in_many_ways(words: str) -> None:
    found = decide(words)
    assert found == Decided("assign", 12, 0, OFFICER, HOA_CU.key, CAMPAIGN.id)


def test_each_answer_that_is_offered_decides() -> None:
    code = token_for(FROM_HOA_CU)
    accept = decide("NHẬN", FROM_HOA_CU, code=code)
    assert accept == Decided("accept", 12, 0, OFFICER)
    assert decide("BỎ", FROM_HOA_CU, code=code) == Decided("drop", 12, 0, OFFICER)
    returned = decide("TRẢ LẠI\nthiếu cột kinh phí", FROM_HOA_CU, code=code)
    assert returned == Decided("return", 12, 0, OFFICER, reason="thiếu cột kinh phí")
    bare = decide("GÁN", FROM_HOA_CU, code=code)
    assert bare == Decided("assign", 12, 0, OFFICER, HOA_CU.key, CAMPAIGN.id)


@pytest.mark.parametrize(
    ("words", "code", "names"),
    [
        ("GÁN xã Hòa Cu Tây", "answer-unknown-commune", "Xã Hòa Cư"),
        ("GÁN xã Hòa Cư và xã Gia Cát", "answer-which-commune", "Xã Gia Cát"),
        ("GÁN không phải xã Hòa Cư", "answer-unknown-commune", "Xã Hòa Cư"),
        ("GÁN", "answer-no-commune", ""),
        ("NHẬN", "answer-no-commune", ""),  # of whom?
        ("TRẢ LẠI sai mẫu", "answer-not-offered", ""),  # a stranger hears nothing
        ("DUYỆT", "answer-not-offered", ""),
        ("Cảm ơn, tôi sẽ xem.", "answer-none", ""),
        ("", "answer-none", ""),
        ("BỎ\nGÁN xã Hòa Cư", "answer-several", ""),
    ],
)
def test_what_is_no_clear_answer_decides_nothing(words: str, code: str, names: str) -> None:
    found = decide(words)
    assert isinstance(found, Answered)
    assert found.code == code
    assert names in " ".join(found.names)


def test_returning_needs_a_reason() -> None:
    assert why(decide("TRẢ LẠI", FROM_HOA_CU, code=token_for(FROM_HOA_CU))) == "answer-no-reason"


@pytest.mark.parametrize("verdict", ["infected", "secret"])
@pytest.mark.parametrize("words", ["NHẬN", "GÁN xã Hòa Cư"])
def test_what_must_not_be_opened_cannot_be_accepted(verdict: Verdict, words: str) -> None:
    closed = dataclasses.replace(FROM_HOA_CU, verdict=verdict, reason=verdict)
    assert why(decide(words, closed, code=token_for(closed))) == "answer-not-offered"
    assert isinstance(decide("BỎ", closed, code=token_for(closed)), Decided)


def test_a_token_serves_only_its_addressee_its_message_and_its_days() -> None:
    code = token_for()
    assert why(decide("BỎ", sender="nguoi.khac@caoloc.example")) == "answer-forged"
    assert why(decide("BỎ", rig_other(), code=code)) == "answer-forged"
    assert why(decide("BỎ", None)) == "answer-forged"
    assert why(decide("BỎ", today=LATER + dt.timedelta(days=1))) == "answer-expired"
    assert isinstance(decide("BỎ", today=LATER), Decided)
    longer = code.replace("240619", "250619")
    assert why(decide("BỎ", code=longer)) == "answer-forged"


def rig_other() -> Message:
    return dataclasses.replace(HELD, sha256="f" * 64)


def test_a_decided_message_is_not_decided_again() -> None:
    rejected = dataclasses.replace(HELD, state="rejected", decisions=1)
    held_again = dataclasses.replace(HELD, decisions=1)
    for now in (rejected, held_again, dataclasses.replace(HELD, state="recorded", decisions=1)):
        assert why(decide("BỎ", now, code=token_for(HELD))) == "answer-stale"
    assert isinstance(decide("BỎ", held_again, code=token_for(held_again)), Decided)


def test_the_subject_counts_and_else_what_is_quoted() -> None:
    """A person may write his own subject; then our mail below says what he answers."""
    quoted = f"> Mã trả lời: {token_for()}\n> BỎ"
    reply = read_reply("Re: việc hôm qua", "GÁN xã Hòa Cư", quoted, "officer")
    found = decide_held(reply, OFFICER, Asked(HELD, CONFIG, CONFIG.communes), SECRET, TODAY)
    assert isinstance(found, Decided)
    assert why(decide("BỎ", code="T9-240619-0000000000000000", quoted=quoted)) == "answer-forged"
    assert read_reply("Re: việc hôm qua", f"BỎ {token_for()}", "", "officer").tokens == ()


def test_two_tokens_are_two_questions() -> None:
    both = f"{token_for()}] [{token_for(dataclasses.replace(HELD, decisions=1))}"
    assert why(decide("BỎ", code=both)) == "answer-several"


@pytest.mark.parametrize("role", ["commune", "chair", "approver", ""])
def test_an_officers_token_is_nothing_in_anybody_elses_hands(role: str) -> None:
    reply = read_reply(f"Re: [{token_for()}]", "BỎ", "", role)
    assert (reply.tokens, reply.orders) == ((), ())
    assert [one.number for one in reply.ignored] == [12]


@given(
    words=st.text(max_size=200) | st.sampled_from(["BỎ", "NHẬN", "GÁN xã Hòa Cư", "TRẢ LẠI x"]),
    subject=st.text(max_size=100),
    code=st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=16, max_size=16),
    number=st.integers(1, 10**9 - 1),
)
def test_without_the_right_token_nothing_is_ever_decided(
    words: str, subject: str, code: str, number: int
) -> None:
    assume(code != token_for().rpartition("-")[2])
    guessed = f"{subject} [T{number}-240619-{code}]"
    reply = read_reply(guessed, words, "", "officer")
    asked = Asked(FROM_HOA_CU, CONFIG, CONFIG.communes)
    if reply.tokens:
        assert isinstance(decide_held(reply, OFFICER, asked, SECRET, TODAY), Answered)
    assert read_reply(subject, words, "", "officer").tokens == ()


def test_our_own_mail_in_an_answer_is_never_taken_for_one() -> None:
    """Where a program's quoting is not recognised, the answers that we offer are nobody's."""
    looked_at = 0
    for due, facts in sample_dues(CONFIG):
        code = reply_token(due, facts)
        if not code:
            continue
        looked_at += 1
        role = "commune" if code.startswith("H") else "officer"
        said = TEMPLATES.render(due.template, _view(due, facts))
        for body in (said.text, read_html(said.html).text):
            own, quoted = split_quoted(tidy(body))
            assert read_reply(f"Re: x [{code}]", own, quoted, role).orders == ()
            top, quoted = split_quoted(tidy(f"GÁN xã Hòa Cư\n\n{body}"))
            (order,) = read_reply(f"Re: x [{code}]", top, quoted, role).orders
            assert order.said == "xã Hòa Cư"
    assert looked_at > 10


def _view(due: object, facts: object) -> dict[str, object]:
    from notifier.view import view  # noqa: PLC0415

    return view(due, facts)  # type: ignore[arg-type]


def test_a_name_that_several_have_is_asked_for() -> None:
    twins = tuple(
        dataclasses.replace(HOA_CU, code=code, kind=kind, aliases=())
        for code, kind in (("1", "Xã"), ("2", "Thị trấn"))
    )
    both = Answered("answer-which-commune", "", ("Xã Hòa Cư", "Thị trấn Hòa Cư"))
    assert meant_commune("Hòa Cư", twins) == both
    assert meant_commune("thị trấn hoa cu", twins) == twins[1]


def test_what_came_of_a_reply_is_read_again_as_it_was_written() -> None:
    said = Answered("answer-which-commune", "T12", ("Xã Hòa Cư", "Xã Gia Cát; hai"))
    reply = dataclasses.replace(rig.message(), verdict="decision", reason=said.reason)
    assert answered(reply) == dataclasses.replace(said, names=("Xã Hòa Cư", "Xã Gia Cát, hai"))
    assert answered(dataclasses.replace(reply, verdict="query")) is None


def test_every_notice_can_be_composed() -> None:
    for due, facts in sample_dues(CONFIG):
        if due.asks is not None:
            (mail,) = compose(due, facts, TEMPLATES)
            assert mail.subject.endswith("]")
