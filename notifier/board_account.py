"""The account on the board: every message is in exactly one class, or it is unexplained. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from registry.board_rows import MessageTally, Tallies

Class = Literal["registered", "no-form", "held", "waiting", "rejected", "too-large"]
#: The classes in the order in which they are told; the first three always are.
CLASSES: Mapping[Class, str] = MappingProxyType(
    {
        "registered": "đã ghi sổ",
        "no-form": "không có biểu",
        "held": "chờ xử lý",
        "waiting": "chờ đọc",
        "rejected": "cán bộ đã loại",
        "too-large": "quá lớn, còn trên máy chủ",
    }
)
_ALWAYS: frozenset[Class] = frozenset({"registered", "no-form", "held"})
#: What must have brought a version of an answer, else something was lost between two steps.
_BRINGS = frozenset({"submission", "correction", "nil"})


@dataclass(frozen=True, slots=True)
class Account:
    """``received`` = the sum of ``parts`` + ``unexplained``; ``old`` ones stand beside it."""

    received: int
    parts: tuple[tuple[str, int], ...]
    unexplained: int
    old: int = 0

    def sentence(self) -> str:
        """Say it in one line: ``Đã nhận 143 = 131 đã ghi sổ + …; 0 chưa giải thích được``."""
        sum_of = " + ".join(f"{count} {label}" for label, count in self.parts)
        return f"Đã nhận {self.received} = {sum_of}; {self.unexplained} chưa giải thích được"


def account(tallies: Tallies) -> Account:
    """Account for every message. What the total has and the tallies lack is unexplained too."""
    classes: Counter[Class] = Counter()
    old = unexplained = 0
    for tally in tallies.messages:
        if tally.verdict == "old":
            old += tally.count
            continue
        found = class_of(tally)
        if found is None:
            unexplained += tally.count
        else:
            classes[found] += tally.count
    received = tallies.received - old
    unexplained += abs(received - unexplained - classes.total())
    parts = tuple(
        (label, classes[name])
        for name, label in CLASSES.items()
        if classes[name] or name in _ALWAYS
    )
    return Account(received, parts, unexplained, old)


def class_of(tally: MessageTally) -> Class | None:
    """Return what these messages are; None when what the registry says does not fit together."""
    if tally.state == "kept":
        return "waiting"
    if tally.state == "rejected":
        return "rejected"
    if tally.state == "held":
        return "held" if tally.told else None
    if tally.state != "recorded" or tally.verdict is None:
        return None
    if tally.brought:
        return "registered"
    if tally.verdict in _BRINGS:
        return None
    return "too-large" if tally.verdict == "too-large" else "no-form"
