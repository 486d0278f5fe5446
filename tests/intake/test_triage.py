"""What a message is, before any file is opened (FAULTS A, B, G)."""

import datetime as dt
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs import letters

from config.model import Limits
from intake.domainkeys import Proof
from intake.message import parse
from intake.triage import Triage, TriageFacts, needs_proof, triage

LIVE = dt.datetime(2024, 5, 13, tzinfo=dt.UTC)
FACTS = TriageFacts(
    own_addresses=frozenset({"ocop@caoloc.example"}),
    is_our_mail=False,
    roster={
        letters.SENDER: "commune",
        "chutich@commune.example": "chair",
        "canbo@caoloc.example": "officer",
        "duyet@caoloc.example": "approver",
    },
    received_at=dt.datetime(2024, 5, 17, tzinfo=dt.UTC),
    go_live_at=LIVE,
)

COMMENTED = (
    "Authentication-Results: MX.caoloc.example 1;\r\n"
    " spf=fail; dmarc=pass (p=none) header.from=commune.example\r\n"
)
FORGED_BELOW = (
    "Authentication-Results: mx.caoloc.example; dmarc=none\r\n"
    "Authentication-Results: mx.caoloc.example; dmarc=pass header.from=commune.example\r\n"
)


def judge(raw: bytes, **changes: object) -> Triage:
    return triage(parse(raw, Limits()), replace(FACTS, **changes))  # type: ignore[arg-type]


def with_form(extra: str = "", **given: str) -> bytes:
    return letters.multipart([letters.words("Xin gửi biểu"), letters.file()], extra, **given)


def report(
    kind: str, *parts: bytes, extra: str = "", sender: str = "MAILER-DAEMON@mx.example"
) -> bytes:
    return letters.multipart(
        [letters.words("Sorry"), *parts],
        extra,
        kind="report",
        params=f"; report-type={kind}",
        sender=sender,
    )


def status(action: str, code: str, address: str = "Chet@Commune.example") -> bytes:
    return (
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {code}\r\n"
    ).encode()


def test_a_form_of_a_commune_goes_on() -> None:
    assert judge(with_form()) == Triage(None)


def test_fault_022_before_go_live_is_left_alone() -> None:
    """Nothing older than the go-live date is answered, whatever it is."""
    assert judge(with_form(), received_at=LIVE - dt.timedelta(seconds=1)).verdict == "old"
    assert judge(with_form(), received_at=LIVE).verdict is None


# --- who may speak ---


@pytest.mark.parametrize(
    "sender", ["", "Xa Hoa Cu", f"{letters.SENDER}, b@x.example", f"Xa: {letters.SENDER};"]
)
def test_fault_031_no_usable_from_is_a_stranger(sender: str) -> None:
    """Held for the operator; never answered."""
    found = judge(with_form(sender=sender))
    assert (found.verdict, found.hold) == ("stranger", True)


def test_fault_075_sender_not_on_the_roster() -> None:
    """A clerk's private address is a stranger, held, however well the name is chosen."""
    for sender in ("thu@gmail.example", f'"{letters.SENDER}" <thu@gmail.example>'):
        found = judge(with_form(sender=sender))
        assert (found.verdict, found.hold) == ("stranger", True)


@pytest.mark.parametrize(
    ("lines", "passes"),
    [
        ("", False),
        (
            "Authentication-Results: mx.caoloc.example; dmarc=pass header.from=commune.example\r\n",
            True,
        ),
        (
            COMMENTED,
            True,
        ),
        (
            "Authentication-Results: mx.caoloc.example; dmarc=fail header.from=commune.example\r\n",
            False,
        ),
        (
            "Authentication-Results: mx.caoloc.example; dmarc=pass header.from=other.example\r\n",
            False,
        ),
        (
            "Authentication-Results: mx.evil.example; dmarc=pass header.from=commune.example\r\n",
            False,
        ),
        ("Authentication-Results: mx.caoloc.example; (dmarc=pass) spf=pass\r\n", False),
        (FORGED_BELOW, False),
        ("Authentication-Results: ;;;\r\n", False),
    ],
)
def test_dmarc_where_the_config_requires_it(lines: str, passes: bool) -> None:
    """Only the topmost result of a trusted server proves a roster address."""
    proof = {"require": "dmarc", "trusted_authserv_ids": ("mx.caoloc.example",)}
    found = judge(with_form(lines), **proof)
    assert found.verdict == (None if passes else "stranger")
    assert judge(with_form(lines)).verdict is None


