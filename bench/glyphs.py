"""Train the second reader of printed lines (``parsers/glyphs.npz``) on rendered text alone.

    CELL_FONTS=/where/more/fonts/are python bench/glyphs.py [--lines 60000] [--passes 6]

Fonts, words and captures are the tuning part of ``tests/rigs``; nothing held out is ever seen.
The net in the tree came of two runs: 32,000 lines twice, then ``--start`` from that with 40,000 new
lines twice at ``--rate 0.0007``; some 15 minutes of one core each.
"""

import argparse
import os
import pickle
import random
import sys
import time
from multiprocessing import Pool
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # more only spin where a machine is shared
ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from rigs import cell_pictures, cell_words  # noqa: E402

from parsers import glyphs, ink  # noqa: E402
from parsers.glyphs import ALPHABET, STRIDE, STRIP  # noqa: E402

CAPTURES = ("scan300", "scan300", "scan250", "scan200", "scan200", "scan150", "fax200", "photo")
#: (outputs, frames looked at) of the layers before the last.
LAYERS = ((64, 1), (160, 9), (192, 5))
FRAMES_IN_BATCH = 2000
RATE = 1.2e-3
MIDDLE, UNSURE, LEAST = 0.27, 0.40, 1.7


def text(chance: random.Random) -> str:
    """Return what a line says: cells as in forms, invented words, numbers, and any signs at all."""
    kind = chance.choices(("cell", "words", "number", "signs"), (40, 30, 18, 12))[0]
    if kind == "cell":
        return cell_words.write(chance.choice(cell_words.KINDS), "tuning", chance)[:45].strip()
    if kind == "words":
        words = [cell_words.syllable(chance) for _ in range(chance.randint(1, 6))]
        cases = (str.lower, str.lower, str.title, str.upper)
        return " ".join(chance.choice(cases)(word) for word in words)
    signs = "0123456789" * 3 + ".,/-:+ " if kind == "number" else ALPHABET
    return " ".join("".join(chance.choices(signs, k=chance.randint(1, 15))).split()) or "0"


Example = tuple[np.ndarray, np.ndarray]


def example(seed: int) -> Example | None:
    """Return (strip, label of every frame; -1 = do not care), or None where ink.py sees no line."""
    chance = cell_pictures.seeded(f"glyphs 2 {seed}")
    names = {
        n: w for n, w in cell_pictures.FAMILIES["tuning"].items() if cell_pictures.font_file(n)
    }
    font = chance.choices(list(names), list(names.values()))[0]
    size = chance.choice((8, 9, 10, 10, 11, 11, 12, 12, 13, 14)) * cell_pictures.PAGE_DPI / 72
    words = text(chance)
    drawn = cell_pictures.draw(words, font, size, 10**6, chance)
    wide = chance.uniform(0.88, 1.12)
    drawn = varied(drawn, wide, chance)
    crop, scale = cell_pictures.captured(drawn, chance.choice(CAPTURES), chance)
    height = cell_pictures.capital(font, size) * scale * chance.uniform(0.9, 1.1)
    found = ink.writing(crop, height).lines
    if len(found) != 1 or found[0].dashes:
        return None
    line = found[0]
    strip = glyphs.strip(line)
    factor = glyphs.CAPITAL / (line.bottom - line.top)
    type_ = cell_pictures.face(font, round(size))
    edges = [
        cell_pictures.MARGIN * size + type_.getlength(words[:i]) for i in range(len(words) + 1)
    ]
    edges = [(x * wide * scale - line.left) * factor + glyphs.PADDING for x in edges]
    count = (strip.shape[1] - STRIP) // STRIDE + 1
    centres = np.arange(count) * STRIDE + STRIP / 2
    labels = np.zeros(count, np.int16)
    for letter, left, right in zip(words, edges[:-1], edges[1:], strict=True):
        away = np.abs(centres - (left + right) / 2)
        width = right - left
        labels[(away < max(UNSURE * width, LEAST + 1)) & (labels == 0)] = -1
        labels[away < max(MIDDLE * width, LEAST)] = 1 + ALPHABET.index(letter)
    return strip, parted(labels)


