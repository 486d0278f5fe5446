"""One TOML file → one typed section, or every problem in it with its line."""

import dataclasses
import difflib
import re
import tomllib
import types
import typing
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.problem import Problem
from config.toml_lines import Path, line_at, lines_of

_Section = TypeVar("_Section", bound=BaseModel)
_PLACE = re.compile(r"\(at line (\d+), column \d+\)$")
_TWICE = re.compile(r"\('([^()]*)',\)")  # how tomllib shows the name of a table
_SECRETS = {"password", "passwd", "pass", "secret", "token", "matkhau", "mat_khau"}
_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}
_BOMS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class TomlFile:
    """A parsed file: its name for problems, its raw table, and where everything stands."""

    name: str
    table: Mapping[str, Any]
    text: str = field(repr=False)

    @cached_property
    def lines(self) -> Mapping[Path, int]:
        """Where everything stands: looked for only if something is wrong, for it takes longest."""
        return lines_of(self.text)

    def problem(self, path: Path, what: str, why: str, remedy: str) -> Problem:
        """Return a problem at the line of this key, or of the table around it."""
        return Problem(self.name, line_at(self.lines, path), what, why, remedy)


def parse(name: str, data: bytes) -> TomlFile | Problem:
    """Parse the bytes of a TOML file; a BOM is accepted, text is brought to NFC."""
    if not data.strip(b"\x00\r\n\t "):
        return Problem(
            name,
            0,
            "the file is empty",
            "it was probably caught while it was being saved",
            "save it again, or copy it anew with `intake init`",
        )
    try:
        text = unicodedata.normalize("NFC", data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return _undecodable(name, data, error)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _unparsable(name, text, str(error))
    return TomlFile(name, table, text)


def _undecodable(name: str, data: bytes, error: UnicodeDecodeError) -> Problem:
    remedy = "save it again with the encoding UTF-8"
    if data.startswith(_BOMS):
        return Problem(name, 1, "the file is UTF-16", "TOML is always UTF-8", remedy)
    line = data.count(b"\n", 0, error.start) + 1
    return Problem(name, line, "a letter here is not UTF-8", "TOML is always UTF-8", remedy)


def _unparsable(name: str, text: str, message: str) -> Problem:
    # tomllib tells the place only in its message (attributes came with Python 3.14).
    place = _PLACE.search(message)
    line = int(place[1]) if place else text.rstrip().count("\n") + 1
    reason = _PLACE.sub("", message).removesuffix("(at end of document)").strip()
    reason = _TWICE.sub(r"\1", reason[:1].lower() + reason[1:])
    return Problem(
        name,
        line,
        f"the line cannot be read: {reason}",
        "TOML wants key = value with text in quotes and every bracket closed",
        "correct this line or the one above it",
    )


def check(file: TomlFile, model: type[_Section]) -> _Section | list[Problem]:
    """Return the typed section, or every problem in the file."""
    try:
        return model.model_validate(file.table)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=True)
        return [_told(file, model, detail) for detail in _causes(model, details)]


