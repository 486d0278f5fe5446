"""What a config folder has that belongs to an instance of the unit ``intake@.service``."""

import re
from collections.abc import Mapping
from pathlib import Path

from config.credentials import SECRETS

#: Where the instances of ``intake@.service`` keep what they write.
STATE = Path("/var/lib/intake")
#: What systemd takes between @ and the dot as it stands, and a path below /etc/intake as well.
_INSTANCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
#: The files of the secrets folder that the unit loads: each must be there, if only empty.
CREDENTIALS = ("imap", "smtp", "board", "oauth")
_VALUE = re.compile(r'"[^"]*"|\[[^]]*\]|[^\s#]+')


class NoInstance(Exception):  # noqa: N818  it names what is in the way
    """The folder's name cannot be the name of a unit's instance; nothing was written."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder.name!r} cannot stand in the name of a unit: name the folder with letters "
            "without accents, digits, - or _, such as /etc/intake/caoloc"
        )


def service_files(folder: Path, settings: str) -> dict[str, bytes]:
    """Return what a service has otherwise than the example, or beside it, by path in the folder.

    ``settings`` is the text of the example's settings.toml.

    Raises:
        NoInstance: a service cannot have the folder's name.
    """
    name = folder.absolute().name
    if not _INSTANCE.fullmatch(name):
        raise NoInstance(folder)
    for section, values in _of_the_unit(name).items():
        settings = with_values(settings, section, values)
    return {"settings.toml": settings.encode(), **{f"{SECRETS}/{one}": b"" for one in CREDENTIALS}}


def _of_the_unit(name: str) -> dict[str, dict[str, str]]:
    """The values, as TOML writes them, in which a service's settings differ from the example's."""
    state = STATE / name
    return {
        "mailbox": {"password_env": '""', "password_file": '"$CREDENTIALS_DIRECTORY/imap"'},
        "smtp": {"password_env": '""', "password_file": '"$CREDENTIALS_DIRECTORY/smtp"'},
        "storage": {
            "database": f'"sqlite:///{state}/registry.db"',
            "vault": f'"{state}/vault"',
            "state": f'"{state}"',
        },
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
