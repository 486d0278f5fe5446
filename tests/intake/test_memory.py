"""Commands that end soon do not look for garbage."""

import subprocess
import sys

import pytest

from intake.__main__ import main

#: Two objects that only a look for garbage finds, the second one at the end of the process.
PROGRAM = """
import gc
from intake.memory import soon_over

class Told:
    def __init__(self, name): self.name, self.me = name, self
    def __del__(self): print(self.name)

{begin}
Told("on the way")
objects = [[] for _ in range(20_000)]
Told("at the end")
"""


@pytest.mark.parametrize(
    ("begin", "found"), [("pass", ["on the way", "at the end"]), ("soon_over()", [])]
)
def test_a_process_that_is_soon_over_looks_for_nothing(begin: str, found: list[str]) -> None:
    program = [sys.executable, "-c", PROGRAM.format(begin=begin)]
    done = subprocess.run(program, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == found


@pytest.mark.parametrize(("words", "soon"), [(["status"], True), (["held"], False)])
def test_only_what_looks_and_ends_is_soon_over(
    monkeypatch: pytest.MonkeyPatch, words: list[str], soon: bool
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("intake.memory.soon_over", lambda: asked.append("soon"))
    monkeypatch.setattr("intake.logs.to_stderr", lambda **_: asked.append("logs"))
    monkeypatch.setattr("intake.__main__.app", lambda: None)
    monkeypatch.setattr(sys, "argv", ["intake", *words])
    main()
    assert asked == (["soon"] if soon else ["logs"])
