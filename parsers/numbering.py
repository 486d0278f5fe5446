"""Word's automatic numbers (``1.``, ``a)``, ``II.``), which are not in the text."""

from dataclasses import dataclass
from typing import Final

from lxml import etree

_LEVELS: Final = 9
_ROMAN: Final = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_MOST: Final = 100_000


@dataclass(frozen=True, slots=True)
class _Level:
    form: str  # decimal, lowerLetter, upperRoman, bullet …
    text: str  # "%1." or "%1.%2"
    start: int


class Numbering:
    """The numbering part of one document and how far each list has counted.

    ``label`` must be asked once for each numbered paragraph, in the order of the document.
    """

    def __init__(self, root: etree._Element | None) -> None:
        self._lists: dict[str, tuple[str, dict[int, _Level]]] = {}
        self._counts: dict[str, list[int | None]] = {}
        if root is not None:
            abstract = {
                _attribute(element, "abstractNumId"): _levels(element)
                for element in root.iterchildren("{*}abstractNum")
            }
            for number in root.iterchildren("{*}num"):
                self._add(number, abstract)

    def _add(self, number: etree._Element, abstract: dict[str, dict[int, _Level]]) -> None:
        link = number.find("{*}abstractNumId")
        based_on = "" if link is None else _attribute(link)
        own = number.findall("{*}lvlOverride")
        identifier = _attribute(number, "numId")
        levels = dict(abstract.get(based_on, {}))
        for override in own:
            depth = _integer(_attribute(override, "ilvl"))
            levels.update(_levels(override))
            start = override.find("{*}startOverride")
            if start is not None and depth in levels:
                old = levels[depth]
                levels[depth] = _Level(old.form, old.text, _integer(_attribute(start)))
        # Lists of one abstract definition go on counting together, unless they restart.
        self._lists[identifier] = (identifier if own else f"abstract {based_on}", levels)

    def label(self, number: str, depth: int) -> str:
        """Return the printed number of the next paragraph of this list, ``""`` for bullets."""
        if number not in self._lists:
            return ""
        counter, levels = self._lists[number]
        counts = self._counts.setdefault(counter, [None] * _LEVELS)
        depth = min(depth, _LEVELS - 1)
        level = levels.get(depth)
        if level is None:
            return ""
        now = counts[depth]
        counts[depth] = level.start if now is None else now + 1
        counts[depth + 1 :] = [None] * (_LEVELS - depth - 1)
        if level.form in {"bullet", "none"}:
            return ""
        text = level.text
        for upper in range(depth + 1):
            shown = levels.get(upper, level)
            value = counts[upper]
            text = text.replace(
                f"%{upper + 1}", _written(shown.start if value is None else value, shown.form)
            )
        return text


def _written(value: int, form: str) -> str:
    if not 0 < value < _MOST:
        return str(value)
    if form in {"lowerLetter", "upperLetter"}:
        letter = chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 + 1)
        return letter if form == "lowerLetter" else letter.upper()
    if form in {"lowerRoman", "upperRoman"}:
        roman = ""
        for size, sign in _ROMAN:
            roman += sign * (value // size)
            value %= size
        return roman.lower() if form == "lowerRoman" else roman
    return f"{value:02d}" if form == "decimalZero" else str(value)


def _levels(parent: etree._Element) -> dict[int, _Level]:
    found = {}
    for level in parent.iterchildren("{*}lvl"):
        values = {
            name: _attribute(child)
            for name in ("numFmt", "lvlText", "start")
            if (child := level.find(f"{{*}}{name}")) is not None
        }
        found[_integer(_attribute(level, "ilvl"))] = _Level(
            values.get("numFmt", "decimal"),
            values.get("lvlText", "")[:40],
            _integer(values.get("start", "1")),
        )
    return found


def _integer(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 0  # noqa: PLR2004  no list is longer


def _attribute(element: etree._Element, name: str = "val") -> str:
    return next(
        (str(text) for key, text in element.attrib.items() if str(key).rpartition("}")[2] == name),
        "",
    )
