"""The way of a mail from its bytes to what the registry would record, with the real jail."""

import datetime as dt
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Self

from rigs.cast import HOA_CU
from rigs.office import office

from config.model import Config
from intake.case_files import refused_notes  # what unpacking left out, as the registry has it
from intake.matching import CampaignMatch, CommuneMatch
from intake.message import parse
from intake.record import Envelope, Known, ReadDocument, decide
from intake.unpack import unpack
from parsers.jail import Jail, JailLimits
from parsers.letter import nil_statement
from parsers.office import OfficeLimits
from parsers.reading import Finding, Refusal, Row
from registry.model import Outcome

_RECEIVED_AT = dt.datetime(2024, 5, 16, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=7)))
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What would stand in the registry: ``state`` is empty where nothing would count as an answer.

    ``rows`` and ``findings`` are those of the version, ``refusals`` why files were not read.
    """

    state: str
    rows: tuple[Row, ...] = ()
    findings: tuple[Finding, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    reason: str = ""
    seconds: float = 0.0
    memory_mb: float = 0.0

    @property
    def crashes(self) -> list[str]:
        """The refusals that were no decision of a reader: it raised, died or ran out of time."""
        return [
            f"{one.code}: {one.detail}"
            for one in self.refusals
            if (one.code == "unreadable" and (" at " in one.detail or "ended with" in one.detail))
            or one.code == "timeout"
        ]


#: On a busy machine the wall clock says nothing of a document: this is how long a mutant may take.
_PATIENCE_SECONDS = 300.0
_LIMITS = JailLimits(seconds=_PATIENCE_SECONDS, office=OfficeLimits(seconds=_PATIENCE_SECONDS))


@dataclass(slots=True)
class Door:
    """An open jail, and the shipped office behind it. A context manager."""

    jail: Jail = field(default_factory=lambda: Jail(_LIMITS))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.jail.close()

    def record(self, mail: bytes) -> Recorded:
        """Return what would be recorded of a mail of a commune that is on the roster."""
        _forget_peaks()
        began, before = time.monotonic(), _children_seconds()
        outcome, documents = self._decided(mail)
        seconds = max(0.0, _children_seconds() - before) or time.monotonic() - began
        refusals = tuple(d.result for d in documents if isinstance(d.result, Refusal))
        answer = outcome.submission
        held = outcome.state == "held"
        return Recorded(
            state="" if answer is None or held else answer.state,
            rows=() if answer is None else tuple(point.row for point in answer.points),
            findings=() if answer is None else answer.findings,
            refusals=refusals,
            reason=outcome.reason,
            seconds=seconds,
            memory_mb=_peak_mb(),
        )

    def _decided(self, mail: bytes) -> tuple[Outcome, tuple[ReadDocument, ...]]:
        config = _office()
        campaign, limits = config.campaigns[0], config.settings.limits
        parsed = parse(mail, limits)
        unpacked = unpack(parsed, limits, self.jail.open)
        documents = tuple(
            ReadDocument(
                number, part.name, f"{number:064x}", len(part.data),
                self.jail.read(part.data, campaign.form, part.name),
            )
            for number, part in enumerate(unpacked.files, 1)
        )  # fmt: skip
        documents = (*documents, *refused_notes(unpacked.notes, len(documents)))
        words = "\n".join(inner.text for inner in (parsed, *parsed.nested, *unpacked.mails))
        outcome = decide(
            Envelope(parsed.sender, parsed.subject, "<1@x>", parsed.date, _RECEIVED_AT),
            documents,
            parsed.text,
            nil_statement(words.splitlines(), campaign.form),
            CommuneMatch(HOA_CU, "sender"),
            CampaignMatch(campaign, "only-open"),
            Known(),
            forced=False,
        )
        return outcome, documents


@cache
def _office() -> Config:
    return office()


def _children() -> Iterator[Path]:
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            for pid in (task / "children").read_text().split():
                yield Path("/proc", pid)


def _children_seconds() -> float:
    """Return the processor time of the workers that live, and of all that have ended."""
    ended = os.times()
    total = ended.children_user + ended.children_system
    for child in _children():
        with suppress(OSError, IndexError):
            fields = (child / "stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / _TICKS
    return total


def _forget_peaks() -> None:
    for child in _children():
        with suppress(OSError):
            (child / "clear_refs").write_text("5")


def _peak_mb() -> float:
    peak = 0.0
    for child in _children():
        with suppress(OSError):
            for line in (child / "status").read_text().splitlines():
                if line.startswith("VmHWM"):
                    peak = max(peak, int(line.split()[1]) / 1024)
    return peak
