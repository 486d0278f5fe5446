"""The config as it was: into the vault and the journal, and out of them again for a replay."""

from collections.abc import Mapping
from pathlib import Path

from config.files import files_of
from config.model import Config
from config.settings import load
from intake.desk import Desk
from registry.vault import Vault


def keep_config(desk: Desk) -> None:
    """Put the files of the config in use into the vault and note them, if they are not the last.

    Called at the start: what was decided can be decided again only with the roster, the texts and
    the dates of that day. An edited config is noted by `intake.reload`.
    """
    desk.store.note_config(config_into(desk.vault, desk.config), desk.clock())


def config_into(vault: Vault, config: Config) -> dict[str, str]:
    """Put the files of a config into the vault; return the hash of each, by its path.

    Raises:
        OSError: a file cannot be read, or the vault (`VaultAway`) takes none now.
    """
    return {name: vault.put(data) for name, data in files_of(config).items()}


def config_again(files: Mapping[str, str], vault: Vault, folder: Path) -> Config:
    """Write the files of a noted config into an empty folder and load it; no secret is asked for.

    Raises:
        KeyError, VaultDamaged: a file is not in the vault any more.
        ConfigProblems: this version of the program finds fault with it.
    """
    for name, sha256 in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise KeyError(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(vault.get(sha256))
    return load(folder, env={})
