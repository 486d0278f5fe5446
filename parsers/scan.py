"""Scans and photos: pictures, and PDFs that are nothing but pictures → tables and lines of text."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from parsers import tessdata
from parsers.form import Form
from parsers.grid import Extract, Grid, Limits
from parsers.legible import PartialExtract
from parsers.pdf_join import Piece, continues, joined
from parsers.picture import Album, opened
from parsers.pipe import MOST_PAGES
from parsers.reading import Finding, Refusal
from parsers.sniff import sniff, unsupported

if TYPE_CHECKING:
    from parsers.recognise import Recogniser
    from parsers.scan_page import ScannedPage

    PageRead = ScannedPage | Refusal
    #: Has pages read in their order until so many of them have a table, by whoever is free.
    Share = Callable[[Sequence[int], int, Callable[[int], PageRead]], Mapping[int, PageRead]]

#: Pages with a table that are read at most.
_MOST_TABLES: Final = 4
_ADVICE: Final = "Đề nghị gửi kèm tệp Excel (.xlsx) hoặc Word (.docx) gốc của biểu mẫu."
_UNRULED: Final = (
    "Trang {} có bảng không thấy đường kẻ, chương trình không xác định được các cột. " + _ADVICE
)
_NOT_REACHED: Final = "Tệp quét có {} trang, chương trình mới đọc {} trang đầu. " + _ADVICE


def extract(
    data: bytes,
    limits: Limits | None = None,
    form: Form | None = None,
    share: "Share | None" = None,
) -> Extract | Refusal:
    """Read a picture, or the pages of a PDF as pictures; places are ``page 1, row 3, column 4``.

    Rows and columns are counted as they are drawn on their page. Every cell has the confidence of
    its recognition and its box on the page. A table over several pages is one grid.

    Returns:
        An ``Extract``, a ``PartialExtract`` where a page could not be read, or a ``Refusal``:
        ``unreadable`` with advice (blurred, dark, cut off …), ``damaged``, ``too-large``.
    """
    kind = sniff(data).kind
    album = opened(data, kind, limits)
    if isinstance(album, Refusal):
        return album
    return read_album(album, range(album.count), form or Form("", ()), kind, share)


def read_album(
    album: Album, pages: Sequence[int], form: Form, kind: str, share: "Share | None" = None
) -> Extract | Refusal:
    """Read these pages (counted from 0) of an album; several of them by ``share``, if given."""
    if not tessdata.is_there():
        return replace(unsupported("jpeg"), detail="no Vietnamese letters for Tesseract", kind=kind)
    try:
        import cv2  # noqa: PLC0415  an extra, and heavy

        from parsers.recognise import Recogniser  # noqa: PLC0415  an extra, and heavy
    except ImportError as error:
        return replace(unsupported("jpeg"), detail=f"not installed: {error.name}", kind=kind)
    cv2.setNumThreads(1)  # a confined worker may start no thread
    try:
        recogniser = Recogniser(form)
    except (RuntimeError, OSError) as error:
        detail = f"no Vietnamese letters for Tesseract ({type(error).__name__})"
        return replace(unsupported("jpeg"), detail=detail, kind=kind)
    try:
        return _read(album, pages, form, kind, recogniser, share or _one_by_one)
    finally:
        recogniser.close()


def _read(
    album: Album,
    pages: Sequence[int],
    form: Form,
    kind: str,
    recogniser: "Recogniser",
    share: "Share",
) -> Extract | Refusal:
    from parsers.columns import captions_of  # noqa: PLC0415  with the rest
    from parsers.scan_page import read_page  # noqa: PLC0415  heavy

    captions = captions_of(form)

    def read_one(number: int) -> "PageRead":
        pixels = album.page(number)
        if isinstance(pixels, Refusal):
            return pixels
        return read_page(pixels, number + 1, recogniser, captions, kind)

    looked_at = pages[:MOST_PAGES]
    found = (share if len(looked_at) > 1 else _one_by_one)(looked_at, _MOST_TABLES, read_one)
    read: dict[int, ScannedPage] = {}
    refused: dict[int, Refusal] = {}
    for number, page in sorted(found.items()):
        if isinstance(page, Refusal):
            refused[number + 1] = page
        else:
            read[number + 1] = page
    if not read and refused:
        return next(iter(refused.values()))
    return _assembled(read, refused, pages, kind)


def _one_by_one(
    pages: Sequence[int], most: int, read_one: "Callable[[int], PageRead]"
) -> "dict[int, PageRead]":
    """Read pages in their order until so many of them have a table: a ``Share`` without others."""
    found: dict[int, PageRead] = {}
    tables = 0
    for number in pages:
        found[number] = page = read_one(number)
        tables += not isinstance(page, Refusal) and page.has_table
        if tables == most:
            break
    return found


def _assembled(
    read: Mapping[int, "ScannedPage"],
    refused: dict[int, Refusal],
    pages: Sequence[int],
    kind: str,
) -> Extract | Refusal:
    lines: list[str] = []
    pieces: list[tuple[Piece, int]] = []  # each with the number of lines before it
    for number, page in read.items():
        tables = 0
        for at, item in enumerate(page.content):
            if isinstance(item, str):
                lines.append(item)
                continue
            tables += 1
            name = f"page {number}" + (f", table {tables}" if tables > 1 else "")
            last = at == len(page.content) - 1
            piece = Piece(number, name, item.rows, item.edges, opens=at == 0, closes=last)
            if pieces and continues(pieces[-1][0], piece):
                pieces[-1] = joined(pieces[-1][0], piece), pieces[-1][1]
            else:
                pieces.append((piece, len(lines)))
    if not lines and not pieces:
        message = "Không thấy chữ nào trong ảnh. " + _ADVICE
        return Refusal("unreadable", message, "no text", kind)
    starts = [0, *(at for _, at in pieces), len(lines)]
    grids = tuple(
        Grid(
            piece.name,
            piece.rows,
            before=tuple(lines[starts[number] : at]),
            after=tuple(lines[at : starts[number + 2]]),
        )
        for number, (piece, at) in enumerate(pieces)
    )
    reached = {*read, *refused}
    left = [number + 1 for number in pages if number + 1 not in reached]
    unruled = [number for number, page in read.items() if page.unruled]
    if not refused and not left and not unruled:
        return Extract(kind, grids, tuple(lines))
    findings = tuple(_notices(refused, left, unruled, len(pages)))
    unread = tuple(f"page {number}" for number in sorted({*refused, *left, *unruled}))
    return PartialExtract(kind, grids, tuple(lines), findings, unread)


def _notices(
    refused: Mapping[int, Refusal], left: Sequence[int], unruled: Sequence[int], count: int
) -> Iterable[Finding]:
    for number, refusal in refused.items():
        message = f"Trang {number}: {refusal.message}"
        yield Finding("error", "not-read", message, place=f"page {number}")
    for number in unruled:
        yield Finding("warning", "not-read", _UNRULED.format(number), place=f"page {number}")
    if left:
        message = _NOT_REACHED.format(count, count - len(left))
        yield Finding("warning", "not-read", message, place=f"page {left[0]}")
