"""What is wrong with the config, told so that the admin can put it right."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that the admin should change.

    ``file`` is relative to the config folder, ``line`` counts from 1 (0 = the file as a whole).
    The three sentences never contain a secret: values of unknown keys are not quoted.
    """

    file: str
    line: int
    what: str
    why: str
    remedy: str

    def __str__(self) -> str:
        """``file:line: what, why, what to write instead``."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.what}, {self.why}, {self.remedy}"


class ConfigProblems(Exception):  # noqa: N818  it carries all problems, and is named for them
    """The config cannot be used; every reason at once, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda found: (found.file, found.line)))
        super().__init__("\n".join(map(str, self.problems)))
