"""The command line. Each command opens what it needs, calls one function, and shows the answer.

Exit codes: 0 done, 1 the thing asked for was found wanting, 2 usage, 70 a bug.
"""

import dataclasses
import datetime as dt
import getpass
import os
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from intake.cli_admin import app as _admin
from intake.cli_back import app as _keeping
from intake.printing import echo as _echo
from intake.printing import echo_json as _json

app = typer.Typer(
    name="intake",
    help="Collects the forms that communes e-mail to an office: registry, answers, reports.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
BUG = 70
#: Commands that only look and log nothing: they start without what is slow to start with.
_SILENT = frozenset({"status", "parse"})
_ETC = Path("/etc/intake")
_folder = Path()

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
By = Annotated[str, typer.Option("--by", help="Who decides; goes into the journal.")]
CampaignId = Annotated[str, typer.Argument(metavar="CAMPAIGN")]
OutDir = Annotated[Path, typer.Option("--out", help="Folder to write into.")]


def main() -> None:
    """Run the command line; errors that a person can mend are one line, not a traceback."""
    from intake.streams import keep_standard_streams  # noqa: PLC0415

    keep_standard_streams()
    if _SILENT & set(sys.argv):
        from intake.memory import soon_over  # noqa: PLC0415  commands import what they need, late

        soon_over()
    else:
        from intake.logs import to_stderr  # noqa: PLC0415

        to_stderr(verbose=bool({"run", "once"} & set(sys.argv)))
    try:
        app()
    except Exception as error:  # noqa: BLE001  the last net: exit code 70 and a traceback
        _explain(error)


def _explain(error: Exception) -> NoReturn:
    from config.problem import ConfigProblems  # noqa: PLC0415
    from intake.mailbox import LoginRefused, Unreachable  # noqa: PLC0415
    from notifier.templates import WordingProblem  # noqa: PLC0415
    from registry.errors import NotPossible, RegistryBusy, RegistryProblem, VaultAway  # noqa: PLC0415
    from registry.lease import Held, LeaseLost  # noqa: PLC0415

    if isinstance(error, ConfigProblems):
        for problem in error.problems:
            _echo(str(problem), err=True)
        raise SystemExit(1) from None
    registry = (NotPossible, RegistryBusy, RegistryProblem, VaultAway, Held, LeaseLost)
    if isinstance(error, (*registry, LoginRefused, Unreachable, WordingProblem)):
        _echo(f"intake: {error}", err=True)
        raise SystemExit(1) from None
    import contextlib  # noqa: PLC0415
    import traceback  # noqa: PLC0415

    with contextlib.suppress(OSError):  # what cannot be told is a bug all the same
        for line in "".join(traceback.format_exception(error)).splitlines():
            _echo(line, err=True)
    raise SystemExit(BUG) from None


def _tell_version(wanted: bool) -> None:
    if not wanted:
        return
    from intake.version import program  # noqa: PLC0415

    _echo(program())
    raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    *,
    config: Annotated[
        Path | None,
        typer.Option("--config", envvar="INTAKE_CONFIG", help="The config folder."),
    ] = None,
    version: Annotated[  # noqa: ARG001  its callback has answered
        bool,
        typer.Option(
            "--version", help="Print name and version.", is_eager=True, callback=_tell_version
        ),
    ] = False,
) -> None:
    global _folder  # noqa: PLW0603  one command line, one config folder
    here = Path("config/cao-loc")
    _folder = config or (here if _is_config(here) else _installed(_ETC))
    context.obj = _folder


def _installed(etc: Path) -> Path:
    """The config folder of this machine's office: ``etc`` itself, or the only one below it."""
    if _is_config(etc):
        return etc
    from config.offices import offices  # noqa: PLC0415

    found = offices(etc)
    return found[0] if len(found) == 1 else etc


def _is_config(folder: Path) -> bool:
    # Unlike `Path.exists` this is no error where nothing may be looked up: somebody's home, say, in
    # which `sudo -u intake intake …` was typed.
    return os.path.exists(folder / "settings.toml")  # noqa: PTH110


