"""Boxes that people tick: ``☐ Doanh nghiệp ☒ HTX``, ``[x]``, also behind their words."""

import re
from collections.abc import Sequence
from typing import Final

_TICKED: Final = "☒☑■◼▣⊠✓✔✗✘🗹🗷"
_OPEN: Final = "☐□◻▢❏❐⬜◯○"
_BOX: Final = re.compile(
    rf"[{_TICKED}{_OPEN}]|\[\s*[xXvV✓✔]?\s*\]|\(\s*[xXvV✓✔]\s*\)|\(\s{{1,3}}\)"
)
_MARK: Final = re.compile(rf"[{_TICKED}xXvV]")


def ticked(text: str) -> str | None:
    """Return the words whose boxes are ticked, joined by ``"; "``; None if there are no boxes.

    ``""`` = nothing is ticked. Boxes stand before their words, or behind them all; where that
    cannot be told the text comes back as it is, which no choice matches.
    """
    boxes = list(_BOX.finditer(text))
    if not boxes or not _are_drawn(boxes):
        return None
    leading = not text[: boxes[0].start()].strip()
    trailing = not text[boxes[-1].end() :].strip()
    if leading == trailing:
        return text
    edges = [0, *(box.end() for box in boxes)] if trailing else [box.start() for box in boxes]
    if leading:
        edges.append(len(text))
        words = [text[box.end() : end] for box, end in zip(boxes, edges[1:], strict=True)]
    else:
        words = [text[start : box.start()] for box, start in zip(boxes, edges, strict=False)]
    chosen = [word for word, box in zip(words, boxes, strict=True) if _MARK.search(box.group())]
    return "; ".join(" ".join(word.split()).strip(" ;,./-") for word in chosen)


def _are_drawn(boxes: Sequence[re.Match[str]]) -> bool:
    """Tell real boxes; round brackets are some only where an empty pair stands among several."""
    empty = any(not box.group().strip("() ") for box in boxes)
    return (len(boxes) > 1 and empty) or any(box.group()[0] != "(" for box in boxes)
