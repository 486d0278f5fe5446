"""The admin's commands: doctor, authorize, reread."""

import getpass
import os
from typing import Annotated, Any

import typer

from intake.printing import echo, echo_json

app = typer.Typer()


def _config(context: typer.Context) -> Any:
    """Load the config folder that the command line was given."""
    from config.settings import load  # noqa: PLC0415  commands import what they need, late

    return load(context.find_root().obj, env=os.environ)


@app.command()
def doctor(
    context: typer.Context,
    *,
    timeout: Annotated[
        float, typer.Option("--timeout", help="Seconds to wait; default: 180 and one poll.")
    ] = 0.0,
) -> None:
    """Look the installation over, then send a form to ourselves and follow it all the way.

    Beside a running daemon it watches; without one it does a tick itself, as `once` does. Exit
    code 1 when something is wanting.
    """
    from intake.dns import texts  # noqa: PLC0415  commands import what they need, late
    from intake.doctor import confinement, connections, programs  # noqa: PLC0415
    from intake.follow import follow  # noqa: PLC0415
    from intake.mail_dns import mail_records  # noqa: PLC0415

    config = _config(context)
    for warning in (*programs(os.environ), *confinement()):
        echo(f"warning: {warning}")
    answers, problems = connections(config, os.environ)
    for answer in answers:
        echo(answer)
    raw = b""
    if not problems:
        echo("a form is sent to ourselves …")
        course = follow(config, os.environ, timeout)
        for leg in course.legs:
            echo(f"  {leg.name}: {leg.seconds:.1f} s – {leg.told}")
        raw = course.raw
        problems = [course.problem] if course.problem else []
    for line in mail_records(config.settings.smtp.sender, raw, texts):
        echo(line)
    for problem in problems:
        echo(f"intake: {problem}", err=True)
    if problems:
        raise typer.Exit(1)
    echo("all legs work: a form that arrives is read and answered")


@app.command()
def authorize(
    context: typer.Context,
    *,
    device: Annotated[
        bool, typer.Option("--device", help="By a code that is typed in on another device.")
    ] = False,
    paste: Annotated[
        bool, typer.Option("--paste", help="Paste the address at which a browser elsewhere ends.")
    ] = False,
    port: Annotated[
        int, typer.Option("--port", help="Where the browser comes back; default: any.")
    ] = 0,
) -> None:
    """Let a person allow the mailbox once (OAuth2), and keep the refresh token."""
    from intake import authorize as asking  # noqa: PLC0415
    from notifier.oauth import Logins, TokenAway, TokenRefused  # noqa: PLC0415

    settings = _config(context).settings
    section, user = settings.oauth, settings.mailbox.user
    if not section.token_endpoint or section.flow != "refresh-token":
        needed = 'settings.toml [oauth] must have a token_endpoint and flow = "refresh-token"'
        echo(f"intake: {needed}; nothing to authorize", err=True)
        raise typer.Exit(1)
    secret = Logins(os.environ).tokens(section).client_secret
    try:
        if device:
            token = asking.by_device(section, secret, _show_code)
        elif paste:
            asked = asking.consent(section, user, f"http://localhost:{port or 8400}/")
            echo(f"Open this in a browser and log in as {user}:")
            echo(asked.url)
            echo("It ends at a page that cannot be shown. Paste that page's address here:")
            token = asking.redeem(section, secret, asked, input().strip())
        else:
            waiting = asking.Redirected(port)
            asked = asking.consent(section, user, waiting.uri)
            echo(f"Open this in a browser on this machine and log in as {user}:")
            echo(asked.url)
            echo("(On another machine: run this again with --paste.)")
            token = asking.redeem(section, secret, asked, waiting.wait() or "nobody came in time")
        asking.keep(section, token)
    except (TokenAway, TokenRefused, OSError, EOFError) as error:
        echo(f"intake: {error}", err=True)
        raise typer.Exit(1) from None
    echo(f"the refresh token is in {section.token_file}; a running daemon takes it up by itself")
    echo("next: intake check --connect")


@app.command()
def reread(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN")],
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Take the captions over and read the messages again.")
    ] = False,
    by: Annotated[str, typer.Option("--by", help="Who decides; goes into the journal.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Show what messages would be read as with the captions accepted in proposals/."""
    from intake import reread as rereading  # noqa: PLC0415  commands import what they need, late
    from intake.desk import utc_now  # noqa: PLC0415
    from intake.opening import open_registry  # noqa: PLC0415

    config = _config(context)
    try:
        chosen = config.campaign(campaign)
    except KeyError:
        known = ", ".join(one.id for one in config.campaigns)
        raise typer.BadParameter(f"no campaign {campaign!r}; there is: {known}") from None
    store, vault = open_registry(config)
    with store:
        found = rereading.preview(config, chosen, store, vault, utc_now())
        view = rereading.view_of(found, config)
        if apply:
            whom = by or os.environ.get("SUDO_USER") or getpass.getuser()
            view["sent_back"] = rereading.apply(config, found, store, whom, utc_now)
    echo_json(view) if as_json else _show_changes(view)


def _show_changes(view: dict[str, Any]) -> None:
    for one in view["accepted"]:
        echo(f"accepted: “{one['caption']}” is {one['field']}")
    if not view["accepted"]:
        echo("nothing is accepted in proposals/; looked at what the campaign's file knows by now")
    for change in view["changes"]:
        old, new = change["before"], change["after"]
        whose = change["commune"] or "nobody certain"
        note = "" if change["applies"] else "  (stays as it is: it would have to wait for a person)"
        echo(f"message {change['message']}, {whose}: {_said(old)} → {_said(new)}{note}")
        for value in change["values"]:
            before, after = value["before"] or "–", value["after"] or "–"
            echo(f"  point {value['point']}, {value['field']}: {before} → {after}")
    echo(f"{view['looked_at']} messages looked at, {len(view['changes'])} would be read otherwise")
    if "sent_back" in view:
        echo(f"{len(view['sent_back'])} are read again at the daemon's next tick")
    elif view["changes"] or view["accepted"]:
        echo(f"to take it over: intake reread {view['campaign']} --apply")


def _said(told: dict[str, Any]) -> str:
    if told["verdict"] != "submission":
        return str(told["verdict"])
    return (
        f"{told['state']}, {told['points']} point(s), {told['errors']} error(s), "
        f"{told['warnings']} warning(s)"
    )


def _show_code(address: str, code: str) -> None:
    echo(f"Open {address} on any device and type in the code {code}; waiting …")
