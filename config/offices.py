"""Several offices on one machine: each has a config folder of its own below /etc/intake."""

from pathlib import Path

from config.problem import Problem


def offices(etc: Path) -> tuple[Path, ...]:
    """Return the config folders that lie in a folder; none where it may not be looked into."""
    return tuple(sorted(path.parent for path in etc.glob("*/settings.toml")))


def several(etc: Path, below: tuple[Path, ...]) -> Problem:
    """Return what is wrong with a folder that is no config but has these in it."""
    return Problem(
        str(etc),
        0,
        f"no settings.toml here, but below: {', '.join(path.name for path in below)}",
        "each office has a config folder of its own",
        f"say which: intake --config {below[0]} …",
    )
