"""The shipped example becomes an admin's own config folder."""

import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

#: Never shipped: what a daemon that ran in the example folder left behind.
_LEFT_BEHIND = {"data", "__pycache__"}


class ExampleExists(Exception):  # noqa: N818  it names what is in the way
    """Files that would be overwritten; nothing was written."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self.paths = paths
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        super().__init__(f"{paths[0]}{more} already there: nothing was written, name a new folder")


def write_example(folder: Path) -> tuple[Path, ...]:
    """Copy the complete example of Cao Lộc into ``folder`` and return the files written.

    The folder is made when missing. All or nothing: the files are planned first.

    Raises:
        ExampleExists: One of the files is there already; nothing was written.
    """
    plan = _files(resources.files("config") / "cao-loc", folder)
    there = tuple(path for path in plan if path.exists())
    if there:
        raise ExampleExists(there)
    for path, source in plan.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.read_bytes())
    return tuple(plan)


def begin_with_a_trial(folder: Path) -> str:
    """Redirect all mail of a new folder to the example's officer; return that address.

    A new office looks at its first mails before anybody else does: it writes its own address there,
    and takes it out when it is content.
    """
    path = folder / "settings.toml"
    text = path.read_text("utf-8")
    officer = str(tomllib.loads(text)["officers"]["addresses"][0])
    begun = f'redirect_all_to = "{officer}"'
    path.write_text(text.replace('redirect_all_to = ""', begun, 1), "utf-8")
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
