"""The board's pages: typed facts → HTML → static files that change only when the facts do.

The templates are the program's own (``notifier/pages``), not the admin's: every value is escaped,
a value that is not there is an error. A page needs nothing besides itself: its style stands in it,
and its policy lets a browser use nothing else.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from notifier.board_view import Board
from notifier.board_words import WEEKDAYS
from notifier.plan_view import Plan
from registry.files import put_own_file

INDEX, PLAN = "index.html", "plan.html"
#: What is written, and all that is ever served.
FILES = (INDEX, PLAN)
_PAGES = Path(__file__).with_name("pages")
_CSS = (_PAGES / "board.css").read_text("utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()
#: What a browser may do with the page: nothing but show it, with this very style.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
#: Stand in the page until its content is known; values are cleaned and cannot contain them.
_STAMP, _MARK = "\x01stamp\x01", "\x01mark\x01"
_FOUND_MARK = re.compile(rb'content-mark" content="([0-9a-f]{64})"')
#: The mark stands in the page's first lines.
_HEAD_BYTES = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """One rendered page without its time. ``mark`` is equal for equal content."""

    name: str
    text: str
    mark: str

    def stamped(self, stamp: str) -> bytes:
        """Return the file's bytes; ``stamp`` says when the content changed."""
        text = self.text.replace(_MARK, self.mark).replace(_STAMP, str(Markup.escape(stamp)))
        return text.encode()


def pages(board: Board, plan: Plan) -> tuple[Page, Page]:
    """Render both pages."""
    return _page(INDEX, board), _page(PLAN, plan)


def write(folder: Path, page: Page, stamp: str) -> bool:
    """Put a page into the folder as a whole, unless it has this content; return whether it did.

    Raises:
        OSError: the folder cannot be written (full, read only); the old page stays as it was.
    """
    path = folder / page.name
    if _mark_of(path) == page.mark:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    put_own_file(path, page.stamped(stamp), 0o644)  # nothing in it is personal
    return True


def _page(name: str, facts: Board | Plan) -> Page:
    view: Mapping[str, Any] = {
        "page": facts,
        "current": name,
        "stamp": _STAMP,
        "mark": _MARK,
        "css": Markup(_CSS),  # noqa: S704  our own file
        "policy": POLICY,
        "weekdays": WEEKDAYS,
    }
    text = _environment().get_template(name).render(view)
    return Page(name, text, hashlib.sha256(text.encode()).hexdigest())


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _mark_of(path: Path) -> str:
    """Return the mark of the page that lies there; empty when none does."""
    try:
        with path.open("rb") as file:
            found = _FOUND_MARK.search(file.read(_HEAD_BYTES))
    except OSError:
        return ""
    return found[1].decode() if found else ""
