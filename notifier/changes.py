"""What a supplement tells: the differences between what was released and what counts now. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from notifier.pairing import partners
from notifier.report_inputs import CommuneFacts, FieldFacts, PointFacts, ReportInputs
from registry.model import CommuneState

Numbered = tuple[int, PointFacts]


@dataclass(frozen=True, slots=True)
class ChangedPoint:
    """A point of which some columns say something else: their keys, in the form's order.

    ``was_ordinal`` and ``ordinal`` are its rows in the earlier and in the present answer.
    """

    was_ordinal: int
    was: PointFacts
    ordinal: int
    now: PointFacts
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommuneChange:
    """What differs for one commune; ``was`` is None where it was not in the earlier report.

    ``now`` is None where it is not on the roster any more. Points bear their row in the answer
    that they stand in.
    """

    was: CommuneFacts | None
    now: CommuneFacts | None
    added: tuple[Numbered, ...] = ()
    changed: tuple[ChangedPoint, ...] = ()
    withdrawn: tuple[Numbered, ...] = ()

    @property
    def title(self) -> str:
        """How the commune is called."""
        known = self.now or self.was
        return known.title if known else ""

    @property
    def states(self) -> tuple[CommuneState | None, CommuneState | None]:
        """Where it stood, and where it stands."""
        return self.was.state if self.was else None, self.now.state if self.now else None

    @property
    def state_changed(self) -> bool:
        """Whether it stands elsewhere now."""
        return self.states[0] != self.states[1]

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.state_changed or self.added or self.changed or self.withdrawn)


@dataclass(frozen=True, slots=True)
class Changes:
    """All differences, commune by commune in roster order; those without any are left out.

    ``fields`` are the columns of both, the present ones first.
    """

    fields: tuple[FieldFacts, ...]
    communes: tuple[CommuneChange, ...]

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.communes)

    @property
    def added(self) -> int:
        """How many points are new."""
        return sum(len(one.added) for one in self.communes)

    @property
    def changed(self) -> int:
        """How many points say something else."""
        return sum(len(one.changed) for one in self.communes)

    @property
    def withdrawn(self) -> int:
        """How many points are gone."""
        return sum(len(one.withdrawn) for one in self.communes)

    @property
    def moved(self) -> tuple[CommuneChange, ...]:
        """The communes whose state changed."""
        return tuple(one for one in self.communes if one.state_changed)


def differences(was: ReportInputs, now: ReportInputs) -> Changes:
    """Return what one would report now against what was reported.

    Which version, file or letter said it does not matter: the same values sent again are no
    difference. Which point is which: `notifier.pairing`.
    """
    fields = _fields(was, now)
    keys = tuple(field.key for field in fields)
    named = next((field.key for field in fields if field.title), "")
    earlier = {(one.code, one.valid_from): one for one in was.communes}
    present = {(one.code, one.valid_from): one for one in now.communes}
    pairs = [(earlier.get(place), one) for place, one in present.items()]
    gone = [(one, None) for place, one in earlier.items() if place not in present]
    found = (_commune(before, after, keys, named) for before, after in (*pairs, *gone))
    return Changes(fields, tuple(one for one in found if one))


def told_the_same(was: ReportInputs, now: ReportInputs) -> bool:
    """Whether both rest on the same answers and states: then nothing can differ (and cheaply)."""
    return _answers(was.communes) == _answers(now.communes)


def _answers(communes: Iterable[CommuneFacts]) -> list[tuple[str, str, str]]:
    return [(one.code, one.state, one.counted.receipt if one.counted else "") for one in communes]


def _fields(was: ReportInputs, now: ReportInputs) -> tuple[FieldFacts, ...]:
    known = {field.key for field in now.fields}
    return (*now.fields, *(field for field in was.fields if field.key not in known))


def _commune(
    was: CommuneFacts | None, now: CommuneFacts | None, keys: Sequence[str], named: str
) -> CommuneChange:
    before = _numbered(was.points if was else ())
    after = _numbered(now.points if now else ())
    paired = partners(_values(before), _values(after), named)
    same = {new + 1: old + 1 for new, old in paired.items()}
    changed = []
    for ordinal, partner in sorted(same.items()):
        old, new = before[partner], after[ordinal]
        differing = tuple(key for key in keys if old.values.get(key) != new.values.get(key))
        if differing:
            changed.append(ChangedPoint(partner, old, ordinal, new, differing))
    kept = set(same.values())
    return CommuneChange(
        was,
        now,
        tuple((number, point) for number, point in after.items() if number not in same),
        tuple(changed),
        tuple((number, point) for number, point in before.items() if number not in kept),
    )


def _values(points: Mapping[int, PointFacts]) -> list[Mapping[str, str]]:
    return [point.values for point in points.values()]


def _numbered(points: Iterable[PointFacts]) -> dict[int, PointFacts]:
    return dict(enumerate(points, start=1))
