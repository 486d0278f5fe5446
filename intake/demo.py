"""`intake demo`: the campaign of Cao Lộc from 13/5 to 22/5/2024, played in virtual time.

The daemon is the real one, on real IMAP and SMTP servers (both embedded, on loopback); only the
clock is moved. What the communes do stands in demo_scenario; here it is acted out, told on the
terminal, and compared with how it must end.
"""

import datetime as dt
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from config.init import write_example
from config.model import Commune, Config
from config.settings import load
from intake.daemon import Daemon
from intake.demo_scenario import (
    APPROVE,
    END,
    EXPECTED,
    LAUNCH,
    SCENARIO,
    START,
    ZONE,
    Act,
    Decision,
)
from intake.demo_server import HOST, PASSWORD, USER, MailServer
from intake.desk import open_desk
from notifier.calendar import Calendar
from notifier.due import reminder_moments
from registry.errors import NotPossible
from registry.snapshot import commune_state, windows
from registry.store import Store

_CAMPAIGN = "ocop-2024-2"
_HOUR = dt.timedelta(hours=1)
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
    _told: int = 0
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    def play(self) -> None:
        """Walk from moment to moment; at each, what happens happens, then the daemon ticks."""
        for moment in self._moments():
            self.clock.moment = moment
            if moment == LAUNCH:
                self.tell("the officer", f"launches campaign {_CAMPAIGN}")
                self.store.launch(_CAMPAIGN, "officer", moment)
            if moment == APPROVE:
                self.tell("the approver", "releases the report")
                self.store.approve(_CAMPAIGN, "approver", moment)
            for happening in SCENARIO:
                if happening.at == moment:
                    self._happen(happening)
            self.daemon.until_idle()
            self._tell_sent()

    def _moments(self) -> list[dt.datetime]:
        """Every moment at which something can happen, and every hour between them."""
        campaign = self.config.campaign(_CAMPAIGN)
        calendar = Calendar(self.config.calendar, ZONE)
        hours = self.config.settings.hours
        steps = [at for _, at in reminder_moments(campaign, calendar, hours)]
        hourly = [START + number * _HOUR for number in range((END - START) // _HOUR + 1)]
        events = [happening.at for happening in SCENARIO]
        fixed = [LAUNCH, APPROVE, campaign.closes_at, campaign.report.at, END]
        return sorted({*steps, *hourly, *events, *fixed})

    def _happen(self, happening: Act | Decision) -> None:
        if isinstance(happening, Decision):
            answer = self._answer(happening)
            self.tell("the officer", f"{happening.story}  [dim]“{escape(answer)}”[/dim]")
            self.server.deliver(self._decision(happening, answer), happening.at)
            return
        who = self._name(happening.sender)
        self.tell(who, f"{happening.story}  [dim]“{escape(happening.subject)}”[/dim]")
        self.server.deliver(self._mail(happening), happening.at)

    def _answer(self, decision: Decision) -> str:
        """What the officer writes above the notice of a held message."""
        communes = self.config.communes
        title = next((one.title for one in communes if one.code == decision.commune), "")
        return f"GÁN {title}" if title else "NHẬN"

    def _decision(self, decision: Decision, answer: str) -> bytes:
        """Return the officer's reply to the notice of the message that waits longest."""
        held = self.store.held()[0]
        notice = next(one for one in self.store.mails(message_id=held.id) if one.kind == "held")
        mail = EmailMessage()
        mail["From"], mail["To"] = notice.recipient, self.config.settings.office.address
        mail["Subject"] = f"Re: {notice.subject}"
        mail["Date"] = decision.at
        mail["Message-ID"] = f"<demo-{next(self._numbers)}@caoloc.example>"
        mail["In-Reply-To"] = notice.rfc_message_id
        mail.set_content(
            f"{answer}\n\nVào 14:00, UBND huyện Cao Lộc đã viết:\n\n> Thư số {held.id}"
        )
        return mail.as_bytes()

    def _mail(self, act: Act) -> bytes:
        """Return the bytes of what somebody sends."""
        if "X-Demo" in act.headers:
            return self._bounce(act.headers["X-Demo"].split()[1])
        mail = EmailMessage()
        mail["From"] = self._address(act)
        mail["To"] = self.config.settings.office.address
        mail["Subject"] = act.subject
        mail["Date"] = act.at
        mail["Message-ID"] = f"<demo-{next(self._numbers)}@xa.example>"
        for name, value in act.headers.items():
            mail[name] = value
        if act.reply_to:
            mail["In-Reply-To"] = self._latest(act)
        mail.set_content(act.body)
        for name, kind, data in act.files():
            main, sub = kind.split("/")
            mail.add_attachment(data, maintype=main, subtype=sub, filename=name)
        return mail.as_bytes()

    def _latest(self, act: Act) -> str:
        """The Message-ID of the newest mail of that kind that went to the commune."""
        commune = self._commune(act.sender)
        mails = self.store.mails(commune=commune.key if commune else None)
        return next(m.rfc_message_id for m in reversed(mails) if m.kind == act.reply_to)

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
        """Whether the Department has the report, and got it only after the approval."""
        to = {address.casefold() for address in self.config.campaign(_CAMPAIGN).report.to}
        got = [mail for mail in self.server.received if mail.recipient.casefold() in to]
        sent = len(got) == len(to) and all(mail.at >= APPROVE for mail in got)
        told = "has the report, after its approval" if sent else "[red]did not get it[/red]"
        self.tell("the Department", told)
        return sent


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


def _with_values(text: str, section: str, values: dict[str, str]) -> str:
    """Replace plain ``key = value`` lines of one section."""
    lines, inside = [], False
    for line in text.splitlines():
        inside = line.startswith(f"[{section}]") if line.startswith("[") else inside
        key = line.split("=")[0].strip()
        lines.append(f"{key} = {values[key]}" if inside and key in values else line)
    return "\n".join(lines) + "\n"


def _write_out(out: Path, server: MailServer, stage: _Stage) -> None:
    """Leave what the demo made: every mail sent, and the report files."""
    mails = out / "mails"
    mails.mkdir()
    for number, mail in enumerate(server.received, start=1):
        (mails / f"{number:04d} {mail.recipient}.eml").write_bytes(mail.raw)
    reports = out / "report"
    reports.mkdir()
    for row in stage.store.reports(_CAMPAIGN):
        for file in row.files:
            (reports / file.name).write_bytes(stage.daemon.desk.vault.get(file.sha256))
    stage.console.print(f"{len(server.received)} mails in {mails}, the report in {reports},")
    stage.console.print(f"the registry in {stage.config.folder / 'data'}: try")
    stage.console.print(f"  intake --config {stage.config.folder} status")


def _clear(out: Path) -> None:
    """Empty a folder that an earlier demo left; anything else in it is not ours to remove."""
    ours = {"config", "mails", "report"}
    strange = [path.name for path in out.iterdir() if path.name not in ours]
    if strange:
        msg = f"{out} holds {', '.join(strange)}, which no demo made: name another folder"
        raise NotPossible(msg)
    for name in ours:
        shutil.rmtree(out / name, ignore_errors=True)
