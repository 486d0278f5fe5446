"""The shipped example becomes an admin's own config folder."""

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from config.password import SECRETS

#: Where the instances of ``intake@.service`` keep what they write.
STATE = Path("/var/lib/intake")
#: What systemd takes between @ and the dot as it stands, and a path below /etc/intake as well.
_INSTANCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
#: The files of the secrets folder that the unit loads: each must be there, if only empty.
CREDENTIALS = ("imap", "smtp", "board", "oauth")
#: The one folder of the config that the daemon itself writes into.
_PROPOSALS = "proposals"
_SETTINGS = "settings.toml"
_VALUE = re.compile(r'"[^"]*"|\[[^]]*\]|[^\s#]+')
#: Never shipped: what a daemon that ran in the example folder left behind.
_LEFT_BEHIND = {"data", "__pycache__"}


class ExampleExists(Exception):  # noqa: N818  it names what is in the way
    """Files that would be overwritten; nothing was written."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self.paths = paths
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        super().__init__(f"{paths[0]}{more} already there: nothing was written, name a new folder")


class NoInstance(Exception):  # noqa: N818  as above
    """The folder's name cannot be the name of a unit's instance; nothing was written."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder.name!r} cannot stand in the name of a unit: name the folder with letters "
            "without accents, digits, - or _, such as /etc/intake/caoloc"
        )


def write_example(folder: Path, *, service: bool = False) -> tuple[Path, ...]:
    """Copy the complete example of Cao Lộc into ``folder`` and return the files written.

    The folder is made when missing. All or nothing: the files are planned first. For a ``service``
    the settings say what ``intake@.service`` gives the instance of that name – passwords as
    credentials, what it writes below ``STATE`` –, and empty files wait for the passwords.

    Raises:
        ExampleExists: One of the files is there already; nothing was written.
        NoInstance: A service cannot have the folder's name; nothing was written.
    """
    plan = {
        path: source.read_bytes()
        for path, source in _files(resources.files("config") / "cao-loc", folder).items()
    }
    if service:
        plan |= _for_service(folder, plan[folder / _SETTINGS].decode())
    there = tuple(path for path in plan if path.exists())
    if there:
        raise ExampleExists(there)
    for path, data in plan.items():
        secret = path.parent.name == SECRETS
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if secret else 0o777)
        path.touch(mode=0o600 if secret else 0o666)
        path.write_bytes(data)
    if service:
        (folder / _PROPOSALS).mkdir(exist_ok=True)
    return tuple(plan)


def begin_with_a_trial(folder: Path) -> str:
    """Redirect all mail of a new folder to the example's officer; return that address.

    A new office looks at its first mails before anybody else does: it writes its own address there,
    and takes it out when it is content.
    """
    path = folder / "settings.toml"
    text = path.read_text("utf-8")
    officer = str(tomllib.loads(text)["officers"]["addresses"][0])
    path.write_text(with_values(text, "smtp", {"redirect_all_to": f'"{officer}"'}), "utf-8")
    return officer


def _for_service(folder: Path, settings: str) -> dict[Path, bytes]:
    """Return the files that a service has otherwise than the example, or beside it."""
    name = folder.absolute().name
    if not _INSTANCE.fullmatch(name):
        raise NoInstance(folder)
    for section, values in _of_the_unit(name).items():
        settings = with_values(settings, section, values)
    secrets = {folder / SECRETS / one: b"" for one in CREDENTIALS}
    return {folder / _SETTINGS: settings.encode(), **secrets}


def _of_the_unit(name: str) -> dict[str, dict[str, str]]:
    """The values, as TOML writes them, in which a service's settings differ from the example's."""
    state = STATE / name
    return {
        "mailbox": {"password_env": '""', "password_file": '"$CREDENTIALS_DIRECTORY/imap"'},
        "smtp": {"password_env": '""', "password_file": '"$CREDENTIALS_DIRECTORY/smtp"'},
        "storage": {"database": f'"sqlite:///{state}/registry.db"', "vault": f'"{state}/vault"'},
        "board": {"path": f'"{state}/board"'},
        "oauth": {"token_file": f'"{state}/oauth-refresh-token"'},
    }


def with_values(text: str, section: str, values: Mapping[str, str]) -> str:
    """Return a settings text in which these keys of a section have these values (TOML text).

    Only lines ``key = value`` with a string, number, boolean or one-line list are replaced; what
    follows the value, such as a comment, stays.
    """
    lines, inside = [], False
    for line in text.splitlines():
        if line.startswith("["):
            inside = line.split("#")[0].strip() == f"[{section}]"
        key, _, rest = line.partition("=")
        if inside and rest and key.strip() in values:
            comment = _VALUE.sub("", rest.lstrip(), count=1)
            line = f"{key}= {values[key.strip()]}{comment}"  # noqa: PLW2901  the line as it is now
        lines.append(line)
    return "\n".join(lines) + "\n"


def _files(source: Traversable, target: Path) -> dict[Path, Traversable]:
    found: dict[Path, Traversable] = {}
    for entry in sorted(source.iterdir(), key=lambda entry: entry.name):
        if entry.name in _LEFT_BEHIND or entry.name.startswith("."):
            continue
        if entry.is_dir():
            found |= _files(entry, target / entry.name)
        else:
            found[target / entry.name] = entry
    return found
