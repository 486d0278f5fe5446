"""Bytes of a picture, or of a PDF made of pictures → pages as arrays, upright as their tags say.

A picture's size is known from its header before anything is decoded, and what is finer than
recognition needs is made smaller while it is decoded: a page of 60 megapixels never lies in memory.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from parsers.grid import Limits
from parsers.reading import Refusal, RefusalCode

#: A page: gray (height, width) or RGB (height, width, 3), black is 0.
Pixels = npt.NDArray[np.uint8]

#: A4 at some 320 dpi: capitals of 12 points are then 35 pixels high, more tells nothing new.
_USEFUL_PIXELS: Final = 10_000_000
_LEAST_SIDE: Final = 200
_LONGEST_SHAPE: Final = 8  # a strip that much longer than wide is no page
_POINTS_PER_INCH: Final = 72
_RENDERED_DPI: Final = 300
_ADVICE: Final = "Đề nghị quét (scan) lại ở mức 300 dpi hoặc gửi kèm tệp Excel/Word của biểu mẫu."


@dataclass(frozen=True, slots=True)
class Album:
    """The pages of a document, each decoded when it is asked for (``page(0)`` is the first)."""

    count: int
    page: Callable[[int], Pixels | Refusal]


def opened(data: bytes, kind: str, limits: Limits | None = None) -> Album | Refusal:
    """Open a picture (``jpeg``, ``png``, ``tiff``, ``heic`` …) or a ``pdf``; decode nothing yet.

    Returns:
        An ``Album``, or a ``Refusal``: ``damaged`` bytes, ``too-large`` for more pixels than
        ``limits`` allow, ``unsupported`` where the extra that reads this kind is not installed.
    """
    most_pixels = (limits or Limits()).picture_pixels
    return _pdf(data) if kind == "pdf" else _image(data, kind, most_pixels)


def _image(data: bytes, kind: str, most_pixels: int) -> Album | Refusal:
    from PIL import Image  # noqa: PLC0415  only for pictures

    if kind == "heic":
        try:
            import pillow_heif  # noqa: PLC0415  an extra, only for this kind
        except ImportError:
            return _refusal("unsupported", kind, "pillow-heif is not installed")
        pillow_heif.register_heif_opener()
        pillow_heif.options.DECODE_THREADS = 1  # a confined worker may start no thread
    try:
        image = _opened(Image, data)
        if image.size[0] * image.size[1] > most_pixels:
            return _too_fine(kind, image.size)
        count = getattr(image, "n_frames", 1)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  each of Pillow's plugins breaks in its own way
        return _refusal("damaged", kind, type(error).__name__)
    count = count if kind == "tiff" else 1

    def page(number: int) -> Pixels | Refusal:
        try:
            image = _opened(Image, data)
            if number:
                image.seek(number)
            return _decoded(image, kind, most_pixels)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  see above
            return _refusal("damaged", kind, type(error).__name__)

    return Album(count, page)


def _opened(pillow: Any, data: bytes) -> Any:
    pillow.MAX_IMAGE_PIXELS = None  # by Pillow's own limit a picture would count as damaged
    return pillow.open(io.BytesIO(data))


def _too_fine(kind: str, size: tuple[int, int]) -> Refusal:
    return _refusal("too-large", kind, f"{size[0]} x {size[1]} pixels")


def _decoded(image: Any, kind: str, most_pixels: int) -> Pixels | Refusal:
    from PIL import Image, ImageOps  # noqa: PLC0415  only for pictures

    wide, high = image.size
    if wide * high > most_pixels:  # a later page of a TIFF
        return _too_fine(kind, image.size)
    if min(wide, high) < _LEAST_SIDE or max(wide, high) > _LONGEST_SHAPE * min(wide, high):
        return _refusal("unreadable", kind, f"no page: {wide} x {high} pixels")
    shrink = (wide * high / _USEFUL_PIXELS) ** 0.5
    if image.format == "JPEG" and shrink > 1:
        image.draft(None, (round(wide / shrink), round(high / shrink)))
    image = _on_white(image)
    shrink = (image.size[0] * image.size[1] / _USEFUL_PIXELS) ** 0.5
    if shrink > 1:
        useful = round(image.size[0] / shrink), round(image.size[1] / shrink)
        image = _tagged(image.resize(useful, Image.Resampling.BOX, reducing_gap=2.0), image)
    image = ImageOps.exif_transpose(image)
    return np.array(image, np.uint8)


def _on_white(image: Any) -> Any:
    """Return the picture as gray or RGB; what is transparent shows white paper."""
    from PIL import Image  # noqa: PLC0415  only for pictures

    if image.mode in {"I;16", "I;16B", "I", "F"}:
        deep = np.asarray(image, np.float32)
        top = max(1.0, float(deep.max()))
        return _tagged(Image.fromarray((deep * (255.0 / top)).astype(np.uint8)), image)
    if "A" in image.getbands() or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(layer)
        return _tagged(paper.convert("RGB"), image)
    gray = image.mode in {"1", "L"}
    return _tagged(image.convert("L" if gray else "RGB"), image)


def _tagged(image: Any, source: Any) -> Any:
    """Keep the orientation tag, which a conversion may drop."""
    exif = source.getexif()
    if exif and "exif" not in image.info:
        image.info["exif"] = exif.tobytes()
    return image


# --- pages of a PDF -------------------------------------------------------------------------------


def _pdf(data: bytes) -> Album | Refusal:
    import pypdfium2  # noqa: PLC0415  only for PDFs

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        return _refusal("damaged", "pdf", f"pdfium error {error.err_code}")

    def page(number: int) -> Pixels | Refusal:
        sheet = document[number]
        try:
            wide, high = sheet.get_size()
            if min(wide, high) <= 0 or max(wide, high) > _LONGEST_SHAPE * min(wide, high):
                return _refusal("unreadable", "pdf", f"no page: {wide:.0f} x {high:.0f} points")
            bitmap = sheet.render(scale=_scale(sheet, wide, high), rev_byteorder=True)
            pixels = bitmap.to_numpy()
            return np.ascontiguousarray(pixels[..., :3] if pixels.shape[-1] > 1 else pixels[..., 0])
        except pypdfium2.PdfiumError as error:
            return _refusal("damaged", "pdf", type(error).__name__)
        finally:
            sheet.close()

    return Album(len(document), page)


def _scale(sheet: Any, wide: float, high: float) -> float:
    """Return pixels per point: as many as the page's picture has, within what is useful."""
    import pypdfium2.raw as pdfium  # noqa: PLC0415  only for PDFs

    finest = 0.0
    for shape in sheet.get_objects(max_depth=2):
        if shape.type != pdfium.FPDF_PAGEOBJ_IMAGE:
            continue
        left, bottom, right, top = shape.get_bounds()
        if (right - left) * (top - bottom) < wide * high / 10:
            continue
        columns, rows = shape.get_px_size()
        # A page's picture may be drawn turned: its longer side is the longer one on paper.
        finest = max(finest, max(columns, rows) / max(1.0, right - left, top - bottom))
    scale = finest or _RENDERED_DPI / _POINTS_PER_INCH
    return float(min(scale, (_USEFUL_PIXELS / (wide * high)) ** 0.5))


_MESSAGES: Final[dict[RefusalCode, str]] = {
    "damaged": "Tệp ảnh bị hỏng hoặc gửi chưa trọn vẹn. Đề nghị kiểm tra và gửi lại tệp.",
    "too-large": "Ảnh quá lớn so với một trang giấy. " + _ADVICE,
    "unreadable": "Ảnh không phải ảnh chụp của một trang biểu mẫu hoặc quá nhỏ. " + _ADVICE,
    "unsupported": "Chương trình chưa đọc được ảnh dạng này. "
    "Đề nghị gửi ảnh JPEG hoặc gửi kèm tệp Excel (.xlsx) của biểu mẫu.",
}


def _refusal(code: RefusalCode, kind: str, detail: str) -> Refusal:
    return Refusal(code, _MESSAGES[code], detail, kind)
