"""The styles of an OpenDocument sheet, as far as they change what its cells say."""

from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from parsers.package import local

_STYLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_NUMBER: Final = "{urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0}"
_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
#: The kinds of elements that `Styles.add` understands.
TAGS: Final = (
    "style",
    "number-style",
    "currency-style",
    "percentage-style",
    "date-style",
    "time-style",
    "boolean-style",
    "text-style",
)
_PARTS: Final = {
    "day": "d",
    "month": "m",
    "year": "yyyy",
    "hours": "h",
    "minutes": "mm",
    "seconds": "ss",
    "text-content": "@",
}
_MOST_DIGITS: Final = 30
_MOST_PARENTS: Final = 20


@dataclass(slots=True)
class Styles:
    """The styles met so far; a later one of the same name counts."""

    #: Cell style → its number style ("" = its parent's), its parent.
    _cells: dict[str, tuple[str, str]] = field(default_factory=dict)
    _codes: dict[str, str] = field(default_factory=dict)
    #: Number style → the one that is shown for numbers from 0 on.
    _positive: dict[str, str] = field(default_factory=dict)
    _hidden_tables: set[str] = field(default_factory=set)

    def add(self, element: etree._Element) -> None:
        """Take note of one style element."""
        name = element.get(f"{_STYLE}name") or ""
        if local(element) != "style":
            self._codes[name] = _code(element)
            for condition in element.iterchildren(f"{_STYLE}map"):
                if (condition.get(f"{_STYLE}condition") or "").startswith("value()>"):
                    self._positive[name] = condition.get(f"{_STYLE}apply-style-name") or ""
        elif element.get(f"{_STYLE}family") == "table-cell":
            number = element.get(f"{_STYLE}data-style-name") or ""
            self._cells[name] = number, element.get(f"{_STYLE}parent-style-name") or ""
        elif any(
            properties.get(f"{_TABLE}display") == "false"
            for properties in element.iterchildren(f"{_STYLE}table-properties")
        ):
            self._hidden_tables.add(name)

    def hides(self, table_style: str) -> bool:
        """Whether a sheet of this style is hidden."""
        return table_style in self._hidden_tables

    def code(self, cell_style: str) -> str:
        """Return a cell style's number format as Excel would write it; General if it has none."""
        for _ in range(_MOST_PARENTS):
            number, parent = self._cells.get(cell_style, ("", ""))
            if number:
                return self._codes.get(self._positive.get(number, number), "General")
            cell_style = parent
        return "General"


def _code(style: etree._Element) -> str:
    parts = []
    for part in style.iterchildren(tag=etree.Element):
        name = local(part)
        if name in {"number", "scientific-number", "fraction"}:
            parts.append(_digits(part))
        elif name == "currency-symbol":
            parts.append(f"[${part.text or ''}]")
        elif name == "text":
            parts.append(_literal(part.text or "", percent=local(style) == "percentage-style"))
        else:
            parts.append(_PARTS.get(name, ""))
    return "".join(parts) or "General"


def _literal(text: str, *, percent: bool) -> str:
    bare = text.replace('"', "")
    if percent and "%" in bare:
        return "%"
    return f'"{bare}"' if bare else ""


def _digits(part: etree._Element) -> str:
    """Return the pattern of a number: its leading zeros and its scale are part of what is seen."""
    whole, decimals = (
        min(int(part.get(f"{_NUMBER}{name}") or 0), _MOST_DIGITS)
        for name in ("min-integer-digits", "decimal-places")
    )
    grouped = part.get(f"{_NUMBER}grouping") == "true"
    if local(part) == "number" and whole <= 1 and not grouped and decimals == 0:
        pattern = "0"
    else:
        pattern = "#,##0" if grouped else "0" * max(1, whole)
    factor = float(part.get(f"{_NUMBER}display-factor") or 1)
    thousands = 0
    while factor >= 1000:  # noqa: PLR2004  as a comma divides in Excel's formats
        factor /= 1000
        thousands += 1
    return pattern + ("." + "0" * decimals if decimals > 0 else "") + "," * thousands
