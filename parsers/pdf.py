"""PDFs with a text layer: a first look by pdfium, then tables and text by pdfplumber.

The first look is cheap and refuses what the second would choke on: passwords, too many pages, too
many drawn objects, pages that are pictures. It also finds pages that lie on their side.
"""

import io
import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import pdfplumber
import pypdfium2
import pypdfium2.raw as pdfium

from parsers import scan
from parsers.columns import captions_of
from parsers.form import Form
from parsers.grid import Extract, Grid, Limits
from parsers.incomplete import CUT_OFF, UNREAD
from parsers.legible import PartialExtract, is_garbled
from parsers.mending import best_of
from parsers.package import RefusedError
from parsers.pdf_join import Piece, continues, joined
from parsers.pdf_page import Page, Table, read_page
from parsers.pdf_streams import is_complete, is_torn
from parsers.picture import opened
from parsers.reading import Finding, Refusal, RefusalCode

_MOST_OBJECTS: Final = 50_000  # of one page; a form of 500 rows has some 12,000
_MOST_SEGMENTS: Final = 100_000
_MOST_LETTERS: Final = 100_000
_TEXT_LETTERS: Final = 20  # fewer on a page with a picture: the picture is the content
_COVER: Final = 0.3
_WHOLE_PAGE: Final = 0.85  # of the page: an opaque picture so large hides the text drawn before it
_OUTLINES: Final = 300  # so many drawn shapes without letters are letters drawn as shapes
_INVISIBLE: Final = 3  # text render mode of the layer that OCR lays under a scan (ISO 32000, 9.3.6)
_TURNS: Final = (0, 90, 180, 270)
_ADVICE: Final = "Đề nghị gửi tệp Excel (.xlsx) hoặc Word (.docx) gốc của biểu mẫu."
_OVERLAPPED: Final = (
    "Chữ trong bảng của tệp PDF đè lên nhau (do dòng quá thấp khi in), không đọc chính xác được. "
    + _ADVICE
)
#: What a person sees on a page.
_Shown = Literal["text", "picture", "blank"]


@dataclass(frozen=True, slots=True)
class _Look:
    """What the first look found: the bytes to read, the pages that are pictures.

    ``blank`` are pages without a letter, ``garbled`` those whose letters, once read, turned out to
    be no text.
    """

    data: bytes
    pages: int
    pictures: frozenset[int]
    blank: frozenset[int]
    garbled: frozenset[int] = frozenset()

    @property
    def unread(self) -> frozenset[int]:
        """The pages whose text nobody read."""
        return self.pictures | self.garbled


def extract(
    data: bytes,
    limits: Limits | None = None,
    form: Form | None = None,
    share: "scan.Share | None" = None,
) -> Extract | Refusal:
    """Read a PDF's ruled tables and text; places are ``page 1, row 3, column 4``.

    Rows and columns are counted as they are drawn on their page; the second table of a page is
    ``page 1, table 2, row …``. A table over several pages is one grid.

    Returns:
        An ``Extract`` (a ``PartialExtract`` if some pages are pictures), or a ``Refusal`` with code
        ``encrypted``, ``damaged``, ``too-large``, ``empty`` or ``unreadable``.
    """
    read = _read(data, limits or Limits(), form)
    if isinstance(read, Refusal):
        return read
    result = _extracted(*read, limits, form, share)
    if isinstance(result, Refusal) or is_complete(data):
        return result
    findings = result.findings if isinstance(result, PartialExtract) else ()
    unread = result.unread if isinstance(result, PartialExtract) else ()
    return PartialExtract(
        result.kind, result.grids, result.lines, (CUT_OFF, *findings), (*unread, *UNREAD)
    )


def _extracted(
    look: _Look,
    pages: dict[int, Page],
    limits: Limits | None,
    form: Form | None,
    share: "scan.Share | None",
) -> Extract | Refusal:
    if len(look.unread) == look.pages:
        return scan.extract(look.data, limits, form, share)
    overlapped = tuple(itertools.chain.from_iterable(page.overlapped for page in pages.values()))
    if overlapped:
        return Refusal("unreadable", _OVERLAPPED, f"overlapping letters: {overlapped[0]}", "pdf")
    written = _assembled(pages, look)
    if isinstance(written, Refusal) or not look.unread:
        return written
    return _with_pictures(written, look, form or Form("", ()), share)


