"""A second reader of printed lines, independent of Tesseract: a small net over columns of pixels.

It was trained by ``bench/glyphs.py`` on rendered text alone (fonts that are free to use; no
document of anyone). For every other column of a line it says how likely each letter is; from that
follow its own reading and, what matters more, how well a reading by others fits the picture.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from parsers.ink import Gray, Line

Floats = npt.NDArray[np.float32]

#: The line as the net sees it: capitals are so high, with so much room above and below, in pixels.
CAPITAL: Final = 20
ABOVE: Final = 13
BELOW: Final = 9
HEIGHT: Final = ABOVE + CAPITAL + BELOW
#: One frame is so many columns wide; frames are so many columns apart; paper at either end.
STRIP: Final = 6
STRIDE: Final = 2
PADDING: Final = 20
_VOWELS: Final = "aăâeêioôơuưy"
_TONED: Final = "àảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"
_LOWER: Final = _VOWELS + _TONED + "bcdđghklmnpqrstvxfjwz"
#: Class 0 is "between two letters", the rest are these.
ALPHABET: Final = " " + _LOWER + _LOWER.upper() + "0123456789" + ".,;:-/()+²\"'%&–…!?=*_°"
#: Above this log-probability a frame is between two letters.
_HALF: Final = float(np.log(0.5))
_FILE: Final = Path(__file__).with_suffix(".npz")


@dataclass(frozen=True, slots=True)
class Net:
    """Layers of (weights, bias, width): each looks at so many neighbouring frames of the last."""

    layers: tuple[tuple[Floats, Floats, int], ...]

    def frames(self, strip: Gray) -> Floats:
        """Return the logarithm of each class's probability for every frame of a strip."""
        x = first_frames(strip)
        last = len(self.layers) - 1
        for i, (weights, bias, width) in enumerate(self.layers):
            x = neighbours(x, width) @ weights + bias
            if i < last:
                np.maximum(x, 0, out=x)
        x -= x.max(axis=1, keepdims=True)
        x -= np.log(np.exp(x).sum(axis=1, keepdims=True))
        logs: Floats = x
        return logs


def strip(line: Line) -> Gray:
    """Return a line scaled so that its capitals have the height that the net knows."""
    factor = CAPITAL / (line.bottom - line.top)
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(line.pixels, None, fx=factor, fy=factor, interpolation=how)
    top = round(line.bottom * factor) - CAPITAL - ABOVE
    out = np.full((HEIGHT, scaled.shape[1] + 2 * PADDING), 255, np.uint8)
    part = scaled[max(0, top) : max(0, top + HEIGHT)]
    at = max(0, -top)
    out[at : at + len(part), PADDING:-PADDING] = part
    return out


def first_frames(strip_: Gray) -> Floats:
    """Cut a strip into overlapping frames, ink 1 and paper 0."""
    ink: Floats = 1 - strip_.astype(np.float32) / np.float32(255)
    count = (ink.shape[1] - STRIP) // STRIDE + 1
    windows = np.lib.stride_tricks.sliding_window_view(ink, STRIP, axis=1)[:, ::STRIDE]
    return np.ascontiguousarray(windows.transpose(1, 0, 2)).reshape(count, HEIGHT * STRIP)


def neighbours(x: Floats, width: int) -> Floats:
    """Set beside each frame its neighbours, ``width`` frames in all, nothing beyond the ends."""
    if width == 1:
        return x
    half = width // 2
    padded = np.pad(x, ((half, half), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=0)
    return np.ascontiguousarray(windows.transpose(0, 2, 1)).reshape(len(x), width * x.shape[1])


@lru_cache(maxsize=1)
def net() -> Net:
    """Load the trained net, once."""
    with np.load(_FILE) as stored:
        count = len(stored.files) // 4
        layers = []
        for i in range(count):
            weights = stored[f"weights{i}"].astype(np.float32) * stored[f"scale{i}"]
            layers.append((weights, stored[f"bias{i}"], int(stored[f"width{i}"])))
    return Net(tuple(layers))


@dataclass(frozen=True, slots=True)
class Reading:
    """What the net itself reads on a line.

    A letter's margin is the difference of its mean log-probability to that of the next best letter
    (or of none); ``apart`` is the least log-probability with which two letters are two.
    """

    text: str
    margins: tuple[float, ...]
    apart: float


def read(logs: Floats) -> Reading:
    """Return the best reading of a line's frames: one letter wherever frames are between none."""
    inside = logs[:, 0] < _HALF
    edges = np.flatnonzero(np.diff(inside.astype(np.int8), prepend=0, append=0))
    letters, margins = [], []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        mean = logs[start:end].mean(axis=0)
        first, second = np.argsort(mean[1:])[:-3:-1] + 1
        letters.append(ALPHABET[first - 1])
        margins.append(float(mean[first] - max(mean[second], mean[0])))
    valleys = [logs[a:b, 0].max() for a, b in zip(edges[1:-1:2], edges[2::2], strict=True)]
    return Reading("".join(letters), tuple(margins), float(min(valleys, default=0.0)))


def fit(logs: Floats, text: str) -> float:
    """Return how much less likely than the net's own reading a text is on a line (0 = the same).

    The log-probability of the best path that spells the text, less that of the best path of all.
    """
    if any(letter not in ALPHABET for letter in text):
        return -np.inf
    classes = np.zeros(2 * len(text) + 1, np.intp)
    classes[1::2] = [1 + ALPHABET.index(letter) for letter in text]
    emitted = logs[:, classes]
    leap = np.zeros(len(classes), bool)
    leap[3::2] = classes[3::2] != classes[1:-2:2]
    score = np.full(len(classes), -np.inf, np.float32)
    score[:2] = emitted[0, :2]
    one, two = np.full_like(score, -np.inf), np.full_like(score, -np.inf)
    for frame in emitted[1:]:
        one[1:] = score[:-1]
        two[2:] = np.where(leap[2:], score[:-2], -np.inf)
        score = np.maximum(np.maximum(score, one), two) + frame
    return float(score[-2:].max() - logs.max(axis=1).sum())
