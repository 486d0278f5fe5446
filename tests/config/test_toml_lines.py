import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from config.toml_lines import line_at, lines_of

TEXT = '''# a comment with [brackets] and key = 1
title = "x # no comment = here"
literal = 'C:\\temp # "x" = 1'

[office] # behind a header
name = "a"   # = "b"
a.b . c = 1
"quoted.key" = 2
'single = key'."two words" = 3

[[remind]]
id = "d-1"
cc = [
  "commune",  # ] = no end
  'chair',

  [1, 2, [3,
    4]],
  { x = 1, y = { z = "}" } },
]

[[remind]]
id = """first line
second = "line" # of a string
  \\""" still the same"""
after = 1
raw = \'\'\'
[not.a.table]
\'\'\'
next = 1

[[remind.step]]
at = 08:00:00
[[remind.step]]
at = 2024-05-21 00:00:00+07:00
[remind.step.inner]
deep = true
[deep.er]
x = 0x1F
[ deep . "er.est" ]
y = -1.5e3
ends = """two quotes at the end"""""
z = 1'''


def number(start: str) -> int:
    """The line of TEXT that begins so (after blanks); must be the only one."""
    found = [at for at, line in enumerate(TEXT.splitlines(), 1) if line.strip().startswith(start)]
    assert len(found) == 1, (start, found)
    return found[0]


def test_the_sample_is_what_tomllib_reads() -> None:
    table = tomllib.loads(TEXT)
    assert table["remind"][1]["step"][1]["inner"]["deep"] is True
    assert table["office"]["a"]["b"]["c"] == 1


def test_plain_quoted_and_dotted_keys() -> None:
    lines = lines_of(TEXT)
    assert lines["title",] == number("title")
    assert lines["literal",] == number("literal")
    assert lines["office",] == number("[office]")
    assert lines["office", "name"] == number("name")
    assert lines["office", "a"] == number("a.b")
    assert lines["office", "a", "b", "c"] == number("a.b")
    assert lines["office", "quoted.key"] == number('"quoted.key"')
    assert lines["office", "single = key", "two words"] == number("'single")


def test_arrays_of_tables_and_tables_below_them() -> None:
    lines = lines_of(TEXT)
    first = number("# a comment")
    heads = [at for at, line in enumerate(TEXT.splitlines(), first) if line == "[[remind]]"]
    assert [lines["remind", 0], lines["remind", 1]] == heads
    assert lines["remind",] == heads[0]
    steps = [at for at, line in enumerate(TEXT.splitlines(), first) if line == "[[remind.step]]"]
    assert [lines["remind", 1, "step", n] for n in (0, 1)] == steps
    assert lines["remind", 1, "step", 1, "at"] == steps[1] + 1
    assert lines["remind", 1, "step", 1, "inner", "deep"] == number("deep = true")
    assert ("remind", 0, "step") not in lines


def test_elements_of_arrays_and_inline_tables() -> None:
    lines = lines_of(TEXT)
    base = number("cc = [")
    assert lines["remind", 0, "cc"] == base
    assert lines["remind", 0, "cc", 0] == base + 1
    assert lines["remind", 0, "cc", 1] == base + 2
    assert lines["remind", 0, "cc", 2] == base + 4
    assert lines["remind", 0, "cc", 2, 2, 1] == base + 5
    assert lines["remind", 0, "cc", 3, "y", "z"] == base + 6


def test_what_stands_in_strings_is_no_structure() -> None:
    lines = lines_of(TEXT)
    assert lines["remind", 1, "after"] == number("after")
    assert lines["remind", 1, "next"] == number("next")
    assert ("not",) not in lines
    assert lines["deep", "er", "x"] == number("x = 0x1F")
    assert lines["deep", "er.est"] == number("[ deep")
    assert lines["deep", "er.est", "z"] == number("z = 1")


def test_windows_line_ends_count_once() -> None:
    assert lines_of("a = 1\r\n\r\n[b]\r\nc = 2\r\n")["b", "c"] == 4


def test_an_unknown_path_stands_at_the_table_around_it() -> None:
    lines = lines_of("[a]\nb = 1\n")
    assert line_at(lines, ("a", "missing", 3)) == 1
    assert line_at(lines, ("a", "b")) == 2
    assert line_at(lines, ("nowhere",)) == 1


_KEYS = st.text("abc -.#='[]é", min_size=1, max_size=6)
_LEAVES = st.integers() | st.booleans() | st.text("ab\"'\\#=[]{},\n é", max_size=8)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _inline(value: Any, step: str) -> str:
    """Write a value; arrays break their lines with ``step`` (blanks, a comment, a line end)."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return "[" + "".join(f"{step}{_inline(entry, step)}," for entry in value) + step + "]"
    # TOML 1.0 allows no line end between the entries of an inline table.
    pairs = (f"{_quoted(key)} = {_inline(entry, ' ')}" for key, entry in value.items())
    return "{" + ", ".join(pairs) + "}"


@settings(max_examples=150, deadline=None)
@given(
    table=st.dictionaries(_KEYS, _VALUES, max_size=5),
    step=st.sampled_from([" ", "\n", " # ] = \" '\n  "]),
)
def test_every_key_is_found_on_its_line(table: dict[str, Any], step: str) -> None:
    text, expected = "", {}
    for key, value in table.items():
        text += "\n"
        expected[(key,)] = text.count("\n") + 1
        text += f"{_quoted(key)} = {_inline(value, step)}\n"
    assert tomllib.loads(text) == table
    lines = lines_of(text)
    assert {path: line for path, line in lines.items() if len(path) == 1} == expected
    assert set(lines) == set(_paths(table, ()))


def _paths(value: Any, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    pairs: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    found = [path] if path else []
    for key, inner in pairs:
        found += _paths(inner, (*path, key))
    return found
