"""What a command prints: lines that obey nothing that stands in them, and JSON documents."""

import json

import typer

from parsers.names import one_line


def echo(text: object, *, err: bool = False) -> None:
    """Print one line, whatever is in it: names, servers' words and errors come from outside."""
    line = str(text)
    indent = line[: len(line) - len(line.lstrip(" "))]
    typer.echo(indent + one_line(line), err=err)


def echo_json(view: object) -> None:
    """Print one JSON document; its values are as they are, none is folded."""
    typer.echo(as_json(view))


def as_json(view: object) -> str:
    """Return a view as JSON that any output can carry and no terminal obeys.

    What cannot be printed (control characters, lone surrogates, marks of direction) is escaped:
    to whoever reads the JSON it is there all the same.
    """
    text = json.dumps(view, ensure_ascii=False, indent=1)
    return "".join(
        char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text
    )
