"""The mailbox against a real Dovecot, and against servers that lie (FAULTS A)."""

import datetime as dt
import hashlib
import os
import signal
import ssl
import tracemalloc
from collections.abc import Iterator

import pytest
import trustme
from rigs.dovecot import PASSWORD, USER, Dovecot
from rigs.imap import Drip, Drop, ImapServer, Script, fetch_size

from config.model import Mailbox as Settings
from intake import imap_client
from intake.mailbox import CommandRefused, LoginRefused, Mailbox, Unreachable, Untrusted
from intake.moves import copied_all

pytestmark = pytest.mark.e2e
HANOI = dt.timezone(dt.timedelta(hours=7))
AT = dt.datetime(2024, 5, 20, 23, 59, 30, tzinfo=HANOI)


@pytest.fixture(scope="module")
def shared() -> Iterator[Dovecot]:
    with Dovecot({USER: PASSWORD, **{f"u{n}": PASSWORD for n in range(40)}}) as server:
        yield server


@pytest.fixture
def user(shared: Dovecot, request: pytest.FixtureRequest) -> str:
    """A mailbox of its own for each test: the server is shared, the mail is not."""
    taken: list[str] = getattr(shared, "taken", [])
    name = f"u{len(taken)}"
    shared.taken = [*taken, request.node.name]  # type: ignore[attr-defined]
    return name


@pytest.fixture
def own() -> Iterator[Dovecot]:
    """A server of its own, for tests that kill or freeze it."""
    with Dovecot() as server:
        yield server


def settings(server: Dovecot | ImapServer, user: str = USER, **changes: object) -> Settings:
    given: dict[str, object] = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "user": user,
        "timeout": 60,
        "command_timeout": 60,
    }
    return Settings(**(given | changes))


@pytest.fixture
def box(shared: Dovecot, user: str) -> Iterator[Mailbox]:
    mailbox = Mailbox(settings(shared, user), PASSWORD)
    mailbox.open()
    yield mailbox
    mailbox.close()


def letter(number: int, size: int = 0) -> bytes:
    return (
        f"Message-ID: <{number}@hoacu.example>\r\nSubject: thư {number}\r\n\r\n".encode()
        + b"x" * size
    )


def scripted(script: Script, **options: object) -> tuple[ImapServer, Mailbox]:
    server = ImapServer(script, **options)  # type: ignore[arg-type]
    return server, Mailbox(settings(server), "secret")


def hurry(mailbox: Mailbox, timeout: float, command: float = 60) -> None:
    """Let an open mailbox wait no longer than this from now on: logging in took what it took."""
    client = mailbox._live()
    assert client._read_seconds == mailbox._settings.timeout_seconds
    client._read_seconds = timeout
    mailbox._settings = mailbox._settings.model_copy(update={"command_seconds": command})


def answers(**by_verb: bytes) -> Script:
    """A script that answers the named verbs (``FETCH_BODY`` and ``FETCH_SIZE`` apart)."""

    def script(line: str) -> bytes | None:
        verb = line.upper().removeprefix("UID ").split(" ")[0]
        if verb == "FETCH":
            verb = "FETCH_BODY" if "BODY" in line else "FETCH_SIZE"
            return by_verb.get(verb, fetch_size(1, 10) if verb == "FETCH_SIZE" else None)
        return by_verb.get(verb)

    return script


# --- identity, sizes, dates, bodies ---


