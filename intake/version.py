"""What this program calls itself: for `--version` and for the manifest of a backup."""

from importlib.metadata import PackageNotFoundError, version

_NAME = "commune-intake"


def program() -> str:
    """Return name and version, the name alone for a checkout that was never installed."""
    try:
        return f"{_NAME} {version(_NAME)}"
    except PackageNotFoundError:
        return _NAME
