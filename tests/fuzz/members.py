"""Damage inside packages (xlsx, docx, ods, odt): members lost, XML changed under a right CRC."""

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from random import Random

from fuzz.mutant import Input, Meaning, Mutant, mutant

Members = list[tuple[str, bytes]]

_PACKAGES = frozenset({"xlsx", "xlsm", "docx", "ods", "odt"})
#: Members that hold what a person wrote; losing another may not matter.
_CONTENT = re.compile(
    r"xl/(?:worksheets/sheet\d+|sharedStrings|workbook|styles)\.xml|word/(?:document|numbering)\.xml"
    r"|content\.xml|styles\.xml|.*\.rels|\[Content_Types\]\.xml|mimetype"
)


def _members(one: Input) -> Members:
    if one.kind not in _PACKAGES:
        return []
    with zipfile.ZipFile(io.BytesIO(one.data)) as package:
        return [(entry.filename, package.read(entry)) for entry in package.infolist()]


def _packed(members: Members, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as package, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a name twice is what is wanted
        for name, data in members:
            entry = zipfile.ZipInfo(name, (2024, 5, 15, 9, 0, 0))
            package.writestr(entry, data, zipfile.ZIP_STORED if name == "mimetype" else method)
    return buffer.getvalue()


def _each(
    one: Input, change: Callable[[str, bytes], Members], meaning: Meaning = "any"
) -> Iterator[Mutant]:
    """Yield the package with each of its telling members changed."""
    members = _members(one)
    for at, (name, data) in enumerate(members):
        if _CONTENT.fullmatch(name):
            changed = [*members[:at], *change(name, data), *members[at + 1 :]]
            yield mutant(one, name, _packed(changed), meaning)


def drop_member(one: Input, _chance: Random) -> Iterator[Mutant]:
    """Leave a member out."""
    yield from _each(one, lambda _name, _data: [])


def rename_member(one: Input, _chance: Random) -> Iterator[Mutant]:
    """Give a member another name."""
    yield from _each(one, lambda name, data: [(f"{name}.bak", data)])


def empty_member(one: Input, _chance: Random) -> Iterator[Mutant]:
    """Leave nothing in a member."""
    yield from _each(one, lambda name, _data: [(name, b"")])


def cut_member(one: Input, chance: Random) -> Iterator[Mutant]:
    """Cut a member off, under a right checksum: a program that wrote only a part."""
    yield from _each(one, lambda name, data: [(name, data[: chance.randrange(len(data) + 1)])])


def repeat_member(one: Input, _chance: Random) -> Iterator[Mutant]:
    """Write a member twice, once cut: which of the two counts is nobody's to know."""
    yield from _each(one, lambda name, data: [(name, data[: len(data) // 2]), (name, data)])
    yield from _each(one, lambda name, data: [(name, data), (name, data[: len(data) // 2])])


def recompress(one: Input, _chance: Random) -> Iterator[Mutant]:
    """Store what was deflated, deflate what was stored: the same document."""
    members = _members(one)
    if members:
        yield mutant(one, "stored", _packed(members, zipfile.ZIP_STORED), "same")
        yield mutant(one, "deflated", _packed(members), "same")
        # OpenDocument wants its mimetype first; for the others the order says nothing.
        fixed = 1 if members[0][0] == "mimetype" else 0
        turned = members[:fixed] + members[fixed:][::-1]
        yield mutant(one, "members turned round", _packed(turned), "same")


# --- XML under a right checksum -------------------------------------------------------------------

_INDEX = re.compile(rb'(t="s"[^>]*>\s*<v>)(\d+)(</v>)')
_REFERENCE = re.compile(rb'(<c r="[A-Z]+)(\d+)(")')
_ROW = re.compile(
    rb"<row\b.*?</row>|<w:tr\b.*?</w:tr>|<table:table-row\b.*?</table:table-row>", re.DOTALL
)
_CELL = re.compile(rb"<c\b[^>]*?(?:/>|>.*?</c>)|<w:tc>.*?</w:tc>", re.DOTALL)
_MERGE = re.compile(rb'(<mergeCell ref="[A-Z]+)(\d+)(:)')
_ITEM = re.compile(rb"<si>.*?</si>", re.DOTALL)
_NUMBER = re.compile(rb"(<v>)([\d.]+)(</v>)")
_ATTRIBUTE = re.compile(rb'(\s[\w:]+=")([^"]*)(")')


def _changed(
    one: Input,
    chance: Random,
    pattern: re.Pattern[bytes],
    change: Callable[[re.Match[bytes]], bytes],
    meaning: Meaning = "any",
    times: int = 2,
) -> Iterator[Mutant]:
    """Yield the package with some match of a pattern in its content replaced."""
    members = _members(one)
    places = [
        (at, match)
        for at, (name, data) in enumerate(members)
        if _CONTENT.fullmatch(name)
        for match in pattern.finditer(data)
    ]
    for at, match in chance.sample(places, min(times, len(places))):
        name, data = members[at]
        new = data[: match.start()] + change(match) + data[match.end() :]
        again = [*members[:at], (name, new), *members[at + 1 :]]
        yield mutant(one, f"{name} at {match.start()}", _packed(again), meaning)


def string_index(one: Input, chance: Random) -> Iterator[Mutant]:
    """Let a cell point to another text: outside of the list it is damage, inside nobody knows."""
    for index in (b"99999", b"-1", b"", b"1e0", b"x"):
        yield from _changed(
            one,
            chance,
            _INDEX,
            lambda m, i=index: m[1] + i + m[3],
            times=1,  # type: ignore[misc]
        )
    yield from _changed(one, chance, _INDEX, lambda m: m[1] + b"0" + m[3], "otherwise")


def drop_string(one: Input, chance: Random) -> Iterator[Mutant]:
    """Leave out one of the texts that cells point to: every text behind it moves up."""
    yield from _changed(one, chance, _ITEM, lambda _match: b"", times=4)


def repeat_string(one: Input, chance: Random) -> Iterator[Mutant]:
    """Write one of the texts twice: every text behind it moves down."""
    yield from _changed(one, chance, _ITEM, lambda m: m[0] * 2, times=4)


def cell_reference(one: Input, chance: Random) -> Iterator[Mutant]:
    """Say that a cell stands in another row than the one that it stands in."""
    yield from _changed(
        one, chance, _REFERENCE, lambda m: m[1] + b"%d" % (int(m[2]) + 1) + m[3], times=4
    )


def repeat_cell(one: Input, chance: Random) -> Iterator[Mutant]:
    """Write a cell twice: two contents for one address (xlsx), a column too many (docx)."""
    yield from _changed(one, chance, _CELL, lambda m: m[0] * 2, "any", 4)


def drop_cell(one: Input, chance: Random) -> Iterator[Mutant]:
    """Leave a cell out: in xlsx it is empty then, in docx those behind it move up."""
    meaning: Meaning = "otherwise" if one.kind in {"xlsx", "xlsm"} else "any"
    yield from _changed(one, chance, _CELL, lambda _m: b"", meaning, 4)


def repeat_row(one: Input, chance: Random) -> Iterator[Mutant]:
    """Write a row twice: damage in xlsx, elsewhere somebody may have typed it twice."""
    meaning: Meaning = "any" if one.kind in {"xlsx", "xlsm"} else "otherwise"
    yield from _changed(one, chance, _ROW, lambda m: m[0] * 2, meaning, 3)


def drop_row(one: Input, chance: Random) -> Iterator[Mutant]:
    """Leave a row out: a table that somebody wrote so looks no different."""
    yield from _changed(one, chance, _ROW, lambda _m: b"", "otherwise", 3)


def move_merge(one: Input, chance: Random) -> Iterator[Mutant]:
    """Move a merged range by a row: somebody may have merged those cells."""
    yield from _changed(
        one, chance, _MERGE, lambda m: m[1] + b"%d" % (int(m[2]) + 1) + m[3], "otherwise"
    )


def no_number(one: Input, chance: Random) -> Iterator[Mutant]:
    """Put what is no number where a number must stand."""
    for text in (b"NaN", b"INF", b"1_0", b"0x10", b"\xd9\xa1\xd9\xa2", b"1,5", b" "):
        yield from _changed(
            one,
            chance,
            _NUMBER,
            lambda m, t=text: m[1] + t + m[3],
            times=1,  # type: ignore[misc]
        )


def attribute(one: Input, chance: Random) -> Iterator[Mutant]:
    """Change the value of any attribute: whatever follows, the reader must survive it."""
    for value in (b"", b"-1", b"99999999999", b"A0", b"\xe2\x80\xae", b"true"):
        yield from _changed(
            one, chance, _ATTRIBUTE, lambda m, v=value: m[1] + v + m[3],  # type: ignore[misc]
            "otherwise", 2,
        )  # fmt: skip
