"""Pictures of single table cells as scanners and phones give them, straightened, without rules.

``cells`` yields as many as are wanted from a seed: text by the grammar of ``cell_words``, a font of
the part, printed at 9–13 pt, captured by a scanner of 150–300 dpi or a phone, and brought to the
working resolution as ``parsers.scan`` does. Fonts are looked for by name in the folders of FONTS:
what is not installed is left out, so that the set is poorer but the program runs.
"""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from rigs.cell_words import Part, write

FONTS = [Path(p) for p in os.environ.get("CELL_FONTS", "").split(":") if p] + [
    Path("/usr/share/fonts")
]
FAMILIES: dict[Part, dict[str, int]] = {
    "tuning": {
        "LiberationSerif-Regular": 12,
        "LiberationSerif-Bold": 5,
        "LiberationSerif-Italic": 4,
        "LiberationSerif-BoldItalic": 2,
        "LiberationSans-Regular": 5,
        "LiberationSans-Bold": 2,
        "LiberationSans-Italic": 2,
        "Carlito-Regular": 4,
        "Carlito-Bold": 2,
        "Carlito-Italic": 1,
        "DejaVuSans": 1,
        "DejaVuSansCondensed": 2,
        "DejaVuSansCondensed-Bold": 1,
        "DejaVuSerif": 1,
        "DejaVuSerifCondensed": 2,
        "DejaVuSerifCondensed-Bold": 1,
        "OpenSans-Regular": 2,
        "OpenSans-Semibold": 1,
        "OpenSans-Italic": 1,
        "Roboto-Regular": 2,
        "Roboto-Bold": 1,
        "texgyrepagella-regular": 2,
        "texgyrepagella-bold": 1,
        "texgyreschola-regular": 2,
        "texgyreschola-bold": 1,
        "texgyreschola-italic": 1,
        "texgyrebonum-regular": 2,
        "texgyreheroscn-regular": 2,
        "texgyreheros-regular": 2,
        "texgyreheros-bold": 1,
        "Gentium-R": 2,
        "Gentium-I": 1,
        "LinLibertine_R": 2,
        "LinLibertine_RB": 1,
        "LinLibertine_RI": 1,
    },
    "calibration": {
        "FreeSerif": 6,
        "FreeSerifBold": 2,
        "FreeSerifItalic": 2,
        "LinBiolinum_R": 2,
        "LinBiolinum_RB": 1,
        "RobotoCondensed-Regular": 1,
    },
    "held-out": {
        "texgyretermes-regular": 6,
        "texgyretermes-bold": 2,
        "texgyretermes-italic": 2,
        "FreeSans": 3,
        "FreeSansBold": 1,
    },
}
#: Dots per inch to which a table is brought before its cells are read (3,100–3,600 px across A4).
_WORKING_DPI = (285.0, 330.0)
PAGE_DPI = 600.0
#: Of paper round the text that is drawn, in font sizes.
MARGIN = 0.55


@dataclass(frozen=True, slots=True)
class Picture:
    """One cell: its truth, what it shows, how it was captured, its pixels."""

    text: str
    kind: str
    capture: str
    font: str
    crop: np.ndarray
    letter_height: float


def cells(
    part: Part, count: int, seed: int, kinds: tuple[str, ...], captures: tuple[str, ...]
) -> Iterator[Picture]:
    """Yield so many pictures, the same for the same arguments and fonts.

    Where no font held out is installed, those for tuning stand in: words and captures stay new.
    """
    chance = seeded(f"{part} {seed}")
    families = fonts(part) or fonts("tuning")
    for _ in range(count):
        kind, capture = chance.choice(kinds), chance.choice(captures)
        name = chance.choices(list(families), list(families.values()))[0]
        text = write(kind, part, chance)
        yield picture(text, kind, capture, name, chance)


def seeded(seed: object) -> random.Random:
    """Return chance that is the same for the same seed."""
    return random.Random(str(seed))  # noqa: S311  repeatable, not secret


def fonts(part: Part) -> dict[str, int]:
    """Return the installed fonts of a part and how often each is taken."""
    return {name: often for name, often in FAMILIES[part].items() if font_file(name)}


def picture(text: str, kind: str, capture: str, font: str, chance: random.Random) -> Picture:
    """Return the text printed in this font and captured in this way (``CAPTURES``)."""
    points = chance.choice((9, 10, 10, 11, 11, 12, 12, 13))
    drawn = draw(
        text, font, points * PAGE_DPI / 72, int(PAGE_DPI * chance.uniform(0.7, 2.2)), chance
    )
    crop, scale = captured(drawn, capture, chance)
    height = capital(font, points * PAGE_DPI / 72) * scale * chance.uniform(0.93, 1.07)
    return Picture(text, kind, capture, font, crop, height)


