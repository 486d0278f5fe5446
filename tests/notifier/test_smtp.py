"""The courier against a server that misbehaves at every point of the dialogue."""

import email
import email.policy
import re
import socket
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from rigs.clerks import LoneClerk
from rigs.smtp import Action, Drop, Hang, Reply, ScriptedSmtp, Verb

from config.model import Smtp
from notifier.delivery import AuthFailed, Delivery, Later, Letter, Never, Sent, Unknown
from notifier.smtp import Courier

TO = "xahoacu@caoloc.example"
OTHER = "xagiacat@caoloc.example"
SENDER = "ocop@caoloc.example"


def mail(number: int = 1) -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"] = SENDER, TO
    message["Message-ID"] = f"<{number}@caoloc.example>"
    message["Subject"] = "Tiếp nhận văn bản đăng ký của Xã Hòa Cư"
    message.set_content(".Kính gửi: UBND xã Hòa Cư\n.\nTiếng Việt có dấu.\n", cte="base64")
    return message.as_bytes()


def settings(server: ScriptedSmtp, **changes: object) -> Smtp:
    values: dict[str, object] = {
        "host": server.host,
        "port": server.port,
        "security": "none",
        "from": SENDER,
        "timeout": "60s",
        "after_data_timeout": "60s",
    }
    return Smtp.model_validate(values | changes)


@pytest.fixture
def server() -> Iterator[ScriptedSmtp]:
    with ScriptedSmtp() as running:
        yield running


@pytest.fixture
def courier(server: ScriptedSmtp) -> Iterator[Courier]:
    with Courier(settings(server)) as one:
        yield one


def send_raw(
    courier: Courier, recipient: str, raw: bytes, before_data: Callable[[], None] = lambda: None
) -> Delivery:
    clerk = LoneClerk(Letter(1, recipient, raw), before_data)
    courier.carry(clerk)
    assert clerk.outcome is not None
    return clerk.outcome


def send(courier: Courier, number: int = 1, to: str = TO) -> Delivery:
    return send_raw(courier, to, mail(number))


def test_a_mail_arrives_byte_for_byte_and_the_servers_words_are_evidence(
    server: ScriptedSmtp, courier: Courier
) -> None:
    outcome = send(courier)
    assert outcome == Sent("250 2.0.0 queued as 1", f"{server.host}:{server.port}")
    assert [(one.sender, one.recipients) for one in server.accepted] == [(SENDER, (TO,))]
    assert server.accepted[0].raw == mail()


def test_lines_that_start_with_a_dot_survive(server: ScriptedSmtp, courier: Courier) -> None:
    raw = b"Message-ID: <x@y.example>\r\n\r\n.one\r\n..two\r\n.\r\nend"
    assert isinstance(send_raw(courier, TO, raw), Sent)
    assert server.accepted[0].raw == raw + b"\r\n"


def test_before_data_runs_after_the_go_ahead_and_before_the_content(
    server: ScriptedSmtp, courier: Courier
) -> None:
    seen: list[tuple[str, int]] = []
    send_raw(courier, TO, mail(), lambda: seen.append((server.lines[-1], len(server.accepted))))
    assert seen == [("DATA", 0)]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_before_data_does_not_run_when_the_envelope_is_refused(
    server: ScriptedSmtp, courier: Courier, verb: Verb
) -> None:
    server.on(verb, Reply("451 4.3.0 not now"))
    called: list[bool] = []
    assert isinstance(send_raw(courier, TO, mail(), lambda: called.append(True)), Later)
    assert not called


def test_what_before_data_raises_passes_through_and_nothing_is_accepted(
    server: ScriptedSmtp, courier: Courier
) -> None:
    def fail() -> None:
        raise RuntimeError("the registry is locked")

    with pytest.raises(RuntimeError, match="locked"):
        send_raw(courier, TO, mail(1), fail)
    assert isinstance(send(courier, 2), Sent)
    assert server.copies() == {"<2@caoloc.example>": 1}


def test_one_connection_carries_many_mails(server: ScriptedSmtp, courier: Courier) -> None:
    assert all(isinstance(send(courier, number), Sent) for number in range(5))
    assert server.connections == 1
    assert sum(line.startswith("EHLO") for line in server.lines) == 1