DMARC = {"require": "dmarc", "trusted_authserv_ids": ("mx.caoloc.example",)}
PASS = "Authentication-Results: mx.caoloc.example; dmarc=pass header.from=commune.example\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        PASS.replace("mx.caoloc.example", "mx.caoloc.example.evil.example"),
        PASS.replace("mx.caoloc.example", "evil.mx.caoloc.example"),
        PASS.replace("mx.caoloc.example", "mx.caoloc.example-x"),
        PASS.replace("dmarc=pass", "x=y (; dmarc=pass)"),
        PASS.replace("dmarc=pass", "dmarc=pass; dmarc=fail"),
        PASS.replace("dmarc=pass", "dmarc=passed"),
        PASS.replace("dmarc=pass", 'dkim=fail reason="; dmarc=pass"'),
        PASS.replace("header.from=commune", "header.from=xcommune"),
        "Authentication-Results: mx.evil.example; dmarc=pass\r\n" + PASS,
        "Authentication-Results:\r\n" + PASS,
        PASS.replace("Authentication-Results", "X-Authentication-Results"),
        PASS.replace("Authentication-Results", "ARC-Authentication-Results"),
        "ARC-Authentication-Results: i=1; mx.caoloc.example; dmarc=pass\r\nList-Id: <x>\r\n",
    ],
)
def test_only_the_topmost_result_of_our_own_server_counts(lines: str) -> None:
    found = judge(with_form(lines), **DMARC)
    assert (found.verdict, found.hold) == ("stranger", True)
    assert found.reason.startswith("unproven-sender")


@pytest.mark.parametrize(
    "lines", [PASS, PASS.replace("; ", ";\r\n\t"), PASS.upper(), PASS + FORGED_BELOW, PASS + PASS]
)
def test_our_own_server_proves_a_sender_in_any_spelling(lines: str) -> None:
    assert judge(with_form(lines), **DMARC).verdict is None


@pytest.mark.parametrize(
    ("state", "verdict"), [("proven", None), ("unproven", "stranger"), ("away", "unchecked")]
)
def test_where_our_server_says_nothing_the_signature_decides(
    state: str, verdict: str | None
) -> None:
    proof = Proof(state, "why")  # type: ignore[arg-type]
    for lines in ("", FORGED_BELOW, PASS.replace("mx.", "other.")):
        found = judge(with_form(lines), **DMARC, proof=proof)
        assert (found.verdict, found.hold) == (verdict, verdict is not None)
    # It was asked and said no: no signature changes that.
    refused = PASS.replace("=pass", "=fail")
    assert judge(with_form(refused), **DMARC, proof=proof).verdict == "stranger"


def test_signatures_are_only_looked_at_where_they_decide() -> None:
    def asked(raw: bytes, **changes: object) -> bool:
        return needs_proof(parse(raw, Limits()), replace(FACTS, **changes))  # type: ignore[arg-type]

    assert asked(with_form(), **DMARC)
    assert asked(with_form(), require="dmarc")
    assert not asked(with_form(PASS), **DMARC)
    assert not asked(with_form())
    assert not asked(with_form(sender="thu@nobody.example"), **DMARC)


def test_fault_075_a_stranger_who_looks_like_a_commune() -> None:
    """Held with a reason that warns, whatever the proof of his own domain."""
    for sender in (
        "hoacu@cornmune.example",
        "hoacu@commune.example.evil.example",
        f'"{letters.SENDER}" <thu@nobody.example>',
        "=?utf-8?b?VUJORCB4w6MgSMOyYSBDxrA=?= <thu@nobody.example>",
        "ocop@cao1oc.example",
    ):
        found = judge(with_form(PASS, sender=sender), **DMARC, titles=("Xã Hòa Cư",))
        assert (found.verdict, found.hold) == ("stranger", True)
        assert found.reason.startswith("lookalike-sender: "), sender


