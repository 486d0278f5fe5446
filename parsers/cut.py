"""The picture of single values: cut out of a page, so that a person can compare them with the text.

A value's ``Box`` says where it stands on its page as shown. Runs in the jail, like all reading.
"""

import io
from collections.abc import Mapping
from typing import Final

from parsers.grid import Limits
from parsers.picture import Pixels, opened
from parsers.reading import Box, Refusal
from parsers.sniff import sniff

#: Of the page's sides: a little of what stands round a value helps to find it again.
_MARGIN: Final = 0.004
_WIDEST: Final = 900  # pixels


def cut(
    data: bytes, boxes: Mapping[str, Box], limits: Limits | None = None
) -> dict[str, bytes] | Refusal:
    """Return for each named box a PNG of that part of its page; boxes of no page are left out.

    Returns:
        The pictures by name, or a ``Refusal`` where the document has no pages to show.
    """
    album = opened(data, sniff(data).kind, limits)
    if isinstance(album, Refusal):
        return album
    cuttings: dict[str, bytes] = {}
    for number in sorted({box[0] for box in boxes.values()}):
        page = album.page(number - 1) if 0 < number <= album.count else None
        if page is None or isinstance(page, Refusal):
            continue
        of_page = {name: box for name, box in boxes.items() if box[0] == number}
        cuttings |= {name: _png(page, box) for name, box in of_page.items()}
    return cuttings


def _png(page: Pixels, box: Box) -> bytes:
    from PIL import Image  # noqa: PLC0415  only for this

    high, wide = page.shape[:2]
    _, left, top, right, bottom = box
    across = _span(left, right, wide)
    down = _span(top, bottom, high)
    image = Image.fromarray(page[down[0] : down[1], across[0] : across[1]])
    image.thumbnail((_WIDEST, _WIDEST))
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _span(first: float, last: float, size: int) -> tuple[int, int]:
    """Return the pixels from and to, with a margin, at least one and never outside."""
    start = min(max(0, int((first - _MARGIN) * size)), size - 1)
    return start, max(start + 1, min(size, round((last + _MARGIN) * size)))
