"""A worker as the jail starts it, for which reading a page is a letter: ``paged_reader.py MEMORY``.

The document has one letter for each page: ``t`` a table, ``-`` none, ``m`` raises MemoryError,
``x`` aborts, ``h`` hangs. The reading's text says what was read, and by which process; of a page
``s`` how many seconds of processor time that process had.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import parsers
import parsers.serve
from parsers.reading import Reading
from parsers.scan_page import ReadTable, ScannedPage


def _raise() -> None:
    raise MemoryError


_ENDS: dict[str, Callable[[], object]] = {
    "x": os.abort,
    "m": _raise,
    "h": lambda: time.sleep(3600),
}


def read(data: bytes, *_: Any, share: Callable[..., Any], **__: Any) -> Reading:
    """Have the pages read as ``parsers.scan`` does, in its own way of reading one."""

    def page(number: int) -> ScannedPage:
        letter = chr(data[number])
        if letter in _ENDS:
            _ENDS[letter]()
        table = (ReadTable((), (0.1,)),) if letter == "t" else ()
        said = str(resource.getrlimit(resource.RLIMIT_CPU)[0]) if letter == "s" else letter
        return ScannedPage((f"{number}{said}", str(os.getpid()), *table))

    found = share(range(len(data)), 4, page)
    pages = {number: (page.content[0], page.content[1]) for number, page in sorted(found.items())}
    return Reading("pdf", "unknown", text=json.dumps(pages))


parsers.read = read
sys.exit(parsers.serve.main(sys.argv[1:]))
