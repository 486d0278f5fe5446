"""The families of formats, the figures that each must reach, and the table that shows them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """What a family must reach; shares in per cent, the others per 1,000 cells.

    ``seconds`` (of processor time) is the median for one page of a PDF or picture, else for one
    file. ``memory_mb`` is the most that the reading process may use over any one document.
    """

    right: float = 0.0
    unsaid: float = 0.0
    false_errors: float = 1000.0
    numbers: float = 0.0
    texts: float = 0.0
    sure_wrong: float = 2.0
    seconds: float = 60.0
    memory_mb: float = 500.0


_TYPED: Final = Limits(right=99.5, unsaid=0.5, false_errors=3, seconds=0.03)
#: Family → what it must reach.
LIMITS: Final[Mapping[str, Limits]] = {
    "xlsx": _TYPED,
    "xls": _TYPED,
    "ods": _TYPED,
    "csv/tsv": _TYPED,
    "html/xml": _TYPED,
    "docx": _TYPED,
    "doc/odt/rtf": Limits(right=99.5, unsaid=0.5, false_errors=3, seconds=1.5),
    "pdf text": Limits(right=99, unsaid=0.5, false_errors=5, seconds=0.1),
    "scans": Limits(numbers=99, texts=93, unsaid=2, false_errors=30, seconds=5),
    "photos": Limits(numbers=98, texts=88, unsaid=2, false_errors=50),
    "bad pictures": Limits(unsaid=0, sure_wrong=0),
}
#: (Family, figure) → how far it may stay behind in other samples than the whole set, and why.
_LETTERS: Final = "a letter or an accent of a picture is misread, and marked"
_TIME: Final = "several passes over each cell"
SHORTFALLS: Final[Mapping[tuple[str, str], tuple[float, str]]] = {
    ("scans", "numbers right %"): (97, _LETTERS),
    ("scans", "texts right %"): (88, _LETTERS),
    ("scans", "seconds"): (10, _TIME),
    ("photos", "numbers right %"): (96, _LETTERS),
    ("photos", "texts right %"): (84, _LETTERS),
}
_BY_EXTENSION: Final = {
    "xlsx": "xlsx", "xlsm": "xlsx", "xls": "xls", "ods": "ods", "csv": "csv/tsv", "tsv": "csv/tsv",
    "html": "html/xml", "docx": "docx", "doc": "doc/odt/rtf", "odt": "doc/odt/rtf",
    "rtf": "doc/odt/rtf", "pdf": "pdf text",
}  # fmt: skip
_BY_TAG: Final = {"scan": "scans", "photo": "photos", "bad": "bad pictures"}
_BY_PRODUCER: Final = {"input-excel-html": "html/xml", "input-xml-2003": "html/xml"}
_PAGED: Final = frozenset({"pdf text", "scans", "photos", "bad pictures"})


def family(path: Path) -> str:
    """Return a document's family: ``input-reportlab.scan-200.pdf`` is a scan, the rest by name."""
    stem, *tags, extension = path.name.split(".")
    for tag in tags:
        return _BY_TAG[tag.split("-")[0]]
    return _BY_PRODUCER.get(stem) or _BY_EXTENSION[extension]


@dataclass(slots=True)
class Figures:
    """One family's sums over its documents."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    page_seconds: list[float] = field(default_factory=list)
    memory_mb: float = 0.0

    def add(self, counts: Counter[str], seconds: float, pages: int, memory_mb: float) -> None:
        """Add one document."""
        self.counts.update(counts)
        self.seconds.append(seconds)
        self.page_seconds.append(seconds / max(1, pages))
        self.memory_mb = max(self.memory_mb, memory_mb)

    def share(self, name: str, of: str) -> float:
        """Return a count as a share of another in per cent; 100 where there is nothing to count."""
        return 100 * self.counts[name] / self.counts[of] if self.counts[of] else 100.0

    def rate(self, name: str, of: str = "cells") -> float:
        """Return a count per 1,000 of another."""
        return 1000 * self.counts[name] / self.counts[of] if self.counts[of] else 0.0


def missed_limits(
    name: str, figures: Figures, *, timed: bool = True, known: bool = True
) -> list[str]:
    """Return a line for each figure of a family that is not reached.

    ``timed`` = also what depends on the machine; ``known`` = allow for ``SHORTFALLS``. A family of
    which nothing is supported misses nothing.
    """
    counts = figures.counts
    if counts["unsupported"] == counts["documents"]:
        return []
    lines = []
    for what, value, limit, sign in _checks(name, figures, timed=timed):
        allowed, _ = SHORTFALLS.get((name, what), (limit, "")) if known else (limit, "")
        if sign * value > sign * allowed:
            words = "at most" if sign > 0 else "at least"
            lines.append(f"{name}: {what} {value:.3g}, must be {words} {allowed:g}")
    return lines


def _checks(name: str, figures: Figures, *, timed: bool) -> list[tuple[str, float, float, int]]:
    """Return (figure, value, limit, sign): the sign is 1 where less is better."""
    limits = LIMITS[name]
    checks = [
        ("cells right %", figures.share("right", "cells"), limits.right, -1),
        ("numbers right %", figures.share("numbers right", "numbers"), limits.numbers, -1),
        ("texts right %", figures.share("texts right", "texts"), limits.texts, -1),
        ("wrong without a finding ‰", figures.rate("wrong unsaid"), limits.unsaid, 1),
        ("false errors ‰", figures.rate("false errors"), limits.false_errors, 1),
        ("wrong at 0.9 ‰", figures.rate("sure wrong", "sure"), limits.sure_wrong, 1),
    ]
    if timed:
        seconds = figures.page_seconds if name in _PAGED else figures.seconds
        checks.append(("seconds", median(seconds), limits.seconds, 1))
        checks.append(("memory MB", figures.memory_mb, limits.memory_mb, 1))
    return checks


_COLUMNS: Final = (
    "family", "docs", "unread", "cells", "right %", "numbers %", "texts %", "wrong, said",
    "unsaid ‰", "missed", "(silent)", "invented", "false err ‰", "≥0.9 %", "wrong ≥0.9 ‰",
    "remarks", "s/file", "s/page", "MB",
)  # fmt: skip


def table(by_family: Mapping[str, Figures]) -> str:
    """Return the accuracy table."""
    lines = [_COLUMNS, *(_line(name, by_family[name]) for name in LIMITS if name in by_family)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(text.ljust(width) if not n else text.rjust(width) for n, (text, width) in pairs)
        for pairs in (list(enumerate(zip(line, widths, strict=True))) for line in lines)
    )


def _line(name: str, figures: Figures) -> Sequence[str]:
    counts = figures.counts
    return (
        name,
        str(counts["documents"]),
        str(counts["unsupported"]),
        str(counts["cells"]),
        f"{figures.share('right', 'cells'):.2f}",
        f"{figures.share('numbers right', 'numbers'):.2f}",
        f"{figures.share('texts right', 'texts'):.2f}",
        str(counts["wrong said"]),
        f"{figures.rate('wrong unsaid'):.2f}",
        str(counts["missed"]),
        str(counts["missed unsaid"]),
        str(counts["invented"]),
        f"{figures.rate('false errors'):.1f}",
        f"{figures.share('sure', 'cells'):.1f}",
        f"{figures.rate('sure wrong', 'sure'):.2f}",
        f"{counts['remarks said']}/{counts['remarks']}",
        f"{median(figures.seconds):.3f}",
        f"{median(figures.page_seconds):.3f}",
        f"{figures.memory_mb:.0f}",
    )