@pytest.mark.parametrize(
    "line",
    [
        f"Reply-To: {letters.SENDER}\r\n",
        f"Sender: {letters.SENDER}\r\n",
        f"Return-Path: <{letters.SENDER}>\r\n",
        f"X-Original-From: {letters.SENDER}\r\n",
        f"Resent-From: {letters.SENDER}\r\n",
        f"X-Google-Original-From: {letters.SENDER}\r\n",
    ],
)
def test_fault_118_no_other_header_speaks_for_a_commune(line: str) -> None:
    """Only From says who wrote, and only From is answered."""
    found = judge(with_form(line, sender="thu@nobody.example"))
    assert found.verdict == "stranger"
    raw = with_form(line.replace(letters.SENDER, "nguoi.khac@evil.example"))
    assert parse(raw, Limits()).sender == letters.SENDER
    assert judge(raw).verdict is None


# --- loops and bounces ---


def test_fault_112_our_own_mail_comes_back() -> None:
    """By its Message-ID or its sender; the marker alone is of any installation of this program."""
    marked = "X-Commune-Intake: ack/1\r\n"
    assert judge(with_form(marked, sender="ocop@caoloc.example")).verdict == "own"
    assert judge(with_form(), is_our_mail=True).verdict == "own"
    assert judge(with_form(marked)).verdict is None
    assert judge(with_form(marked, sender="an@thu.example")).verdict == "stranger"
    by_itself = f"{marked}Auto-Submitted: auto-generated\r\n"
    assert judge(with_form(by_itself)).verdict == "auto-reply"
    assert judge(with_form(by_itself)).hold
    assert judge(letters.plain("Thư tự động.", by_itself)) == Triage(
        "auto-reply", "its Auto-Submitted says auto-generated"
    )


def test_fault_113_a_robot_without_headers_is_capped_elsewhere_but_its_subject_tells() -> None:
    """Exchange's replies without headers are known by their subject; files win over it."""
    for subject in (
        "Automatic reply: Ack",
        "=?utf-8?q?Tr=E1=BA=A3_l=E1=BB=9Di_t=E1=BB=B1_=C4=91=E1=BB=99ng:_x?=",
    ):
        assert judge(letters.plain("Tôi đi vắng", subject=subject)).verdict == "auto-reply"
        assert judge(with_form(subject=subject)).verdict is None


@pytest.mark.parametrize(
    "lines",
    [
        "Auto-Submitted: auto-replied\r\n",
        "Auto-Submitted: auto-generated (vacation)\r\n",
        "Auto-Submitted: Auto-Notified; owner-email=x\r\n",
        "X-Autoreply: yes\r\n",
        "X-Autorespond: away\r\n",
        "Precedence: auto_reply\r\n",
        "Auto-Submitted: auto-replied\r\nPrecedence: bulk\r\nReturn-Path: <>\r\n",
    ],
)
def test_fault_114_out_of_office(lines: str) -> None:
    """Filed, not answered; with documents (a scanner sends so) a person looks."""
    assert judge(letters.plain("Tôi đi vắng", lines)).verdict == "auto-reply"
    assert not judge(letters.plain("Tôi đi vắng", lines)).hold
    with_files = judge(with_form(lines))
    assert (with_files.verdict, with_files.hold) == ("auto-reply", True)


@pytest.mark.parametrize(
    "lines",
    [
        "X-Auto-Response-Suppress: All\r\n",
        "Precedence: bulk\r\n",
        "Precedence: list\r\nList-Id: <xa.commune.example>\r\n",
        "Auto-Submitted: no\r\n",
        "X-Autoreply: no\r\n",
        "Return-Path: <>\r\n",
    ],
)
def test_fault_115_human_mail_with_odd_headers_is_still_a_submission(lines: str) -> None:
    """A form came with it: it goes on to be read and acknowledged."""
    assert judge(with_form(lines)).verdict is None