def test_the_courier_greets_with_its_mail_domain(server: ScriptedSmtp, courier: Courier) -> None:
    send(courier)
    assert server.lines[0] == "EHLO caoloc.example"


def test_a_connection_closed_while_idle_is_replaced_in_silence(server: ScriptedSmtp) -> None:
    server.on("DOT", Reply("250 2.0.0 queued, and bye", accept=True, then_drop=True), times=1)
    with Courier(settings(server), probe_after_seconds=0.0) as courier:
        assert isinstance(send(courier, 1), Sent)
        assert isinstance(send(courier, 2), Sent)
    assert server.connections == 2
    assert server.copies() == {"<1@caoloc.example>": 1, "<2@caoloc.example>": 1}


@pytest.mark.parametrize("action", [Drop(), Reply("421 4.4.2 idle too long", then_drop=True)])
def test_a_connection_that_dies_at_mail_is_replaced_once(
    server: ScriptedSmtp, courier: Courier, action: Action
) -> None:
    assert isinstance(send(courier, 1), Sent)
    server.on("MAIL", action, times=1)
    assert isinstance(send(courier, 2), Sent)
    assert server.connections == 2


def test_a_fresh_connection_that_dies_at_mail_is_not_tried_for_ever(
    server: ScriptedSmtp, courier: Courier
) -> None:
    server.on("MAIL", Drop())
    assert isinstance(send(courier), Later)
    assert server.connections == 1


@pytest.mark.parametrize("noop", [Drop(), Reply("500 what?"), Hang()])
def test_an_idle_connection_is_probed_before_use(server: ScriptedSmtp, noop: Action) -> None:
    with Courier(settings(server), probe_after_seconds=0.0) as courier:
        assert isinstance(send(courier, 1), Sent)
        server.on("NOOP", noop, times=1)
        idle = courier._lines[0]._client
        assert idle is not None
        idle.timeout = 0.2  # of this connection alone: the next one has all the time it needs
        assert isinstance(send(courier, 2), Sent)
    assert server.connections == 2


def test_an_old_connection_is_replaced_without_asking(server: ScriptedSmtp) -> None:
    with Courier(settings(server), max_idle_seconds=0.0) as courier:
        assert isinstance(send(courier, 1), Sent)
        assert isinstance(send(courier, 2), Sent)
    assert "NOOP" not in server.lines
    assert server.connections == 2


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", [True, False])
def test_fault_098_connection_lost_after_the_final_dot(
    server: ScriptedSmtp, courier: Courier, accept: bool
) -> None:
    """Accepted or not: the answer is the same, Unknown; a repeat bears the same Message-ID."""
    server.on("DOT", Drop(accept=accept), times=1)
    assert isinstance(send(courier), Unknown)
    assert isinstance(send(courier), Sent)
    assert server.copies() == {"<1@caoloc.example>": 1 + accept}


def test_connection_lost_before_the_final_dot_is_only_later(
    server: ScriptedSmtp, courier: Courier
) -> None:
    server.on("CONTENT", Drop())
    long = mail() + b"x" * 70 + b"\r\n"
    outcome = send_raw(courier, TO, long + (b"y" * 70 + b"\r\n") * 120_000)
    assert isinstance(outcome, Later)
    assert not server.accepted


def test_fault_099_hang_after_the_final_dot(server: ScriptedSmtp) -> None:
    """Only the time after the data runs out, not the shorter one of commands; then Unknown."""
    server.on("DOT", Hang(accept=True))
    with Courier(settings(server, after_data_timeout="100ms")) as courier:
        assert isinstance(send(courier), Unknown)
    server.wait_until_taken(1)
    assert server.copies() == {"<1@caoloc.example>": 1}


def test_fault_100_each_recipient_has_a_transaction_and_an_outcome_of_its_own(
    server: ScriptedSmtp, courier: Courier
) -> None:
    """The refused one is not hidden behind the accepted one."""
    server.on("RCPT", Reply("550 5.1.1 no such user"), recipient=OTHER)
    assert isinstance(send(courier, 1, TO), Sent)
    assert isinstance(send(courier, 1, OTHER), Never)
    assert [one.recipients for one in server.accepted] == [(TO,)]
    assert sum(line.startswith("MAIL") for line in server.lines) == 2


