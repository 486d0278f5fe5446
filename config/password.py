"""Where a secret comes from: an environment variable or a file, never TOML."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template

from config.model import Board, Mailbox, OAuth, Secret, Storage
from config.problem import ConfigProblems, Problem
from config.toml_file import TomlFile

_FILE = "settings.toml"
_FOR_OTHERS = 0o077
_OPEN = "whoever has an account on this machine could take the mailbox over"
_READ = "whoever has an account on this machine has the password"


def secret(section: Secret, env: Mapping[str, str]) -> str:
    """Return the password of this section; ``""`` if it names none (a server on loopback).

    ``password_file`` may begin with ``$CREDENTIALS_DIRECTORY``, where systemd puts what
    ``LoadCredential=`` names. The file's first line counts.

    Raises:
        ConfigProblems: The variable or file is missing or empty. The secret is never quoted.
    """
    if not section.password_env and not section.password_file:
        return ""
    found = _read(section.password_env, section.password_file, env)
    if not found:
        raise ConfigProblems([_no_secret(_name(section), section)])
    return found


def _name(section: Secret) -> str:
    if isinstance(section, Board):
        return "board"
    if isinstance(section, Storage):
        return "storage"
    return "mailbox" if isinstance(section, Mailbox) else "smtp"


def client_secret(section: OAuth, env: Mapping[str, str]) -> str:
    """Return the secret of our program at the token endpoint; ``""`` if none is named.

    Raises:
        ConfigProblems: The variable or file is missing or empty. The secret is never quoted.
    """
    if not section.client_secret_env and not section.client_secret_file:
        return ""
    found = _read(section.client_secret_env, section.client_secret_file, env)
    if not found:
        where = section.client_secret_env or section.client_secret_file
        problem = Problem(
            _FILE,
            0,
            f"{where}, named by [oauth], is not set, cannot be read or is empty",
            "without the client's secret no token is given",
            "set the variable, or put the secret on the file's first line (chmod 600)",
        )
        raise ConfigProblems([problem])
    return found


def bucket_secret(section: Storage, env: Mapping[str, str]) -> str:
    """Return the secret that belongs to ``s3_access_key``.

    Raises:
        ConfigProblems: The variable or file is missing or empty. The secret is never quoted.
    """
    found = _read(section.s3_secret_env, section.s3_secret_file, env)
    if not found:
        where = section.s3_secret_env or section.s3_secret_file or "s3_secret_env"
        problem = Problem(
            _FILE,
            0,
            f"{where}, named by [storage], is not set, cannot be read or is empty",
            "without the key's secret the bucket does not let us in",
            "set the variable, or put the secret on the file's first line (chmod 600)",
        )
        raise ConfigProblems([problem])
    return found


def check_bucket_secret(
    file: TomlFile, section: Storage, env: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield what is doubtful about where a bucket's secret comes from; its value is not kept."""
    if section.bucket is None or not (section.s3_secret_env or section.s3_secret_file):
        return  # what names no secret at all is told by the checks of the keys
    key = "s3_secret_env" if section.s3_secret_env else "s3_secret_file"
    try:
        bucket_secret(section, env)
    except ConfigProblems as error:
        found = error.problems[0]
        yield file.problem(("storage", key), found.what, found.why, found.remedy)
        return
    path = None if section.s3_secret_env else secret_path(section.s3_secret_file, env)
    if path is not None and open_to_others(path, env):
        yield file.problem(
            ("storage", key),
            "the file of storage.s3_secret_file can be read by others",
            "whoever has an account on this machine could read every letter in the vault",
            f"run: chmod 600 {path}",
        )


def _read(variable: str, file: str, env: Mapping[str, str]) -> str:
    """Return the variable's value or the file's first line; ``""`` when there is none."""
    if variable:
        return env.get(variable, "")
    path = secret_path(file, env)
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path else []
    except (OSError, UnicodeDecodeError):
        return ""
    return lines[0] if lines else ""


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
    path = None if section.password_env else secret_path(section.password_file, env)
    if path is not None and open_to_others(path, env):
        yield file.problem(
            (name, key),
            f"the file of {name}.password_file can be read by others",
            _READ if name in {"board", "storage"} else _OPEN,
            f"run: chmod 600 {path}",
        )


def check_tokens(file: TomlFile, section: OAuth, env: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what is doubtful about the secrets behind the tokens; no value is kept."""
    if not section.token_endpoint:
        return
    try:
        client_secret(section, env)
    except ConfigProblems as error:
        yield from error.problems
    names = {"client_secret_file": section.client_secret_file}
    if section.flow == "refresh-token":
        names["token_file"] = section.token_file
    for key, name in names.items():
        path = secret_path(name, env) if name else None
        if path is None:
            continue
        if key == "token_file" and not path.exists():
            yield file.problem(
                ("oauth", key),
                f"the file {name} of oauth.token_file is not there yet",
                "without a refresh token neither server lets us in",
                "run `intake authorize`: somebody who may use the mailbox says yes once",
            )
        if key == "token_file" and path.parent.is_dir() and not os.access(path.parent, os.W_OK):
            yield file.problem(
                ("oauth", key),
                f"the folder of oauth.token_file, {path.parent}, cannot be written to",
                "a new refresh token could not be kept, and the old one may be dead by then",
                "let the daemon's user write there (chown), or name a file in its data folder",
            )
        if open_to_others(path, env):
            yield file.problem(
                ("oauth", key),
                f"the file of oauth.{key} can be read by others",
                "whoever has an account on this machine could take the mailbox over",
                f"run: chmod 600 {path}",
            )


def open_to_others(path: Path, env: Mapping[str, str]) -> bool:
    """Whether others than its owner may read a secret's file."""
    # systemd shows its credentials as 0440: that is the mask of an access list, not a group.
    given = env.get("CREDENTIALS_DIRECTORY")
    if given and path.is_relative_to(given):
        return False
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & _FOR_OTHERS)
    except OSError:
        return False


def secret_path(text: str, env: Mapping[str, str]) -> Path | None:
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
    why = "without the password the server refuses the login"
    if name == "board":
        why = "without a password the board is not served"
    return Problem(_FILE, 0, what, why, remedy)
