"""The programs that write files, what each can hold, and which files the set has of each layout."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final
from zlib import crc32

from golden.makers import pages, texts, wear, word_habits, words, workbooks
from golden.makers.layouts import Can
from golden.makers.paper import Paper


@dataclass(frozen=True, slots=True)
class Producer:
    """A program: the extension of its files, what a paper may hold for it, and how it writes.

    ``others`` are the extensions that LibreOffice makes of its files for some layouts.
    """

    extension: str
    can: Can
    write: Callable[[Paper], bytes]


_FLAT: Final = Can(lines=True, merges=False)
_PRINTED: Final = Can(lines=False)


def _worn(
    extension: str, write: Callable[..., bytes], way: Callable[[str], str], **more: str
) -> Producer:
    can = Can(typed=extension == "xlsx")
    return Producer(extension, can, lambda paper: write(wear.worn(paper, way), **more))


def _habit(change: Callable[[bytes], bytes]) -> Producer:
    return Producer("docx", Can(), lambda paper: change(words.by_python_docx(paper)))


PRODUCERS: Final = {
    "openpyxl": Producer("xlsx", Can(typed=True), workbooks.by_openpyxl),
    "xlsxwriter": Producer("xlsx", Can(typed=True, formulas=True), workbooks.by_xlsxwriter),
    "python-docx": Producer("docx", Can(), words.by_python_docx),
    "openpyxl-look-alikes": _worn("xlsx", workbooks.by_openpyxl, wear.look_alikes),
    "python-docx-look-alikes": _worn("docx", words.by_python_docx, wear.look_alikes),
    "openpyxl-apart": _worn("xlsx", workbooks.by_openpyxl, wear.decomposed),
    "python-docx-apart": _worn("docx", words.by_python_docx, wear.decomposed),
    "openpyxl-tcvn3": _worn("xlsx", workbooks.by_openpyxl, wear.tcvn3, font=".VnTime"),
    "python-docx-tcvn3": _worn("docx", words.by_python_docx, wear.tcvn3, font=".VnTime"),
    "openpyxl-vni": _worn("xlsx", workbooks.by_openpyxl, wear.vni, font="VNI-Times"),
    "python-docx-vni": _worn("docx", words.by_python_docx, wear.vni, font="VNI-Times"),
    "python-docx-tracked": _habit(word_habits.tracked),
    "python-docx-controls": _habit(word_habits.controlled),
    "python-docx-nested": _habit(word_habits.nested),
    "excel-html": Producer("xls", Can(), texts.html),
    "mail": Producer("html", Can(), texts.mail_html),
    "xml-2003": Producer("xls", Can(typed=True), texts.xml_2003),
    "csv-utf-8": Producer("csv", _FLAT, partial(texts.separated, way="utf-8")),
    "csv-bom": Producer("csv", _FLAT, partial(texts.separated, way="bom")),
    "csv-utf-16": Producer("csv", _FLAT, partial(texts.separated, way="utf-16")),
    "csv-cp1258": Producer("csv", _FLAT, partial(texts.separated, way="cp1258")),
    "tsv": Producer("tsv", _FLAT, partial(texts.separated, way="tab")),
    "reportlab": Producer("pdf", _PRINTED, pages.by_reportlab),
    "reportlab-sans": Producer("pdf", _PRINTED, partial(pages.by_reportlab, font="Sans", points=8)),
    "reportlab-print": Producer("pdf", _PRINTED, partial(pages.by_reportlab, points=11)),
    "reportlab-unruled": Producer("pdf", _PRINTED, partial(pages.by_reportlab, ruled=False)),
    "reportlab-turned": Producer("pdf", _PRINTED, partial(pages.by_reportlab, turned=90)),
}
#: Made in a moment, so that a run with other seeds can make them anew (``./dev golden --seed``).
QUICK: Final = tuple(PRODUCERS)

_ONLY_SHEETS: Final = frozenset(
    {"last-year", "hidden-parts", "total-formula", "list-off-corner", "saved-formulas"}
)
_FORMULAS: Final = frozenset({"total-formula", "saved-formulas"})
_FLAT_SHAPES: Final = frozenset(
    {
        "list-bare", "list-signed", "list-sixteen", "list-five", "list-nine", "list-reversed",
        "list-own-columns", "list-synonyms", "list-no-accents", "list-no-numbers", "unit-line",
        "unit-cells", "unit-dong", "unit-thousands", "groups-roman", "ditto-rows", "slips-few",
        "slips-many", "slips-dong", "total-wrong", "blank-returned", "nothing-needed",
    }
)  # fmt: skip
_WEB_SHAPES: Final = frozenset(
    {
        "list-signed", "list-sixteen", "header-merged", "unit-line", "unit-cells", "groups-wide",
        "owners-merged", "products-merged", "slips-many", "two-tables", "columns-are-points",
        "unit-dong",
    }
)  # fmt: skip
_PRINTED_SHAPES: Final = frozenset(
    {
        "list-bare", "list-signed", "list-sixteen", "list-nine", "list-forty", "list-synonyms",
        "header-merged", "header-three", "header-letters", "unit-line", "unit-row", "unit-dong",
        "unit-cells", "groups-roman", "groups-wide", "owners-merged", "products-merged",
        "slips-few", "slips-many", "slips-signed", "total-wrong", "letter-annex", "cards",
        "blank-returned",
    }
)  # fmt: skip
#: Drawn in the wider letters of DejaVu Sans.
_SANS: Final = frozenset(
    {"list-bare", "groups-roman", "owners-merged", "header-three", "unit-line", "cards"}
)
#: Their Word files are printed by LibreOffice as well.
_FROM_WORD: Final = frozenset(
    {
        "list-bare", "list-nine", "list-sixteen", "list-synonyms", "header-merged",
        "header-three", "groups-wide", "slips-many", "slips-signed", "total-wrong", "unit-cells",
        "blank-returned", "list-forty", "products-below",
    }
)  # fmt: skip
_UNRULED: Final = frozenset({"list-bare", "list-signed", "list-nine", "unit-dong", "slips-few"})
_TURNED: Final = frozenset({"list-signed", "unit-line"})
#: Printed as large as offices do, to be scanned and photographed.
_LARGE: Final = frozenset({"list-signed", "list-nine", "unit-dong", "slips-signed"})
_CSV_WAYS: Final = ("csv-utf-8", "csv-bom", "csv-utf-16", "csv-cp1258", "tsv")


def producers_of(layout: str) -> Iterator[str]:
    """Yield the producers of a layout's files.

    The two writers of workbooks take turns by the layout's name, as do the ways of writing
    separated values: a new layout changes no other's files.
    """
    kind, _, habit = layout.partition("-")
    turn = crc32(layout.encode())
    if kind == "word":
        yield f"python-docx-{habit}"
    elif kind == "worn":
        yield from (f"openpyxl-{habit}", f"python-docx-{habit}")
    elif kind == "letter":
        yield "python-docx"
    else:
        writers = ("openpyxl", "xlsxwriter")
        yield writers[turn % 2 if layout not in _FORMULAS else 1]
        if kind == "slips":
            yield writers[(turn + 1) % 2]
        if layout not in _ONLY_SHEETS:
            yield "python-docx"
    if layout in _FLAT_SHAPES:
        yield _CSV_WAYS[turn % len(_CSV_WAYS)]
    if layout in _WEB_SHAPES:
        yield ("excel-html", "mail", "xml-2003")[turn % 3]
    yield from _printers(layout)


def _printers(layout: str) -> Iterator[str]:
    if layout in _PRINTED_SHAPES:
        yield "reportlab-sans" if layout in _SANS else "reportlab"
    if layout in _LARGE:
        yield "reportlab-print"
    if layout in _UNRULED:
        yield "reportlab-unruled"
    if layout in _TURNED:
        yield "reportlab-turned"


def converted_to(producer: str, layout: str) -> Iterator[str]:
    """Yield the extensions that LibreOffice makes of this file in the committed set."""
    turn = crc32(layout.encode())
    if producer in {"openpyxl", "openpyxl-tcvn3", "openpyxl-vni"}:
        yield "xls"
        if turn % 3 == 0 or layout.startswith(("hidden", "last")):
            yield "ods"
    if producer.startswith("python-docx"):
        yield ("doc", "odt", "rtf")[turn % 3]
    if producer == "python-docx" and layout in _FROM_WORD:
        yield "pdf"
