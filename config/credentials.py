"""Where systemd's credentials come from, for the commands that no unit started."""

from collections.abc import Mapping

from config.model import Section, Settings

#: The folder, inside the config folder, of the files that ``intake@.service`` makes credentials of.
SECRETS = "secrets"
_PREFIXES = ("$CREDENTIALS_DIRECTORY/", "${CREDENTIALS_DIRECTORY}/")


def outside_systemd(settings: Settings, env: Mapping[str, str]) -> Settings:
    """Return the settings with credentials as the files from which the unit loads them.

    ``$CREDENTIALS_DIRECTORY/imap`` then means ``secrets/imap`` below the config folder: an admin's
    command needs no environment of the service. Inside a service nothing changes.
    """
    if env.get("CREDENTIALS_DIRECTORY"):
        return settings
    changed = {}
    for name in type(settings).model_fields:
        section = getattr(settings, name)
        if isinstance(section, Section):
            paths = {key: _file(value) for key, value in section if _is_credential(value)}
            changed[name] = section.model_copy(update=paths)
    return settings.model_copy(update=changed)


def _is_credential(value: object) -> bool:
    return isinstance(value, str) and value.startswith(_PREFIXES)


def _file(value: str) -> str:
    return f"{SECRETS}/{value.partition('/')[2]}"
