"""A choice: one of the campaign's values, however it is written."""

from collections.abc import Callable, Iterator

from parsers.form import Choice, Field
from parsers.grid import Cell
from parsers.outcome import Value, doubt, error, quoted
from parsers.vietnamese import fold, key, squash

_SHORTEST_PREFIX = 4


def parse_choice(field: Field, cell: Cell) -> Value:
    """Return the configured value that the text names, by value or alias, with or without accents.

    The beginning of exactly one value, or one value followed by more words, is taken with a
    warning. Everything else is an error that lists what is allowed.
    """
    for form in (key, fold, squash):
        found = _equal(field, cell.text, form)
        if len(found) == 1:
            return Value(found[0], 1.0 if form is key else 0.95)
        if found:
            break
    near = _near(field, fold(cell.text))
    shown = quoted(field, cell.text)
    if len(near) == 1:
        message = (
            f"{shown} được hiểu là {quoted(field, near[0])}. Đề nghị ghi đúng tên trong danh mục."
        )
        return doubt(field, near[0], "near-choice", message, 0.8)
    allowed = "; ".join(choice.value for choice in field.choices)
    return error(
        field, "not-a-choice", f"{shown} không có trong danh mục. Đề nghị ghi một trong: {allowed}."
    )


def _names(choice: Choice) -> Iterator[str]:
    yield choice.value
    yield from choice.aliases


def _equal(field: Field, text: str, form: Callable[[str], str]) -> list[str]:
    wanted = form(text)
    return [
        choice.value
        for choice in field.choices
        if wanted and any(form(name) == wanted for name in _names(choice))
    ]


def _near(field: Field, text: str) -> list[str]:
    """Return the values that begin with the text, or whose whole name stands in it as words."""
    begun = [
        choice.value
        for choice in field.choices
        if len(text) >= _SHORTEST_PREFIX
        and any(fold(name).startswith(text) for name in _names(choice))
    ]
    if begun:
        return begun
    held = {
        name: choice.value
        for choice in field.choices
        for raw in _names(choice)
        if (name := fold(raw)) and f" {name} " in f" {text} "
    }
    longest = [
        value
        for name, value in held.items()
        if not any(name != other and f" {name} " in f" {other} " for other in held)
    ]
    return list(dict.fromkeys(longest))
