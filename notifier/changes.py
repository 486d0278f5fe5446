"""What a supplement tells: the differences between what was released and what counts now. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from notifier.report_inputs import CommuneFacts, FieldFacts, PointFacts, ReportInputs
from parsers.vietnamese import fold
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

    A point is the same one when all it says is equal, else when it bears the same name, else when
    three quarters of its columns are those of one that has no other partner: so a corrected name is
    a correction, not one point less and one more. Which version, file or letter said it does not
    matter: the same values sent again are no difference.
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
    partners = dict(_partners(before, after, keys, named))
    changed = []
    for ordinal, partner in sorted(partners.items()):
        old, new = before[partner], after[ordinal]
        differing = tuple(key for key in keys if old.values.get(key) != new.values.get(key))
        if differing:
            changed.append(ChangedPoint(partner, old, ordinal, new, differing))
    kept = set(partners.values())
    return CommuneChange(
        was,
        now,
        tuple((number, point) for number, point in after.items() if number not in partners),
        tuple(changed),
        tuple((number, point) for number, point in before.items() if number not in kept),
    )


def _numbered(points: Iterable[PointFacts]) -> dict[int, PointFacts]:
    return dict(enumerate(points, start=1))


def _partners(
    before: Mapping[int, PointFacts], after: Mapping[int, PointFacts], keys: Sequence[str],
    named: str,
) -> Iterator[tuple[int, int]]:  # fmt: skip
    """Yield (present row, earlier row) of the same point, each row at most once."""
    old, new = dict(before), dict(after)

    def taken(found: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        for ordinal, partner in found:
            if ordinal in new and partner in old:
                del new[ordinal], old[partner]
                yield ordinal, partner

    same = lambda one, other: one.values == other.values  # noqa: E731
    alike = lambda one, other: _name(one, named) == _name(other, named) != ""  # noqa: E731
    for test in (same, alike):
        yield from taken(
            [(n, o) for n, one in new.items() for o, other in old.items() if test(one, other)]
        )
    close = [
        (-_shared(one, other, keys), -fuzz.ratio(_name(one, named), _name(other, named)), n, o)
        for n, one in new.items()
        for o, other in old.items()
        if 4 * _shared(one, other, keys) >= 3 * len(one.values.keys() | other.values.keys())
    ]
    yield from taken([(n, o) for *_, n, o in sorted(close)])


def _name(point: PointFacts, named: str) -> str:
    return fold(point.values.get(named, ""))


def _shared(one: PointFacts, other: PointFacts, keys: Sequence[str]) -> int:
    return sum(key in one.values and one.values[key] == other.values.get(key) for key in keys)
