"""What an office's scanner and a phone make of a page: deterministic, every fault by its name.

Pictures are uint8 arrays, gray (h, w) or RGB (h, w, 3). Pages come in at 300 dpi, as ``pictures``
draws them; a PDF's page is made one by ``pdf_page``.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pypdfium2
from PIL import Image

Picture = np.ndarray
_PAGE_DPI = 300


@dataclass(frozen=True, slots=True)
class Scan:
    """A flatbed scanner and the paper in it. ``angle`` is in degrees, counter-clockwise.

    ``contrast`` is the share of the gray range that is left, ``faint`` how much of the ink is gone
    (0–1), ``bleed`` how much of the page behind shows through, ``softness`` the blur of optics in
    pixels at 300 dpi. ``seal`` and ``signature`` are their centres, in shares of the page.
    """

    dpi: int = 300
    angle: float = 0.0
    skew: float = 0.0
    noise: float = 6.0
    softness: float = 0.7
    contrast: float = 0.9
    faint: float = 0.0
    specks: int = 100
    colour: bool = False
    seal: tuple[float, float] | None = None
    signature: tuple[float, float] | None = None
    holes: bool = False
    fold: bool = False
    bleed: float = 0.0
    turn: int = 0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Photo:
    """A phone held over a page that lies on a desk.

    ``tilt`` is how far corners stray (share of the picture), ``curl`` how high the paper's middle
    bends (share of its height), ``shadow`` and ``dark`` how much light is gone, ``blur`` is in
    pixels of the finished picture, ``shake`` the length of a movement in them, ``glare`` the radius
    of a blown-out spot (share of the width), ``cut`` the share of the page outside the picture.
    ``turn`` turns the pixels (degrees clockwise: 90, 180, 270).
    """

    width: int = 4032
    tilt: float = 0.04
    roll: float = 0.0
    curl: float = 0.0
    shadow: float = 0.3
    dark: float = 0.0
    cast: bool = True
    blur: float = 1.2
    shake: int = 0
    noise: float = 5.0
    glare: float = 0.0
    cut: float = 0.0
    desk: int = 90
    turn: int = 0
    seal: tuple[float, float] | None = None
    signature: tuple[float, float] | None = None
    seed: int = 2


def pdf_page(data: bytes, number: int = 0, dpi: int = _PAGE_DPI) -> Picture:
    """Render one page of a PDF as a gray picture."""
    document = pypdfium2.PdfDocument(data)
    try:
        gray = document[number].render(scale=dpi / 72, grayscale=True).to_numpy()
        return gray.reshape(gray.shape[:2])  # with or without an axis for the one colour
    finally:
        document.close()


def scan(page: Image.Image | Picture, how: Scan | None = None) -> Picture:
    """Return the scanned page, gray or (``colour``, ``seal``, ``signature``) RGB."""
    how = how or Scan()
    rng = np.random.default_rng(how.seed)
    gray = _resized(np.asarray(page, np.uint8), how.dpi / _PAGE_DPI)
    ink = _inked(gray, how)
    scale = how.dpi / _PAGE_DPI
    if how.bleed:
        behind = cv2.GaussianBlur(gray[:, ::-1], (0, 0), 3 * scale)
        ink = np.minimum(ink, 255 - (255 - behind.astype(np.float32)) * how.bleed)
    coloured = how.colour or bool(how.seal) or bool(how.signature)
    picture = np.repeat(ink[..., None], 3, axis=2) if coloured else ink
    picture = _stamped(picture, how.seal, how.signature)
    picture = _paper(picture, how, rng)
    picture = _laid(picture, how.angle, how.skew)
    picture = cv2.GaussianBlur(picture, (0, 0), max(0.3, how.softness * scale))
    picture = picture * how.contrast + 255 * (1 - how.contrast) * 0.5
    picture = picture + _noise(rng, how.noise, picture.shape)
    _speckle(picture, how.specks, rng)
    return _turned(np.clip(picture, 0, 255).astype(np.uint8), how.turn)


def photo(page: Image.Image | Picture, how: Photo | None = None) -> Picture:
    """Return an RGB photo of the page; as wide as high follows from the page's own shape."""
    how = how or Photo()
    rng = np.random.default_rng(how.seed)
    gray = np.asarray(page, np.uint8).astype(np.float32)
    source = _stamped(np.repeat(gray[..., None], 3, axis=2), how.seal, how.signature)
    source = _curled(source, how.curl)
    wide, high = how.width, how.width * 3 // 4
    if gray.shape[0] > gray.shape[1]:
        wide, high = high, wide
    warp = _view(source.shape[1], source.shape[0], wide, high, how, rng)
    sheet = cv2.warpPerspective(source, warp, (wide, high), flags=cv2.INTER_AREA)
    there = cv2.warpPerspective(np.ones(gray.shape, np.float32), warp, (wide, high))[..., None]
    desk = how.desk + _noise(rng, 6, (high, wide, 1))
    seen = (sheet * 0.85 + 15) * there + desk * (1 - there)
    seen = seen * _light(wide, high, how)[..., None]
    if how.cast:
        seen = seen * np.array([1.02, 0.97, 0.86], np.float32)
    seen = _unsharp(seen.astype(np.float32), how)
    seen = seen + _noise(rng, how.noise, (high, wide, 1))
    return _turned(np.clip(seen, 0, 255).astype(np.uint8), how.turn)


