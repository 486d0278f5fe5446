"""What a Word document's styles part says about borders, numbering and fonts."""

from collections.abc import Iterator
from typing import Final

from lxml import etree

_CHAIN: Final = 12  # styles may be based on each other in a circle; nobody nests deeper
_NO_LINE: Final = frozenset({None, "nil", "none"})
_SIDES: Final = ("{*}insideV", "{*}insideH", "{*}left", "{*}start")
_ALL_SIDES: Final = 2


class Styles:
    """The styles of one document; ``None`` = it has no styles part."""

    def __init__(self, root: etree._Element | None) -> None:
        self._styles = {
            identifier: style
            for style in (() if root is None else root.iterchildren("{*}style"))
            if (identifier := _attribute(style, "styleId"))
        }
        self._default = None if root is None else root.find("{*}docDefaults/{*}rPrDefault/{*}rPr")
        self._normal = next(
            (
                identifier
                for identifier, style in self._styles.items()
                if _attribute(style, "type") == "paragraph"
                and _attribute(style, "default") in {"1", "true", "on"}
            ),
            "",
        )
        self._fonts: dict[tuple[str, str], str] = {}

    def fonts(self, root: etree._Element) -> Iterator[str]:
        """Yield every font that the styles or this part name."""
        parts = [root, *self._styles.values()]
        parts += [] if self._default is None else [self._default]
        for part in parts:
            for fonts in part.iter("{*}rFonts"):
                yield from map(str, fonts.attrib.values())

    def font(self, run: etree._Element, paragraph: etree._Element) -> str:
        """Return the font in which a run shows letters beyond ASCII; ``""`` = not stated.

        Its own font wins over its style's, then the paragraph's style's, then the document's.
        """
        properties = run.find("{*}rPr")
        own = _font(properties)
        if own is not None:
            return own
        styles = _child(run, "rPr", "rStyle") or "", _child(paragraph, "pPr", "pStyle") or ""
        if styles not in self._fonts:
            chain = (*self._chain(styles[0]), *self._chain(styles[1] or self._normal))
            stated = (_font(style.find("{*}rPr")) for style in chain)
            found = next((font for font in stated if font is not None), None)
            self._fonts[styles] = (_font(self._default) if found is None else found) or ""
        return self._fonts[styles]

    def numbered(self, paragraph: etree._Element) -> tuple[str, int]:
        """Return (numId, level) of a paragraph's automatic number; ("", 0) = none."""
        properties = paragraph.find("{*}pPr")
        if properties is None:
            return "", 0
        sources = [properties]
        style = properties.find("{*}pStyle")
        if style is not None:
            sources += [
                found
                for link in self._chain(_attribute(style) or "")
                if (found := link.find("{*}pPr")) is not None
            ]
        number, level = None, None
        for source in sources:
            number = number or _child(source, "numPr", "numId")
            level = level or _child(source, "numPr", "ilvl")
        depth = int(level) if level and level.isdecimal() and len(level) == 1 else 0
        return ("" if number in {None, "0"} else number or ""), depth

    def ruled(self, table: etree._Element) -> bool:
        """Whether the table shows lines, by its own borders, its style's or its cells'."""
        properties = table.find("{*}tblPr")
        if properties is not None:
            own = _lines(properties)
            if own is not None:
                return own or _ruled_cells(table)
            style = properties.find("{*}tblStyle")
            for link in self._chain("" if style is None else _attribute(style) or ""):
                inherited = link.find("{*}tblPr")
                lines = None if inherited is None else _lines(inherited)
                if lines is not None:
                    return lines or _ruled_cells(table)
        return _ruled_cells(table)

    def _chain(self, identifier: str) -> Iterator[etree._Element]:
        for _ in range(_CHAIN):
            style = self._styles.get(identifier)
            if style is None:
                return
            yield style
            based = style.find("{*}basedOn")
            identifier = "" if based is None else _attribute(based) or ""


def _font(properties: etree._Element | None) -> str | None:
    """Return the font of run properties; a theme's font is Unicode; ``None`` = none stated."""
    fonts = None if properties is None else properties.find("{*}rFonts")
    if fonts is None:
        return None
    for name in ("hAnsi", "ascii", "cs"):
        if _attribute(fonts, f"{name}Theme"):
            return ""
        font = _attribute(fonts, name)
        if font:
            return font
    return None


def _lines(properties: etree._Element) -> bool | None:
    borders = properties.find("{*}tblBorders")
    if borders is None:
        return None
    return any(
        (side := borders.find(name)) is not None and _attribute(side) not in _NO_LINE
        for name in _SIDES
    )


def _ruled_cells(table: etree._Element) -> bool:
    """Whether most cells draw lines on both sides: a rule under the letterhead does not count."""
    cells = ruled = 0
    for borders in table.iter("{*}tc"):
        cells += 1
        properties = borders.find("{*}tcPr")
        own = None if properties is None else properties.find("{*}tcBorders")
        if own is not None:
            sides = sum(
                _attribute(side) not in _NO_LINE
                for side in own.iterchildren("{*}left", "{*}right", "{*}start", "{*}end")
            )
            ruled += sides >= _ALL_SIDES
    return ruled * 2 > cells


def _child(parent: etree._Element, *names: str) -> str | None:
    element: etree._Element | None = parent
    for name in names:
        element = None if element is None else element.find(f"{{*}}{name}")
    return None if element is None else _attribute(element)


def _attribute(element: etree._Element, name: str = "val") -> str | None:
    return next(
        (str(text) for key, text in element.attrib.items() if str(key).rpartition("}")[2] == name),
        None,
    )