def _with_pictures(
    written: Extract, look: _Look, form: Form, share: "scan.Share | None"
) -> Extract:
    """Add what the pages say that are pictures; the reason where one says nothing."""
    numbers = sorted(look.unread)
    album = opened(look.data, "pdf")
    pages = [number - 1 for number in numbers]
    seen = (
        album if isinstance(album, Refusal) else scan.read_album(album, pages, form, "pdf", share)
    )
    findings = written.findings if isinstance(written, PartialExtract) else ()
    unread = written.unread if isinstance(written, PartialExtract) else ()
    if isinstance(seen, Refusal):
        message = f"Trang {', '.join(map(str, numbers))}: {seen.message}"
        told = Finding("warning", "not-read", message, place=f"page {numbers[0]}")
        unread += tuple(f"page {number}" for number in numbers)
        return PartialExtract("pdf", written.grids, written.lines, (*findings, told), unread)
    if isinstance(seen, PartialExtract):
        findings, unread = findings + seen.findings, unread + seen.unread
    # A letter that was scanned in front of a typed annex comes first, as on paper.
    first, then = (seen, written) if numbers[0] == 1 else (written, seen)
    grids, lines = first.grids + then.grids, first.lines + then.lines
    if not findings and not unread:
        return Extract("pdf", grids, lines)
    return PartialExtract("pdf", grids, lines, findings, unread)


def picture_pages(data: bytes, limits: Limits | None = None) -> frozenset[int] | Refusal:
    """Return the pages (from 1) whose content only their picture shows.

    ``parsers.scan`` reads them: scans, with or without invisible text of a recogniser, letters
    drawn as shapes, and pages whose
    text layer dropped, shifted or never mapped its letters.
    """
    read = _read(data, limits or Limits(), None)
    return read if isinstance(read, Refusal) else read[0].unread


def _read(
    data: bytes, limits: Limits, form: Form | None
) -> tuple[_Look, dict[int, Page]] | Refusal:
    """Return what the first look found and every page that has letters, garbled ones included."""
    try:
        look = _first_look(data, limits)
        if isinstance(look, Refusal):
            return look
        pages = _read_pages(look, form)
    except RefusedError as error:
        refused = error.refusal
        return Refusal(refused.code, refused.message, refused.detail, "pdf")
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # noqa: BLE001  pdfminer raises whatever broken bytes lead to
        return _refusal("damaged", type(error).__name__)
    garbled = frozenset(number for number, page in pages.items() if is_garbled(best_of(page.texts)))
    return replace(look, garbled=garbled), pages


# --- first look -----------------------------------------------------------------------------------


def _first_look(data: bytes, limits: Limits) -> _Look | Refusal:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = error.err_code in {pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY}
        return _refusal("encrypted" if locked else "damaged", f"pdfium error {error.err_code}")
    try:
        count = len(document)
        if count > limits.pdf_pages:
            return _refusal("too-large", f"{count} pages")
        if count == 0:
            return _refusal("damaged", "no pages")
        shown: dict[int, _Shown] = {}
        turned = False
        for number in range(count):
            page = document[number]
            shown[number + 1] = _shown(page, number + 1)
            turned |= _upright(page)
            page.close()
        pictures = frozenset(number for number, what in shown.items() if what == "picture")
        blank = frozenset(number for number, what in shown.items() if what == "blank")
        if turned:
            copy = io.BytesIO()
            document.save(copy)
            data = copy.getvalue()
        return _Look(data, count, pictures, blank)
    finally:
        document.close()


def _shown(page: Any, number: int) -> _Shown:
    """Return what a person sees on a page; refuses pages with too much on them."""
    if pdfium.FPDFPage_CountObjects(page) > _MOST_OBJECTS:
        raise RefusedError("too-large", f"page {number}: too many objects")
    letters = page.get_textpage().count_chars()
    if letters > _MOST_LETTERS:
        raise RefusedError("too-large", f"page {number}: {letters} letters")
    width, height = page.get_size()
    cover, paths, segments, hidden, texts, under = 0.0, 0, 0, 0, 0, 0
    for shape in page.get_objects(max_depth=4):
        if shape.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = shape.get_bounds()
            own = max(0, right - left) * max(0, top - bottom) / max(1, width * height)
            cover += own
            if own >= _WHOLE_PAGE and not pdfium.FPDFPageObj_HasTransparency(shape):
                under = texts
        elif shape.type == pdfium.FPDF_PAGEOBJ_PATH:
            paths += 1
            segments += max(0, pdfium.FPDFPath_CountSegments(shape))
        elif shape.type == pdfium.FPDF_PAGEOBJ_TEXT:
            texts += 1
            hidden += pdfium.FPDFTextObj_GetTextRenderMode(shape) == _INVISIBLE
        if segments > _MOST_SEGMENTS or paths > _MOST_OBJECTS:
            raise RefusedError("too-large", f"page {number}: too many drawn lines")
    few = letters < _TEXT_LETTERS
    unseen = hidden > 0 or under * 2 > texts
    if (cover >= _COVER and (few or unseen)) or (few and paths >= _OUTLINES):
        return "picture"
    return "text" if letters else "blank"


