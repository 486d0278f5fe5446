"""Whether a picture can be read at all: what fails here gives no value, but advice on a better one.

Every gate is measured on the page's own letters, so that it holds for a phone and for a scanner.
"""

from typing import Any, Final

import cv2
import numpy as np

from parsers.light import Lit
from parsers.picture import Pixels
from parsers.reading import Refusal

_OR_EXCEL: Final = "hoặc gửi kèm tệp Excel (.xlsx) của biểu mẫu."
_BLURRED: Final = (
    "Ảnh bị mờ hoặc bị rung nên không đọc chính xác được. "
    "Đề nghị chụp lại thẳng, đủ sáng, rõ nét, " + _OR_EXCEL
)
_DARK: Final = (
    "Ảnh quá tối hoặc chữ quá nhạt so với nền giấy. Đề nghị chụp lại ở nơi đủ sáng, " + _OR_EXCEL
)
_COARSE: Final = (
    "Ảnh có độ phân giải quá thấp, chữ quá nhỏ để đọc chính xác. "
    "Đề nghị chụp gần hơn (một trang vừa khung hình), quét ở mức 300 dpi " + _OR_EXCEL
)
_GLARE: Final = (
    "Ảnh bị lóa sáng, một phần chữ không nhìn thấy. Đề nghị chụp lại, tắt đèn flash, " + _OR_EXCEL
)
_CUT: Final = (
    "Bảng trong ảnh bị cắt ở mép ({}), không thấy hết các dòng, cột. "
    "Đề nghị chụp hoặc quét lại trọn cả trang, " + _OR_EXCEL
)
_NO_TEXT: Final = (
    "Không thấy chữ đọc được trong ảnh. Đề nghị chụp hoặc quét lại rõ nét, " + _OR_EXCEL
)
_UNCLEAR_RULES: Final = (
    "Đường kẻ của bảng trong ảnh không rõ nên không xác định chắc chắn được các ô. "
    "Đề nghị chụp hoặc quét lại rõ nét, " + _OR_EXCEL
)

#: Of 255: the least paper, the least distance of ink from it, and that distance in grains of noise.
_LEAST_PAPER, _LEAST_CONTRAST, _LEAST_TO_NOISE = 45.0, 60.0, 6.0
#: Height of capitals in pixels: below it Tesseract guesses accents.
_LEAST_LETTER: Final = 12.0
#: A page as bright as the first with less than the last darker than the second is an empty one.
_WHITE_PAPER, _STAIN, _SPECKS = 120.0, 205, 0.0004
_MOST_GLARE: Final = 0.004
#: Levels of a page in even light: its paper, and what is dark enough to be ink.
_PAPER, _INKED = 245.0, 190
#: Width of a letter's edge as a share of the height of capitals.
_SOFTEST_EDGE: Final = 0.235
#: A page with less ink (a line in italics, a signature) has too few edges to judge by.
_FEW_INK: Final = 0.004
#: Pixels that the sharpest edge takes, by the pixel grid and by smoothing.
_SHARPEST: Final = 2.5
_MOST_DOUBTFUL: Final = 0.1
_ENOUGH_LETTERS, _LEAST_GOOD = 60, 0.6
_SIDES: Final = {"left": "trái", "top": "trên", "right": "phải", "bottom": "dưới"}


def is_blank(page: Lit) -> bool:
    """Whether nothing but specks is on a page, as on the back of a sheet."""
    dark = float((page.gray[::2, ::2] < _STAIN).mean())
    return page.paper >= _WHITE_PAPER and dark < _SPECKS


def too_dark(page: Lit, kind: str) -> Refusal | None:
    """Refuse a picture whose paper is dark, whose ink is pale, or that light has blown out."""
    contrast = page.paper - page.ink
    detail = f"paper {page.paper:.0f}, ink {page.ink:.0f}, noise {page.noise:.1f}"
    if (
        page.paper < _LEAST_PAPER
        or contrast < _LEAST_CONTRAST
        or contrast < _LEAST_TO_NOISE * page.noise
    ):
        return Refusal("unreadable", _DARK, f"too dark: {detail}", kind)
    if page.glare > _MOST_GLARE:
        return Refusal("unreadable", _GLARE, f"glare on {page.glare:.1%} of the picture", kind)
    return None


def too_coarse(gray: Pixels, letter: float, kind: str) -> Refusal | None:
    """Refuse a straight page without text, with too few pixels to a letter, or with soft edges.

    Soft edges are judged where there is more than a line or two.
    """
    if not letter:
        return Refusal("unreadable", _NO_TEXT, "no letters found", kind)
    if letter < _LEAST_LETTER:
        return Refusal("unreadable", _COARSE, f"capitals are {letter:.0f} pixels high", kind)
    if float((gray < _INKED).mean()) < _FEW_INK:
        return None
    softness = max(0.0, edge_width(gray) ** 2 - _SHARPEST**2) ** 0.5 / letter
    if softness > _SOFTEST_EDGE:
        return Refusal("unreadable", _BLURRED, f"edges {softness:.2f} of a letter wide", kind)
    return None


def edge_width(gray: Pixels) -> float:
    """Return how many pixels the edges of letters take from paper to ink, in the worse direction.

    Blur and movement widen edges, noise and JPEG hardly change the steepest of them.
    """
    soft = cv2.GaussianBlur(gray, (0, 0), 0.8)
    inked = soft < _INKED
    if not inked.any():
        return float("inf")
    contrast = _PAPER - float(np.percentile(soft[inked], 15))
    text = cv2.dilate(inked.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    right = cv2.Sobel(soft, cv2.CV_16S, 1, 0)[text].astype(np.float32) / 8
    down = cv2.Sobel(soft, cv2.CV_16S, 0, 1)[text].astype(np.float32) / 8
    slopes = (right, down, (right + down) / 2**0.5, (right - down) / 2**0.5)
    return max(contrast / max(1e-3, _steepest(slope)) for slope in slopes)


def _steepest(slope: Any) -> float:
    return float(np.percentile(np.abs(slope), 90))


def cut_off(sides: frozenset[str], kind: str) -> Refusal | None:
    """Refuse a table that runs out of the picture at these sides (``left``, ``top`` …)."""
    if not sides:
        return None
    named = ", ".join(_SIDES[side] for side in sorted(sides))
    return Refusal("unreadable", _CUT.format(named), f"cut off: {', '.join(sorted(sides))}", kind)


def too_few_words(good: int, bad: int, kind: str) -> Refusal | None:
    """Refuse a page most of whose letters stand in no Vietnamese syllable."""
    if good + bad < _ENOUGH_LETTERS or good >= _LEAST_GOOD * (good + bad):
        return None
    return Refusal("unreadable", _NO_TEXT, f"{good} of {good + bad} letters are in words", kind)


def unclear_rules(doubtful: float, kind: str) -> Refusal | None:
    """Refuse a table of whose cells' borders too many are neither there nor absent."""
    if doubtful <= _MOST_DOUBTFUL:
        return None
    return Refusal("unreadable", _UNCLEAR_RULES, f"{doubtful:.0%} of borders are unclear", kind)
