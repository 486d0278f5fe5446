"""The picture of a value is that part of its page, cut out in the jail."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from parsers.cut import cut
from parsers.jail import Jail
from parsers.reading import Refusal

PDF = (Path(__file__).parent / "data" / "form_docx.pdf").read_bytes()


def picture() -> bytes:
    """White, with a black square in the lower right quarter."""
    pixels = np.full((800, 1000), 255, np.uint8)
    pixels[500:700, 600:900] = 0
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def shown(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"))


def test_the_box_is_cut_out() -> None:
    cuttings = cut(picture(), {"dark": (1, 0.6, 0.625, 0.9, 0.875), "light": (1, 0, 0, 0.5, 0.5)})
    assert not isinstance(cuttings, Refusal)
    assert shown(cuttings["dark"]).mean() < 20
    assert shown(cuttings["light"]).min() == 255


def test_boxes_outside_a_page_do_no_harm() -> None:
    odd = {"a": (7, 0, 0, 1, 1), "b": (0, 0, 0, 1, 1), "c": (1, 2, 2, 3, 3), "d": (1, -1, -1, 0, 0)}
    cuttings = cut(picture(), odd)
    assert not isinstance(cuttings, Refusal)
    assert set(cuttings) == {"c", "d"}


def test_what_has_no_pages_is_refused() -> None:
    assert isinstance(cut(b"STT;A\n1;B\n", {"a": (1, 0, 0, 1, 1)}), Refusal)


def test_the_jail_cuts_pages_of_a_pdf() -> None:
    with Jail() as jail:
        cuttings = jail.cut(PDF, {"1.name": (1, 0.1, 0.2, 0.6, 0.5)})
    assert not isinstance(cuttings, Refusal)
    assert 0 < shown(cuttings["1.name"]).mean() < 255
