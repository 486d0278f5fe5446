"""The light and the inks of a page: shadow and colour cast go, a seal and a signature go.

What is left is black on white, so that one threshold holds for the whole page. Text under a seal
stays: it is dark in every channel, red ink only in two.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from parsers.picture import Pixels

_PAPER: Final = 245
_BACKGROUND_SIDE: Final = 500
_VIEW_SIDE: Final = 800
#: Darker than that share of the best light is no shadow on paper but what lies round it.
_DARKEST_LIGHT: Final = 0.25
#: Of 255: how far a colour's channels lie apart; JPEG and sensor noise stay below.
_COLOURED: Final = 70
_GRAYISH: Final = 24
#: Sizes of a stamp or signature as shares of the page's long side (A4: 297 mm).
_STAMP_LEAST, _STAMP_LONG, _STAMP_MOST = 0.014, 0.04, 0.28
_STAMP_AREA: Final = 0.06
_MARGIN: Final = 0.008


@dataclass(frozen=True, slots=True)
class Lit:
    """A page in even light.

    ``gray`` has paper at about 245 and neither seal nor signature, ``marked`` still has both.
    ``view`` is the picture as it came, gray, its long side 800 pixels at most.
    ``paper`` and ``ink`` are the levels (0–255) that the picture itself had where it was typical;
    ``noise`` is the grain of its paper, ``glare`` the share of it that light has blown out.
    """

    gray: Pixels
    marked: Pixels
    view: Pixels
    paper: float
    ink: float
    noise: float
    glare: float


def lit(pixels: Pixels) -> Lit:
    """Return the page, gray or RGB, as black on white."""
    plain = _plain(pixels)
    luminance = _gray(plain)
    view = _view(luminance)
    if plain.ndim == 2:  # noqa: PLR2004  gray has no inks
        gray = marked = _even(plain)
    else:
        red, green, blue = (_even(plain[..., channel]) for channel in range(3))
        marked = _gray(cv2.merge([red, green, blue]))
        brightest = cv2.max(cv2.max(red, green), blue)
        chroma = cv2.subtract(brightest, cv2.min(cv2.min(red, green), blue))
        gray = _unstamped(marked, brightest, chroma)
    return Lit(gray, marked, view, *_levels(luminance, marked), _glare(view))


def _view(luminance: Pixels) -> Pixels:
    scale = min(1.0, _VIEW_SIDE / max(luminance.shape))
    small = cv2.resize(luminance, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _plain(pixels: Pixels) -> Pixels:
    """Return a picture without real colours as gray."""
    if pixels.ndim == 2:  # noqa: PLR2004  gray
        return pixels
    step = max(1, max(pixels.shape) // 800)
    sample = pixels[::step, ::step].astype(np.int16)
    spread = sample.max(axis=2) - sample.min(axis=2)
    return _gray(pixels) if np.percentile(spread, 99.8) < _GRAYISH else pixels


def _gray(pixels: Any) -> Pixels:
    if pixels.ndim == 2:  # noqa: PLR2004  gray
        return pixels  # type: ignore[no-any-return]
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def _even(channel: Pixels) -> Pixels:
    """Divide by the paper's own light: the brightest of each neighbourhood, smoothed."""
    high, wide = channel.shape
    factor = max(1.0, max(high, wide) / _BACKGROUND_SIDE)
    small = cv2.resize(channel, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    light = cv2.medianBlur(cv2.dilate(small, np.ones((7, 7), np.uint8)), 21)
    least = max(8, round(float(np.percentile(light, 90)) * _DARKEST_LIGHT))
    light = cv2.resize(np.maximum(light, least), (wide, high), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(channel, light, scale=_PAPER), np.uint8)


def _unstamped(marked: Pixels, brightest: Any, chroma: Any) -> Pixels:
    """Return the gray page without coloured ink, but only where that is as large as a stamp is.

    Words typed in blue or red are small pieces and stay. ``chroma`` is how far channels lie apart.
    """
    high, wide = marked.shape
    half = cv2.resize(chroma, (wide // 2, high // 2), interpolation=cv2.INTER_AREA)
    region = _stamps((half > _COLOURED).astype(np.uint8))
    if region is None:
        return marked
    region = cv2.resize(region, (wide, high), interpolation=cv2.INTER_NEAREST)
    without = cv2.add(brightest, chroma // 2)
    return np.asarray(np.where(region > 0, without, marked), np.uint8)


def _stamps(coloured: Any) -> Any:
    side = max(coloured.shape)
    joined = cv2.morphologyEx(coloured, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    region = None
    for number in range(1, count):
        wide, high = int(boxes[number, 2]), int(boxes[number, 3])
        stamp = (
            min(wide, high) > _STAMP_LEAST * side
            and _STAMP_LONG * side < max(wide, high) < _STAMP_MOST * side
            and wide * high < _STAMP_AREA * coloured.size
        )
        if not stamp:
            continue
        if region is None:
            region = np.zeros(coloured.shape, np.uint8)
        x, y = int(boxes[number, 0]), int(boxes[number, 1])
        part = (labels[y : y + high, x : x + wide] == number).astype(np.uint8)
        points = cv2.findNonZero(part).reshape(-1, 2) + np.array([x, y])
        cv2.fillConvexPoly(region, cv2.convexHull(points.astype(np.int32)), 1)
    if region is None:
        return None
    reach = max(3, round(_MARGIN * side)) | 1
    return cv2.dilate(region, np.ones((reach, reach), np.uint8))


def _levels(luminance: Pixels, marked: Pixels) -> tuple[float, float, float]:
    """Return the gray of paper and ink in the picture as it came, and the grain of its paper."""
    step = max(1, max(marked.shape) // 1500)
    raw, even = luminance[::step, ::step], marked[::step, ::step]
    on_paper = even > _PAPER - 35
    paper = float(np.median(raw[on_paper])) if on_paper.any() else 0.0
    darkest = even <= np.percentile(even, 0.2)
    ink = float(np.median(raw[darkest])) if darkest.any() else paper
    rough = luminance[: luminance.shape[0] // 2 * 2, : luminance.shape[1] // 2 * 2]
    middle = rough.shape[0] // 4
    band = rough[middle : middle + 600].astype(np.float32)
    grain = np.abs(band[:, 1:] - band[:, :-1])
    return paper, ink, float(np.median(grain)) / 0.954  # σ of a difference of two normal values


def _glare(view: Pixels) -> float:
    """Return the share of a photo that is blown out, 0 where the paper is white anyway."""
    bright = float(np.percentile(view, 75))
    return 0.0 if bright > 235 else float((view >= 253).mean())  # noqa: PLR2004  white of 255