def test_fault_101_421_in_mid_dialogue(server: ScriptedSmtp, courier: Courier) -> None:
    """421 at RCPT is Later; the mail goes over a new connection when it is tried again."""
    server.on("RCPT", Reply("421 4.3.2 shutting down", then_drop=True), times=1)
    assert isinstance(send(courier), Later)
    assert isinstance(send(courier), Sent)
    assert server.connections == 2


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize(
    "reply", ["450 4.2.0 greylisted", "451 4.3.0 try later", "452 4.5.3 too many"]
)
def test_fault_102_temporary_refusals_are_later(
    server: ScriptedSmtp, courier: Courier, verb: Verb, reply: str
) -> None:
    """4yz at any verb: not accepted, try again; the connection stays usable."""
    server.on(verb, Reply(reply), times=1)
    outcome = send(courier)
    assert isinstance(outcome, Later)
    assert not outcome.everybody
    assert reply in outcome.reason
    assert isinstance(send(courier), Sent)
    assert server.connections == 1
    assert len(server.accepted) == 1


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "DOT"])
@pytest.mark.parametrize(
    "reply", ["550 5.1.1 no such user", "552 5.2.2 over quota", "554 5.7.1 policy"]
)
def test_fault_103_lasting_refusals_are_never(
    server: ScriptedSmtp, courier: Courier, verb: Verb, reply: str
) -> None:
    """5yz at any verb about this recipient or this content is for good; other mail goes on."""
    server.on(verb, Reply(reply), times=1)
    assert send(courier) == Never(f"{'content' if verb == 'DOT' else verb}: {reply}")
    assert isinstance(send(courier, 2), Sent)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "DOT"])
def test_fault_103_a_server_that_asks_for_a_login_stops_all_mail(
    server: ScriptedSmtp, courier: Courier, verb: Verb
) -> None:
    """530 is no refusal of this mail."""
    server.on(verb, Reply("530 5.7.0 authentication required"))
    assert isinstance(send(courier), AuthFailed)


def test_fault_103_a_sender_that_is_refused_stops_all_mail(
    server: ScriptedSmtp, courier: Courier
) -> None:
    """MAIL names only us: what it refuses for good concerns every mail."""
    server.on("MAIL", Reply("553 5.7.1 sender not owned by user"))
    assert isinstance(send(courier), AuthFailed)


def test_fault_103_wrong_password_is_tried_once_per_connection() -> None:
    """535 is AuthFailed, and one wrong password is not turned into three."""
    with (
        ScriptedSmtp(users={"u": "right"}) as server,
        Courier(settings(server, user="u"), "wrong") as courier,
    ):
        assert isinstance(send(courier), AuthFailed)
        assert sum(line.startswith("AUTH") for line in server.lines) == 1
        assert not any(line.startswith("MAIL") for line in server.lines)


def test_a_login_that_is_refused_for_now_is_the_servers_trouble() -> None:
    with ScriptedSmtp(users={"u": "right"}) as server:
        server.on("AUTH", Reply("454 4.7.0 temporary authentication failure"))
        with Courier(settings(server, user="u"), "right") as courier:
            outcome = send(courier)
    assert isinstance(outcome, Later)
    assert outcome.everybody


@pytest.mark.parametrize("line", ["hello there", "", "2x0 ok", "100 hm", "354 more please"])
def test_fault_104_garbage_after_the_final_dot(
    server: ScriptedSmtp, courier: Courier, line: str
) -> None:
    """Nobody can tell what it means: Unknown, and the connection is not trusted again."""
    server.on("DOT", Reply(line), times=1)
    assert isinstance(send(courier), Unknown)
    assert isinstance(send(courier, 2), Sent)
    assert server.connections == 2


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
def test_fault_104_garbage_before_the_final_dot_is_later(
    server: ScriptedSmtp, courier: Courier, verb: Verb
) -> None:
    """Before the dot nothing was accepted, whatever the server mumbles."""
    server.on(verb, Reply("hello there", then_drop=True))
    assert isinstance(send(courier), Later)
    assert not server.accepted