def _config() -> Any:
    from config.settings import load  # noqa: PLC0415

    return load(_folder, env=os.environ)


def _registry() -> Any:
    from intake.opening import open_registry  # noqa: PLC0415

    config = _config()
    return config, *open_registry(config)


def _campaign(config: Any, campaign_id: str) -> Any:
    try:
        return config.campaign(campaign_id)
    except KeyError:
        known = ", ".join(campaign.id for campaign in config.campaigns)
        raise typer.BadParameter(f"no campaign {campaign_id!r}; there is: {known}") from None


def _existing(store: Any, message_id: int) -> Any:
    """Return a message that a person named."""
    try:
        return store.message(message_id)
    except KeyError:
        from registry.errors import NotPossible  # noqa: PLC0415

        raise NotPossible(f"there is no message {message_id}: see `intake held`") from None


def _commune(config: Any, what: str, moment: Any) -> Any:
    from intake.views import named_commune  # noqa: PLC0415

    found = named_commune(config, what, moment)
    if found is None:
        raise typer.BadParameter(f"no commune {what!r}: give its code or its whole name")
    return found


def _screen(config: Any) -> Any:
    from intake.screen import Screen  # noqa: PLC0415  rich is slow to import

    return Screen(config.settings.office.zone)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _moment(config: Any, text: str) -> dt.datetime:
    """Read a day or an instant as a person writes it; without an offset it is the office's time."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        said = f"{text!r} is no day and no instant; write such as 2024-05-16 or 2024-05-16T08:00"
        raise typer.BadParameter(said) from None
    return found if found.tzinfo else found.replace(tzinfo=config.settings.office.zone)


def _from_now(first: dt.datetime) -> str:
    """Say when mail leaves: not outside office hours and working days."""
    return "now" if first <= _now() else f"from {first:%d/%m/%Y %H:%M} on (office hours)"


def _whoever() -> str:
    return os.environ.get("SUDO_USER") or getpass.getuser()


# --- config -------------------------------------------------------------------------------------


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    *,
    service: Annotated[
        bool,
        typer.Option(
            "--service", help="For the unit intake@.service: DIR is /etc/intake/NAME of the office."
        ),
    ] = False,
) -> None:
    """Write a complete, commented config folder."""
    from config.init import (  # noqa: PLC0415
        ExampleExists,
        begin_with_a_trial,
        write_example,
    )
    from config.service import NoInstance  # noqa: PLC0415

    try:
        written = write_example(folder, service=service)
    except (ExampleExists, NoInstance) as error:
        _echo(f"intake: {error}", err=True)
        raise typer.Exit(1) from None
    trial = begin_with_a_trial(folder)
    _echo(f"{len(written)} files written to {folder}. Next: edit settings.toml, then run")
    if service:
        _echo(f"  (the passwords go into {folder}/secrets/imap and {folder}/secrets/smtp)")
    _echo(f"  intake --config {folder} check --connect")
    if service:
        _echo("  intake unit > /etc/systemd/system/intake@.service")
        _echo(
            f"  systemctl daemon-reload && systemctl enable --now intake@{folder.absolute().name}"
        )
    _echo(f"It begins with a trial: all mail goes to smtp.redirect_all_to ({trial}) only;")
    _echo("put your own address there, and take it out when the mails are as you want them.")


@app.command()
def unit() -> None:
    """Print the systemd unit intake@.service, one instance per folder below /etc/intake."""
    from intake.systemd import out_of_reach  # noqa: PLC0415
    from intake.systemd import unit as text  # noqa: PLC0415

    beside = Path(sys.executable).with_name("intake")
    program = beside if beside.exists() else Path("/usr/local/bin/intake")
    for line in text(program).splitlines():
        _echo(line)
    trouble = out_of_reach(program)
    if trouble:
        _echo(f"intake: {trouble}", err=True)
        raise typer.Exit(1)


@app.command()
def check(
    *,
    connect: Annotated[
        bool, typer.Option("--connect", help="Also log in to both mail servers.")
    ] = False,
) -> None:
    """Check the whole config: every problem at once, with file, line and remedy."""
    from config.settings import warnings  # noqa: PLC0415
    from intake.doctor import confinement, connections, programs  # noqa: PLC0415
    from intake.proposals import waiting  # noqa: PLC0415
    from intake.systemd import misfit  # noqa: PLC0415
    from notifier.compose import check_templates  # noqa: PLC0415

    config = _config()
    unfit = misfit(config, os.environ)
    now = dt.datetime.now(dt.UTC)
    found = (*warnings(config, now), *programs(os.environ), *confinement())
    for warning in (*found, *((unfit,) if unfit else ())):
        _echo(f"warning: {warning}")
    for note in waiting(config):
        _echo(f"note: {note}")
    problems = check_templates(config.folder / "templates", config)
    if connect:
        answers, refused = connections(config, os.environ)
        problems += refused
        for answer in answers:
            _echo(answer)
    for problem in problems:
        _echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    members = len(config.communes)
    _echo(f"config is sound: {members} communes, {len(config.campaigns)} campaign(s)")


# --- the daemon ---------------------------------------------------------------------------------


@app.command()
def run() -> None:
    """Run the daemon until SIGTERM; SIGHUP or an edited file reloads the config.

    While another daemon works on the same registry this one waits, says who holds it, and takes
    over when that one ends.
    """
    from intake.service import run as serve  # noqa: PLC0415

    serve(_config(), os.environ)


@app.command()
def once() -> None:
    """Do all that can be done now, then end; exit code 1 if something kept it from that."""
    from intake.daemon import Daemon  # noqa: PLC0415
    from intake.desk import open_desk  # noqa: PLC0415
    from intake.opening import open_lease  # noqa: PLC0415
    from intake.put_in_place import catch_up_with_copy  # noqa: PLC0415

    config = _config()
    with open_lease(config) as lease:
        catch_up_with_copy(config, _now(), lambda: None, lease)
        with open_desk(config, os.environ, lease=lease) as desk:
            daemon = Daemon(desk)
            daemon.recover()
            daemon.until_idle()
            daemon.publisher.publish(last=True)
            if daemon.trouble:
                _echo(f"intake: {daemon.trouble}", err=True)
                raise typer.Exit(1)


@app.command()
def demo(out: OutDir = Path("demo-out")) -> None:
    """Play a whole campaign on an embedded mail server, in virtual time."""
    try:
        from intake.demo import play  # noqa: PLC0415
    except ModuleNotFoundError as error:
        _echo(
            f"intake: the demo needs {error.name}: run ./dev demo, or install the extra [demo]",
            err=True,
        )
        raise typer.Exit(1) from None
    raise typer.Exit(0 if play(out) else 1)


# --- documents ----------------------------------------------------------------------------------


@app.command()
def parse(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False)],
    *,
    campaign: Annotated[
        str, typer.Option("--campaign", help="Whose form; default: the last.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show what the parsers understand of files (also .eml)."""
    from intake.parse_files import clean, parse_files  # noqa: PLC0415
    from intake.screen import progress  # noqa: PLC0415

    config = _config()
    chosen = _campaign(config, campaign) if campaign else config.campaigns[-1]
    with progress("reading", len(files)) as done:
        view = parse_files(config, chosen, files, done)
    _json(view) if as_json else _screen(config).files(view)
    raise typer.Exit(0 if all(map(clean, view)) else 1)


