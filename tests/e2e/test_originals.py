"""Originals are never deleted: neither on the server nor in the vault, whatever happens."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs.answering import (
    GIA_CAT_MAIL,
    HOA_CU_MAIL,
    NIL,
    form_of_hoa_cu,
    key_of,
    with_communes,
)
from rigs.cast import moment
from rigs.dovecot import _utf7
from rigs.whole import CAMPAIGN, Whole, mail, workbook_file

from intake.imap_client import Client
from intake.mailbox import Mailbox

HOUSE = ("parsers", "config", "registry", "notifier", "intake")
#: Everything in the product that can take a file or folder away, with what it is there.
MAY_DELETE = {
    ("intake/backup.py", "back_up"): "its own half-made backup",
    ("intake/restore.py", "_put_back"): "its own half-made copy of the database",
    ("intake/restore.py", "_load"): "the same copy, once a server has its rows",
    ("intake/export.py", "export"): "its own half-made dossier",
    ("intake/demo.py", "_clear"): "what an earlier demo wrote",
    ("intake/heartbeat.py", "_replace"): "its own half-written heartbeat, before it has its name",
    ("intake/put_in_place.py", "_replace"): "its own copy of a registry that was not replaced",
    ("intake/put_in_place.py", "catch_up_with_copy"): "rooms where a killed rebuilding worked",
    ("registry/place.py", "tidy"): "temporary files of a killed process, which never had a name",
    (
        "registry/journal_segments.py",
        "_put_together",
    ): "segments of the journal's copy whose events stand in a longer one, which was read back",
    ("registry/bucket.py", "remove"): "only what the line above takes away",
    ("registry/files.py", "_passing"): "its own temporary file, before it has its name",
    ("registry/files.py", "put_file_once"): "its own temporary name, once the file has its own",
}
_DELETING = {"unlink", "rmtree", "rmdir", "removedirs"}
_DELETING_CALLS = {"os.remove", "os.truncate", "self._store.delete", "self._objects.remove"}


@pytest.fixture
def office(office: Whole) -> Whole:
    """Four communes are enough here."""
    return with_communes(office, "06184", "06223", "06235", "06187")


def deleting_calls() -> Iterator[tuple[str, str, str]]:
    """Yield (file, function, call) of every call that may take a file away."""
    for path in (path for room in HOUSE for path in sorted(Path(room).rglob("*.py"))):
        tree = ast.parse(path.read_text("utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                for call in ast.walk(function):
                    if isinstance(call, ast.Call) and _deletes(call.func):
                        yield str(path), function.name, ast.unparse(call)


def _deletes(called: ast.expr) -> bool:
    if not isinstance(called, ast.Attribute):
        return False
    return called.attr in _DELETING or ast.unparse(called) in _DELETING_CALLS


def test_nothing_in_the_product_deletes_files_but_its_own_half_made_ones():
    unexpected = [found for found in deleting_calls() if found[:2] not in MAY_DELETE]
    assert unexpected == [], "say in MAY_DELETE what is deleted there and why it is no original"


@pytest.fixture
def said(monkeypatch):
    """Every command that was sent to the IMAP server, bodies left out."""
    commands: list[str] = []
    send = Client.send

    def recorded(self: Client, data: bytes) -> None:
        found = re.match(rb"[A-Z]{4}\d+ ([^\r\n]{0,200})", bytes(data))
        if found:
            commands.append(found[1].decode("ascii", "replace"))
        send(self, data)

    monkeypatch.setattr(Client, "send", recorded)
    return commands


def a_busy_day(office: Whole) -> int:
    """Every outcome that moves a message; return how many there were."""
    office.store.launch(CAMPAIGN, "officer", moment(13, 8))
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    for sender in ("a@thudientu.example", "b@thudientu.example"):
        office.deliver(mail(sender, files=workbook_file(form_of_hoa_cu())))
    office.deliver(mail("", subject="Trả về"))
    office.tick()
    first, second, *_ = [one for one in office.store.held() if one.sender]
    office.store.assign(first.id, key_of(office, "06184"), CAMPAIGN, "officer", office.now)
    office.store.reject(second.id, "gửi nhầm", "officer", office.now)
    office.tick(moment(15, 10))
    office.restart()
    office.tick(moment(22, 9))
    return 5


def originals(office: Whole) -> int:
    return sum(len(office.inbox(name)) for name in ("INBOX", "Đã xử lý", "Chờ xử lý"))


def moved_by(command: str) -> int:
    """How many messages a command moves."""
    uids = re.match(r"UID MOVE (\S+)", command)
    spans = re.findall(r"(\d+)(?::(\d+))?", uids[1]) if uids else []
    return sum(int(high or low) - int(low) + 1 for low, high in spans)


@pytest.mark.e2e
def test_no_command_deletes_on_a_server_that_can_move(office, said):
    """And the vault only grows."""
    vault = office.desk.vault
    before = vault.put(b"kept before")
    count = a_busy_day(office)
    assert vault.get(before) == b"kept before"
    assert {one.sha256 for one in office.store.messages()} <= set(vault.names())
    assert all(vault.get(sha256) for sha256 in vault.names())
    assert sum(map(moved_by, said)) >= count
    forbidden = re.compile(r"\\Deleted|\bEXPUNGE\b|^(?:UID )?STORE\b|^(?:DELETE|CLOSE|RENAME)\b")
    assert [command for command in said if forbidden.search(command)] == []
    assert originals(office) == count


@pytest.mark.e2e
def test_without_move_only_what_was_copied_is_expunged(office, said, monkeypatch):
    capable = Mailbox.open

    def without_move(self: Mailbox) -> None:
        capable(self)
        self._capabilities -= {"MOVE"}

    monkeypatch.setattr(Mailbox, "open", without_move)
    office.deliver(mail(HOA_CU_MAIL, body="Thư của người khác"), moment(14))
    uid = office.dovecot.contents("INBOX", office.user)[0].uid
    office.tick()
    # A message that a person flagged as deleted, in the folder that is worked in, stays.
    other = mail("ocop@caoloc.example", subject="giữ lại")
    office.dovecot.deliver(other, moment(1), "INBOX", office.user)
    flagged = office.dovecot.contents("INBOX", office.user)[-1].uid
    office.dovecot.flag(flagged, r"\Deleted", user=office.user)
    count = a_busy_day(office)
    assert uid != flagged
    copied: set[str] = set()
    for command in said:
        words = command.split()
        if words[:2] == ["UID", "COPY"]:
            copied.add(words[2])
        if words[:2] in (["UID", "STORE"], ["UID", "EXPUNGE"]):
            assert words[2] in copied, command
        assert not re.match(r"(?:EXPUNGE|CLOSE|DELETE|STORE)\b", command), command
    assert len(copied) >= 2
    assert flagged in [one.uid for one in office.dovecot.contents("INBOX", office.user)]
    assert originals(office) == count + 2


@pytest.mark.e2e
def test_in_a_folder_that_was_made_anew_nobody_elses_message_is_moved(office):
    """UIDs of another UIDVALIDITY mean other messages, also where held ones lie (FAULTS 5)."""
    office.deliver(mail("a@thudientu.example", files=workbook_file(form_of_hoa_cu())))
    office.tick()
    (held,) = office.store.held()
    office.desk.mailbox.close()
    with office.dovecot.session(office.user) as client:
        name = f'"{_utf7("Chờ xử lý")}"'
        assert client.delete(name)[0] == client.create(name)[0] == "OK"
    office.dovecot.deliver(
        mail("ai.do@x.example", subject="của người khác"), office.now, "Chờ xử lý", office.user
    )
    office.dovecot.set_uidvalidity(4242, "Chờ xử lý", office.user)
    assert [one.uid for one in office.dovecot.contents("Chờ xử lý", office.user)] == [1]
    office.store.assign(held.id, key_of(office, "06184"), CAMPAIGN, "officer", office.now)
    office.tick()
    assert len(office.inbox("Chờ xử lý")) == 1
    assert office.inbox("Đã xử lý") == []