def captured(drawn: np.ndarray, capture: str, chance: random.Random) -> tuple[np.ndarray, float]:
    """Return a drawn page as captured and brought to the working resolution, and its scale."""
    dpi = _CAPTURES[capture]
    seen = _resized(drawn, dpi / PAGE_DPI)
    seen = (photograph if capture in {"photo", "blurred"} else scan)(seen, capture, chance)
    crop = _resized(seen, chance.uniform(*_WORKING_DPI) / dpi)
    return crop, crop.shape[1] / drawn.shape[1]


def capital(font: str, size: float) -> float:
    """Return the height of a capital of this font in pixels."""
    _, top, _, bottom = face(font, round(size)).getbbox("H")
    return bottom - top


_CAPTURES = {
    "scan300": 300.0,
    "scan250": 250.0,
    "scan200": 200.0,
    "scan150": 150.0,
    "fax200": 200.0,
    "photo": 290.0,
    "blurred": 290.0,
}
CAPTURES = tuple(_CAPTURES)


def draw(text: str, font: str, size: float, width: int, chance: random.Random) -> np.ndarray:
    """Draw black text on white, broken into lines of this width, as a cell of a table has it."""
    type_ = face(font, round(size))
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and type_.getlength(longer) > width:
            lines.append(line)
            longer = word
        line = longer
    lines.append(line)
    step, margin = size * chance.uniform(1.13, 1.3), size * MARGIN
    across = max(type_.getlength(line) for line in lines)
    image = Image.new("L", (int(across + 2 * margin), int(step * len(lines) + 2 * margin)), 255)
    pen, centred = ImageDraw.Draw(image), chance.random() < 0.4
    for i, line in enumerate(lines):
        left = margin + (across - type_.getlength(line)) / 2 * centred
        pen.text((left, margin + i * step), line, font=type_, fill=0)
    return np.asarray(image)


def scan(page: np.ndarray, capture: str, chance: random.Random) -> np.ndarray:
    """Return the page as an office scanner gives it: a little turned, blurred, noisy, as JPEG."""
    noise = np.random.default_rng(chance.getrandbits(32))
    f = _turned(page, chance.uniform(-0.5, 0.5))
    f = cv2.GaussianBlur(f, (0, 0), chance.uniform(0.4, 0.9)).astype(np.float32)
    ink, paper = chance.uniform(0, 90), chance.uniform(225, 252)
    f = ink + f * (paper - ink) / 255 + noise.normal(0, chance.uniform(2, 11), f.shape)
    for _ in range(chance.choice((0, 0, 1, 2))):
        at = (chance.randrange(f.shape[1]), chance.randrange(f.shape[0]))
        cv2.circle(f, at, chance.choice((0, 1, 1, 2)), chance.uniform(40, 170), -1)
    gray = np.clip(f, 0, 255).astype(np.uint8)
    if not capture.startswith("fax"):
        return _jpeg(gray, chance.randint(50, 90))
    cut = ink + (paper - ink) * chance.uniform(0.5, 0.72)
    return np.where(cv2.GaussianBlur(gray, (3, 3), 0) > cut, 255, 0).astype(np.uint8)


def photograph(page: np.ndarray, capture: str, chance: random.Random) -> np.ndarray:
    """Return the page as a phone gives it: uneven light, soft, noisy, as JPEG."""
    noise = np.random.default_rng(chance.getrandbits(32))
    f = _turned(page, chance.uniform(-0.5, 0.5), chance.uniform(-0.01, 0.01)).astype(np.float32)
    blur = chance.uniform(2.6, 4.0) if capture == "blurred" else chance.uniform(0.9, 1.5)
    f = cv2.GaussianBlur(20 + f * 0.82, (0, 0), blur)
    light = np.linspace(1, chance.uniform(0.8, 1.15), f.shape[1], dtype=np.float32)
    f = f * light * chance.uniform(0.75, 1.05) + noise.normal(0, chance.uniform(2, 6), f.shape)
    gray = _jpeg(np.clip(f, 0, 255).astype(np.uint8), chance.randint(70, 92))
    paper = float(np.percentile(gray, 90))
    return np.clip(gray.astype(np.float32) / paper * 245, 0, 255).astype(np.uint8)


def font_file(name: str) -> Path | None:
    """Return the file of a font by its name without ending, None where it is not installed."""
    return _files().get(name)


@lru_cache(maxsize=1)
def _files() -> dict[str, Path]:
    found = (
        p for folder in FONTS for end in ("ttf", "otf") for p in sorted(folder.rglob(f"*.{end}"))
    )
    return {path.stem: path for path in found}


@lru_cache(maxsize=512)
def face(name: str, size: int) -> ImageFont.FreeTypeFont:
    """Return a font at this size in pixels."""
    return ImageFont.truetype(str(font_file(name)), size)


def _resized(image: np.ndarray, factor: float) -> np.ndarray:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=how)


def _turned(image: np.ndarray, degrees: float, shear: float = 0.0) -> np.ndarray:
    height, width = image.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    matrix[0, 1] += shear
    return cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=255)


def _jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
