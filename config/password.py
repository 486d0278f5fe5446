"""Where a password comes from: an environment variable or a file, never TOML."""

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template

from config.model import Mailbox, Secret
from config.problem import ConfigProblems, Problem
from config.toml_file import TomlFile

_FILE = "settings.toml"
_FOR_OTHERS = 0o077


def secret(section: Secret, env: Mapping[str, str]) -> str:
    """Return the password of this section; ``""`` if it names none (a server on loopback).

    ``password_file`` may begin with ``$CREDENTIALS_DIRECTORY``, where systemd puts what
    ``LoadCredential=`` names. The file's first line counts.

    Raises:
        ConfigProblems: The variable or file is missing or empty. The secret is never quoted.
    """
    name = "mailbox" if isinstance(section, Mailbox) else "smtp"
    found = ""
    if section.password_env:
        found = env.get(section.password_env, "")
    elif section.password_file:
        path = _secret_path(section.password_file, env)
        try:
            lines = path.read_text(encoding="utf-8").splitlines() if path else []
        except (OSError, UnicodeDecodeError):
            lines = []
        found = lines[0] if lines else ""
    else:
        return ""
    if not found:
        raise ConfigProblems([_no_secret(name, section)])
    return found


def check_secret(
    file: TomlFile, name: str, section: Secret, env: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield what is doubtful about where the password comes from; its value is not kept."""
    key = "password_env" if section.password_env else "password_file"
    if not section.password_env and not section.password_file:
        return
    try:
        secret(section, env)
    except ConfigProblems as error:
        found = error.problems[0]
        yield file.problem((name, key), found.what, found.why, found.remedy)
        return
    path = None if section.password_env else _secret_path(section.password_file, env)
    if path is not None and _open_to_others(path, env):
        yield file.problem(
            (name, key),
            f"the file of {name}.password_file can be read by others",
            "whoever has an account on this machine could take the mailbox over",
            f"run: chmod 600 {path}",
        )


def _open_to_others(path: Path, env: Mapping[str, str]) -> bool:
    # systemd shows its credentials as 0440: that is the mask of an access list, not a group.
    given = env.get("CREDENTIALS_DIRECTORY")
    if given and path.is_relative_to(given):
        return False
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & _FOR_OTHERS)
    except OSError:
        return False


def _secret_path(text: str, env: Mapping[str, str]) -> Path | None:
    """Return the path with a leading ``$NAME`` filled in; None if such a variable is not set."""
    if not text.startswith("$"):
        return Path(text)
    try:
        return Path(Template(text).substitute(env))
    except (KeyError, ValueError):
        return None


def _no_secret(name: str, section: Secret) -> Problem:
    if section.password_env:
        what = f"the environment variable {section.password_env} of {name}.password_env is not set"
        remedy = f"set {section.password_env}, or write password_file instead"
    else:
        what = (
            f"the file {section.password_file} of {name}.password_file cannot be read or is empty"
        )
        remedy = "put the password on its first line and let the daemon's user read it (chmod 600)"
    return Problem(_FILE, 0, what, "without the password the server refuses the login", remedy)
