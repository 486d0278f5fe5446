"""`intake demo`: the campaign of Cao Lộc from 13/5 to 24/5/2024, played in virtual time.

The daemon is the real one, on real IMAP and SMTP servers (both embedded, on loopback); only the
clock is moved. What the communes do stands in demo_scenario; here it is acted out, told on the
terminal, and compared with how it must end.
"""

import datetime as dt
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import Header
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from config.init import write_example
from config.model import Commune, Config
from config.service import with_values as _with_values
from config.settings import load
from intake.daemon import Daemon
from intake.demo_scenario import (
    APPROVE,
    APPROVE_SUPPLEMENT,
    END,
    EXPECTED,
    LAUNCH,
    SCENARIO,
    START,
    ZONE,
    Act,
    Given,
)
from intake.demo_server import HOST, PASSWORD, USER, MailServer
from intake.desk import open_desk
from notifier.board import FILES, INDEX
from notifier.calendar import Calendar
from notifier.due import reminder_moments
from registry.errors import NotPossible
from registry.snapshot import commune_state, windows
from registry.store import Store

_CAMPAIGN = "ocop-2024-2"
_HOUR = dt.timedelta(hours=1)
_EVENING = 17
_SUBJECT = "SUBJECT"
#: Mass mail by the first word of its key.
_MASS = {
    "call": "the call",
    "remind": "a reminder",
    "silence": "the notice that silence was recorded",
}


def play(out: Path) -> bool:
    """Play the whole campaign into ``out``; return whether everything ended as it must."""
    if out.exists() and any(out.iterdir()):
        _clear(out)
    out.mkdir(parents=True, exist_ok=True)
    clock = _Clock(START)
    with MailServer(clock) as server:
        config = _config(out / "config", server)
        env = {"INTAKE_DEMO_PASSWORD": PASSWORD}
        with open_desk(config, env, clock) as desk:
            daemon = Daemon(desk, jitter=lambda: 0.0)
            daemon.recover()
            stage = _Stage(config, server, daemon, clock, desk.store)
            stage.play()
            _write_out(out, server, stage)
            return stage.compare()


class _Clock:
    """Virtual time: stands still until it is moved."""

    def __init__(self, moment: dt.datetime) -> None:
        self.moment = moment

    def __call__(self) -> dt.datetime:
        return self.moment