@app.command()
def form(campaign: CampaignId, out: OutDir) -> None:
    """Write the official fill-in workbook of every commune, sealed by this office's secret."""
    from intake.opening import open_vault  # noqa: PLC0415
    from intake.screen import progress  # noqa: PLC0415
    from notifier.fill_in import fill_in_workbook  # noqa: PLC0415

    config = _config()
    chosen = _campaign(config, campaign)
    members, secret = config.members(chosen), open_vault(config).secret()
    out.mkdir(parents=True, exist_ok=True)
    with progress("writing", len(members)) as done:
        for commune in members:
            book = fill_in_workbook(chosen, commune, config.settings.office, secret)
            (out / f"{chosen.id} {commune.code} {commune.title}.xlsx").write_bytes(book)
            done()
    _echo(f"{len(members)} workbooks in {out}")


# --- looking ------------------------------------------------------------------------------------


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """Show campaigns and communes, messages, outbox and mailbox, and what is not well.

    Exit code 1 when something is broken: the program cannot do its work, such as an inbox that
    cannot be read. Warnings (a pulled brake, little room on the disk) leave it at 0, and so does a
    registry on which no daemon ever ran.
    """
    from intake import views  # noqa: PLC0415

    config, store, _vault = _registry()
    with store:
        view = views.status(config, store, _now())
    _json(view) if as_json else _screen(config).status(view)
    raise typer.Exit(1 if any(one["severity"] == "broken" for one in view["health"]) else 0)