@pytest.mark.parametrize("action", [Drop(), Hang(), Reply("500 no"), Reply("rubbish")])
def test_fault_105_what_happens_at_quit_changes_nothing(
    server: ScriptedSmtp, monkeypatch: pytest.MonkeyPatch, action: Action
) -> None:
    """The mail was accepted with its 250; parting is a courtesy."""
    monkeypatch.setattr("notifier.smtp_line._QUIT_SECONDS", 0.1)
    server.on("QUIT", action)
    courier = Courier(settings(server))
    assert isinstance(send(courier), Sent)
    courier.close()
    assert server.copies() == {"<1@caoloc.example>": 1}


def test_fault_106_plain_server_gets_ascii_that_reads_as_vietnamese() -> None:
    """Without 8BITMIME and SMTPUTF8 only ASCII travels; read back, nothing is lost."""
    with ScriptedSmtp(extensions=()) as server, Courier(settings(server)) as courier:
        assert isinstance(send(courier), Sent)
        raw = server.accepted[0].raw
        assert raw.isascii()
        read = email.message_from_bytes(raw, policy=email.policy.default)
        assert read["Subject"] == "Tiếp nhận văn bản đăng ký của Xã Hòa Cư"
        assert "Tiếng Việt có dấu." in read.get_content()


@pytest.mark.parametrize(("extensions", "outcome"), [((), Never), (("8BITMIME",), Sent)])
def test_fault_106_eight_bit_content_goes_only_where_it_is_taken(
    extensions: tuple[str, ...], outcome: type
) -> None:
    """A mail that is not ASCII is refused here, not mangled there."""
    with ScriptedSmtp(extensions=extensions) as server, Courier(settings(server)) as courier:
        raw = "Message-ID: <1@x.example>\r\n\r\nXã\r\n".encode()
        assert isinstance(send_raw(courier, TO, raw), outcome)
        assert len(server.accepted) == (outcome is Sent)


def test_fault_111_a_mail_over_the_servers_size_is_never_begun() -> None:
    """SIZE is asked first; the operator reads both numbers."""
    with (
        ScriptedSmtp(extensions=("SIZE 100",)) as server,
        Courier(settings(server)) as courier,
    ):
        outcome = send(courier)
        assert isinstance(outcome, Never)
        assert re.search(r"\d+ bytes, the server takes 100", outcome.reason)
        assert not any(line.startswith("MAIL") for line in server.lines)


@pytest.mark.parametrize("verb", ["MAIL", "DOT"])
def test_fault_111_a_size_refused_in_the_dialogue_is_never(
    server: ScriptedSmtp, courier: Courier, verb: Verb
) -> None:
    """552 concerns this mail, not us."""
    server.on(verb, Reply("552 5.3.4 message too large"))
    assert isinstance(send(courier), Never)


# --- connection, TLS, login -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "action"),
    [
        ("CONNECT", Drop()),
        ("CONNECT", Hang()),
        ("CONNECT", Reply("421 4.3.2 busy", then_drop=True)),
        ("CONNECT", Reply("554 no service")),
        ("EHLO", Drop()),
        ("EHLO", Hang()),
        ("EHLO", Reply("421 4.3.2 busy", then_drop=True)),
    ],
)
def test_trouble_before_mail_concerns_everybody(
    server: ScriptedSmtp, verb: Verb, action: Action
) -> None:
    server.on(verb, action)
    with Courier(settings(server, timeout="200ms")) as courier:
        outcome = send(courier)
    assert isinstance(outcome, Later)
    assert outcome.everybody


def test_a_server_that_knows_only_helo_will_do(server: ScriptedSmtp, courier: Courier) -> None:
    server.on("EHLO", Reply("502 5.5.1 what?"))
    assert isinstance(send(courier), Sent)
    assert "HELO caoloc.example" in server.lines


