"""The wordings: sandboxed Jinja2 over the admin's ``templates/`` folder.

Each kind of mail has one file ``<kind>.j2`` whose wording stands once. It extends the variable
``layout``; the same file is rendered with ``layout.txt`` (its first line is the subject) and with
``layout.html`` (escaped), so that text and HTML can never say different things.
"""

import contextlib
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from notifier import wording

#: Text lines are filled to this width, as mail programs expect (RFC 3676 recommends 66–78).
WIDTH = 74
_ENDINGS = {".j2", ".txt", ".html"}


class WordingProblem(Exception):  # noqa: N818  named for what the admin sees, as ConfigProblem
    """A template that cannot be rendered: which one, where, and why."""

    def __init__(self, template: str, line: int | None, why: str) -> None:
        self.template, self.line, self.why = template, line, why
        super().__init__(f"templates/{template}:{line or '?'}: {why}")


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail in words."""

    subject: str
    text: str
    html: str


class Templates:
    """A snapshot of a templates folder: an edit half saved never reaches a mail.

    A missing folder gives an empty set; each render then raises ``WordingProblem``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources = _read(folder)
        self._text = _environment(self.sources, html=False)
        self._html = _environment(self.sources, html=True)

    def renewed(self) -> "Templates":
        """Return the wordings as the folder has them now: these, unless an admin edited one."""
        return self if _read(self.folder) == self.sources else Templates(self.folder)

    def names(self) -> frozenset[str]:
        """Return the kinds of mail that have a wording here."""
        return frozenset(name[:-3] for name in self.sources if name.endswith(".j2"))

    def render(self, name: str, view: Mapping[str, Any]) -> Rendered:
        """Return subject, text and HTML of one mail.

        Raises:
            WordingProblem: the template is missing, broken, or asks for what is not there.
        """
        try:
            text = self._text.get_template(f"{name}.j2").render(view, layout="layout.txt")
            html = self._html.get_template(f"{name}.j2").render(view, layout="layout.html")
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as problem:
            file, line = self._where(problem)
            raise WordingProblem(file or f"{name}.j2", line, _why(problem)) from problem
        subject, _, body = text.partition("\n")
        return Rendered(wording.clean(subject, 200), _tidy(body), html.strip() + "\n")

    def _where(self, problem: Exception) -> tuple[str, int | None]:
        """The innermost of our files that the trouble passed through, and its line."""
        if isinstance(problem, TemplateSyntaxError):
            return problem.name or "", problem.lineno
        trace = problem.__traceback__
        found: tuple[str, int | None] = "", None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in self.sources:
                found = trace.tb_frame.f_code.co_filename, trace.tb_lineno
            trace = trace.tb_next
        return found


def _read(folder: Path) -> dict[str, str]:
    """Read the wordings; a file that cannot be read is missing, and only its mails wait.

    What begins with a dot is an editor's own (Emacs' lock is a link to nowhere).
    """
    sources: dict[str, str] = {}
    for file in sorted(folder.iterdir()) if folder.is_dir() else []:
        if file.suffix in _ENDINGS and not file.name.startswith("."):
            with contextlib.suppress(OSError):
                sources[file.name] = file.read_text("utf-8-sig", errors="replace")
    return sources


def _environment(sources: dict[str, str], *, html: bool) -> ImmutableSandboxedEnvironment:
    env = ImmutableSandboxedEnvironment(
        # The file's name as its code's name: a traceback then says which file and line.
        loader=FunctionLoader(lambda name: _source(sources, name)),
        undefined=StrictUndefined,
        autoescape=html,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        auto_reload=False,  # `renewed` looks for edits, once a turn
    )
    env.filters["para"] = _html_para if html else _text_para
    env.filters["strong"] = _html_strong if html else str
    env.filters["line"] = wording.clean
    env.filters["fill"] = _fill
    env.filters["solid"] = _solid
    env.filters["ucfirst"] = wording.upper_first
    return env


def _source(sources: Mapping[str, str], name: str) -> tuple[str, str, Callable[[], bool]] | None:
    return (sources[name], name, lambda: True) if name in sources else None


def _text_para(text: str) -> str:
    return _fill(text) + "\n\n"


def _squeezed(text: str) -> str:
    return re.sub(r"[ \t\r\n]+", " ", text).strip(" ")


def _solid(text: str) -> str:
    """Keep words on one line: a quoted half sentence must not read as somebody's statement."""
    return text.replace(" ", "\u00a0")


def _fill(text: str, indent: int = 0, first: str = "") -> str:
    """Fill one paragraph; ``first`` starts its first line, ``indent`` spaces the others."""
    squeezed = _squeezed(text)
    if len(first) + len(squeezed) <= WIDTH and squeezed.isprintable():
        return f"{first}{squeezed}" if squeezed else ""
    return _wrapper(indent, first).fill(squeezed)


@lru_cache(maxsize=16)
def _wrapper(indent: int, first: str) -> textwrap.TextWrapper:
    return textwrap.TextWrapper(
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _html_para(text: str) -> Markup:
    return Markup('<p style="margin:0 0 14px">{}</p>\n').format(
        Markup(_squeezed(escape(text)))  # noqa: S704  escaped just before
    )


def _html_strong(text: object) -> Markup:
    return Markup("<strong>{}</strong>").format(text)


def _tidy(text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def _why(problem: Exception) -> str:
    return wording.clean(f"{type(problem).__name__}: {problem}", 300)