def encoded(
    picture: Picture, kind: str = "jpeg", *, quality: int = 75, exif: int = 1, dpi: int = 0
) -> bytes:
    """Return the file; ``exif`` is the orientation tag that says how to turn it when shown."""
    return encoded_pages([picture], kind, quality=quality, exif=exif, dpi=dpi)


def encoded_pages(
    pictures: Sequence[Picture],
    kind: str = "tiff",
    *,
    quality: int = 75,
    exif: int = 1,
    dpi: int = 0,
) -> bytes:
    """Return one file of several pages (``tiff``, ``pdf``), or of one (any kind PIL writes)."""
    if kind == "heic":
        import pillow_heif  # noqa: PLC0415  only for this kind

        pillow_heif.register_heif_opener()
    images = [Image.fromarray(picture) for picture in pictures]
    options: dict[str, object] = {}
    if len(images) > 1:
        options |= {"save_all": True, "append_images": images[1:]}
    if kind in {"jpeg", "pdf", "webp", "heic"}:
        options["quality"] = quality
    if dpi:
        options |= {"resolution": dpi} if kind == "pdf" else {"dpi": (dpi, dpi)}
    if exif != 1:
        tags = Image.Exif()
        tags[0x0112] = exif
        options["exif"] = tags.tobytes()
    buffer = io.BytesIO()
    name = {"heic": "HEIF"}.get(kind, kind.upper())
    images[0].save(buffer, name, **options)
    return buffer.getvalue()


def _noise(rng: np.random.Generator, sigma: float, shape: tuple[int, ...]) -> Picture:
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(sigma)


def _resized(gray: Picture, scale: float) -> Picture:
    if scale == 1:
        return gray
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(gray, None, fx=scale, fy=scale, interpolation=how)


def _inked(gray: Picture, how: Scan) -> Picture:
    ink = gray.astype(np.float32)
    return ink + (255 - ink) * how.faint


def _stamped(
    picture: Picture,
    seal: tuple[float, float] | None,
    signature: tuple[float, float] | None,
) -> Picture:
    """Print a red round seal (36 mm of A4) and a blue signature over what is there, as inks do."""
    if not seal and not signature:
        return picture
    high, wide = picture.shape[:2]
    unit = max(high, wide) / 297
    layer = np.full(picture.shape, 255, np.uint8)
    if seal:
        centre = round(seal[0] * wide), round(seal[1] * high)
        red = (214, 48, 49)
        for radius, width in ((18, 1.0), (16.5, 0.4), (11, 0.4)):
            cv2.circle(layer, centre, round(radius * unit), red, max(1, round(width * unit)))
        star = [
            (
                centre[0] + round(np.sin(k * np.pi * 0.8) * 8 * unit),
                centre[1] - round(np.cos(k * np.pi * 0.8) * 8 * unit),
            )
            for k in range(5)
        ]
        cv2.fillPoly(layer, [np.array(star, np.int32)], red)
        for k in range(28):
            turn = k * 2 * np.pi / 28
            at = (
                centre[0] + round(np.sin(turn) * 13.6 * unit),
                centre[1] - round(np.cos(turn) * 13.6 * unit),
            )
            cv2.circle(layer, at, max(1, round(0.9 * unit)), red, -1)
    if signature:
        t = np.linspace(0, 6 * np.pi, 300)
        x = signature[0] * wide + (t - 3 * np.pi) * 2.4 * unit + np.sin(t * 1.7) * 5 * unit
        y = signature[1] * high + np.sin(t) * 7 * unit * np.cos(t / 7)
        line = np.stack([x, y], axis=1).round().astype(np.int32)
        cv2.polylines(layer, [line], isClosed=False, color=(38, 54, 168), thickness=round(unit))
    layer = cv2.GaussianBlur(layer, (0, 0), 0.12 * unit)
    return picture * (layer.astype(np.float32) / 255)


