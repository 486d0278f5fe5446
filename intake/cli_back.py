"""The commands that keep what there is: backup, restore, reconcile, export."""

import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from intake.printing import echo, echo_json

app = typer.Typer()

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
CampaignId = Annotated[str, typer.Argument(metavar="CAMPAIGN")]
OutDir = Annotated[Path, typer.Option("--out", help="Folder to write into; made, or empty.")]


def _config(context: typer.Context) -> Any:
    """Load the config folder that the command line was given."""
    from config.settings import load  # noqa: PLC0415  commands import what they need, late

    return load(context.find_root().obj, env=os.environ)


def _registry(context: typer.Context) -> Any:
    from intake.opening import open_registry  # noqa: PLC0415

    config = _config(context)
    return config, *open_registry(config)


def _now() -> Any:
    from intake.desk import utc_now  # noqa: PLC0415

    return utc_now()


def _fail(problems: Iterable[str]) -> None:
    """Print what was found wanting and end with 1; do nothing when there is nothing."""
    listed = list(problems)
    for problem in listed:
        echo(f"intake: {problem}", err=True)
    if listed:
        raise typer.Exit(1)


@app.command()
def backup(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder is made in it.")],
) -> None:
    """Copy registry, vault and config into a verified folder; the daemon may run."""
    from intake.backup import back_up  # noqa: PLC0415
    from intake.version import program  # noqa: PLC0415

    config, store, vault = _registry(context)
    with store:
        made = back_up(config, store, vault, folder, _now(), program())
        if not made.problems:
            store.backed_up(_now())  # from now on an old one is a trouble
    echo(str(made.folder))
    size = sum(one.size_bytes for one in made.manifest.files)
    echo(f"  {len(made.manifest.files)} files, {size} bytes, verified")
    echo("  passwords are not in it; the rest is personal data: keep it where few can read")
    _fail(made.problems)


@app.command()
def restore(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="BACKUP", help="What `intake backup` wrote.")],
) -> None:
    """Put a backup's registry and vault into the configured places, which must be empty."""
    from intake.opening import open_lease  # noqa: PLC0415
    from intake.restore import restore as put_back  # noqa: PLC0415

    config = _config(context)
    with open_lease(config):
        done = put_back(config, folder, _now())
    echo(f"restored what {folder} held at {done.manifest.made_at}")
    echo(f"  the config of that time is in {folder / 'config'}: it was not touched")
    echo("  start the daemon: it first finds again in the mailbox what happened since")
    _fail(done.problems)


@app.command("migrate-registry")
def migrate_registry(
    context: typer.Context,
    url: Annotated[
        str, typer.Argument(metavar="URL", help="postgresql+psycopg://… or sqlite:///…")
    ],
    *,
    password_env: Annotated[
        str, typer.Option("--password-env", help="Variable with the new database's password.")
    ] = "",
    password_file: Annotated[
        str, typer.Option("--password-file", help="File with it, from the config folder.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Copy the registry into another, empty database; the old one is only read."""
    from config.model import Storage  # noqa: PLC0415
    from config.settings import secret  # noqa: PLC0415
    from intake.migrate import migrate  # noqa: PLC0415
    from intake.opening import open_lease  # noqa: PLC0415

    config = _config(context)
    if password_env and password_file:
        raise typer.BadParameter("a password has one place: --password-env or --password-file")
    inside = str(config.folder.absolute() / password_file) if password_file else ""
    new = Storage(password_env=password_env, password_file=inside)
    password = secret(new, os.environ)
    with open_lease(config):
        moved = migrate(config, url, variable=password_env, file=password_file, password=password)
    if as_json:
        head = {"serial": moved.head.serial, "sha256": moved.head.sha256}
        echo_json(dict(asdict(moved), head=head, lines=list(moved.lines)))
        return
    rows = ", ".join(f"{count} {table}" for table, count in moved.rows.items() if count)
    echo(f"copied from {moved.source} to {moved.target}: {rows or 'an empty registry'}")
    echo(f"  compared row by row; the journal's chain holds to its event {moved.head.serial}")
    echo(f"now let [storage] in {config.folder / 'settings.toml'} say:")
    for line in moved.lines:
        echo(f"  {line}")
    echo("and start the daemon. The old registry was not touched: keep it until `intake verify`")
    echo("finds the new one whole, and let no daemon work on it any more.")


@app.command()
def reconcile(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Compare mailbox, registry, vault and Sent; exit 1 when something is unexplained."""
    from intake.mailbox import Mailbox  # noqa: PLC0415
    from intake.stock import account  # noqa: PLC0415
    from notifier.oauth import Logins  # noqa: PLC0415

    config, store, vault = _registry(context)
    settings = config.settings
    mailbox = Mailbox(settings.mailbox, Logins(os.environ).of(settings, settings.mailbox))
    with store:
        try:
            found = account(config, store, vault, mailbox)
        finally:
            mailbox.close()
    if as_json:
        echo_json(found.view())
    else:
        echo(found.sentence())
        if found.old:
            echo(f"  left alone: {found.old} from before go_live_at")
        for note in found.notes:
            echo(f"  note: {note.code}: {note.where} – {note.remedy}")
    _fail(f"{one.code}: {one.where} – {one.remedy}" for one in found.unexplained)


@app.command()
def export(
    context: typer.Context,
    campaign: CampaignId,
    out: OutDir,
    *,
    redact: Annotated[
        bool, typer.Option("--redact", help="Without any personal data, originals included.")
    ] = False,
) -> None:
    """Write a campaign as a dossier for the archive: originals, registry, journal, hashes."""
    from intake.export import export as write  # noqa: PLC0415
    from registry.errors import NotPossible  # noqa: PLC0415

    config, store, vault = _registry(context)
    try:
        chosen = config.campaign(campaign)
    except KeyError:
        known = ", ".join(one.id for one in config.campaigns)
        raise typer.BadParameter(f"no campaign {campaign!r}; there is: {known}") from None
    with store:
        try:
            done = write(config, store, vault, chosen, out, _now(), redact=redact)
        except OSError as error:
            raise NotPossible(f"no dossier was written: {error}") from error
    echo(f"{done.files} files in {done.folder}; check them: sha256sum -c SHA256SUMS")
    _fail(done.problems)
