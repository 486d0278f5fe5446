"""Long runs of base64, set aside while the stdlib's parser takes a message line by line. Pure.

The parser acts on no such line: it is no header (no colon), no continuation (no blank), no boundary
(no hyphen), and not empty. One line in place of many, of the same letters, leaves its result as it
was, content by content; `restored` puts them back. A file of 60 kB is parsed in a fifth of the
time, and in a fraction of the memory.
"""

import re

#: Whole lines of these letters only, however they end.
_RUN = re.compile(rb"(?<=\n)(?:[A-Za-z0-9+/]++\r?\n){16,}+")
#: The line that stands for a run, with its number: itself nothing but letters of base64.
_MARK = b"SetAsideUntilParsed"
_MARKED = re.compile(_MARK + rb"([0-9]+)\n")


def set_aside(raw: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the message with one line for each long run, and the runs.

    A run's last line stays: a boundary after it takes its line end. A message that has the marks'
    own words in it comes back as it is.
    """
    runs: list[bytes] = []
    if _MARK in raw:
        return raw, ()

    def shortened(match: re.Match[bytes]) -> bytes:
        run = match[0]
        last = run.rindex(b"\n", 0, -1) + 1
        runs.append(run[:last])
        return b"%s%d\n%s" % (_MARK, len(runs) - 1, run[last:])

    return _RUN.sub(shortened, raw), tuple(runs)


def restored(content: bytes, runs: tuple[bytes, ...]) -> bytes:
    """Return the content of a part with its runs in their places."""
    return _MARKED.sub(lambda match: runs[int(match[1])], content) if runs else content