@dataclass
class _Stage:
    """The play: who writes when, the daemon between them, and the voice that tells it."""

    config: Config
    server: MailServer
    daemon: Daemon
    clock: _Clock
    store: Store
    console: Console = field(default_factory=lambda: Console(highlight=False))
    #: The board's pages at the end of each day.
    boards: dict[Path, bytes] = field(default_factory=dict)
    _told: int = 0
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    def play(self) -> None:
        """Walk from moment to moment; at each, what happens happens, then the daemon ticks."""
        for moment in self._moments():
            self.clock.moment = moment
            if moment == LAUNCH:
                self.tell("the officer", f"launches campaign {_CAMPAIGN}")
                self.store.launch(_CAMPAIGN, "officer", moment)
            for act in SCENARIO:
                if act.at == moment:
                    self._happen(act)
            self.daemon.until_idle()
            self._tell_sent()
            self._keep_board(moment)

    def _moments(self) -> list[dt.datetime]:
        """Every moment at which something can happen, and every hour between them."""
        campaign = self.config.campaign(_CAMPAIGN)
        calendar = Calendar(self.config.calendar, ZONE)
        hours = self.config.settings.hours
        steps = [at for _, at in reminder_moments(campaign, calendar, hours)]
        hourly = [START + number * _HOUR for number in range((END - START) // _HOUR + 1)]
        events = [act.at for act in SCENARIO]
        fixed = [LAUNCH, campaign.closes_at, campaign.report.at, END]
        return sorted({*steps, *hourly, *events, *fixed})

    def _happen(self, act: Act) -> None:
        answered = self._answered(act)
        subject = f"Re: {answered['Subject']}" if answered else act.subject
        said = escape(act.body if act.answers in {"held", "draft"} else subject)
        self.tell(self._name(act.sender), f"{act.story}  [dim]“{said}”[/dim]")
        self.server.deliver(self._mail(act, answered, subject), act.at)

    def _answered(self, act: Act) -> EmailMessage | None:
        """Return the mail that somebody answers: the newest one of its kind in his mailbox."""
        if not act.answers:
            return None
        address = self._address(act)
        for one in reversed(self.server.received):
            mail = message_from_bytes(one.raw, policy=default)
            kind = str(mail["X-Commune-Intake"]).partition("/")[0]
            if one.recipient == address and kind == act.answers:
                return mail
        raise LookupError(f"{address} got no {act.answers} to answer")

    def _mail(self, act: Act, answered: EmailMessage | None, subject: str) -> bytes:
        """Return the bytes of what somebody sends."""
        if "X-Demo" in act.headers:
            return self._bounce(act.headers["X-Demo"].split()[1])
        mail = EmailMessage()
        mail["From"] = self._address(act)
        mail["To"] = self.config.settings.office.address
        mail["Subject"] = _SUBJECT
        mail["Date"] = act.at
        mail["Message-ID"] = f"<demo-{next(self._numbers)}@xa.example>"
        for name, value in act.headers.items():
            mail[name] = value
        if answered:
            mail["In-Reply-To"] = mail["References"] = str(answered["Message-ID"])
        mail.set_content(f"{act.body}\n\n{_quoted(answered)}" if answered else act.body)
        form = self.config.campaign(_CAMPAIGN).form
        for name, kind, data in act.files(Given(answered, form)):
            main, sub = kind.split("/")
            mail.add_attachment(data, maintype=main, subtype=sub, filename=name)
        # The stdlib's folding loses blanks between encoded words; people's programs do not.
        written = Header(act.subject or subject, "utf-8", header_name="Subject").encode()
        return mail.as_bytes().replace(_SUBJECT.encode(), written.encode(), 1)

    def _bounce(self, code: str) -> bytes:
        """A delivery status notification (RFC 3464) about the call to a commune's first address."""
        commune = self._commune(code)
        if commune is None:
            raise KeyError(code)
        call = next(
            m for m in self.store.mails(commune=commune.key) if m.recipient == commune.emails[0]
        )
        return "\r\n".join(
            [
                "From: Mail Delivery System <mailer-daemon@caoloc.example>",
                f"To: {self.config.settings.office.address}",
                "Subject: Undelivered Mail Returned to Sender",
                f"Message-ID: <bounce-{next(self._numbers)}@caoloc.example>",
                "Auto-Submitted: auto-replied",
                "MIME-Version: 1.0",
                'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
                "",
                "--b",
                "Content-Type: text/plain",
                "",
                "The mail system could not deliver your message: no such user.",
                "--b",
                "Content-Type: message/delivery-status",
                "",
                "Reporting-MTA: dns; mx.caoloc.example",
                "",
                f"Final-Recipient: rfc822; {call.recipient}",
                "Action: failed",
                "Status: 5.1.1",
                "",
                "--b",
                "Content-Type: text/rfc822-headers",
                "",
                f"Message-ID: {call.rfc_message_id}",
                "",
                "--b--",
                "",
            ]
        ).encode()

    # --- names ---

    def _commune(self, code: str) -> Commune | None:
        return next((one for one in self.config.communes if one.code == code), None)

    def _name(self, sender: str) -> str:
        commune = self._commune(sender)
        return commune.title if commune else sender

    def _address(self, act: Act) -> str:
        commune = self._commune(act.sender)
        return commune.emails[act.address] if commune else act.sender

    # --- telling ---

    def tell(self, who: str, what: str) -> None:
        """Say one line of the story."""
        when = self.clock().astimezone(ZONE)
        self.console.print(f"[cyan]{when:%d/%m %H:%M}[/cyan]  [bold]{escape(who)}[/bold]: {what}")

    def _tell_sent(self) -> None:
        """Say what the daemon has sent since."""
        new = self.server.received[self._told :]
        self._told = len(self.server.received)
        heads = [BytesHeaderParser(policy=default).parsebytes(mail.raw) for mail in new]
        for line in sent_lines(
            [(str(head["X-Commune-Intake"]), str(head["Subject"])) for head in heads]
        ):
            self.tell("  → sent", escape(line))

    def _keep_board(self, moment: dt.datetime) -> None:
        """Keep the board as it stood at the end of each day."""
        if moment.astimezone(ZONE).hour == _EVENING and moment.minute == START.minute:
            folder = self.config.folder / self.config.settings.board.path
            day = f"{moment.astimezone(ZONE):%Y-%m-%d}"
            self.boards |= {Path(day) / name: (folder / name).read_bytes() for name in FILES}

    # --- the end ---

    def compare(self) -> bool:
        """Show how every commune ended, beside how it had to end."""
        campaign = self.config.campaign(_CAMPAIGN)
        snapshot = self.store.snapshot(windows([campaign]))
        table = Table("xã, thị trấn", "state", "points", "values right", "as it must be")
        all_right = True
        for commune in self.config.members(campaign):
            expected = EXPECTED[commune.code]
            current = snapshot.current.get((campaign.id, commune.key))
            state = commune_state(snapshot, campaign.id, commune.key)
            rows = [dict(p.row.values) for p in current.points] if current else []
            wanted = sum(len(entry) for entry in expected.entries)
            pairs = zip(expected.entries, rows, strict=False)
            right = sum(row.get(key) == entry[key] for entry, row in pairs for key in entry)
            invented = sum(
                len(row.keys() - entry.keys())
                for entry, row in zip(expected.entries, rows, strict=False)
            )
            good = state == expected.state and right == wanted and not invented
            good = good and (not expected.entries or len(rows) == len(expected.entries))
            good = good and (current is None or current.late == expected.late)
            all_right = all_right and good
            mark = "[green]yes[/green]" if good else f"[red]no: {expected.state}[/red]"
            values = f"{right}/{wanted}" if wanted else "–"
            table.add_row(commune.title, state, str(len(rows)), values, mark)
        self.console.print(table)
        return all_right and self._report_sent()

    def _report_sent(self) -> bool:
        """Whether the Department has report and supplement, each only after its release."""
        to = {address.casefold() for address in self.config.campaign(_CAMPAIGN).report.to}
        got = [mail for mail in self.server.received if mail.recipient.casefold() in to]
        released = [APPROVE, APPROVE_SUPPLEMENT]
        sent = len(got) == len(released) * len(to) and all(
            mail.at >= at for mail, at in zip(got, released, strict=True)
        )
        told = "has the report and its supplement, each after its release"
        told = told if sent else "[red]did not get them[/red]"
        self.tell("the Department", told)
        return sent


def _quoted(mail: EmailMessage) -> str:
    """Return a mail as a program quotes it below an answer."""
    body = mail.get_body(("plain",))
    text = str(body.get_content()) if body else ""
    lines = "\n".join(f"> {line}" for line in text.splitlines())
    when = mail["Date"].datetime.astimezone(ZONE)
    return f"Vào {when:%H:%M %d/%m/%Y}, {mail['From']} đã viết:\n\n{lines}\n"


def sent_lines(mails: Sequence[tuple[str, str]]) -> list[str]:
    """Return what was sent, from (key, subject) of each mail, in the order of sending.

    A key is ``kind/campaign/commune…`` for mass mail: those of one kind to several communes are
    one line, all others are told by their subject.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for key, subject in mails:
        kind = _MASS.get(key.split("/")[0], "")
        groups.setdefault(kind or subject, []).append((key, subject))
    lines = []
    for name, group in groups.items():
        communes = len({key for key, _ in group})
        if communes > 1 and name in _MASS.values():
            lines.append(f"{name} to {communes} communes ({len(group)} mails)")
            continue
        subjects = dict.fromkeys(subject for _, subject in group)
        lines += [f"{one} (×{len(group)})" if len(group) > 1 else one for one in subjects]
    return lines


def _config(folder: Path, server: MailServer) -> Config:
    """The shipped example, pointed at the demo's servers; Xuất Lễ has a second address."""
    write_example(folder)
    settings = folder / "settings.toml"
    text = settings.read_text(encoding="utf-8")
    for section, port in (("mailbox", server.imap_port), ("smtp", server.smtp_port)):
        values = {
            "host": f'"{HOST}"',
            "port": str(port),
            "security": '"none"',
            "user": f'"{USER if section == "mailbox" else ""}"',
            "password_env": '"INTAKE_DEMO_PASSWORD"' if section == "mailbox" else '""',
        }
        text = _with_values(text, section, values)
    settings.write_text(text, encoding="utf-8")
    roster = folder / "communes.csv"
    lines = roster.read_text(encoding="utf-8")
    first = "xuatle@caoloc.example"
    roster.write_text(lines.replace(f",{first}", f",{first} vp.{first}", 1), encoding="utf-8")
    return load(folder, env={"INTAKE_DEMO_PASSWORD": PASSWORD})


def _write_out(out: Path, server: MailServer, stage: _Stage) -> None:
    """Leave what the demo made: every mail sent, and the report files."""
    mails = out / "mails"
    mails.mkdir()
    for number, mail in enumerate(server.received, start=1):
        (mails / f"{number:04d} {mail.recipient}.eml").write_bytes(mail.raw)
    boards = out / "board"
    for name, page in stage.boards.items():
        (boards / name).parent.mkdir(parents=True, exist_ok=True)
        (boards / name).write_bytes(page)
    reports = out / "report"
    reports.mkdir()
    for row in stage.store.reports(_CAMPAIGN):
        for file in row.all_files:
            (reports / file.name).write_bytes(stage.daemon.desk.vault.get(file.sha256))
    stage.console.print(f"{len(server.received)} mails in {mails}, the report in {reports},")
    board = stage.config.folder / stage.config.settings.board.path / INDEX
    stage.console.print(f"the board in {board}, day by day in {boards},")
    stage.console.print(f"the registry in {stage.config.folder / 'data'}: try")
    stage.console.print(f"  intake --config {stage.config.folder} status")


def _clear(out: Path) -> None:
    """Empty a folder that an earlier demo left; anything else in it is not ours to remove."""
    ours = {"board", "config", "mails", "report"}
    strange = [path.name for path in out.iterdir() if path.name not in ours]
    if strange:
        msg = f"{out} holds {', '.join(strange)}, which no demo made: name another folder"
        raise NotPossible(msg)
    for name in ours:
        shutil.rmtree(out / name, ignore_errors=True)