def _upright(page: Any) -> bool:
    """Turn a page so that most of its letters stand upright; return whether that changed it.

    Letters decide, not /Rotate: some producers turn the page, some turn the text, some neither.
    """
    text = page.get_textpage()
    count = text.count_chars()
    step = max(1, count // 500)
    angles = Counter(
        round(math.degrees(pdfium.FPDFText_GetCharAngle(text, index))) % 360
        for index in range(0, count, step)
        if chr(max(0, pdfium.FPDFText_GetUnicode(text, index))).isalnum()
    )
    text.close()
    if not angles:
        return False
    angle = angles.most_common(1)[0][0]
    wanted = (360 - angle) % 360
    if wanted not in _TURNS or wanted == page.get_rotation():
        return False
    page.set_rotation(wanted)
    return True


# --- tables and text ------------------------------------------------------------------------------


def _read_pages(look: _Look, form: Form | None) -> dict[int, Page]:
    captions = captions_of(form) if form else None

    def is_caption(text: str) -> bool:
        return captions is not None and captions.exact(text) is not None

    pages: dict[int, Page] = {}
    with pdfplumber.open(io.BytesIO(look.data)) as document:
        for number, page in enumerate(document.pages, 1):
            if is_torn(page.page_obj):
                raise RefusedError("damaged", f"page {number}: a stream breaks off", _TORN)
            if number not in look.pictures | look.blank:
                pages[number] = read_page(page, number, pages.get(number - 1), is_caption)
            page.close()
    return pages


def _assembled(pages: dict[int, Page], look: _Look) -> Extract | Refusal:
    lines: list[str] = []
    pieces: list[tuple[Piece, int]] = []  # each with the number of lines before it
    for number, page in pages.items():
        if number in look.garbled:
            continue
        for at, item in enumerate(page.content):
            if isinstance(item, str):
                lines.append(item)
                continue
            piece = Piece(
                number,
                _name(number, page.content[:at]),
                item.rows,
                item.edges,
                opens=at == 0,
                closes=at == len(page.content) - 1,
            )
            if pieces and continues(pieces[-1][0], piece):
                pieces[-1] = joined(pieces[-1][0], piece), pieces[-1][1]
            else:
                pieces.append((piece, len(lines)))
    if not lines and not pieces:
        return _refusal("empty", "no text")
    unruled = [number for number, page in pages.items() if page.unruled]
    grids = _grids(pieces, lines)
    if not unruled:
        return Extract("pdf", grids, tuple(lines))
    unread = tuple(f"page {number}, table without borders" for number in unruled)
    return PartialExtract("pdf", grids, tuple(lines), (_unruled(unruled[0]),), unread)


def _name(number: int, above: Sequence[str | Table]) -> str:
    earlier = sum(isinstance(item, Table) for item in above)
    return f"page {number}" + (f", table {earlier + 1}" if earlier else "")


def _grids(pieces: Sequence[tuple[Piece, int]], lines: Sequence[str]) -> tuple[Grid, ...]:
    starts = [0, *(at for _, at in pieces), len(lines)]
    return tuple(
        Grid(
            piece.name,
            piece.rows,
            before=tuple(lines[starts[number] : at]),
            after=tuple(lines[at : starts[number + 2]]),
        )
        for number, (piece, at) in enumerate(pieces)
    )


def _unruled(number: int) -> Finding:
    return Finding(
        "warning",
        "not-read",
        f"Trang {number} có bảng không kẻ khung, chương trình không xác định được các cột. "
        + _ADVICE,
        place=f"page {number}",
    )


_TORN: Final = (
    "Tệp PDF bị hỏng hoặc gửi chưa trọn vẹn, nội dung trang có thể bị thiếu. "
    "Đề nghị kiểm tra và gửi lại tệp."
)
_MESSAGES: Final[dict[RefusalCode, str]] = {
    "encrypted": "Tệp PDF được đặt mật khẩu nên không mở được. Đề nghị bỏ mật khẩu rồi gửi lại.",
    "damaged": "Tệp PDF bị hỏng hoặc gửi chưa trọn vẹn. Đề nghị kiểm tra và gửi lại tệp.",
    "too-large": "Tệp PDF quá nhiều trang so với một biểu đăng ký. " + _ADVICE,
    "empty": "Tệp PDF không có nội dung. Đề nghị kiểm tra và gửi lại tệp đã điền.",
}


def _refusal(code: RefusalCode, detail: str) -> Refusal:
    return Refusal(code, _MESSAGES[code], detail, "pdf")
