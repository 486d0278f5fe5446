"""What must hold in [scale]: a scheduler that can be reached, and nobody else who can reach it."""

import os
import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from config.hosts import is_loopback
from config.model import READERS_SCHEME, Scale
from config.password import open_to_others, secret_path
from config.problem import Problem
from config.toml_file import TomlFile

_ADDRESS = re.compile(rf"{READERS_SCHEME}(?P<host>[^\s/:@]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{{1,5}})")
_LAST_PORT = 65535
_KEYS = ("tls_ca", "tls_cert", "tls_key")
_WRITE = 'write such as "dask://127.0.0.1:8786", or "" to read on this machine'


def check_scale(file: TomlFile, scale: Scale, folder: Path) -> Iterator[Problem]:
    """Yield what is wrong in [scale]; its paths start at ``folder``."""
    yield from _check_files(file, scale, folder)
    if not scale.readers:
        return
    found = _ADDRESS.fullmatch(scale.readers)
    if not found or not 0 < int(found["port"]) <= _LAST_PORT:
        yield file.problem(
            ("scale", "readers"),
            f'scale.readers = "{scale.readers}"',
            "it must be the address of a Dask scheduler",
            _WRITE,
        )
    elif not is_loopback(found["host"]) and not scale.tls_ca:
        yield file.problem(
            ("scale", "readers"),
            f'scale.readers = "{scale.readers}" without TLS',
            "letters would cross the network readable by anyone, and whoever reaches the scheduler "
            "could run programs on its workers and on this machine",
            "write tls_ca, tls_cert and tls_key (docs/many-machines.md says how to make them)",
        )
    if find_spec("distributed") is None:
        yield file.problem(
            ("scale", "readers"),
            "scale.readers is set and the library distributed is not installed",
            "no cluster can be asked without it",
            "run: pip install 'commune-intake[scale]'",
        )


def with_paths(scale: Scale, env: Mapping[str, str]) -> Scale:
    """Return the section with the folder of systemd's credentials filled in."""
    paths = {key: secret_path(getattr(scale, key), env) for key in _KEYS if getattr(scale, key)}
    return scale.model_copy(update={key: str(path) for key, path in paths.items() if path})


def _check_files(file: TomlFile, scale: Scale, folder: Path) -> Iterator[Problem]:
    named = {key: getattr(scale, key) for key in _KEYS}
    if any(named.values()) and not all(named.values()):
        missing = [key for key, name in named.items() if not name]
        present = next(key for key, name in named.items() if name)
        yield file.problem(
            ("scale", present),
            f"scale.{present} is set and {', '.join(missing)} is not",
            "both sides of the connection must show a certificate of the cluster's own authority",
            "write all three, or none",
        )
    for key, name in named.items():
        if name and not name.startswith("$") and not (folder / name).is_file():
            yield file.problem(
                ("scale", key),
                f"the file {name} of scale.{key} is not there",
                "the cluster could not be reached safely",
                "write the path of a PEM file",
            )


def check_keys(file: TomlFile, scale: Scale, env: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what is doubtful about the key and certificates; their content is not kept."""
    for key in _KEYS:
        name = getattr(scale, key)
        path = secret_path(name, env) if name else None
        if path is None:
            continue
        if not os.access(path, os.R_OK):
            yield file.problem(
                ("scale", key),
                f"the file {path} of scale.{key} cannot be read",
                "the cluster cannot be reached, and documents are read on this machine only",
                "let the daemon's user read it (chown)",
            )
        elif key == "tls_key" and open_to_others(path, env):
            yield file.problem(
                ("scale", key),
                "the file of scale.tls_key can be read by others",
                "whoever has it can run programs on the cluster's workers",
                f"run: chmod 600 {path}",
            )
