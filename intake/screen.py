"""The views of `intake.views` on a terminal, readable at 80 columns; times are the office's.

What the JSON says in full is said here in few words: empty values and certain confidences are left
out, a row of a table is one line.
"""

import contextlib
import datetime as dt
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from intake.screen_month import WEEK, Day, Month, months
from notifier.held_reasons import in_vietnamese
from parsers.names import one_line

View = Mapping[str, Any]


def fit(view: Any) -> Any:
    """Return a view whose every text is fit for a line of a terminal. Pure.

    What stands in mails, files and answers of servers may hold what a terminal obeys: escape
    sequences, line breaks that begin a line of ours, marks that turn the direction of writing.
    """
    if isinstance(view, str):
        return one_line(view)
    if isinstance(view, Mapping):
        return {fit(key): fit(value) for key, value in view.items()}
    return list(map(fit, view)) if isinstance(view, list | tuple) else view


_COLOURS = {
    "registered": "green",
    "nil": "green",
    "needs-fix": "yellow",
    "in-review": "yellow",
    "held": "yellow",
    "warning": "yellow",
    "silent": "red",
    "error": "red",
    "broken": "red",
    "refused": "red",
    "unknown": "red",
}
#: Of the journal: what is said already, or serves a replay only (`--json` has it).
_NOT_SHOWN = frozenset(
    {"at", "event", "account", "uidvalidity", "size_bytes", "received_at", "from", "to", "outcome"}
    | {"rfc_message_id", "body", "next_try_at"}
)
_SHORT = "%d/%m %H:%M"
_SECONDS = "%d/%m/%Y %H:%M:%S"
_PIPE_WIDTH = 1000
_DAY_WIDTH = 10  # of a day in the grid of a month: seven of them fit 80 columns
_HASH = 12  # characters of a sha256 that are shown; `intake show` finds a message by eight


def _console() -> Console:
    """Return the terminal; into a pipe no line is cut or wrapped."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)


@contextlib.contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on a terminal's stderr while long work goes on; call what is given at each step.

    Nothing is shown for one piece of work, nor where stderr is no terminal; the bar goes away.
    """
    console = Console(stderr=True)
    if total < 2 or not console.is_terminal:  # noqa: PLR2004  said above
        yield lambda: None
        return
    from rich.progress import Progress  # noqa: PLC0415  slow, and most commands need none

    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


