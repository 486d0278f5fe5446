"""Views on a terminal: lists of like things as tables, the rest as indented lines."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_STATES = {
    "registered": "green",
    "nil": "green",
    "needs-fix": "yellow",
    "in-review": "yellow",
    "silent": "red",
    "error": "red",
    "refused": "red",
}


def show(view: object) -> None:
    """Print a view."""
    _show(Console(soft_wrap=False), "", view, 0)


def _show(console: Console, name: str, value: object, depth: int) -> None:
    pad = "  " * depth
    if isinstance(value, Mapping):
        if name:
            console.print(f"{pad}[bold]{escape(name)}[/bold]")
        for key, inner in value.items():
            _show(console, str(key), inner, depth + bool(name))
    elif isinstance(value, list) and _is_table(value):
        if name:
            console.print(f"{pad}[bold]{escape(name)}[/bold]")
        console.print(_table(value))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if not value:
            console.print(f"{pad}{escape(name)}: –" if name else f"{pad}–")
        for inner in value:
            _show(console, name, inner, depth)
    else:
        console.print(f"{pad}{escape(name)}: {_text(value)}")


def _is_table(value: object) -> bool:
    """Whether it is a list of flat maps."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(row, Mapping) for row in value)
        and not any(isinstance(cell, Mapping) for row in value for cell in row.values())
        and not any(_is_table(cell) for row in value for cell in row.values())
    )


def _table(rows: Sequence[Mapping[str, object]]) -> Table:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(*(escape(column) for column in columns), show_edge=False, pad_edge=False)
    for row in rows:
        table.add_row(*(_text(row.get(column)) for column in columns))
    return table


def _text(value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return escape(", ".join(map(str, value))) or "–"
    text = escape(str(value))
    colour = _STATES.get(text)
    return f"[{colour}]{text}[/{colour}]" if colour else text