def test_identity_size_and_internaldate_come_before_bodies(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    raw = letter(1, 500)
    shared.deliver(raw, AT, user=user)
    (listed,) = box.listed(set())
    assert (listed.uid, listed.size_bytes, listed.received_at) == (1, len(raw), AT)
    assert listed.received_at.tzinfo is not None
    assert [each.raw for each in box.fetch([1])] == [raw]
    assert box.header(1) == raw.removesuffix(b"x" * 500)
    assert "\\Seen" not in shared.contents(user=user)[0].flags


def test_fault_007_idle_mailbox_polled_twice(shared: Dovecot, user: str, box: Mailbox) -> None:
    """Nothing new is an empty list, not the last message again."""
    shared.deliver(letter(1), AT, user=user)
    known = {each.uid for each in box.listed(set())}
    assert known == {1}
    assert box.listed(known) == []
    assert box.listed({*known, 99}) == []
    assert list(box.fetch([])) == []


def test_fault_004_uidvalidity_changes_under_the_same_letters(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    """The new UIDVALIDITY is seen at the next listing; the bytes are the same."""
    shared.deliver(letter(1), AT, user=user)
    before = {each.uid: each for each in box.listed(set())}
    first = [each.raw for each in box.fetch(list(before))]
    old = box.uidvalidity
    box.close()
    shared.set_uidvalidity(4242, user=user)
    box.open()
    assert (old != 4242, box.uidvalidity) == (True, 4242)
    assert [each.raw for each in box.fetch([each.uid for each in box.listed(set())])] == first


def test_uidvalidity_that_changed_while_working_stops_fetch_and_move(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    shared.deliver(letter(1), AT, user=user)
    box.listed(set())
    assert box.move("INBOX", 1, "Đã xử lý", uidvalidity=box.uidvalidity + 1) is None
    assert len(shared.contents(user=user)) == 1
    box._select("Sent")
    box._uidvalidity += 1
    with pytest.raises(Unreachable):
        list(box._bodies([1], box.uidvalidity))


def test_fault_005_recycled_uids_carry_new_letters(own: Dovecot) -> None:
    """After a reset UID 1 is another letter: UIDVALIDITY differs, so 1 is not known."""
    own.deliver(letter(1), AT)
    mailbox = Mailbox(settings(own), PASSWORD)
    mailbox.open()
    mailbox.listed(set())
    old = mailbox.uidvalidity
    mailbox.close()
    own.expunge(1)
    own.recreate_inbox()
    own.set_uidvalidity(old + 1)
    own.deliver(letter(2), AT)
    mailbox.open()
    assert mailbox.uidvalidity == old + 1
    (listed,) = mailbox.listed(set())
    assert [each.raw for each in mailbox.fetch([listed.uid])] == [letter(2)]
    mailbox.close()


def test_fault_006_mailbox_recreated_in_the_same_second(own: Dovecot) -> None:
    """Same UIDVALIDITY, recycled UID: the raw bytes are what tells the letters apart."""
    own.deliver(letter(1), AT)
    mailbox = Mailbox(settings(own), PASSWORD)
    mailbox.open()
    (one,) = mailbox.listed(set())
    first = [each.raw for each in mailbox.fetch([one.uid])]
    old = mailbox.uidvalidity
    mailbox.close()
    own.expunge(1)
    own.recreate_inbox()
    own.set_uidvalidity(old)
    own.deliver(letter(2), AT)
    mailbox.open()
    (again,) = mailbox.listed(set())
    assert (mailbox.uidvalidity, again.uid) == (old, one.uid)
    assert [each.raw for each in mailbox.fetch([again.uid])] != first
    mailbox.close()


def test_fault_008_vanished_between_listing_and_fetch(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    """Expunged by a human: missing, not empty; the others of its batch and later ones come."""
    for number in range(1, 9):
        shared.deliver(letter(number), AT, user=user)
    box._batch = 2
    uids = [each.uid for each in box.listed(set())]
    for uid in (3, 4, 6):
        shared.expunge(uid, user=user)
    assert [each.uid for each in box.fetch(uids)] == [1, 2, 5, 7, 8]
    assert box.header(3) == b""
    assert box.move("INBOX", 3, "Đã xử lý") is None


def test_fault_009_read_by_a_human_is_still_listed(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    """\\Seen, \\Answered and even \\Deleted change nothing."""
    shared.deliver(letter(1), AT, user=user)
    shared.flag(1, r"\Seen \Answered \Deleted", user=user)
    assert [each.uid for each in box.listed(set())] == [1]


def test_fault_010_moved_back_to_the_inbox(shared: Dovecot, user: str, box: Mailbox) -> None:
    """It comes back under a new UID with the same bytes, and can be filed again."""
    shared.deliver(letter(1), AT, user=user)
    known = {each.uid for each in box.listed(set())}
    filed = box.move("INBOX", 1, "Đã xử lý")
    assert filed is not None
    box.move("Đã xử lý", filed, "INBOX")
    (again,) = box.listed(known)
    assert [each.raw for each in box.fetch([again.uid])] == [letter(1)]
    assert again.received_at == AT
    assert box.move("INBOX", again.uid, "Đã xử lý") is not None
    assert box.listed(known) == []


def test_fault_003_killed_between_commit_and_move_only_moves(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    """Moving a second time, after a first move that was not written down, does nothing."""
    shared.deliver(letter(1), AT, user=user)
    box.listed(set())
    assert box.move("INBOX", 1, "Đã xử lý") is not None
    assert box.move("INBOX", 1, "Đã xử lý") is None
    assert len(shared.contents("Đã xử lý", user=user)) == 1


def test_fault_003_a_message_that_was_moved_is_found_by_its_bytes(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    """Among others of the same day and size; and it can then be moved out of that folder."""
    for number in (1, 2, 3):
        shared.deliver(letter(number), AT, user=user)
        box.listed(set())
        moved = box.move("INBOX", number, "Đã xử lý")
        if number == 2:
            wanted = moved
    sha256 = hashlib.sha256(letter(2)).hexdigest()
    size = len(letter(2))
    assert box.find("Đã xử lý", sha256, size, AT) == wanted
    assert box.find("Đã xử lý", hashlib.sha256(letter(4)).hexdigest(), size, AT) is None
    assert box.find("Đã xử lý", sha256, size, AT + dt.timedelta(days=9)) is None
    assert wanted is not None
    assert box.move("Đã xử lý", wanted, "INBOX") is not None


def test_fault_011_delivered_twice_is_two_slots(shared: Dovecot, user: str, box: Mailbox) -> None:
    """Two roads, two raw messages: both are fetched whole, each under its own UID."""
    roads = [b"Received: by a\r\n" + letter(1), b"Received: by b\r\n" + letter(1)]
    for raw in roads:
        shared.deliver(raw, AT, user=user)
    assert [each.raw for each in box.fetch([each.uid for each in box.listed(set())])] == roads


# --- servers that fail ---


def test_fault_012_frozen_server(own: Dovecot) -> None:
    """A frozen session ends as Unreachable within the timeout; a new one works."""
    own.deliver(letter(1), AT)
    mailbox = Mailbox(settings(own), PASSWORD)
    mailbox.open()
    hurry(mailbox, 0.3)
    own.signal_sessions(signal.SIGSTOP)
    with pytest.raises(Unreachable):
        mailbox.listed(set())
    own.signal_sessions(signal.SIGCONT)
    mailbox.open()
    assert len(mailbox.listed(set())) == 1
    mailbox.close()


def test_fault_013_dropped_in_mid_literal() -> None:
    """A body that breaks off is never yielded; the next connection gets the whole."""
    whole = b"* 1 FETCH (UID 1 BODY[] {10}\r\n0123456789)\r\nTAG OK done\r\n"
    bodies = iter([Drop(whole[:40]), whole])

    def script(line: str) -> bytes | None:
        return next(bodies) if "BODY" in line else answers()(line)

    server, mailbox = scripted(script)
    with server:
        mailbox.open()
        uids = [each.uid for each in mailbox.listed(set())]
        with pytest.raises(Unreachable):
            list(mailbox.fetch(uids))
        mailbox.open()
        assert [
            each.raw for each in mailbox.fetch([each.uid for each in mailbox.listed(set())])
        ] == [b"0123456789"]


def test_fault_013_killed_in_mid_fetch_of_a_real_server(own: Dovecot) -> None:
    """kill -9 of the session: Unreachable, nothing partial, all of it at the next try."""
    raw = letter(1, 2_000_000)
    own.deliver(raw, AT)
    mailbox = Mailbox(settings(own), PASSWORD)
    mailbox.open()
    uids = [each.uid for each in mailbox.listed(set())]
    own.signal_sessions(signal.SIGKILL)
    with pytest.raises(Unreachable):
        list(mailbox.fetch(uids))
    mailbox.open()
    mailbox.listed(set())
    assert [each.raw for each in mailbox.fetch(uids)] == [raw]
    mailbox.close()


def test_fault_014_one_byte_at_a_time() -> None:
    """Every read is in time, the command is not: its deadline fires."""
    slow = Drip(b"* 1 FETCH (UID 1 BODY[] {1000}\r\n" + b"x" * 1000 + b")\r\nTAG OK done\r\n")
    server, mailbox = scripted(answers(FETCH_BODY=slow))
    with server:
        mailbox.open()
        mailbox.listed(set())
        hurry(mailbox, 5, command=0.4)
        with pytest.raises(Unreachable):
            list(mailbox.fetch([1]))


@pytest.mark.parametrize(
    "script",
    [
        answers(SEARCH=b"* BYE going down\r\n"),
        answers(SEARCH=Drop(b"* BYE going down\r\n")),
        answers(SEARCH=b"TAG NO [UNAVAILABLE] later\r\n"),
        answers(FETCH_SIZE=b"TAG NO [OVERQUOTA] no\r\n"),
        answers(SELECT=b"TAG NO [UNAVAILABLE] later\r\n"),
        answers(SELECT=b"* 0 EXISTS\r\nTAG OK but no UIDVALIDITY\r\n"),
        answers(LOGIN=b"TAG NO [UNAVAILABLE] too many connections\r\n"),
        answers(LOGIN=Drop(b"* BYE too many connections\r\n")),
        answers(CAPABILITY=b"TAG BAD what\r\n"),
    ],
    ids=[
        "bye",
        "bye-drop",
        "no",
        "fetch-no",
        "select-no",
        "no-uidvalidity",
        "login",
        "login-bye",
        "bad",
    ],
)
def test_fault_015_server_says_not_now(script: Script) -> None:
    """BYE, UNAVAILABLE, OVERQUOTA, BAD: try again later, and never LoginRefused."""
    server, mailbox = scripted(script)
    with server, pytest.raises(Unreachable):  # noqa: PT012  some say it at once, some later
        mailbox.open()
        mailbox.listed(set())


def test_fault_015_too_many_connections() -> None:
    """Dovecot's own limit per user is a passing failure too."""
    with (
        Dovecot(connections=1) as server,
        server.session(),
        pytest.raises(Unreachable),
    ):
        Mailbox(settings(server), PASSWORD).open()


def test_server_that_is_not_there() -> None:
    server = ImapServer()
    with server:
        pass
    with pytest.raises(Unreachable):
        Mailbox(settings(server), "secret").open()


def test_fault_016_wrong_password(own: Dovecot) -> None:
    """LoginRefused, for a person to act on; the secret is asked for at each login."""
    secrets = iter([PASSWORD, "expired since"])
    mailbox = Mailbox(settings(own), lambda: next(secrets))
    mailbox.open()
    mailbox.close()
    with pytest.raises(LoginRefused):
        mailbox.open()


def test_password_with_letters_of_vietnam() -> None:
    with Dovecot({USER: 'mật khẩu "khó" \\'}) as server:
        mailbox = Mailbox(settings(server), server.users[USER])
        mailbox.open()
        assert mailbox.listed(set()) == []
        mailbox.close()


def test_xoauth2_refused_token_gets_its_empty_answer() -> None:
    def script(line: str) -> bytes | None:
        if line.startswith("AUTHENTICATE"):
            return b"+ \r\n"
        if line == "" and len(seen) == 1:
            return b"TAG NO [AUTHENTICATIONFAILED] expired\r\n"
        return None

    seen = [1]
    server, mailbox = scripted(script, capabilities="IMAP4rev1 AUTH=XOAUTH2")
    mailbox._settings = settings(server, auth="xoauth2")
    with server, pytest.raises((LoginRefused, Unreachable)):
        mailbox.open()
    assert any(line.startswith("AUTHENTICATE XOAUTH2") for line in server.commands)


def test_password_is_not_sent_where_login_is_disabled() -> None:
    server, mailbox = scripted(answers(), capabilities="IMAP4rev1 LOGINDISABLED")
    with server, pytest.raises(LoginRefused):
        mailbox.open()
    assert not any(line.startswith("LOGIN") for line in server.commands)


def test_line_break_in_a_password_is_refused_unsent() -> None:
    server, mailbox = scripted(answers())
    mailbox._secret = "a\r\nX LOGOUT"
    with server, pytest.raises(LoginRefused):
        mailbox.open()


# --- filing ---


def test_fault_017_missing_folder_is_created_and_moved_into(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    """MOVE into a folder that nobody made, also when it disappears between two moves."""
    for number in (1, 2):
        shared.deliver(letter(number), AT, user=user)
    box.listed(set())
    assert box.move("INBOX", 1, "Đã xử lý") == 1
    with shared.session(user) as other:
        other.delete('"&ARAA4w- x&Hu0- l&AP0-"')
    assert "Đã xử lý" not in shared.folders(user)
    assert box.move("INBOX", 2, "Đã xử lý") is not None
    assert [each.raw for each in shared.contents("Đã xử lý", user)] == [letter(2)]


def test_fault_017_without_move_others_deleted_mail_stays(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    """COPY, STORE, UID EXPUNGE of our own UID: never a plain EXPUNGE."""
    for number in (1, 2):
        shared.deliver(letter(number), AT, user=user)
    shared.flag(1, r"\Deleted", user=user)
    box._capabilities -= {"MOVE"}
    box.listed(set())
    assert box.move("INBOX", 2, "Chờ xử lý") == 1
    assert [each.raw for each in shared.contents(user=user)] == [letter(1)]
    assert [each.raw for each in shared.contents("Chờ xử lý", user)] == [letter(2)]


def test_fault_017_without_uidplus_nothing_is_expunged(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    """The original stays, marked; the copy is filed."""
    shared.deliver(letter(1), AT, user=user)
    box._capabilities -= {"MOVE", "UIDPLUS"}
    box.listed(set())
    box.move("INBOX", 1, "Đã xử lý")
    (left,) = shared.contents(user=user)
    assert "\\Deleted" in left.flags
    assert [each.raw for each in shared.contents("Đã xử lý", user)] == [letter(1)]


def test_fault_017_no_plain_expunge_on_the_wire() -> None:
    """Whatever the server can do, EXPUNGE without UID and CLOSE are never sent."""
    for capabilities in ("IMAP4rev1", "IMAP4rev1 UIDPLUS", "IMAP4rev1 MOVE UIDPLUS"):
        server, mailbox = scripted(answers(), capabilities=capabilities)
        with server:
            mailbox.open()
            mailbox.listed(set())
            mailbox.move("INBOX", 1, "Xong")
            mailbox.append("Sent", b"x\r\n", AT)
            mailbox.close()
        verbs = {line.split(" ")[0].upper() for line in server.commands}
        assert not verbs & {"EXPUNGE", "CLOSE", "STORE", "COPY"}


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (["9 1:3 7:9"], (9, {1: 7, 2: 8, 3: 9})),
        (["9 3,1:2 20,10:11"], (9, {3: 20, 1: 10, 2: 11})),
        (["9 1 7", "9 3 8"], (9, {1: 7, 3: 8})),  # a server that moves in several steps
        (["9 1:2 7"], (0, {})),  # sets that do not fit each other
        (["9 1:4294967295 1:4294967295"], (0, {})),  # more than was asked for
        (["9 4:6 7:9"], (9, {})),  # others than were asked for
        (["x 1 2", "9 1", "9 a 7", ""], (0, {})),
        ([], (0, {})),
    ],
)
def test_fault_017_where_many_went_is_taken_from_the_answer_or_not_at_all(
    codes: list[str], told: tuple[int, dict[int, int]]
) -> None:
    """COPYUID of a set: what does not fit tells nothing, and is looked for instead."""
    moved = copied_all(codes, {1, 2, 3})
    assert (moved.uidvalidity, moved.uids) == told


def test_fault_017_a_server_without_move_moves_each_alone() -> None:
    """One command for many needs MOVE: a COPY that is followed by nothing would leave two."""
    server, mailbox = scripted(answers(), capabilities="IMAP4rev1 UIDPLUS")
    with server:
        mailbox.open()
        with pytest.raises(CommandRefused):
            mailbox.move_all("INBOX", [1, 2], "INBOX")
        mailbox.close()
    assert not any(line.startswith("UID") for line in server.commands)


def test_fault_018_capabilities_are_asked_again_after_login() -> None:
    """A server that tells MOVE only after the login gets a real MOVE."""
    told = iter(["IMAP4rev1", "IMAP4rev1 MOVE UIDPLUS"])

    def script(line: str) -> bytes | None:
        if line == "CAPABILITY":
            return f"* CAPABILITY {next(told)}\r\nTAG OK done\r\n".encode()
        if line.startswith("UID MOVE"):
            return b"* OK [COPYUID 9 1 77] moved\r\nTAG OK done\r\n"
        return None

    server, mailbox = scripted(script)
    with server:
        mailbox.open()
        assert "MOVE" in mailbox.capabilities()
        assert mailbox.move("INBOX", 1, "INBOX") == 77


def test_fault_019_unsolicited_lines_never_lend_a_body() -> None:
    """FETCH lines of other messages, EXISTS and EXPUNGE amid an answer change nothing."""
    body = (
        b"* 5 FETCH (FLAGS (\\Seen $A))\r\n* 9 EXISTS\r\n"
        b"* 4 FETCH (UID 44 BODY[] {3}\r\nbad)\r\n* 2 EXPUNGE\r\n"
        b"* 1 FETCH (BODY[] {4}\r\ngood UID 1 FLAGS (\\Seen))\r\n"
        b"* 3 FETCH (BODY[] {4}\r\nlost)\r\n* 1 FETCH (UID 1 FLAGS ())\r\nTAG OK done\r\n"
    )
    server, mailbox = scripted(answers(FETCH_BODY=body))
    with server:
        mailbox.open()
        mailbox.listed(set())
        assert [(each.uid, each.raw) for each in mailbox.fetch([1])] == [(1, b"good")]


@pytest.mark.parametrize(
    "answer",
    [
        b"* 1 FETCH (UID 1 BODY[] {4294967296}\r\nabc",
        b"* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\nabc",
        b"* 1 FETCH (UID 1 BODY[] {4}\r\nword and more words)\r\n)\r\nTAG OK done\r\n",
        b"* 1 FETCH (UID 1 BODY[] {4}\r\nworda b)\r\n)\r\nTAG OK done\r\n",
        b"* 1 FETCH (UID 1 BODY[] {12}\r\nword)\r\nTAG OK done\r\n",
        b"* 1 FETCH (UID 1 BODY[] {4}\r\nword\r\nTAG OK done\r\n",
        b"* 1 FETCH (UID 1 BODY[] {-4}\r\nword)\r\nTAG OK done\r\n",
        b"* 1 FETCH UID 1 BODY[] x\r\nTAG OK done\r\n",
        b"* 1 FETCH (UID 1 FLAGS (\\Seen\r\nTAG OK done\r\n",
        b"x" * 17_000_100,
    ],
    ids=[
        "4GiB",
        "20-digits",
        "small",
        "small-pairs",
        "big",
        "open",
        "negative",
        "bare",
        "list",
        "flood",
    ],
)
def test_fault_020_literal_that_lies(answer: bytes) -> None:
    """A protocol error without a body and without memory growth, whatever the lie."""
    server, mailbox = scripted(answers(FETCH_BODY=answer))
    with server:
        mailbox.open()
        mailbox.listed(set())
        hurry(mailbox, 0.3)
        tracemalloc.start()
        try:
            with pytest.raises(Unreachable):
                list(mailbox.fetch([1]))
            assert tracemalloc.get_traced_memory()[1] < 60_000_000
        finally:
            tracemalloc.stop()


def test_fault_021_size_is_known_before_any_body() -> None:
    """200 MB are seen in the listing; only the header is asked for, and by PEEK."""
    header = b"* 1 FETCH (UID 1 BODY[HEADER] {13}\r\nSubject: x\r\n\r\n)\r\nTAG OK done\r\n"
    header = header.replace(b"{13}", b"{14}")
    server, mailbox = scripted(answers(FETCH_SIZE=fetch_size(1, 200_000_000), FETCH_BODY=header))
    with server:
        mailbox.open()
        assert [each.size_bytes for each in mailbox.listed(set())] == [200_000_000]
        assert mailbox.header(1) == b"Subject: x\r\n\r\n"
    assert not any("BODY[]" in line or "RFC822)" in line for line in server.commands)
    assert all("PEEK" in line for line in server.commands if "BODY" in line)


def test_of_a_header_without_end_the_beginning_is_asked_for(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    """A whole one of 17 MB would be more than an answer may be, and end each connection."""
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 900) for number in range(19_000))
    raw = b"From: x@xa.example\r\n" + lines + b"\r\nbody"
    shared.fill([raw], user)
    (listed,) = box.listed(set())
    given = box.header(listed.uid)
    assert given == raw[: len(given)]
    assert len(given) == 1_000_000
    assert "\\Seen" not in shared.contents(user=user)[0].flags
    shared.deliver(letter(1, 3), AT, user=user)
    last = max(each.uid for each in box.listed(set()))
    assert box.header(last) == letter(1)  # a short one is whole


def test_a_header_that_ends_the_connection_each_time_is_done_without() -> None:
    """By a server that gives the whole where a part was asked for: the second time is the last."""
    header = b"* 1 FETCH (UID 1 BODY[HEADER] {17000000}\r\n"
    server, mailbox = scripted(answers(FETCH_SIZE=fetch_size(1, 200_000_000), FETCH_BODY=header))
    with server:
        mailbox.open()
        with pytest.raises(Unreachable):
            mailbox.header(1)
        mailbox.open()
        assert mailbox.header(1) == b""
        assert [each.uid for each in mailbox.listed(set())] == [1]


def test_fault_022_thousands_at_first_start(shared: Dovecot, user: str, box: Mailbox) -> None:
    """Bounded batches, oldest first, memory flat, every letter once."""
    letters = [letter(number, 20_000) for number in range(3_000)]
    shared.fill(letters, user)
    listed = box.listed(set())
    assert [each.uid for each in listed] == sorted(each.uid for each in listed)
    tracemalloc.start()
    try:
        found = sum(
            fetched.raw.endswith(b"x" * 20_000)
            for fetched in box.fetch([each.uid for each in listed])
        )
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert found == len(letters)
    sizes = [
        sum(box._sizes[uid] for uid in batch)
        for batch in box._batches([each.uid for each in listed])
    ]
    assert max(sizes) <= 8_000_000


@pytest.mark.parametrize(("prefix", "separator"), [("", "/"), ("INBOX.", ".")])
def test_fault_023_folder_names_of_vietnam(prefix: str, separator: str) -> None:
    """Modified UTF-7 both ways, nested, under the server's own prefix and delimiter."""
    with Dovecot(prefix=prefix, separator=separator) as server:
        mailbox = Mailbox(settings(server), PASSWORD)
        mailbox.open()
        names = ["Đã xử lý", "Chờ xử lý/Lỗi & khác", "Năm 2024/Đợt 2/Xong"]
        for number, name in enumerate(names):
            server.deliver(letter(number), AT)
            (listed,) = mailbox.listed(set())
            mailbox.move("INBOX", listed.uid, name)
        mailbox.close()
        mailbox.open()
        assert mailbox.move(names[0], 1, names[2]) == 2
        for name in (names[1], names[2]):
            assert prefix + name.replace("/", separator) in server.folders()
        at_home = prefix + names[2].replace("/", separator)
        assert [each.raw for each in server.contents(at_home)] == [letter(2), letter(0)]
        mailbox.close()


# --- TLS ---


def test_fault_025_self_signed_certificate_is_refused(shared: Dovecot, user: str) -> None:
    """Without the right authority nobody logs in, by TLS or by STARTTLS."""
    for port, security in ((shared.tls_port, "tls"), (shared.port, "starttls")):
        mailbox = Mailbox(settings(shared, user, port=port, security=security), PASSWORD)
        with pytest.raises(Untrusted):
            mailbox.open()


def test_fault_025_certificate_for_another_host() -> None:
    """A certificate for localhost is none for 127.0.0.2."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("imap.example").configure_cert(context)
    server = ImapServer(tls=context)
    with server, authority.cert_pem.tempfile() as ca_file:
        mailbox = Mailbox(settings(server, security="tls", ca_file=ca_file), "secret")
        with pytest.raises(Untrusted):
            mailbox.open()
    assert server.commands == []


def test_fault_025_stripped_starttls() -> None:
    """A server that no longer offers STARTTLS gets no password."""
    server = ImapServer(capabilities="IMAP4rev1")
    mailbox = Mailbox(settings(server, security="starttls"), "secret")
    with server, pytest.raises(Untrusted):
        mailbox.open()
    assert not any(line.startswith(("LOGIN", "AUTH")) for line in server.commands)


def test_bytes_injected_before_starttls_end_the_connection() -> None:
    injected = b"TAG OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"
    server = ImapServer(answers(STARTTLS=injected), capabilities="IMAP4rev1 STARTTLS")
    mailbox = Mailbox(settings(server, security="starttls"), "secret")
    with server, pytest.raises(Unreachable):
        mailbox.open()
    assert not any(line.startswith("LOGIN") for line in server.commands)


def test_plain_text_only_on_loopback() -> None:
    mailbox = Mailbox(Settings(host="imap.example", port=143, user="u", security="none"), "secret")
    with pytest.raises(LoginRefused, match="loopback"):
        mailbox.open()


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_tls_and_starttls_with_the_right_authority(
    shared: Dovecot, user: str, security: str
) -> None:
    port = shared.tls_port if security == "tls" else shared.port
    chosen = settings(shared, user, port=port, security=security, ca_file=str(shared.ca_file))
    mailbox = Mailbox(chosen, PASSWORD)
    shared.deliver(letter(1, 100_000), AT, user=user)
    mailbox.open()
    assert [each.raw for each in mailbox.fetch([each.uid for each in mailbox.listed(set())])] == [
        letter(1, 100_000)
    ]
    shared.deliver(letter(2), AT, user=user)
    assert mailbox.idle(60)
    mailbox.close()


# --- Sent, IDLE, odd ends ---


def test_append_is_read_dated_and_found_by_message_id(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    assert not box.holds("Đã gửi", "<1@hoacu.example>")
    assert box.append("Đã gửi", letter(1), AT) == 1
    assert box.holds("Đã gửi", "<1@hoacu.example>")
    assert not box.holds("Đã gửi", '<"2\\@hoacu.example>')
    (stored,) = shared.contents("Đã gửi", user)
    assert stored.raw == letter(1)
    assert "\\Seen" in stored.flags


def test_idle_wakes_for_mail_that_came_before_it_began(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    box.listed(set())
    shared.deliver(letter(1), AT, user=user)
    assert box.idle(60)
    assert len(box.listed(set())) == 1


def test_what_lay_there_when_the_inbox_was_opened_is_hinted_at_once_and_no_more(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    """A listener that never lists the inbox would else be told for ever, and spin."""
    shared.deliver(letter(1), AT, user=user)
    box.close()
    box.open()
    assert box.idle(0.05)
    assert not box.idle(0.05)


def test_idle_ends_without_news_and_by_its_wake_descriptor(box: Mailbox) -> None:
    box.listed(set())
    assert not box.idle(0.05)
    reader, writer = os.pipe()
    os.write(writer, b"x")
    assert not box.idle(60, reader)
    os.close(reader)
    os.close(writer)
    assert box.listed(set()) == []


@pytest.mark.parametrize(
    "idling",
    [b"+ idling\r\n* 2 EXISTS\r\n", b"* 2 EXISTS\r\n+ idling\r\n", b"+ idling\r\n* 2 EXI"],
    ids=["coalesced", "before", "half a line"],
)
def test_idle_survives_lines_as_they_come(idling: bytes) -> None:
    rest = b"STS\r\n" if idling.endswith(b"EXI") else b""
    server, mailbox = scripted(answers(IDLE=idling, DONE=rest + b"TAG OK done\r\n"))
    with server:
        mailbox.open()
        mailbox.listed(set())
        assert mailbox.idle(0.2)
        assert mailbox.listed({1}) == []


def test_idle_of_a_dropped_connection_is_unreachable() -> None:
    server, mailbox = scripted(answers(IDLE=Drop(b"+ idling\r\n")))
    with server:
        mailbox.open()
        mailbox.listed(set())
        with pytest.raises(Unreachable):
            mailbox.idle(5)


def test_without_idle_it_says_so_at_once() -> None:
    server, mailbox = scripted(answers(), capabilities="IMAP4rev1")
    with server:
        mailbox.open()
        assert not mailbox.can_idle
        assert not mailbox.idle(60)


def test_a_body_that_breaks_the_server_does_not_keep_others_away() -> None:
    """The failed batch is fetched one by one, the breaking message last."""

    def script(line: str) -> bytes | None:
        if line.startswith("UID SEARCH"):
            return b"* SEARCH 1 2\r\n* SEARCH 3\r\nTAG OK done\r\n"
        if "INTERNALDATE" in line:
            return (
                b"".join(fetch_size(uid, 4).removesuffix(b"TAG OK done\r\n") for uid in (1, 2, 3))
                + b"TAG OK x\r\n"
            )
        if "BODY" in line:
            if "1" in line.split(" ")[2]:
                return Drop(b"")
            uid = line.split(" ")[2].encode()
            return b"* 1 FETCH (UID " + uid + b" BODY[] {4}\r\nbody)\r\nTAG OK done\r\n"
        return None

    server, mailbox = scripted(script)
    with server:
        mailbox.open()
        with pytest.raises(Unreachable):
            list(mailbox.fetch([each.uid for each in mailbox.listed(set())]))
        mailbox.open()
        uids = [each.uid for each in mailbox.listed(set())]
        assert [each.uid for each in mailbox.fetch(uids)] == [2, 3]
        assert [each.uid for each in mailbox.listed({2, 3})] == [1]


def test_of_several_bodies_that_break_the_server_each_gets_its_own_connection() -> None:
    """The second one to fail stood before all that came after it."""

    def script(line: str) -> bytes | None:
        uids = line.split(" ")[2] if line.startswith("UID FETCH") else ""
        if line.startswith("UID SEARCH"):
            return b"* SEARCH 1 2 3 4\r\nTAG OK done\r\n"
        if "INTERNALDATE" in line:
            shown = (fetch_size(uid, 4).removesuffix(b"TAG OK done\r\n") for uid in range(1, 5))
            return b"".join(shown) + b"TAG OK x\r\n"
        if "BODY" in line:
            if uids in {"1", "4"}:
                return f"* 1 FETCH (UID {uids} BODY[] {{4}}\r\nbody)\r\nTAG OK x\r\n".encode()
            return Drop(b"* BYE internal error\r\n")
        return None

    server, mailbox = scripted(script)
    with server:
        mailbox.open()
        with pytest.raises(Unreachable):
            list(mailbox.fetch([each.uid for each in mailbox.listed(set())]))
        for _ in range(2):
            mailbox.open()
            uids = [each.uid for each in mailbox.listed(set())]
            assert [each.uid for each in mailbox.fetch(uids)] == [1, 4]


def test_a_refused_body_is_left_out_and_the_rest_of_its_batch_comes() -> None:
    def script(line: str) -> bytes | None:
        if line.startswith("UID SEARCH"):
            return b"* SEARCH 1 2\r\nTAG OK done\r\n"
        if "INTERNALDATE" in line:
            return (
                b"".join(fetch_size(uid, 4).removesuffix(b"TAG OK done\r\n") for uid in (1, 2))
                + b"TAG OK x\r\n"
            )
        if "BODY" in line:
            return (
                b"* 2 FETCH (UID 2 BODY[] {4}\r\nbody)\r\nTAG OK x\r\n"
                if " 2 " in line
                else b"TAG NO broken\r\n"
            )
        return None

    server, mailbox = scripted(script)
    with server:
        mailbox.open()
        uids = [each.uid for each in mailbox.listed(set())]
        assert [each.uid for each in mailbox.fetch(uids)] == [2]
        assert [each.uid for each in mailbox.listed(set())] == [1, 2]


def test_message_without_internaldate_is_left_for_the_next_listing() -> None:
    answer = b"* 1 FETCH (UID 1 RFC822.SIZE 4)\r\nTAG OK done\r\n"
    server, mailbox = scripted(answers(FETCH_SIZE=answer))
    with server:
        mailbox.open()
        assert mailbox.listed(set()) == []


# --- one selection for a full inbox ---


def _full(*lying: int, noop: bytes = b"") -> tuple[ImapServer, Mailbox, set[int]]:
    """A scripted inbox with these UIDs; take some out of the set: they are gone."""
    there = set(lying)

    def script(line: str) -> bytes | None:
        if line.upper().startswith("UID SEARCH"):
            shown = " ".join(map(str, sorted(there)))
            return f"* SEARCH {shown}\r\nTAG OK done\r\n".encode()
        if line.upper().startswith("UID FETCH"):
            runs = [part.partition(":") for part in line.split(" ")[2].split(",")]
            uids = [uid for low, _, high in runs for uid in range(int(low), int(high or low) + 1)]
            done = b"TAG OK done\r\n"
            return b"".join(fetch_size(uid, 10).removesuffix(done) for uid in uids) + done
        return noop if noop and line.upper() == "NOOP" else None

    server, mailbox = scripted(script)
    return server, mailbox, there


def _turn(server: ImapServer, mailbox: Mailbox, known: set[int]) -> tuple[list[int], list[str]]:
    """List two more; return their UIDs, and the commands with which that was found out."""
    before = len(server.commands)
    uids = [one.uid for one in mailbox.listing(known, 2).messages]
    asked = [line.removeprefix("UID ").split(" ")[0] for line in server.commands[before:]]
    return uids, asked


def test_a_full_inbox_is_selected_once_and_once_more_to_say_that_nothing_is_left() -> None:
    server, mailbox, there = _full(*range(1, 8))
    on = ["NOOP", "SEARCH", "FETCH"]
    with server:
        mailbox.open()
        assert _turn(server, mailbox, set()) == ([1, 2], ["SELECT", "SEARCH", "FETCH"])
        assert _turn(server, mailbox, {1, 2}) == ([3, 4], on)
        mailbox.move_all("INBOX", [1, 2], "Xong", 7)
        there -= {1, 2, 4}
        assert _turn(server, mailbox, {3}) == ([5, 6], on)
        last = _turn(server, mailbox, {3, 5, 6})
        assert last == ([7], ["NOOP", "SEARCH", "SELECT", "SEARCH", "FETCH"])
        there.add(8)
        assert _turn(server, mailbox, {3, 5, 6, 7}) == ([8], ["SELECT", "SEARCH", "FETCH"])


@pytest.mark.parametrize("known", [set(), {1}, {2}])
def test_what_was_listed_and_is_still_not_known_is_looked_for_in_a_new_selection(
    known: set[int],
) -> None:
    """A server whose view of the folder is out of date would show it for ever."""
    server, mailbox, _ = _full(*range(1, 8))
    with server:
        mailbox.open()
        _turn(server, mailbox, set())
        assert "SELECT" in _turn(server, mailbox, known)[1]


@pytest.mark.parametrize(
    "noop", [b"* OK [UIDVALIDITY 8] new\r\nTAG OK done\r\n", b"TAG NO not now\r\n"]
)
def test_a_server_that_speaks_of_a_new_uidvalidity_or_cannot_tell_is_asked_anew(
    noop: bytes,
) -> None:
    server, mailbox, _ = _full(*range(1, 8), noop=noop)
    with server:
        mailbox.open()
        _turn(server, mailbox, set())
        assert _turn(server, mailbox, {1, 2})[1] == ["NOOP", "SELECT", "SEARCH", "FETCH"]


def test_after_another_folder_was_looked_into_the_inbox_is_selected_again(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    for number in range(1, 8):
        shared.deliver(letter(number), AT, user=user)
        shared.deliver(letter(number, 500), AT, "Sent", user=user)
    assert [each.uid for each in box.listing(set(), 2).messages] == [1, 2]
    assert box.holds("Sent", "<1@hoacu.example>")
    sizes = {each.uid: each.size_bytes for each in box.listing({1, 2}, 2).messages}
    assert sizes == {3: len(letter(3)), 4: len(letter(4))}


def test_fault_013_dropped_between_two_turns_of_a_full_inbox(own: Dovecot) -> None:
    """The next connection goes on where the last one ended; what went meanwhile is gone."""
    for number in range(1, 8):
        own.deliver(letter(number), AT)
    mailbox = Mailbox(settings(own), PASSWORD)
    mailbox.open()
    assert mailbox.listing(set(), 2).more
    own.signal_sessions(signal.SIGKILL)
    with pytest.raises(Unreachable):
        mailbox.listing({1, 2}, 2)
    own.expunge(3)
    mailbox.open()
    listed = [each.uid for each in mailbox.listing({1, 2}, 2).messages]
    assert listed == [4, 5]
    assert [each.raw for each in mailbox.fetch(listed)] == [letter(4), letter(5)]
    assert mailbox.listing({1, 2, 4, 5}, 2).complete
    mailbox.close()


def test_what_a_server_tells_within_one_selection_does_not_gather(
    shared: Dovecot, user: str, box: Mailbox
) -> None:
    shared.fill([letter(number) for number in range(120)], user)
    known = {each.uid for each in box.listing(set(), 50).messages}
    box.move_all("INBOX", sorted(known), "Đã xử lý", box.uidvalidity)
    assert box.listing(known, 50).more
    told = box._live().untagged_responses
    assert not told.keys() & {"EXPUNGE", "EXISTS", "FETCH", "RECENT"}


# --- the pure pieces ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"17-May-2024 08:00:00 +0700", dt.datetime(2024, 5, 17, 1, tzinfo=dt.UTC)),
        (b" 7-May-2024 23:59:30 -0330", dt.datetime(2024, 5, 8, 3, 29, 30, tzinfo=dt.UTC)),
        (b"31-Feb-2024 08:00:00 +0700", None),
        (b"17-Mai-2024 08:00:00 +0700", None),
        (b"01-Jan-0001 00:00:00 +1400", None),
        (b"17-May-2024 08:00:00 +9900", None),
        (b"", None),
    ],
)
def test_internaldate(text: bytes, expected: dt.datetime | None) -> None:
    assert imap_client.parse_internaldate(text) == expected


def test_uid_sets_join_runs() -> None:
    assert imap_client.uid_set([5, 1, 2, 3, 9, 9]) == "1:3,5,9"
    assert imap_client.uid_set([]) == ""


def test_account_names_user_and_host() -> None:
    mailbox = Mailbox(Settings(host="127.0.0.1", port=1, user="ocop", security="none"), "x")
    assert mailbox.account == "ocop@127.0.0.1"
    with pytest.raises(Unreachable):
        mailbox.listed(set())
    mailbox.close()