@dataclass(frozen=True)
class Screen:
    """A terminal, and the zone of the office."""

    zone: ZoneInfo
    console: Console = field(default_factory=_console)

    def _daemon(self, daemon: dict[str, Any] | None, tenures: list[dict[str, Any]]) -> None:
        """Show who works, and on a server's registry who stands by."""
        runs = f"process {daemon['pid']} on {daemon['host']}" if daemon else "none runs"
        since = f", since {self._at(daemon['since'])}" if daemon and daemon["since"] else ""
        self._say(f"[bold]daemon[/bold]   {escape(runs)}{since}")
        for one in tenures:
            self._say(f"[dim]{escape(_tenure(one))}[/dim]", 1)
            if one["code"] != tenures[0]["code"]:
                self._say("[yellow]another version: what it reads is not used[/yellow]", 1)

    # --- whole views ---

    def status(self, view: View) -> None:
        """Show `views.status`."""
        view = fit(view)
        for campaign in view["campaigns"]:
            self._campaign(campaign)
        for one in view["department"]:
            self._department(one)
        messages, outbox, mailbox = view["messages"], view["outbox"], view["mailbox"]
        self._line("messages", _counts(messages, "kept", "recorded", "held"), messages)
        if messages["held"]:
            self._say("  [yellow]some wait for a person[/yellow]: see `intake held`")
        states = ("queued", "sent", "refused", "unknown", "held")
        self._line("outbox", _counts(outbox, *states), outbox)
        if outbox.get("redirect_all_to"):
            target = escape(outbox["redirect_all_to"])
            self._say(f"  [yellow]a trial[/yellow]: all mail goes to {target} only, until")
            self._say("  smtp.redirect_all_to is taken out; what is still owed then leaves")
        polled = self._at(mailbox["polled_at"]) or "never"
        self._say(f"[bold]mailbox[/bold]  {escape(mailbox['account'])}, last read {polled}")
        self._daemon(view["daemon"], view["lease"])
        for one in view["health"]:
            if one["code"] == "brake":
                continue  # it has its own line below, with what to do
            severity = _coloured(one["severity"])
            since = self._at(one["since"])
            self._say(f"{severity}  {escape(one['text'])} [dim](since {since})[/dim]")
            self._say(f"[dim]{escape(one['advice'])}[/dim]", 1)
        if mailbox["behind"]:
            why = escape(mailbox["behind"])
            self._say(f"[red]nothing leaves before the mailbox was read[/red]: {why}")
        if mailbox["brake"]:
            self._say(f"[red]the brake is pulled[/red]: {escape(mailbox['brake'])}")
            self._say("  look at `intake plan`, then `intake release`")

    def held(self, view: Sequence[View]) -> None:
        """Show `views.held`."""
        view = fit(view)
        if not view:
            self._say("nothing waits for a person")
        for one in view:
            self._message(one)
        if view:
            self._say("decide with `intake assign`, `accept` or `reject` and the number")

    def plan(self, view: Sequence[View], days: Sequence[View] = ()) -> None:
        """Show `views.mails_ahead`: mail by mail, then by ``days`` on a calendar."""
        view = fit(view)
        if not view:
            self._say("no mail is due from then on")
            return
        table = _table("when", "mail", "commune", "to")
        for one in view:
            waits = f" [yellow]({escape(_waits(one['waits']))})[/yellow]" if one["waits"] else ""
            to = ", ".join(map(escape, (*one["to"], *(f"cc {cc}" for cc in one["cc"]))))
            if one.get("meant_for"):
                to += f" [yellow](in place of {escape(', '.join(one['meant_for']))})[/yellow]"
            name = escape(one["template"])
            table.add_row(
                self._at(one["at"], _SHORT), name, escape(one["commune"] or "–"), to + waits
            )
        self.console.print(table)
        for month in months(view, fit(days)):
            self._month(month)
        if any(one["waits"] for one in view):
            self._say("? leaves only when a person has decided: a launch, an approval")
        self._say(f"{len(view)} in all; nothing was sent")

    def _month(self, month: Month) -> None:
        """One month as a grid: weekends and days off dim, counts of mails by kind below the day."""
        self._say(f"\n[bold]{month.name}[/bold]")
        table = Table(padding=0, show_edge=False)
        for name in WEEK:
            table.add_column(name, width=_DAY_WIDTH, overflow="fold")
        for week in month.weeks:
            table.add_row(*map(_day, week))
            table.add_section()
        self.console.print(table)
        for day in month.told:
            self._say(f"[dim]{day}[/dim]", 1)

    def replay(self, view: View) -> None:
        """Show `rebuild.Rebuilt.view`."""
        whose = "the registry" if view["source"] == "registry" else "the vault's copy"
        self._say(f"{view['events']} events of {whose} were played again; nothing was sent")
        for one in view["differences"]:
            self._difference(one)
        if view["equal"]:
            self._say("[green]equal[/green]: every reading, answer, mail and report came out again")
        else:
            self._say(f"[red]{len(view['differences'])} differences[/red]: look at each of them")
        if view["placed"]:
            self._say(f"the new registry is in place: {escape(view['registry'])}")
            self._say("  start the daemon; what arrived since is in the inbox")
        elif view["registry"]:
            self._say(f"the new registry: {escape(view['registry'])}")

    def _difference(self, one: View) -> None:
        """One event that came out differently: what it said, and what was said now."""
        at = self._at(one["at"], _SECONDS)
        why = f"  [yellow]{escape(one['why'])}[/yellow]" if one["why"] else ""
        number = f"event {one['event']}" if one["event"] else "a new event"
        about = f"{one['subject']} {one['mail'] or ''}".strip()
        self._say(f"[dim]{at}[/dim]  {number}: {one['kind']}, {escape(about)}{why}")
        for key in {**one["then"], **one["now"]}:
            then, now = (_short(one[side].get(key, "–")) for side in ("then", "now"))
            self._say(f"{key}: {escape(then)} → {escape(now)}", 1)

    def found(self, view: View) -> None:
        """Show what `views.find` found: a message, a submission, a mail or a commune."""
        view = fit(view)
        if "documents" in view:
            self._message_history(view)
        elif "points" in view:
            self._submission(view)
        elif "recipient" in view:
            self._mails([view])
            self._say(f"  key {escape(view['key'])}")
            self._say(f"  Message-ID {escape(view['message_id'])}")
            self._say(f"  {escape(view['server'] or '–')}: {escape(view['response'] or '–')}")
        else:
            self._commune(view)

    def files(self, view: Sequence[View], depth: int = 0) -> None:
        """Show `parse_files.parse_files`."""
        view = fit(view)
        for one in view:
            words = [one["kind"], one["role"], *(["nil return"] if one["nil"] else [])]
            if one["commune"]:
                words.append(f"{one['commune']['name']} (by its {one['commune']['how']})")
            self._say(f"[bold]{escape(one['file'])}[/bold]  {escape(', '.join(words))}", depth)
            self._letter(one["letter"], depth + 1)
            for number, row in enumerate(one["rows"], 1):
                self._row(f"row {number}", row, depth + 1)
            self._findings(one["findings"], depth + 1)
            if one["refusal"]:
                code, message = one["refusal"]["code"], one["refusal"]["message"]
                self._say(f"[red]not read[/red]: {escape(code)}", depth + 1)
                self._say(escape(message), depth + 1)
            self.files(one["children"], depth + 1)

    # --- parts ---

    def _campaign(self, campaign: View) -> None:
        self._say(f"[bold]{escape(campaign['id'])}[/bold]  {escape(campaign['title'])}")
        moments = {
            "launched": campaign["launched_at"],
            "deadline": campaign["deadline_at"],
            "closes": campaign["closes_at"],
        }
        words = [f"{word} {self._at(at)}" for word, at in moments.items() if at]
        closed = " (closed)" if campaign["closed_at"] else ""
        self._say(", ".join(words) + closed, 1)
        table = _table("commune", "state", "receipt", "v", "points", "errors", "received")
        for one in campaign["communes"]:
            late = " [yellow]late[/yellow]" if one["late"] else ""
            numbers = [one["version"], one["points"], one["errors"]]
            cells = [str(number or "") for number in numbers]
            received = self._at(one["received_at"], _SHORT) + late
            name = escape(one["name"])
            table.add_row(
                name, _coloured(one["state"]), escape(one["receipt"] or ""), *cells, received
            )
        self.console.print(table)
        states = Counter(one["state"] for one in campaign["communes"])
        self._say(", ".join(f"{count} {state}" for state, count in states.most_common()), 1)
        for report in campaign["reports"]:
            self._report(report)

    def _report(self, report: View) -> None:
        """Which report, when it was frozen, who decided what."""
        added = f" (supplement {report['supplement']})" if report["supplement"] else ""
        head = f"report {report['number']}{added}: frozen {self._at(report['created_at'])}"
        released = escape(report["approved_by"] or "")
        returned = escape(report["returned_by"] or "")
        reason = escape(report["returned_reason"] or "no reason")
        word = {
            "released": f"released {self._at(report['approved_at'])} by {released}",
            "returned": f"[red]returned[/red] {self._at(report['returned_at'])} by {returned}: "
            f"{reason}",
            "waiting": "[yellow]waits for an approver[/yellow]",
        }[report["state"]]
        self._say(f"{head}, {word}")
        letter = report["letter"]
        if letter:
            number = " ".join(part for part in (letter["number"], letter["issued_on"]) if part)
            what = f"{letter['name']}{f', {number}' if number else ''}"
            self._say(
                f"letter {escape(what)}, signature: {escape(letter['signature'] or 'none')}", 1
            )

    def _department(self, one: View) -> None:
        about = f"report {one['report']}" if one["report"] else "no known report"
        self._say(
            f"the Department answered {about} {self._at(one['received_at'])}: "
            f"{escape(one['subject'] or '–')} (message {one['message']})"
        )

    def _message_history(self, view: View) -> None:
        self._message(view)
        for one in view["documents"]:
            refusal = f"  [red]{escape(one['refusal'])}[/red]" if one["refusal"] else ""
            item = f": {one['item']}" if one["item"] else ""
            signed = f", signature {escape(one['signature'])}" if one["signature"] else ""
            words = f"{escape(one['name'])}  {one['kind']}, {one['role']}{escape(item)}{signed}"
            self._say(f"file {words}, sha256 {one['sha256'][:_HASH]}…{refusal}", 1)
        if view["submission"]:
            self._submission(view["submission"], 1)
        self._mails(view["mails"], 1)
        self._journal(view["journal"], 1)

    def _message(self, one: View) -> None:
        """A message in two or three lines, its number first."""
        commune = f"  {escape(one['commune'])}" if one["commune"] else ""
        head = f"[bold]message {one['id']}[/bold]  {self._at(one['received_at'])}"
        self._say(f"{head}  {escape(one['sender'] or '–')}{commune}")
        self._say(f"“{escape(one['subject'])}”", 1)
        words = f"{_coloured(one['state'])}: {one['verdict'] or 'not looked at yet'}"
        told = in_vietnamese(one["reason"]) if one["state"] == "held" else one["reason"]
        reason = f" – {escape(told)}" if told else ""
        self._say(words + reason, 1)

    def _submission(self, one: View, depth: int = 0) -> None:
        standing = "current" if one["current"] else "replaced"
        late = ", [yellow]late[/yellow]" if one["late"] else ""
        head = f"[bold]{escape(one['receipt'] or 'no receipt')}[/bold]  {escape(one['commune'])}"
        self._say(
            f"{head}, version {one['version']} ({standing}): {_coloured(one['state'])}", depth
        )
        where = f"message {one['message']}, campaign {escape(one['campaign'])}"
        self._say(f"received {self._at(one['received_at'])}{late}, {where}", depth + 1)
        self._letter(one["letter"], depth + 1)
        for number, point in enumerate(one["points"], 1):
            self._row(f"point {number}  {point['file'] or ''}", point, depth + 1)
        self._findings(one["findings"], depth + 1)

    def _commune(self, view: View) -> None:
        addresses = ", ".join(view["emails"]) or "no address"
        self._say(
            f"[bold]{escape(view['code'])}  {escape(view['name'])}[/bold]  {escape(addresses)}"
        )
        for campaign, versions in view["campaigns"].items():
            if not versions:
                self._say(f"{escape(campaign)}: no submission", 1)
            for one in versions:
                self._submission(one, 1)
        for one in view["messages"]:
            self._message(one)
        self._mails(view["mails"])

    def _row(self, title: str, row: View, depth: int) -> None:
        """Values with their places, one a line; how sure only where it is not certain."""
        self._say(f"[bold]{escape(title.strip())}[/bold]", depth)
        table = _table()
        for key, value in row["values"].items():
            sure = row["confidence"].get(key, 1.0)
            doubt = "" if sure == 1.0 else f"{sure:.0%}"
            place = row["places"].get(key, "")
            name = "  " * (depth + 1) + escape(key)
            table.add_row(name, escape(value), f"[dim]{escape(place)}[/dim]", doubt)
        self.console.print(table)

    def _letter(self, letter: View | None, depth: int) -> None:
        if letter and any(letter.values()):
            parts = (letter["number"], letter["issued_on"], letter["subject"], letter["signer"])
            self._say("letter " + ", ".join(escape(part) for part in parts if part), depth)

    def _findings(self, findings: Sequence[View], depth: int) -> None:
        for one in findings:
            row = f"row {one['row']}" if one["row"] else ""
            where = ", ".join(part for part in (row, one["field"], one["place"]) if part)
            self._say(f"{_coloured(one['severity'])} {escape(one['code'])}  {escape(where)}", depth)
            self._say(escape(one["message"]), depth + 1)

    def _mails(self, mails: Sequence[View], depth: int = 0) -> None:
        for one in mails:
            at = self._at(one["sent_at"] or one["queued_at"])
            head = f"[bold]mail:{one['id']}[/bold]  {_coloured(one['state'])} {at}"
            back = self._at(one["bounced_at"])
            came_back = f"  [red]came back {back}[/red]" if back else ""
            self._say(
                f"{head}  {escape(one['kind'])} to {escape(one['recipient'])}{came_back}", depth
            )
            self._say(f"“{escape(one['subject'])}”", depth + 1)

    def _journal(self, events: Sequence[View], depth: int) -> None:
        """What happened, oldest first."""
        for event in reversed(events):
            facts = {key: value for key, value in event.items() if key not in _NOT_SHOWN}
            words = "  ".join(f"{key}={_short(value)}" for key, value in facts.items())
            head = f"[dim]{self._at(event['at'], _SECONDS)}[/dim]  {escape(event['event'])}"
            self._say(f"{head}  [dim]{escape(words)}[/dim]", depth)

    # --- strokes ---

    def _line(self, name: str, text: str, view: View) -> None:
        """A line of counts, with what they are made of below it."""
        self._say(f"[bold]{name}[/bold]  {text}")
        kinds = view.get("by_verdict") or view.get("by_kind") or {}
        if kinds:
            self._say(", ".join(f"{count} {kind}" for kind, count in kinds.items()), 1)

    def _at(self, moment: str | None, style: str = "%d/%m/%Y %H:%M") -> str:
        """Return an instant as the office's clock showed it."""
        local = dt.datetime.fromisoformat(moment).astimezone(self.zone) if moment else None
        return local.strftime(style) if local else ""

    def _say(self, text: str, depth: int = 0) -> None:
        line = Padding(text, (0, 0, 0, 2 * depth), expand=False) if depth else text
        self.console.print(line)