def varied(drawn: np.ndarray, wide: float, chance: random.Random) -> np.ndarray:
    """Make another font of one: narrower or wider, thinner or bolder, slanted."""
    height, width = drawn.shape
    slant = chance.choice((0.0, 0.0, chance.uniform(-0.06, 0.1)))
    matrix = np.array([[wide, -slant, slant * height / 2], [0, 1, 0]])
    size = (round(width * wide), height)
    drawn = cv2.warpAffine(drawn, matrix, size, flags=cv2.INTER_AREA, borderValue=255)
    weight = chance.choice((0, 0, 0, 1, 1, 2))
    if weight:
        how = chance.choice((cv2.erode, cv2.erode, cv2.dilate))  # erode makes ink bolder
        drawn = how(drawn, np.ones((1 + weight, 1 + weight), np.uint8))
    return drawn


def parted(labels: np.ndarray) -> np.ndarray:
    """Make sure that between two letters there is a frame of neither."""
    edges = np.flatnonzero(np.diff(labels)) + 1
    starts, ends = np.concatenate(([0], edges)), np.concatenate((edges, [len(labels)]))
    for start, end in zip(starts[1:-1], ends[1:-1], strict=True):
        if labels[start] == -1 and labels[start - 1] > 0 and labels[end] > 0:
            labels[(start + end) // 2] = 0
    return labels


class Trainer:
    """Plain Adam on cross-entropy of frames."""

    def __init__(self, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        sizes, before = [], glyphs.HEIGHT * STRIP
        for outputs, width in (*LAYERS, (1 + len(ALPHABET), 1)):
            sizes.append((before * width, outputs, width))
            before = outputs
        self.weights = [
            (rng.normal(0, (2 / i) ** 0.5, (i, o))).astype(np.float32) for i, o, _ in sizes
        ]
        self.biases = [np.zeros(o, np.float32) for _, o, _ in sizes]
        self.widths = [w for _, _, w in sizes]
        self.moments = [[np.zeros_like(p), np.zeros_like(p)] for p in (*self.weights, *self.biases)]
        self.step = 0

    def go_on(self, path: Path) -> None:
        """Take over the weights of a trained net."""
        with np.load(path) as stored:
            for i in range(len(self.weights)):
                self.weights[i][:] = stored[f"weights{i}"] * stored[f"scale{i}"]
                self.biases[i][:] = stored[f"bias{i}"]

    def learn(self, strip: np.ndarray, labels: np.ndarray, rate: float) -> float:
        """Take one step on a batch; return its loss (nats a frame)."""
        seen, outputs = [], [glyphs.first_frames(strip)]
        for i, (w, b, k) in enumerate(zip(self.weights, self.biases, self.widths, strict=True)):
            x = glyphs.neighbours(outputs[-1], k)
            seen.append(x)
            y = x @ w + b
            outputs.append(np.maximum(y, 0) if i < len(self.weights) - 1 else y)
        y = outputs[-1]
        y = y - y.max(axis=1, keepdims=True)
        p = np.exp(y)
        p /= p.sum(axis=1, keepdims=True)
        care = labels >= 0
        weight = np.where(labels > 0, 1.0, 0.4).astype(np.float32) * care
        rows = np.arange(len(labels))
        loss = -(np.log(p[rows, np.maximum(labels, 0)] + 1e-9) * weight).sum() / weight.sum()
        p[rows, np.maximum(labels, 0)] -= 1
        slope = p * (weight / weight.sum())[:, None]
        slopes_w, slopes_b = [], []
        for i in range(len(self.weights) - 1, -1, -1):
            slopes_w.append(seen[i].T @ slope)
            slopes_b.append(slope.sum(axis=0))
            if i:
                back = slope @ self.weights[i].T
                k, n = self.widths[i], outputs[i].shape[1]
                if k > 1:
                    wide = back.reshape(len(back), k, n)
                    total = np.zeros((len(back) + k - 1, n), np.float32)
                    for j in range(k):
                        total[j : j + len(back)] += wide[:, j]
                    back = total[k // 2 : k // 2 + len(back)]
                slope = back * (outputs[i] > 0)
        self._adam([*slopes_w[::-1], *slopes_b[::-1]], rate)
        return float(loss)

    def _adam(self, slopes: list[np.ndarray], rate: float) -> None:
        self.step += 1
        fix = (1 - 0.999**self.step) ** 0.5 / (1 - 0.9**self.step)
        values = (*self.weights, *self.biases)
        for value, slope, (mean, square) in zip(values, slopes, self.moments, strict=True):
            mean += 0.1 * (slope - mean)  # noqa: PLW2901  in place
            square += 0.001 * (slope * slope - square)  # noqa: PLW2901  in place
            value -= rate * fix * mean / (np.sqrt(square) + 1e-8)  # noqa: PLW2901  in place

    def save(self, path: Path) -> None:
        """Write the net as ``parsers.glyphs`` reads it: whole numbers of 8 bits, and scales."""
        stored = {}
        for i, (w, b, k) in enumerate(zip(self.weights, self.biases, self.widths, strict=True)):
            scale = np.abs(w).max(axis=0) / 127
            stored |= {
                f"weights{i}": np.round(w / scale).astype(np.int8),
                f"scale{i}": scale,
                f"bias{i}": b,
                f"width{i}": np.array(k),
            }
        np.savez_compressed(path, **stored)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lines", type=int, default=60_000)
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--made", type=Path, help="where the drawn lines are kept for another run")
    parser.add_argument("--start", type=Path, help="a trained net to go on from")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--out", type=Path, default=ROOT / "parsers" / "glyphs.npz")
    wanted = parser.parse_args()
    began = time.time()
    made = examples(wanted.lines, wanted.processes, wanted.made)
    print(f"{len(made)} lines in {time.time() - began:.0f} s", flush=True)
    order, trainer = np.random.default_rng(7), Trainer()
    if wanted.start:
        trainer.go_on(wanted.start)
    frames = sum(len(labels) for _, labels in made)
    total, done = wanted.passes * frames / FRAMES_IN_BATCH, 0
    losses: list[float] = []
    for _ in range(wanted.passes):
        batch, size = [], 0
        for i in order.permutation(len(made)):
            batch.append(made[i])
            size += len(made[i][1])
            if size < FRAMES_IN_BATCH:
                continue
            rate = wanted.rate * max(0.01, 1 - done / total) * min(1, (done + 1) / 100)
            losses.append(trainer.learn(*joined(batch, order), rate))
            batch, size, done = [], 0, done + 1
            if done % 200 == 0:
                spent = time.time() - began
                print(
                    f"{done / total:.1%}: {np.mean(losses[-200:]):.4f}, {spent:.0f} s", flush=True
                )
                trainer.save(wanted.out)
    trainer.save(wanted.out)


def examples(count: int, processes: int, kept: Path | None) -> list[Example]:
    """Return so many examples, from where they are kept if they were made before."""
    if kept and kept.exists():
        return pickle.loads(kept.read_bytes())  # noqa: S301  written by this program
    with Pool(processes) as pool:
        made = [e for e in pool.imap(example, range(count), 200) if e is not None]
    if kept:
        kept.write_bytes(pickle.dumps(made))
    return made


def joined(batch: list[Example], rng: np.random.Generator) -> Example:
    """Set lines side by side, each a little higher or lower, paler or darker than it was drawn.

    A strip's width is cut to whole strides, so that its frames stay its own.
    """
    strips, labels = [], []
    for strip, label in batch:
        ink = 255 - strip[:, : len(label) * STRIDE].astype(np.float32)
        moved = np.zeros_like(ink)
        by = int(rng.integers(-1, 2))
        moved[max(0, by) : len(ink) + min(0, by)] = ink[max(0, -by) : len(ink) - max(0, by)]
        strips.append(np.clip(255 - moved * rng.uniform(0.75, 1.15), 0, 255).astype(np.uint8))
        labels.append(label)
    strips.append(np.full((glyphs.HEIGHT, STRIP - STRIDE), 255, np.uint8))
    return np.concatenate(strips, axis=1), np.concatenate(labels)


if __name__ == "__main__":
    main()
