"""Damage to the bytes of a document, as a bad disk or a broken transfer does it."""

from collections.abc import Iterator
from random import Random

from fuzz.mutant import CHECKED, Input, Meaning, Mutant, mutant

_TWENTIETHS = 20
_FLIPS = 12
_BLOCK = 512
#: Where formats say what they are and where their parts lie: worth a flip of their own.
_MARKS = (
    b"PK\x01\x02", b"PK\x05\x06", b"\xff\xda", b"\xff\xd9", b"startxref", b"/Kids", b"</table",
    b"<tr", b"</worksheet", b"}", b"\n",
)  # fmt: skip
_TAIL = b"\r\n--\r\nSent from my phone\r\n"


def truncate(one: Input, _chance: Random) -> Iterator[Mutant]:
    """Cut off at every twentieth, the last byte alone, and half of the last line."""
    size = len(one.data)
    last_line = max(one.data.rstrip(b"\r\n").rfind(b"\n") + 1, size - 200)
    ends = [size * part // _TWENTIETHS for part in range(_TWENTIETHS)]
    for end in sorted({*ends, 1, max(0, size - 1), (last_line + size) // 2}):
        yield mutant(one, f"at byte {end} of {size}", one.data[:end], _of_cut(one, end))


def _of_cut(one: Input, end: int) -> Meaning:
    """A text without marks of its own that ends where a line ends is a whole text."""
    rest = one.data[end:].replace(b"\0", b"").lstrip(b"\r")
    between = rest[:1] in {b"", b"\n"} or one.data[:end].rstrip(b"\0").endswith(b"\n")
    return "otherwise" if one.kind in {"csv", "text"} and between else "any"


def flip_bit(one: Input, chance: Random) -> Iterator[Mutant]:
    """Turn one bit over, anywhere and at the marks of the format."""
    for at in _places(one, chance):
        bit = chance.randrange(8)
        data = bytearray(one.data)
        data[at] ^= 1 << bit
        yield mutant(one, f"bit {bit} of byte {at}", bytes(data), _of_flip(one))


def flip_byte(one: Input, chance: Random) -> Iterator[Mutant]:
    """Put another byte in the place of one."""
    for at in _places(one, chance):
        data = bytearray(one.data)
        data[at] = (data[at] + chance.randrange(1, 256)) % 256
        yield mutant(one, f"byte {at}", bytes(data), _of_flip(one))


def _of_flip(one: Input) -> Meaning:
    return "any" if one.kind in CHECKED else "one byte"


def _places(one: Input, chance: Random) -> Iterator[int]:
    size = len(one.data)
    for _ in range(_FLIPS):
        yield chance.randrange(size)
    for mark in _MARKS:
        found = one.data.rfind(mark)
        if found >= 0:
            yield found + chance.randrange(len(mark))


def zero_block(one: Input, chance: Random) -> Iterator[Mutant]:
    """Fill a block with zeros, as a disk or a resumed download leaves it."""
    for at in _blocks(one, chance):
        hole = bytes(len(one.data[at : at + _BLOCK]))
        yield mutant(one, f"block at {at}", one.data[:at] + hole + one.data[at + _BLOCK :])


def drop_block(one: Input, chance: Random) -> Iterator[Mutant]:
    """Leave a block out."""
    for at in _blocks(one, chance):
        data = one.data[:at] + one.data[at + _BLOCK :]
        yield mutant(one, f"block at {at}", data, _of_block(one))


def swap_blocks(one: Input, chance: Random) -> Iterator[Mutant]:
    """Let two blocks change places."""
    for _ in range(2):
        first, second, *_ = sorted([*_blocks(one, chance)][:2]) * 2
        if first == second:  # there is only one
            continue
        a, b = one.data[first : first + _BLOCK], one.data[second : second + _BLOCK]
        middle = one.data[first + _BLOCK : second]
        data = one.data[:first] + b + middle + a + one.data[second + _BLOCK :]
        yield mutant(one, f"blocks at {first} and {second}", data, _of_block(one))


def repeat_block(one: Input, chance: Random) -> Iterator[Mutant]:
    """Write a block twice."""
    for at in _blocks(one, chance):
        data = one.data[: at + _BLOCK] + one.data[at:]
        yield mutant(one, f"block at {at}", data, _of_block(one))


def _of_block(one: Input) -> Meaning:
    """Say what may be expected where a piece of a text is not where it was.

    If both ends of the gap lie in texts of one column, the end of one row and the beginning of
    another make a row like any other: only running numbers tell (docs/known-limits.md).
    """
    return "otherwise" if one.kind in {"csv", "text", "html", "xml", "rtf"} else "any"


def _blocks(one: Input, chance: Random) -> Iterator[int]:
    """Yield where some blocks begin."""
    count = max(1, len(one.data) // _BLOCK)
    yield from (at * _BLOCK for at in chance.sample(range(count), min(4, count)))


def garbage_after(one: Input, _chance: Random) -> Iterator[Mutant]:
    """Add what does not belong to the document behind it."""
    for detail, tail in (("zeros", bytes(2000)), ("words", _TAIL)):
        yield mutant(one, detail, one.data + tail)


def garbage_before(one: Input, _chance: Random) -> Iterator[Mutant]:
    """Put what does not belong to the document before it."""
    for detail, head in (("line ends", b"\r\n\r\n"), ("bytes", b"\0\x01\x02garbage")):
        yield mutant(one, detail, head + one.data)