@app.command()
def show(
    what: Annotated[str, typer.Argument(metavar="ID")],
    *,
    pictures: Annotated[
        Path | None,
        typer.Option(
            "--pictures", metavar="DIR", help="Write a page with the picture of each value's cell."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a message, submission, receipt, mail or commune with its whole history."""
    from intake import views  # noqa: PLC0415

    config, store, vault = _registry()
    with store:
        found = views.find(config, store, what, _now())
        if found is None:
            _echo(f"intake: nothing is known under {what!r}", err=True)
            raise typer.Exit(1)
        if pictures is not None:
            _pictures(config, store, vault, found, pictures)
    _json(found) if as_json else _screen(config).found(found)


def _pictures(config: Any, store: Any, vault: Any, found: dict[str, Any], out: Path) -> None:
    """Write the page of the answer that was found."""
    from intake.cuttings import write_cuttings  # noqa: PLC0415

    answer = found if "points" in found else found.get("submission")
    if not answer:
        _echo("intake: this is no answer with points", err=True)
        raise typer.Exit(1)
    page = write_cuttings(config, store, vault, store.submission(answer["id"]), out)
    _echo(f"  {page}", err=True)


@app.command()
def held(*, as_json: AsJson = False) -> None:
    """List the messages that wait for a person."""
    from intake import views  # noqa: PLC0415

    config, store, _vault = _registry()
    with store:
        view = views.held(config, store)
    _json(view) if as_json else _screen(config).held(view)


@app.command()
def plan(
    campaign: Annotated[str, typer.Option("--campaign", help="Only this campaign.")] = "",
    at: Annotated[
        str,
        typer.Option(
            "--at", metavar="MOMENT", help="From this day or instant on (office's time), not now."
        ),
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Show every mail that would leave from now on and when, on a calendar; nothing is sent.

    Before a launch it also shows what a launch at that moment would send.
    """
    from intake import views  # noqa: PLC0415

    config, store, _vault = _registry()
    only = _campaign(config, campaign).id if campaign else None
    moment = _moment(config, at) if at else None
    with store:
        view = views.mails_ahead(config, store, _now(), only, moment)
    if as_json:
        _json(view)
        return
    zone = config.settings.office.zone
    begin = (moment or _now()).astimezone(zone).date()
    on = [dt.datetime.fromisoformat(one["at"]).date() for one in view]
    first = min((begin, *on)).replace(day=1)  # whole months
    days = views.days(config, first, max((begin, *on)) + dt.timedelta(days=31))
    _screen(config).plan(view, days)


# --- decisions ----------------------------------------------------------------------------------

MessageId = Annotated[int, typer.Argument(metavar="MESSAGE")]


@app.command()
def assign(
    message: MessageId,
    commune: Annotated[str, typer.Argument(metavar="COMMUNE", help="Code or whole name.")],
    campaign: Annotated[str, typer.Option("--campaign", help="Default: the one it matches.")] = "",
    by: By = "",
) -> None:
    """Say which commune a held message speaks for; the daemon then reads it."""
    from intake.review import campaign_for  # noqa: PLC0415

    config, store, _vault = _registry()
    wanted = _campaign(config, campaign).id if campaign else ""
    with store:
        one = _existing(store, message)
        call = campaign_for(config, one, wanted)
        key = _commune(config, commune, one.received_at).key
        store.assign(message, key, call, by or _whoever(), _now())
    _echo(f"message {message} is assigned; the daemon records it at its next tick")


@app.command()
def accept(message: MessageId, by: By = "") -> None:
    """Take a held message as it is; the daemon then records it."""
    from intake.review import acceptable  # noqa: PLC0415

    config, store, _vault = _registry()
    with store:
        one = _existing(store, message)
        acceptable(config, one)
        after = store.accept(one.id, by or _whoever(), _now())
        newer = None
        if after.campaign and after.commune:
            newer = store.current_submission(after.campaign, after.commune)
    _echo(f"message {message} is accepted; the daemon records it at its next tick")
    if newer is not None and newer.received_at > one.received_at:
        _echo(f"it came before {newer.receipt}, which goes on counting")
    if one.verdict in {"infected", "unchecked"}:
        _echo("it is scanned again before: what the scanner still finds stays held, unopened")


@app.command()
def reject(
    message: MessageId,
    reason: Annotated[str, typer.Option("--reason", help="Why; goes into the journal.")] = "",
    by: By = "",
) -> None:
    """Decide that nothing follows from a message; it is kept, a version it brought is withdrawn."""
    _, store, _vault = _registry()
    with store:
        store.reject(_existing(store, message).id, reason, by or _whoever(), _now())
    _echo(f"message {message} is rejected; nothing is sent to its sender")


@app.command()
def release(
    *,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Do not send the mails that it held.")
    ] = False,
    by: By = "",
) -> None:
    """Release the brake and the mails that it held."""
    _, store, _vault = _registry()
    with store:
        cancelled = store.cancel_held(by or _whoever(), _now()) if cancel else 0
        store.release_brake(by or _whoever(), _now())
        count = store.release_mails(_now())
    if cancel:
        _echo(f"the brake is released, {cancelled} mails that it held are not sent")
        return
    _echo(f"the brake is released, {count} mails go out with the daemon's next ticks")


# --- campaign -----------------------------------------------------------------------------------


@app.command()
def launch(campaign: CampaignId, by: By = "") -> None:
    """Send the call of a campaign to its communes, with the form attached."""
    from intake import views  # noqa: PLC0415

    config, store, _vault = _registry()
    chosen = _campaign(config, campaign)
    with store:
        state = store.launch(chosen.id, by or _whoever(), _now())
        ahead = views.mails_ahead(config, store, _now(), chosen.id)
    launched_at = state.launched_at.astimezone(config.settings.office.zone)
    _echo(f"{chosen.id} was launched at {launched_at:%d/%m/%Y %H:%M}")
    calls = [one for one in ahead if one["kind"] == "call"]
    if calls:
        first = dt.datetime.fromisoformat(calls[0]["at"])
        _echo(f"the daemon sends the call to {len(calls)} communes, {_from_now(first)}")
    elif chosen.deadline_at <= _now():
        _echo("no call leaves any more: the deadline is over")
    else:
        _echo("the call is queued or sent already: see `intake status`")


@app.command()
def report(
    campaign: CampaignId,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the files here.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Have another draft made in place of the last one.")
    ] = False,
    by: By = "",
) -> None:
    """Write the report files: the frozen report if there is one, else as of now."""
    from intake import closing, views  # noqa: PLC0415

    config, store, vault = _registry()
    chosen = _campaign(config, campaign)
    if out is None and not again:
        raise typer.BadParameter("say where to: --out DIR", param_hint="--out")
    with store:
        if again:
            row = store.ask_again(chosen.id, by or _whoever(), _now())
            _echo(f"another draft takes the place of report {row.number} at the next tick")
        frozen = store.reports(chosen.id)
        for row in frozen:
            _echo(views.report_line(row))
        if out is None:
            return
        if frozen:
            files = {file.name: vault.get(file.sha256) for file in frozen[-1].all_files}
        else:
            _, files = closing.build_report(store, vault, config, chosen, _now())
            _echo("a preview as of now: the report is frozen when the campaign is closed")
    out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (out / name).write_bytes(data)
        _echo(f"  {out / name}")


@app.command()
def approve(
    campaign: CampaignId,
    number: Annotated[int, typer.Option("--number", help="The report that was looked at.")] = 0,
    by: By = "",
) -> None:
    """Release the report to the Department."""
    from intake.closing import release_report  # noqa: PLC0415

    config, store, vault = _registry()
    chosen = _campaign(config, campaign)
    with store:
        whom = by or _whoever()
        row = release_report(store, vault, config, chosen.id, whom, _now(), number or None)
    to = ", ".join(chosen.report.to)
    _echo(f"report {row.number} is released; the daemon sends it to {to}")


@app.command()
def replay(
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Keep the new registry and its reports here."),
    ] = None,
    *,
    from_vault: Annotated[
        bool, typer.Option("--from-vault", help="Play the journal's copy in the vault.")
    ] = False,
    in_place: Annotated[
        bool,
        typer.Option("--in-place", help="Put a registry in place of one that is gone or too old."),
    ] = False,
    despite: Annotated[
        bool, typer.Option("--despite-differences", help="Put it in place all the same.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build the registry anew from the vault and its journal, and compare; nothing is sent."""
    import contextlib  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    from intake.opening import open_lease  # noqa: PLC0415
    from intake.put_in_place import put_in_place  # noqa: PLC0415
    from intake.rebuild import bring_up_to_copy, rebuild  # noqa: PLC0415
    from intake.screen import progress  # noqa: PLC0415

    config = _config()
    with contextlib.ExitStack() as stack:
        passing = stack.enter_context(tempfile.TemporaryDirectory(prefix="intake-replay-"))
        folder = out or Path(passing)
        if in_place:
            lease = stack.enter_context(open_lease(config))
            rebuilt = bring_up_to_copy(config, folder, progress)
        else:
            rebuilt = rebuild(config, folder, progress, from_vault=from_vault)
        if in_place and (rebuilt.equal or despite):
            rebuilt = put_in_place(config, rebuilt, _now(), lease)
        view = rebuilt.view
    if out is None and not rebuilt.placed:
        view["registry"] = None
    _json(view) if as_json else _screen(config).replay(view)
    if in_place and not rebuilt.placed:
        _echo("intake: not put in place; --despite-differences would do it", err=True)
    raise typer.Exit(0 if rebuilt.equal else 1)


@app.command()
def verify(*, as_json: AsJson = False) -> None:
    """Check the journal's chain, its copy in the vault, and every file that the registry names."""
    from intake.screen import progress  # noqa: PLC0415
    from intake.verify import files_to_check  # noqa: PLC0415
    from intake.verify import verify as look_through  # noqa: PLC0415

    config, store, vault = _registry()
    with store:
        files, events = files_to_check(store), store.journal_head().serial
        with progress("checking", files) as done:
            faults = look_through(config, store, vault, done)
    if as_json:
        told = [dataclasses.asdict(fault) for fault in faults]
        _json({"whole": not faults, "events": events, "files": files, "faults": told})
    else:
        for fault in faults:
            _echo(f"intake: {fault}", err=True)
        if not faults:
            _echo(f"the journal is whole: {events} events; {files} files are as they were")
    raise typer.Exit(1 if faults else 0)


app.add_typer(_keeping)
app.add_typer(_admin)


if __name__ == "__main__":
    main()