def _paper(picture: Picture, how: Scan, rng: np.random.Generator) -> Picture:
    high, wide = picture.shape[:2]
    picture = np.ascontiguousarray(picture, np.float32)
    unit = max(high, wide) / 297
    if how.holes:
        for share in (0.36, 0.64):
            colour = (30.0,) * 3 if picture.ndim == 3 else 30.0
            cv2.circle(picture, (round(9 * unit), round(share * high)), round(3 * unit), colour, -1)
    if how.fold:
        at = high // 2 + int(rng.integers(-high // 20, high // 20))
        rows = np.abs(np.arange(high) - at)
        shade = 1 - 0.25 * np.exp(-((rows / (0.5 * unit)) ** 2))
        picture = picture * (shade[:, None, None] if picture.ndim == 3 else shade[:, None])
    return picture


def _laid(picture: Picture, angle: float, skew: float) -> Picture:
    if not angle and not skew:
        return picture
    high, wide = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), angle, 1)
    turn[0, 1] += np.tan(np.radians(skew))
    turn[0, 2] -= np.tan(np.radians(skew)) * high / 2
    white = (255.0,) * 3 if picture.ndim == 3 else 255.0
    return cv2.warpAffine(
        picture.astype(np.float32), turn, (wide, high), flags=cv2.INTER_CUBIC, borderValue=white
    )


def _speckle(picture: Picture, count: int, rng: np.random.Generator) -> None:
    high, wide = picture.shape[:2]
    for _ in range(count):
        at = int(rng.integers(0, wide)), int(rng.integers(0, high))
        gray = float(rng.integers(40, 160))
        colour = (gray,) * 3 if picture.ndim == 3 else gray
        cv2.circle(picture, at, int(rng.integers(1, 3)), colour, -1)


def _turned(picture: Picture, turn: int) -> Picture:
    return np.ascontiguousarray(np.rot90(picture, -(turn // 90)))


def _curled(page: Picture, curl: float) -> Picture:
    if not curl:
        return page
    high, wide = page.shape[:2]
    x = np.linspace(-1, 1, wide, dtype=np.float32)
    lift = (1 - x**2) * curl * high
    columns = np.tile(np.arange(wide, dtype=np.float32), (high, 1))
    rows = np.arange(high, dtype=np.float32)[:, None] + lift[None] - curl * high
    return cv2.remap(page, columns, rows, cv2.INTER_CUBIC, borderValue=(255.0,) * 3)


def _view(
    width: int, height: int, wide: int, high: int, how: Photo, rng: np.random.Generator
) -> Picture:
    """Return the perspective from page to picture: fitted with a margin, corners astray."""
    margin = 0.05
    fit = min(wide * (1 - 2 * margin) / width, high * (1 - 2 * margin) / height)
    fit *= 1 + 2.6 * how.cut
    half = np.array([width * fit / 2, height * fit / 2])
    centre = np.array([wide / 2, high / 2]) + how.cut * np.array([wide, high]) * 0.5
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    turn = np.radians(how.roll)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    stray = rng.uniform(-1, 1, (4, 2)) * how.tilt * np.array([wide, high])
    seen = corners @ spin + centre + np.clip(stray, -margin * wide, margin * wide)
    page = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return cv2.getPerspectiveTransform(page, seen.astype(np.float32))


def _light(wide: int, high: int, how: Photo) -> Picture:
    yy, xx = np.mgrid[0:high, 0:wide].astype(np.float32)
    light = 1.05 - how.shadow * 1.2 * ((xx / wide - 0.25) ** 2 + (yy / high - 0.2) ** 2)
    edge = (xx * 0.8 + yy - 0.95 * high - 0.25 * wide) / (0.03 * wide)
    light *= 1 - how.shadow / (1 + np.exp(-edge))
    light *= 1 - how.dark
    if how.glare:
        spot = np.hypot(xx - wide * 0.45, yy - high * 0.5) / (how.glare * wide)
        light += 2.5 * np.exp(-(spot**4))
    return light


def _unsharp(picture: Picture, how: Photo) -> Picture:
    if how.blur:
        picture = cv2.GaussianBlur(picture, (0, 0), how.blur)
    if how.shake > 1:
        line = np.zeros((how.shake, how.shake), np.float32)
        np.fill_diagonal(line, 1 / how.shake)
        picture = cv2.filter2D(picture, -1, line)
    return picture
