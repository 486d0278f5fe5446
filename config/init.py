"""The shipped example becomes an admin's own config folder."""

import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from config.credentials import SECRETS
from config.service import service_files, with_values

#: The one folder of the config that the daemon itself writes into.
_PROPOSALS = "proposals"
#: Never shipped: what a daemon that ran in the example folder left behind.
_LEFT_BEHIND = {"data", "__pycache__"}


class ExampleExists(Exception):  # noqa: N818  it names what is in the way
    """Files that would be overwritten; nothing was written."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self.paths = paths
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        super().__init__(f"{paths[0]}{more} already there: nothing was written, name a new folder")


def write_example(folder: Path, *, service: bool = False) -> tuple[Path, ...]:
    """Copy the complete example of Cao Lộc into ``folder`` and return the files written.

    The folder is made when missing. All or nothing: the files are planned first. For a ``service``
    the settings say what ``intake@.service`` gives the instance of that name – passwords as
    credentials, what it writes below /var/lib/intake –, and empty files wait for the passwords.

    Raises:
        ExampleExists: One of the files is there already; nothing was written.
        NoInstance: A service cannot have the folder's name; nothing was written.
    """
    plan = {
        path: source.read_bytes()
        for path, source in _files(resources.files("config") / "cao-loc", folder).items()
    }
    if service:
        settings = plan[folder / "settings.toml"].decode()
        plan |= {folder / name: data for name, data in service_files(folder, settings).items()}
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
