"""The files that a config is made of, as bytes: what decided, kept for whoever asks later."""

from pathlib import Path

from config.model import Config
from config.settings import CALENDAR, ROSTER, SETTINGS, TEMPLATES, campaign_names

#: Name, size, time of change and inode of each file that has a say.
Looks = tuple[tuple[str, int, int, int], ...]


def looks_of(folder: Path) -> Looks:
    """Return what tells an edited config folder from the same one before; no file is read.

    However a file was saved – in place, by rename, by a swapped link – it looks otherwise then.
    """
    names = [SETTINGS, ROSTER, CALENDAR, *campaign_names(folder)]
    templates = folder / TEMPLATES
    if templates.is_dir():
        names += sorted(f"{TEMPLATES}/{path.name}" for path in templates.iterdir() if _counts(path))
    found = []
    for name in names:
        try:
            state = (folder / name).stat()
        except OSError:
            found.append((name, -1, 0, 0))
        else:
            found.append((name, state.st_size, state.st_mtime_ns, state.st_ino))
    return tuple(found)


def files_of(config: Config) -> dict[str, bytes]:
    """Return every file of a config's folder that has a say, by its path below the folder.

    Settings, roster, calendar, campaigns, templates, and certificates that lie in the folder. No
    secret is among them: none stands in TOML.

    Raises:
        OSError: a file cannot be read.
    """
    folder = config.folder
    names = [SETTINGS, ROSTER, CALENDAR, *campaign_names(folder)]
    templates = sorted((folder / TEMPLATES).iterdir())
    names += [f"{TEMPLATES}/{path.name}" for path in templates if _counts(path)]
    names += _certificates(config)
    return {name: (folder / name).read_bytes() for name in names}


def _counts(path: Path) -> bool:
    """Whether a file in templates is one: editors leave hidden copies and half-saved ones."""
    return path.is_file() and not path.name.startswith((".", "~")) and path.suffix != ".tmp"


def _certificates(config: Config) -> list[str]:
    settings, folder = config.settings, config.folder.absolute()
    named = (
        settings.security.signature_roots,
        settings.mailbox.ca_file,
        settings.smtp.ca_file,
        settings.oauth.ca_file,
    )
    paths = {folder / name for name in named if name}
    return sorted(str(path.relative_to(folder)) for path in paths if path.is_relative_to(folder))
