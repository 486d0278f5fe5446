"""Plays the days once without a kill, counting, and then again with a kill at one point."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rigs.effects import Death

from crash.compare import Verdict, compare
from crash.scenario import SCENARIO, Step
from crash.server import moments_of
from crash.stage import NotAsPlannedError, Point, Saved, Stage
from crash.state import State, state_of


@dataclass(frozen=True)
class Reference:
    """The run without a kill: before each daemon a stage to go back to, after it the state.

    ``client`` and ``server`` are the effects of each step.
    """

    saved: tuple[Saved, ...]
    states: tuple[State, ...]
    client: tuple[Sequence[str], ...]
    server: tuple[Sequence[str], ...]
    vault: Path

    @property
    def effects(self) -> int:
        """How many there are."""
        return sum(map(len, self.client)) + sum(map(len, self.server))


@dataclass(frozen=True)
class Result:
    """What became of one kill."""

    point: Point
    verdict: Verdict


def play(stage: Stage, steps: Sequence[Step] = SCENARIO) -> Reference:
    """Play all steps and count."""
    saved: list[Saved] = []
    states: list[State] = []
    client: list[Sequence[str]] = []
    server: list[Sequence[str]] = []
    for number, step in enumerate(steps):
        stage.act(step)
        saved.append(stage.save(stage.room / f"before-{number:02}"))
        client.append(stage.daemon(step.at))
        server.append(tuple(stage.smtp.effects))
        states.append(state_of(stage))
    vault = stage.room / "vault"
    if (stage.data / "vault").is_dir():  # made by the first letter
        shutil.copytree(stage.data / "vault", vault)
    return Reference(tuple(saved), tuple(states), tuple(client), tuple(server), vault)


def uninterrupted(stage: Stage, reference: Reference, steps: Sequence[Step] = SCENARIO) -> Verdict:
    """Hold one process that lives through all days against one process for each step."""
    stage.uninterrupted(reference.saved[0], steps)
    vaults = reference.vault, stage.data / "vault"
    return compare(reference.states[-1], state_of(stage), vaults)


def points(reference: Reference) -> Iterator[Point]:
    """All points at which to kill, in the order of the days."""
    for step in range(len(reference.client)):
        for side, effects in (("client", reference.client), ("server", reference.server)):
            for number, kind in enumerate(effects[step], start=1):
                for when in moments_of(kind):
                    yield Point(step, side, kind, Death(number, when))


def kill(
    stage: Stage,
    reference: Reference,
    point: Point,
    steps: Sequence[Step] = SCENARIO,
    *,
    to_the_end: bool = False,
) -> Result:
    """Die at one point, start again at the same moment, and go on with the days.

    The days are played on until nothing differs any more from the uninterrupted run at the same
    moment but what `compare` allows: the counts and moments of what was tried twice. With
    ``to_the_end`` they are played to their end in any case.
    """
    stage.restore(reference.saved[point.step])
    vaults = reference.vault, stage.data / "vault"
    try:
        stage.daemon(steps[point.step].at, point)
        for number in range(point.step, len(steps)):
            if number > point.step:
                stage.act(steps[number])
            stage.daemon(steps[number].at)
            verdict = compare(reference.states[number], state_of(stage), vaults)
            if not (verdict.differences or to_the_end):
                break
    except (NotAsPlannedError, LookupError) as error:
        verdict = Verdict((f"{type(error).__name__}: {error}",), 0)
    return Result(point, _judged(point, verdict))


def _judged(point: Point, verdict: Verdict) -> Verdict:
    """A second copy can only arise between the final dot and the record of its outcome."""
    may = point.kind == "smtp DOT" and point.death.when == "after"
    may = may or (point.kind == "registry mail-sent" and point.death.when == "before")
    if verdict.duplicates > may:
        told = f"{verdict.duplicates} second copies of mails"
        return Verdict((*verdict.differences, told), verdict.duplicates)
    return verdict