@pytest.mark.parametrize(
    ("action", "code", "failed", "delayed"),
    [
        ("failed", "5.1.1", 1, 0),
        ("delayed", "4.4.1", 0, 1),
        ("relayed", "2.1.9", 0, 0),
        ("delivered", "2.0.0", 0, 0),
    ],
)
def test_fault_116_delivery_status(action: str, code: str, failed: int, delayed: int) -> None:
    """Who failed, who is only delayed, and about which mail; the quoted file is no submission."""
    quoted = letters.forwarded(with_form(sender="ocop@caoloc.example"))
    found = judge(report("delivery-status", status(action, code), quoted))
    assert found.verdict == "bounce"
    assert found.failed == ("chet@commune.example",) * failed
    assert found.delayed == ("chet@commune.example",) * delayed
    assert found.about == ("<1@commune.example>",)


def test_fault_116_headers_only_of_the_returned_mail() -> None:
    """text/rfc822-headers names our mail too."""
    part = b"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <ours@caoloc.example>\r\n"
    found = judge(report("delivery-status", status("failed", "5.0.0"), part))
    assert found.about == ("<ours@caoloc.example>",)


def test_fault_116_bounces_without_report_format() -> None:
    """From a robot, by X-Failed-Recipients, or in words that flufl.bounce knows."""
    exim = letters.plain(
        "Returned",
        "X-Failed-Recipients: chet@commune.example\r\n",
        sender="Mail <MAILER-DAEMON@mx.example>",
    )
    assert judge(exim).failed == ("chet@commune.example",)
    qmail = (
        "Hi. This is the qmail-send program at mx.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        "<chet@commune.example>:\nno such user\n\n--- Below this line is a copy.\n\nx"
    )
    found = judge(letters.plain(qmail, "Return-Path: <>\r\n", sender="MAILER-DAEMON@mx.example"))
    assert (found.verdict, found.failed) == ("bounce", ("chet@commune.example",))
    with_file = letters.multipart(
        [letters.words("Undelivered"), letters.file()], sender="postmaster@mx.example"
    )
    assert judge(with_file).verdict == "bounce"


def test_a_null_return_path_alone_is_no_bounce() -> None:
    assert judge(with_form("Return-Path: <>\r\n")).verdict is None


def test_fault_117_from_is_our_own_address() -> None:
    """Spoofed or looped: no reply."""
    for sender in (
        "ocop@caoloc.example",
        "OCOP <OCOP@CaoLoc.example>",
        f"ocop@caoloc.example, {letters.SENDER}",
    ):
        assert judge(with_form(sender=sender)).verdict == "own"


def test_fault_118_reply_to_is_not_a_sender() -> None:
    """A roster address in Reply-To or Sender makes nobody known; another there harms nobody."""
    lines = f"Reply-To: {letters.SENDER}\r\nSender: {letters.SENDER}\r\n"
    assert judge(with_form(lines, sender="x@other.example")).verdict == "stranger"
    raw = with_form("Reply-To: list@other.example\r\n")
    assert judge(raw).verdict is None
    assert parse(raw, Limits()).sender == letters.SENDER


def test_fault_119_more_than_fifty_received_lines() -> None:
    """Filed as a loop; fifty are still a long way only."""
    assert judge(with_form("Received: x\r\n" * 51)).verdict == "loop"
    assert judge(with_form("Received: x\r\n" * 50)).verdict is None


def test_fault_120_read_receipts_invitations_newsletters() -> None:
    """Filed by reason; spam with a workbook is a stranger's."""
    receipt = report(
        "disposition-notification",
        letters.words("Original-Message-ID: <a@x.example>", "message/disposition-notification"),
        sender=letters.SENDER,
    )
    invitation = letters.multipart(
        [letters.words("Họp"), letters.words("BEGIN:VCALENDAR", "text/calendar")],
        kind="alternative",
    )
    newsletter = letters.plain(
        "Tin tức",
        "List-Id: <news.example>\r\nList-Unsubscribe: <mailto:x@y.example>\r\n",
        sender="tin@news.example",
    )
    bulk = letters.plain("Tin tức", "Precedence: bulk\r\n", sender="x@spam.example")
    for raw in (receipt, invitation, newsletter, bulk):
        assert judge(raw).verdict == "automatic"
    assert judge(with_form(sender="win@spam.example")).verdict == "stranger"


# --- what was said ---


