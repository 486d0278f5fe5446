"""Makes the golden documents with their ``why.md`` and ``truth.json``.

``./dev golden --make`` writes what is missing, ``--make --write`` everything again: the same bytes,
except for what LibreOffice converts. Truth comes from what was put into a document, never from
what a reader said of it.
"""

import inspect
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden.makers import handwritten, handwritten_layouts
from golden.makers.catalogue import CATALOGUE
from golden.makers.converted import convert_all
from golden.makers.layouts import drawn
from golden.makers.meant import MEANT
from golden.makers.paper import Paper
from golden.makers.pictures import PICTURES, pictured
from golden.makers.producers import PRODUCERS, converted_to, producers_of

HERE = Path(__file__).parent
#: The seed of the committed set.
COMMITTED = 1


@dataclass(frozen=True, slots=True)
class Drawn:
    """One document as its producer writes it; ``converted`` are the extensions made of it later."""

    layout: str
    producer: str
    paper: Paper
    converted: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return the file's name; its stem is its key in ``truth.json``."""
        return f"input-{self.producer}.{PRODUCERS[self.producer].extension}"

    def bytes(self) -> bytes:
        """Return the file's content."""
        return PRODUCERS[self.producer].write(self.paper)


def all_drawn(seed: int = COMMITTED) -> Iterator[Drawn]:
    """Yield every document of every layout that a producer writes."""
    for layout in CATALOGUE.values():
        for producer in producers_of(layout.name):
            paper = drawn(layout, seed, PRODUCERS[producer].can)
            yield Drawn(layout.name, producer, paper, tuple(converted_to(producer, layout.name)))


def inputs() -> set[Path]:
    """Return every input that has a maker; another one is left over from an earlier set."""
    names = [f"{name}/input.{extension}" for name, (_, extension) in handwritten.MAKERS.items()]
    names += [f"{picture.layout}/{picture.name}" for picture in PICTURES]
    for one in all_drawn():
        stem = one.name.partition(".")[0]
        names += [f"{one.layout}/{one.name}"]
        names += [f"{one.layout}/{stem}.{extension}" for extension in one.converted]
    return {HERE / name for name in names}


def make(*, again: bool) -> list[Path]:
    """Write what is missing, or everything; return what changed.

    LibreOffice converts again only what changed, for its output is never the same twice.
    """
    written: list[Path] = []
    _handwritten(written, again=again)
    truths: dict[str, dict[str, Any]] = defaultdict(dict)
    conversions: dict[str, list[Path]] = defaultdict(list)
    for document in all_drawn():
        folder = HERE / document.layout
        folder.mkdir(exist_ok=True)
        truths[document.layout][f"input-{document.producer}"] = document.paper.truth.shape()
        target = folder / document.name
        if again or not target.exists():
            _put(target, document.bytes(), written)
        for extension in document.converted:
            if target in written or not target.with_suffix(f".{extension}").exists():
                conversions[extension].append(target)
    for extension, sources in conversions.items():
        convert_all(sources, extension)
        written += [source.with_suffix(f".{extension}") for source in sources]
    for left in sorted({*HERE.glob("*/input*.*")} - inputs()):
        left.unlink()
    for picture in PICTURES:
        source = HERE / picture.layout / picture.original
        target = source.with_name(picture.name)
        if source in written or not target.exists():
            _put(target, pictured(source.read_bytes(), picture), written)
    for name, truth in truths.items():
        _put(HERE / name / "truth.json", shape(truth).encode(), written)
        _put(HERE / name / "why.md", f"{CATALOGUE[name].why}\n".encode(), written)
    return written


def shape(truth: Any) -> str:
    """Return a truth as JSON with one row of a document on one line."""
    parts = []
    for stem, one in truth.items():
        inner = {key: value for key, value in one.items() if key != "rows"}
        lines = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in one["rows"])
        head = json.dumps(inner, ensure_ascii=False)[1:-1]
        parts.append(f' "{stem}": {{{head}, "rows": [\n{lines}\n ]}}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _handwritten(written: list[Path], *, again: bool) -> None:
    assert handwritten_layouts
    for name, (maker, extension) in handwritten.MAKERS.items():
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        target = folder / f"input.{extension}"
        if again or not target.exists():
            _put(target, maker(), written)
        _put(folder / "why.md", f"{inspect.getdoc(maker)}\n".encode(), written)
        if name in MEANT:
            truth = {"input": MEANT[name].shape()}
            _put(folder / "truth.json", shape(truth).encode(), written)


def _put(target: Path, data: bytes, written: list[Path]) -> None:
    if not target.exists() or target.read_bytes() != data:
        target.write_bytes(data)
        written.append(target)