def test_nobody_listens() -> None:
    with socket.socket() as silent, ScriptedSmtp() as server:
        silent.bind(("127.0.0.1", 0))  # without `listen`: and nobody else can
        port = silent.getsockname()[1]
        with Courier(settings(server, port=port)) as courier:
            outcome = send(courier)
    assert isinstance(outcome, Later)
    assert outcome.everybody


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("action", [Drop(), Hang()])
def test_silence_and_drops_before_the_content_are_later(
    server: ScriptedSmtp, verb: Verb, action: Action
) -> None:
    server.on(verb, action)
    with Courier(settings(server, timeout="200ms")) as courier:
        assert isinstance(send(courier), Later)


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(
    ("auth", "mechanisms"),
    [("password", "PLAIN LOGIN"), ("password", "LOGIN"), ("xoauth2", "XOAUTH2 PLAIN")],
)
def test_login_over_verified_tls(tmp_path: Path, security: str, auth: str, mechanisms: str) -> None:
    users = {"ocop": "bí mật"}
    with ScriptedSmtp(security=security, users=users, mechanisms=mechanisms) as server:  # type: ignore[arg-type]
        chosen = settings(
            server,
            host="localhost",
            security=security,
            user="ocop",
            auth=auth,
            ca_file=server.trust(tmp_path),
        )
        with Courier(chosen, lambda: "bí mật") as courier:
            assert isinstance(send(courier), Sent)
            offers = courier.check()
    assert isinstance(offers, tuple)
    assert f"AUTH {mechanisms}" in offers


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_fault_025_a_certificate_that_does_not_verify_stops_all_mail(
    tmp_path: Path, security: str
) -> None:
    """Unknown authority or wrong name: no login, no mail, the admin is told."""
    with (
        ScriptedSmtp(security=security, users={"u": "p"}) as server,  # type: ignore[arg-type]
        ScriptedSmtp(security=security, users={"u": "p"}, names=["other.example"]) as wrong,  # type: ignore[arg-type]
    ):
        unknown = settings(server, host="localhost", security=security, user="u")
        elsewhere = settings(
            wrong, host="localhost", security=security, user="u", ca_file=wrong.trust(tmp_path)
        )
        for chosen in (unknown, elsewhere):
            with Courier(chosen, "p") as courier:
                outcome = send(courier)
            assert isinstance(outcome, AuthFailed)
            assert "certificate" in outcome.reason
        assert not any(line.startswith(("AUTH", "MAIL")) for line in server.lines + wrong.lines)


def test_fault_025_starttls_stripped_by_somebody_between(server: ScriptedSmtp) -> None:
    """No fall-back to plain text: the password stays here."""
    with Courier(settings(server, security="starttls", user="u"), "p") as courier:
        assert isinstance(send(courier), AuthFailed)
    assert not any(line.startswith(("AUTH", "MAIL")) for line in server.lines)


def test_plain_text_is_only_for_loopback(server: ScriptedSmtp) -> None:
    with Courier(settings(server, host="mail.example")) as courier:
        outcome = send(courier)
    assert isinstance(outcome, AuthFailed)
    assert "loopback" in outcome.reason


@pytest.mark.parametrize(
    ("auth", "mechanisms"), [("xoauth2", "PLAIN"), ("password", "GSSAPI"), ("password", "")]
)
def test_a_login_that_the_server_does_not_offer(auth: str, mechanisms: str) -> None:
    with (
        ScriptedSmtp(users={"u": "p"}, mechanisms=mechanisms) as server,
        Courier(settings(server, user="u", auth=auth), "p") as courier,
    ):
        assert isinstance(send(courier), AuthFailed)


def test_an_authority_file_that_is_missing_is_the_admins(server: ScriptedSmtp) -> None:
    chosen = settings(server, security="tls", ca_file="/nowhere/authority.pem")
    with Courier(chosen) as courier:
        outcome = send(courier)
    assert isinstance(outcome, AuthFailed)


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\r\nRCPT TO:<c@d.example>",
        "a@b.example>\nDATA",
        "a@b.example> SIZE=1",
        "a@b.example>,<c@d.example",
        "a\x00@b.example",
        "a\u2028b@c.example",
        "a b@c.example",
        "<a@b>",
        "xã@x.example",
        "",
    ],
)
def test_an_address_that_would_break_the_dialogue_never_reaches_it(
    server: ScriptedSmtp, courier: Courier, address: str
) -> None:
    assert isinstance(send_raw(courier, address, mail()), Never)
    assert server.connections == 0


def test_check_says_what_is_wrong(server: ScriptedSmtp) -> None:
    server.on("CONNECT", Drop())
    with Courier(settings(server)) as courier:
        assert isinstance(courier.check(), Later)


def test_closing_twice_and_sending_again_is_harmless(server: ScriptedSmtp) -> None:
    courier = Courier(settings(server))
    close: Callable[[], None] = courier.close
    close()
    close()
    assert isinstance(send(courier), Sent)
    close()
