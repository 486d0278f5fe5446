"""The whole program between a real Dovecot and a scripted SMTP server, with a clock to move."""

import datetime as dt
import email
import email.policy
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from pathlib import Path
from types import TracebackType
from typing import Self

from rigs import readers, registry
from rigs.dovecot import PASSWORD, Dovecot
from rigs.smtp import Accepted, ScriptedSmtp

from config.init import write_example
from config.model import Config
from config.settings import load
from intake.daemon import Daemon
from intake.demo import _with_values
from intake.demo_scenario import XLSX
from intake.desk import Desk, open_desk

CAMPAIGN = "ocop-2024-2"
ENV = {"INTAKE_TEST_PASSWORD": PASSWORD}
_serial = itertools.count(1)
_HEADERS = BytesHeaderParser(policy=email.policy.default)

Files = list[tuple[str, str, bytes]]


def mail(
    sender: str,
    subject: str = "Đăng ký điểm OCOP",
    files: Files = [],  # noqa: B006  never changed
    body: str = "Kính gửi UBND huyện.",
    date: dt.datetime | None = None,
    **headers: str,
) -> bytes:
    """The bytes of a mail to the office; header names with underscores for hyphens."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = "ocop@caoloc.example"
    made["Subject"] = subject
    made["Message-ID"] = headers.pop("Message_ID", f"<rig-{next(_serial)}@xa.example>")
    if date:
        made["Date"] = date
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    for name, kind, data in files:
        main, sub = kind.split("/")
        made.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return made.as_bytes()


def workbook_file(data: bytes, name: str = "Biểu đăng ký.xlsx") -> Files:
    return [(name, XLSX, data)]


@dataclass
class Whole:
    """One office: config folder, servers, daemon. ``now`` is the daemon's clock."""

    folder: Path
    dovecot: Dovecot
    user: str
    now: dt.datetime
    changes: dict[str, dict[str, str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.smtp = stack.enter_context(ScriptedSmtp())
            self._configure()
            self.config = load(self.folder, env=ENV)
            self._stack = stack.pop_all()
        self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._desk.close()
        self._stack.close()

    def _configure(self) -> None:
        write_example(self.folder)
        server = {"host": '"127.0.0.1"', "security": '"none"'}
        password = '"INTAKE_TEST_PASSWORD"'
        sections = {
            "mailbox": {
                **server,
                "port": str(self.dovecot.port),
                "user": f'"{self.user}"',
                "password_env": password,
            },
            "smtp": {
                **server,
                "port": str(self.smtp.port),
                "user": '""',
                "password_env": '""',
                "rate_per_minute": "100000",
            },
            # What a machine with much else to do reads slowly is read all the same.
            "limits": {"read_seconds": '"120s"', "convert_seconds": '"120s"'},
            # Out of the way: the digest has tests of its own, and a mail a day disturbs the others.
            "officers": {"digest_at": '"23:59"'},
        }
        if "board" not in self.changes:  # it has tests of its own, and costs each turn
            sections["board"] = {"path": '""'}
        if "database" not in self.changes.get("storage", {}):
            registry.settle(self.folder)
        for section, values in self.changes.items():
            sections[section] = sections.get(section, {}) | values
        path = self.folder / "settings.toml"
        text = path.read_text(encoding="utf-8")
        for section, values in sections.items():
            text = _with_values(text, section, values)
        path.write_text(text, encoding="utf-8")

    def _open(self) -> None:
        self._desk = ExitStack()
        self.desk: Desk = self._desk.enter_context(open_desk(self.config, ENV, lambda: self.now))
        self._desk.enter_context(readers.kept(self.desk.reader))
        self.daemon = Daemon(self.desk, jitter=lambda: 0.0)
        self.daemon.recover()
        self.store = self.desk.store

    def restart(self) -> None:
        """A new process as far as the program is concerned: nothing but the disk is carried on."""
        self._desk.close()
        self.config: Config = load(self.folder, env=ENV)
        self._open()

    def tick(self, at: dt.datetime | None = None) -> None:
        """Move the clock, then do all that can be done."""
        self.now = at or self.now
        self.daemon.until_idle()

    def deliver(self, raw: bytes, at: dt.datetime | None = None) -> None:
        self.dovecot.deliver(raw, at or self.now, user=self.user)

    def inbox(self, folder: str = "INBOX") -> list[bytes]:
        return [stored.raw for stored in self.dovecot.contents(folder, self.user)]

    @property
    def sent(self) -> list[Accepted]:
        """What the SMTP server took, in order; without the officers' daily digest."""
        return [one for one in self.smtp.accepted if not _is_digest(one.raw)]

    def subjects(self, recipient: str = "") -> list[str]:
        """Subjects of the mails sent (no digests), in order."""
        return [
            str(parsed(one.raw)["Subject"])
            for one in self.sent
            if not recipient or recipient in one.recipients
        ]


def parsed(raw: bytes) -> EmailMessage:
    made = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(made, EmailMessage)
    return made


def _is_digest(raw: bytes) -> bool:
    head = _HEADERS.parsebytes(raw)  # not the body: this is asked of every mail, at every look
    return str(head["X-Commune-Intake"]).startswith("digest/")


def words(raw: bytes) -> str:
    """The plain text of a mail."""
    part = parsed(raw).get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@contextmanager
def real_process(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """The program as a user starts it; killed at the end if it still lives."""
    process = subprocess.Popen(
        [sys.executable, "-m", "intake", "--config", str(folder), *arguments],
        bufsize=0,  # what a line's reader holds back, `select` does not see
        env={**os.environ, **ENV},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