def _causes(model: type[BaseModel], details: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Yield the errors that are not mere consequences of another one.

    A key that is missing because it is misspelt is told once, and a list is not called empty
    because its only entry is wrong.
    """
    places = {detail["loc"] for detail in details if detail["type"] != "too_short"}
    meant = {
        (*path[:-1], near[0])
        for detail in details
        if detail["type"] in _UNKNOWN
        for path in [detail["loc"]]
        if (near := _nearest(str(path[-1]), keys_at(model, path[:-1])))
    }
    for detail in details:
        place = detail["loc"]
        below = any(len(other) > len(place) and other[: len(place)] == place for other in places)
        if detail["type"] == "too_short" and below:
            continue
        if detail["type"] == "missing" and place in meant:
            continue
        yield detail


def _nearest(word: str, known: Sequence[str]) -> list[str]:
    return difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)


def _told(file: TomlFile, model: type[BaseModel], detail: ErrorDetails) -> Problem:
    path: Path = detail["loc"]
    kind = detail["type"]
    context = detail.get("ctx", {})
    if kind == "told":
        what = f"{_dotted(path)}: {context['what']}"
        return file.problem(path, what, context["why"], context["remedy"])
    if kind in _UNKNOWN:
        return _unknown(file, model, path)
    if kind == "missing":
        return file.problem(
            path,
            f"{_dotted(path)} is missing",
            "the program cannot do without it",
            f"add {_sample(model, path)}; `intake init` writes a complete example",
        )
    return file.problem(path, *_mistyped(path, kind, context, detail["input"]))


def _unknown(file: TomlFile, model: type[BaseModel], path: Path) -> Problem:
    key = str(path[-1])
    known = keys_at(model, path[:-1])
    if key.lower() in {"client_secret", "refresh_token", "access_token"}:
        return file.problem(
            path,
            f"{_dotted(path)} stands in the file",
            "secrets are never kept in TOML",
            "take it out and write client_secret_env, client_secret_file or token_file",
        )
    if key.lower() in _SECRETS and "password_env" in known:
        remedy = "take it out, put the secret in a file and write password_file or password_env"
        return file.problem(
            path, f"{_dotted(path)} stands in the file", "secrets are never kept in TOML", remedy
        )
    return file.problem(
        path,
        f"{_dotted(path)} is not known",
        "an unknown key is usually a typing mistake and would be ignored silently",
        did_you_mean(key, known),
    )


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return the remedy for an unknown word: the nearest known one, or all of them."""
    if near := _nearest(word, known):
        return f"did you mean {near[0]}?"
    return f"write one of: {', '.join(known)}" if known else "take it out"


def keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """Return the keys that the table at this path may have; empty when it is no table."""
    here: Any = model
    for step in path:
        if isinstance(step, int):
            continue
        fields = _fields(here)
        if step not in fields:
            return []
        here = _table_type(fields[step])
    return list(_fields(here))


def _fields(kind: Any) -> dict[str, Any]:
    """Return name-in-the-file → annotation of a model's or dataclass's fields."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {found.alias or name: found.annotation for name, found in kind.model_fields.items()}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return {entry.name: hints[entry.name] for entry in dataclasses.fields(kind)}
    return {}


def _table_type(annotation: Any) -> Any:
    """Return the model or dataclass inside ``tuple[X, ...]``, ``X | None`` or ``Annotated``."""
    if _fields(annotation):
        return annotation
    if typing.get_origin(annotation) in {tuple, typing.Union, types.UnionType, typing.Annotated}:
        for inner in typing.get_args(annotation):
            if _fields(found := _table_type(inner)):
                return found
    return None


def _sample(model: type[BaseModel], path: Path) -> str:
    key = str(path[-1])
    if keys_at(model, path):
        return f"the section [{_dotted(path)}]"
    return f"the line {key} = …"


def _mistyped(
    path: Path, kind: str, context: Mapping[str, Any], value: object
) -> tuple[str, str, str]:
    """Return what, why and remedy for the kinds of error that pydantic itself finds."""
    name = _dotted(path)
    # Somebody may have written the password itself where its name belongs.
    shown = "…" if str(path[-1]).startswith("password") else _literal(value)
    if kind in {"literal_error", "enum"}:
        known = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        why = f"only these are understood: {', '.join(known)}"
        near = _nearest(str(value), known)
        return f"{name} = {shown}", why, f'write "{near[0] if near else known[0]}"'
    if kind == "string_pattern_mismatch":
        return f"{name} = {shown}", _PATTERNS_WHY, _pattern_remedy(str(context.get("pattern", "")))
    if kind in _TYPES:
        wanted, sample = _TYPES[kind]
        return f"{name} = {shown}", f"it must be {wanted}", f"write such as {sample}"
    if kind in _BOUNDS:
        bound = next((context[key] for key in ("ge", "gt", "le", "lt") if key in context), "")
        return (
            f"{name} = {shown}",
            f"it must be {_BOUNDS[kind]} {bound}",
            "write a number within that bound",
        )
    if kind == "too_short":
        return f"{name} is empty", "at least one entry is needed", "add one"
    return (
        f"{name} = {shown}",
        "the value does not fit this key",
        "compare it with `intake init`'s example",
    )


_PATTERNS_WHY = "it becomes part of file names, commands and receipt numbers"
_TYPES = {
    "string_type": ("text", '"…" in quotes'),
    "int_type": ("a whole number", "60 without quotes"),
    "int_from_float": ("a whole number", "60 without a decimal point"),
    "int_parsing": ("a whole number", "60 without quotes"),
    "float_type": ("a number", "0.2 without quotes"),
    "float_parsing": ("a number", "0.2 without quotes"),
    "bool_type": ("true or false", "true without quotes"),
    "bool_parsing": ("true or false", "true without quotes"),
    "tuple_type": ("a list", '["…", "…"] in square brackets'),
    "decimal_type": ("a number", "500 without quotes"),
    "decimal_parsing": ("a number", "500 without quotes"),
    "model_type": ("a section", "[name] on a line of its own with its keys below"),
    "model_attributes_type": ("a section", "[name] on a line of its own with its keys below"),
    "dataclass_type": ("a table", '{ value = "…", aliases = ["…"] } in braces'),
}
_BOUNDS = {
    "greater_than_equal": "at least",
    "greater_than": "more than",
    "less_than_equal": "at most",
    "less_than": "less than",
    "finite_number": "a finite number",
}


def _pattern_remedy(pattern: str) -> str:
    if "A-Z" in pattern:
        return "write 1 to 12 capital letters and digits such as OCOP2"
    return "write small letters without diacritics, digits, - and _ such as ocop-2024-2"


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}…"'  # noqa: PLR2004  one line on a terminal
    return "a list" if isinstance(value, list | tuple) else str(value)


def _dotted(path: Path) -> str:
    """``("remind", 1, "at")`` → ``remind[2].at``: entries are counted from 1 for people."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return text
