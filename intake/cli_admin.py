"""The admin's commands: authorize."""

import os
from typing import Annotated, Any

import typer

from intake.printing import echo

app = typer.Typer()


def _config(context: typer.Context) -> Any:
    """Load the config folder that the command line was given."""
    from config.settings import load  # noqa: PLC0415  commands import what they need, late

    return load(context.find_root().obj, env=os.environ)


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
            echo(f"Open this in a browser and log in as {user}:\n\n{asked.url}\n")
            echo("It ends at a page that cannot be shown. Paste that page's address here:")
            token = asking.redeem(section, secret, asked, input().strip())
        else:
            waiting = asking.Redirected(port)
            asked = asking.consent(section, user, waiting.uri)
            echo(f"Open this in a browser on this machine and log in as {user}:\n\n{asked.url}\n")
            echo("(On another machine: run this again with --paste.)")
            token = asking.redeem(section, secret, asked, waiting.wait() or "nobody came in time")
        asking.keep(section, token)
    except (TokenAway, TokenRefused, OSError, EOFError) as error:
        echo(f"intake: {error}", err=True)
        raise typer.Exit(1) from None
    echo(f"the refresh token is in {section.token_file}; a running daemon takes it up by itself")
    echo("next: intake check --connect")


def _show_code(address: str, code: str) -> None:
    echo(f"Open {address} on any device and type in the code {code}; waiting …")