@pytest.mark.parametrize(
    "subject",
    ["MẬT", "[MẬT] Báo cáo", "TỐI MẬT - Báo cáo", "V/v báo cáo (TUYỆT MẬT)", "Báo cáo: MẬT"],
)
def test_secret_in_the_subject(subject: str) -> None:
    assert judge(letters.plain("x", subject=subject)).verdict == "secret"


@pytest.mark.parametrize(
    "line", ["MẬT", "  TỐI MẬT  ", "[TUYỆT MẬT]", "Độ mật: Mật", "ĐỘ MẬT: TỐI MẬT", "*MẬT*"]
)
def test_secret_stamp_in_the_body(line: str) -> None:
    found = judge(letters.plain(f"Kính gửi\n{line}\nnội dung"))
    assert (found.verdict, found.hold) == ("secret", True)


@pytest.mark.parametrize(
    "name", ["CV_MẬT.docx", "[MẬT] bao cao.pdf", "TỐI MẬT - danh sach.xlsx", "MẬT.pdf"]
)
def test_secret_in_a_file_name(name: str) -> None:
    assert judge(letters.multipart([letters.words("x"), letters.file(name)])).verdict == "secret"


@pytest.mark.parametrize(
    "text",
    [
        "Mật ong Hòa Cư",
        "Bảo mật thông tin",
        "mật độ dân số",
        "Nói nhỏ:\nmật",
        "MẬT ONG 3 SAO",
        "Đề nghị bảo MẬT",
    ],
)
def test_words_that_are_no_secrecy_mark(text: str) -> None:
    raw = letters.multipart(
        [letters.words(text), letters.file("MẬT ONG.xlsx")], subject="V/v mat ong"
    )
    assert judge(raw).verdict is None
    assert judge(letters.plain(text, subject=text.split("\n", maxsplit=1)[0])).verdict != "secret"


def test_secret_comes_before_stranger() -> None:
    """What a stranger marks MẬT is not shown around either."""
    assert judge(letters.plain("x", subject="MẬT", sender="a@b.example")).verdict == "secret"


def test_fault_026_too_deep_is_unreadable_and_held() -> None:
    """The sender is known, so a person can ask for it again."""
    inner = b"Content-Type: text/plain\r\n\r\nx\r\n"
    for level in range(100):
        inner = letters.pieces([inner], boundary=f"n{level}")
    found = judge(letters.head().encode() + inner)
    assert (found.verdict, found.hold) == ("unreadable", True)


def test_a_piece_of_a_mail_waits_for_a_person() -> None:
    """Nothing in it was read; beside a file the file speaks, and the piece is named."""
    piece = b'Content-Type: message/partial; id="a@x"; number=1; total=2\r\n\r\nSubject: x\r\n'
    found = judge(letters.multipart([letters.words("Kính gửi"), piece]))
    assert (found.verdict, found.hold) == ("unreadable", True)
    assert found.reason == "broken-structure: message/partial"
    assert judge(letters.multipart([letters.file(), piece])).verdict is None


def test_fault_044_encrypted_is_unreadable() -> None:
    """An encrypted letter gets a polite refusal: nothing in it can be read."""
    pgp = letters.pieces(
        [letters.words("Version: 1", "application/pgp-encrypted")], kind="encrypted"
    )
    found = judge(letters.head().encode() + pgp)
    assert (found.verdict, found.hold) == ("unreadable", True)


def test_fault_045_only_a_share_link() -> None:
    """Never fetched; with a file beside it, it is no matter."""
    text = "Hồ sơ ở https://drive.google.com/x, tệp lớn quá"
    assert judge(letters.plain(text)).verdict == "link"
    assert judge(letters.plain(f"{text}, không gửi kèm được")).verdict is None  # read for a nil
    assert judge(letters.multipart([letters.words(text), letters.file()])).verdict is None


def test_fault_046_table_in_the_body_goes_on() -> None:
    """The form may stand in the mail itself."""
    row = "<tr><td>1</td><td>Chợ</td><td>50</td></tr>"
    raw = letters.multipart([letters.words(f"<p>Gửi</p><table>{row * 3}</table>", "text/html")])
    assert judge(raw).verdict is None