def _waits(what: str) -> str:
    return "if launched" if what == "launch" else f"waits for {what}"


def _day(day: Day | None) -> str:
    """A day of the grid: its number, marked when offices are closed, and what leaves on it."""
    if day is None:
        return ""
    number = f"[bold]{day.number}[/bold]" if day.working else f"[dim]{day.number} off[/dim]"
    mails = (f"[cyan]{escape(line)}[/cyan]" for line in day.mails)
    return "\n".join((number, *mails))


def _table(*columns: str) -> Table:
    """Return a table without rules; only its last column wraps."""
    table = Table(box=None, show_header=bool(columns), pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=column != columns[-1])
    return table


def _counts(view: View, *states: str) -> str:
    return ", ".join(f"{view[state]} {state}" for state in states)


def _tenure(one: dict[str, Any]) -> str:
    """One daemon of several, and how old its last sign of life is."""
    who = f"process {one['pid']} on {one['host']} {one['role']}"
    return f"{who}: renewed {one['renewed_seconds']:.0f} s ago, {one['left_seconds']:.0f} s left"


def _coloured(text: str) -> str:
    colour = _COLOURS.get(text)
    return f"[{colour}]{text}[/{colour}]" if colour else escape(text)


def _short(value: object) -> str:
    text = str(value)
    return text[:_HASH] + "…" if len(text) == 64 else text  # noqa: PLR2004  a sha256
