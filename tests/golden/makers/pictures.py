"""Scans and photos of printed papers, good and bad, through the simulator of ``rigs.scanner``."""
# ruff: noqa: E501  a picture stands on one line

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pypdfium2
from PIL import Image
from rigs.scanner import Photo, Scan, encoded, encoded_pages, photo, scan


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a committed PDF: ``tag`` begins with its family (``scan``, ``photo``, ``bad``)."""

    layout: str
    source: str
    tag: str
    extension: str
    how: Scan | Photo
    quality: int = 42

    @property
    def name(self) -> str:
        """Return the file's name; its stem is that of the PDF, whose truth it shares."""
        return f"input-{self.source}.{self.tag}.{self.extension}"

    @property
    def original(self) -> str:
        """Return the PDF's name."""
        return f"input-{self.source}.pdf"


_SEAL: Final = {"seal": (0.72, 0.86), "signature": (0.75, 0.88)}
_PRINT: Final = "reportlab-print"
PICTURES: Final = (
    Picture("list-signed", _PRINT, "scan-300", "pdf", Scan(seed=11, angle=0.6, noise=3, **_SEAL), 40),
    Picture("list-nine", _PRINT, "scan-200", "pdf", Scan(200, noise=4, seed=12, angle=-0.9)),
    Picture("unit-dong", _PRINT, "scan-200", "pdf", Scan(200, seed=13, angle=0.4, noise=7, contrast=0.8)),
    Picture("groups-roman", "reportlab-sans", "scan-300", "pdf", Scan(seed=14, angle=1.8, noise=3)),
    Picture("header-merged", "reportlab", "scan-300", "pdf", Scan(seed=15, angle=-0.5, noise=3)),
    Picture("header-merged", "python-docx", "scan-200", "pdf", Scan(200, noise=4, seed=16, angle=0.7)),
    Picture("slips-few", "reportlab", "scan-300", "pdf", Scan(seed=17, noise=3, holes=True)),
    Picture("slips-signed", _PRINT, "scan-200", "pdf", Scan(200, noise=4, seed=18, angle=0.3, fold=True, **_SEAL)),
    Picture("owners-merged", "reportlab-sans", "scan-300", "pdf", Scan(seed=19, angle=-2.5, noise=3)),
    Picture("total-wrong", "python-docx", "scan-200", "pdf", Scan(200, noise=4, seed=20, angle=0.5)),
    Picture("list-sixteen", "reportlab", "scan-300", "pdf", Scan(seed=21, angle=0.2, noise=3)),
    Picture("products-merged", "reportlab", "scan-300", "tiff", Scan(seed=22, noise=3)),
    Picture("unit-cells", "python-docx", "scan-200", "pdf", Scan(200, noise=4, seed=23, angle=-0.4)),
    Picture("list-bare", "python-docx", "scan-200", "pdf", Scan(200, noise=4, seed=24, bleed=0.12)),
    Picture("groups-wide", "python-docx", "scan-200", "pdf", Scan(200, noise=4, seed=25, turn=180)),
    Picture("list-signed", _PRINT, "scan-faint", "jpg", Scan(200, seed=26, faint=0.3, noise=3)),
    Picture("blank-returned", "reportlab", "scan-200", "pdf", Scan(200, noise=4, seed=27)),
    Picture("list-signed", _PRINT, "photo-desk", "jpg", Photo(noise=3.5, seed=31, **_SEAL)),
    Picture("list-nine", _PRINT, "photo-sideways", "jpg", Photo(noise=3.5, seed=32, turn=90)),
    Picture("products-merged", "reportlab", "photo-iphone", "heic", Photo(3600, seed=33, curl=0.01, noise=1.5)),
    Picture("groups-roman", "reportlab-sans", "photo-shadow", "jpg", Photo(noise=3.5, seed=34, shadow=0.45)),
    Picture("slips-few", "reportlab", "photo-tilted", "jpg", Photo(noise=3.5, seed=35, tilt=0.06, roll=3)),
    Picture("header-merged", "reportlab", "photo-desk", "jpg", Photo(noise=3.5, seed=36)),
    Picture("owners-merged", "reportlab-sans", "photo-white-desk", "jpg", Photo(noise=3.5, seed=37, desk=200)),
    Picture("total-wrong", "python-docx", "photo-desk", "jpg", Photo(3264, seed=38)),
    Picture("list-signed", _PRINT, "bad-blurred", "jpg", Photo(2400, seed=41, blur=6)),
    Picture("unit-dong", _PRINT, "bad-shaken", "jpg", Photo(2400, seed=42, shake=28)),
    Picture("list-nine", _PRINT, "bad-dark", "jpg", Photo(2400, seed=43, dark=0.88, noise=12)),
    Picture("groups-roman", "reportlab-sans", "bad-cut", "jpg", Photo(2400, seed=44, cut=0.25)),
    Picture("slips-few", "reportlab", "bad-far", "jpg", Photo(1000, seed=45)),
    Picture("header-merged", "reportlab", "bad-glare", "jpg", Photo(2400, seed=46, glare=0.2)),
    Picture("total-wrong", "python-docx", "bad-coarse", "pdf", Scan(90, seed=47, noise=9)),
    Picture("list-signed", _PRINT, "bad-unfocused", "pdf", Scan(150, seed=48, softness=5)),
)  # fmt: skip
_KINDS: Final = {"jpg": "jpeg"}


def pictured(pdf: bytes, picture: Picture) -> bytes:
    """Return the file of one picture: every page if it is scanned, the first if photographed."""
    how = picture.how
    pages = rendered(pdf)
    kind = _KINDS.get(picture.extension, picture.extension)
    if isinstance(how, Photo):
        return encoded(photo(pages[0], how), kind, quality=picture.quality)
    scanned = [scan(page, how) for page in pages]
    if kind == "tiff":
        return two_tone(scanned, how.dpi)
    if kind == "jpeg":
        return encoded(scanned[0], kind, quality=picture.quality, dpi=how.dpi)
    return encoded_pages(scanned, kind, quality=picture.quality, dpi=how.dpi)


def two_tone(pages: Sequence[np.ndarray], dpi: int) -> bytes:
    """Return a TIFF in black and white, as scanners of the fax age write it."""
    first, *rest = [
        Image.fromarray(page).point(lambda tone: 255 * (tone > 140), "1") for page in pages
    ]
    out = io.BytesIO()
    options = {"compression": "group4", "dpi": (dpi, dpi), "append_images": rest}
    first.save(out, "TIFF", save_all=True, **options)
    return out.getvalue()


def rendered(pdf: bytes) -> list[np.ndarray]:
    """Return every page of a PDF as a gray picture of 300 dpi."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.render(scale=300 / 72, grayscale=True).to_numpy().copy() for page in document]
    finally:
        document.close()


def pictures_of(layout: str, source: str) -> Iterator[Picture]:
    """Yield the pictures taken of one PDF."""
    return (p for p in PICTURES if (p.layout, p.source) == (layout, source))