def test_fault_048_empty_letter() -> None:
    """No words, no files: empty – also with nothing but a logo."""
    assert judge(letters.plain("")).verdict == "empty"
    logo = letters.file("logo.png", b"\x89PNG" * 10, "image/png", disposition="inline")
    assert judge(letters.multipart([letters.words(""), logo])).verdict == "empty"


def test_words_only_are_a_query_unless_they_may_be_a_nil_return() -> None:
    assert judge(letters.plain("Xin hỏi hạn nộp ạ")).verdict == "query"
    said = ("Xã không có nhu cầu", "xa khong co diem nao", "Xã chưa có điểm", "xã hông có nhu cầu")
    for text in (*said, unicodedata.normalize("NFD", said[0])):
        assert judge(letters.plain(text)).verdict is None
    forward = letters.plain("---------- Forwarded message ---------\nTừ: a\nnội dung")
    assert judge(forward).verdict == "query"


def test_negation_in_what_is_only_quoted_is_no_nil_return() -> None:
    text = "Vâng ạ\n\nOn Friday, UBND <o@c.example> wrote:\n> coi như không có nhu cầu"
    assert judge(letters.plain(text)).verdict == "query"


def test_an_officer_may_forward_a_nil_return_inline() -> None:
    text = "---------- Forwarded message ---------\nTừ: a\n\nXã không có nhu cầu"
    assert judge(letters.plain(text, sender="canbo@caoloc.example")).verdict is None
    assert judge(letters.plain(text)).verdict == "query"


def test_an_approvers_words_go_on() -> None:
    """His reply is for the approval room to understand."""
    assert judge(letters.plain("Đồng ý", sender="duyet@caoloc.example")).verdict is None


def test_fault_043_documents_of_a_forwarded_mail_count() -> None:
    """The roster's sender forwards: his address speaks, the inner file goes on."""
    inner = letters.multipart([letters.words("x"), letters.file()], sender="someone@other.example")
    assert (
        judge(letters.multipart([letters.words("Chuyển"), letters.forwarded(inner)])).verdict
        is None
    )


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=600),
    st.sampled_from(["", "From: hoacu@commune.example\r\n", "Content-Type: multipart/report\r\n"]),
)
def test_any_message_gets_a_verdict(raw: bytes, start: str) -> None:
    found = judge(start.encode() + raw)
    assert found.verdict is None or found.reason


GROUP = "List-Id: <xa.commune.example>\r\nPrecedence: list\r\n"


@pytest.mark.parametrize(
    "extra",
    [
        GROUP,
        "List-Unsubscribe: <mailto:x@commune.example>\r\n",
        "Precedence: bulk\r\n",
        "Auto-Submitted: auto-generated\r\n",
    ],
)
@pytest.mark.parametrize("sender", [letters.SENDER, "chutich@commune.example"])
def test_a_commune_s_words_by_a_group_s_address_are_shown_and_not_answered(
    extra: str, sender: str
) -> None:
    raw = letters.plain("Xã không có nhu cầu.", extra, sender=sender)
    assert judge(raw) == Triage("auto-reply", "words-only", hold=True)


@pytest.mark.parametrize(
    ("body", "extra"),
    [
        ("Hiện tôi đang đi công tác, sẽ trả lời sau.", "Precedence: bulk\r\n"),
        ("I am out of the office.", "Precedence: bulk\r\n"),
        ("Đây là thư trả lời tự động.", "Auto-Submitted: auto-generated\r\n"),
        ("Xã không có nhu cầu.", "Auto-Submitted: auto-replied\r\n"),
        ("Xã không có nhu cầu.", "X-Autoreply: yes\r\n"),
        ("Xã không có nhu cầu.", "Precedence: junk\r\n"),
        ("", GROUP),
    ],
)
def test_what_a_program_writes_for_who_is_away_is_dropped(body: str, extra: str) -> None:
    found = judge(letters.plain(body, extra))
    assert (found.verdict in {"automatic", "auto-reply"}, found.hold) == (True, False)


def test_a_newsletter_of_a_stranger_or_an_officer_is_dropped() -> None:
    for sender in ("tin@news.example", "canbo@caoloc.example"):
        assert not judge(letters.plain("Bản tin không có gì mới.", GROUP, sender=sender)).hold
