"""What a test could leave in its process: open files, and other processes below this one.

Compare by "nothing new": what another test left may go away at any moment.
"""

import os
from pathlib import Path


def descriptors() -> set[tuple[str, str]]:
    """Return every open file of this process, by its number and by what it is."""
    found = set()
    for path in Path("/proc/self/fd").iterdir():
        try:
            found.add((path.name, str(path.readlink())))
        except OSError:  # that of the listing itself, or one that another thread just closed
            continue
    return found


def processes() -> list[Path]:
    """Return the folder in /proc of every process of this machine."""
    return [path for path in Path("/proc").iterdir() if path.name.isdecimal()]


def children() -> set[int]:
    """Return every process below this one, dead or alive, whichever thread started it."""
    found = set()
    for process in processes():
        try:
            fields = (process / "stat").read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            found.add(int(process.name))
    return found
