"""What a turn of the daemon asks of all communes: the debts, the snapshot, closing, digest, plan.

Registries of 22, 332 and 3,321 communes three of five of which have answered (as bench/board.py
makes them), each with its call and two reminders in the outbox, on a morning of the campaign; and
the same with twelve campaigns in the config, of which one runs. ``due`` is the pure decision;
``snapshot`` what it decides on, when nothing was written since, ``one answer`` when one message was
recorded meanwhile, and ``cold`` as a process reads it first. Medians of processor time.

    python bench/due.py [--times 9]
"""

import argparse
import dataclasses
import datetime as dt
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "bench")]

from board import NOW, _Office  # noqa: E402  the path comes first

from config.model import Config  # noqa: E402
from intake.views import status  # noqa: E402
from notifier import answers  # noqa: E402
from notifier.calendar import Calendar  # noqa: E402
from notifier.debt import World  # noqa: E402
from notifier.due import due, plan  # noqa: E402
from registry.model import NewMail, Outcome, Slot, Snapshot  # noqa: E402
from registry.snapshot import silent_communes, windows  # noqa: E402
from registry.store import Store  # noqa: E402

SIZES = (22, 332, 3321)
_DAY = dt.timedelta(days=1)


def a_year(config: Config) -> Config:
    """The same config with eleven campaigns more, one a month after this one."""
    (one,) = config.campaigns
    more = [
        one.model_copy(
            update={
                "id": f"dot-{month}",
                "receipt_prefix": f"D{month}",
                **{
                    name: getattr(one, name) + month * 30 * _DAY
                    for name in ("opens_at", "deadline_at", "closes_at")
                },
                "report": one.report.model_copy(update={"at": one.report.at + month * 30 * _DAY}),
            }
        )
        for month in range(1, 12)
    ]
    return dataclasses.replace(config, campaigns=(one, *more))


def asked(store: Store, config: Config) -> None:
    """Put the call and two reminders for every commune into the outbox."""
    (campaign,) = config.campaigns
    mails = [
        NewMail(
            key=f"{kind}/{campaign.id}/{one.code}@{one.valid_from.isoformat()}{step}",
            recipient=one.emails[0],
            kind="call" if kind == "call" else "reminder",
            subject="Nhắc",
            rfc_message_id=f"<{kind}-{step[1:]}-{one.code}@x.example>",
            raw=b"x",
            campaign=campaign.id,
            commune=one.key,
        )
        for kind, step in (("call", ""), ("remind", "/d-5"), ("remind", "/d-2"))
        for one in config.communes
    ]
    store.queue(mails, NOW - _DAY)
    store.launch(campaign.id, "x", NOW - 3 * _DAY)
    store.polled(NOW)


def record_one(store: Store, config: Config, number: int) -> None:
    """Record that a commune wrote."""
    slot = Slot("x", "INBOX", 7, 1_000_000 + number)
    message = store.keep(slot, f"{number:064x}", 1, NOW, NOW).message_id
    commune = config.communes[number % len(config.communes)]
    outcome = Outcome(
        "recorded", "letter-only", "bench", sender=commune.emails[0], commune=commune.key
    )
    store.record(message, dataclasses.replace(outcome, campaign=config.campaigns[0].id), NOW)


def timed(times: int, asked_for: Callable[[], object]) -> float:
    """Return the median of processor time, in milliseconds."""
    taken = []
    for _ in range(times):
        begun = time.process_time()
        asked_for()
        taken.append(time.process_time() - begun)
    return statistics.median(taken) * 1000


def measured(store: Store, config: Config, times: int) -> dict[str, float]:
    calendar = Calendar(config.calendar, config.settings.office.zone)
    wanted = windows(config.campaigns)

    def snapshot() -> Snapshot:
        return store.snapshot(wanted, contents=False, findings=False)

    def cold() -> Snapshot:
        store._memory.clear()  # noqa: SLF001  as a new process
        return snapshot()

    def after_one() -> float:
        record_one(store, config, int(time.perf_counter() * 1e6))
        begun = time.process_time()
        snapshot()
        return (time.process_time() - begun) * 1000

    seen = snapshot()
    due(seen, config, calendar, NOW)  # days and templates are worked out once
    return {
        "due": timed(times, lambda: due(seen, config, calendar, NOW)),
        "snapshot": timed(times, snapshot),
        "one answer": statistics.median(after_one() for _ in range(times)),
        "cold": timed(times, cold),
        "silent": timed(
            times,
            lambda: silent_communes(seen, config.campaigns[0], config.members(config.campaigns[0])),
        ),
        "digest": timed(times, lambda: list(answers.digest(World(seen, config, calendar, NOW)))),
        "status": timed(1, lambda: status(config, store, NOW)),
        "plan": timed(1, lambda: plan(seen, config, calendar, NOW)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=9)
    wanted = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for size in SIZES:
            with _Office(Path(folder) / str(size), size) as office:
                asked(office.store, office.config)
                for name, config in (("one", office.config), ("twelve", a_year(office.config))):
                    found[f"{size:,} communes, {name}"] = measured(
                        office.store, config, wanted.times
                    )
    names = list(next(iter(found.values())))
    print(f"| milliseconds | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
    for place, figures in found.items():
        print(f"| {place} | {' | '.join(f'{figures[name]:.1f}' for name in names)} |")


if __name__ == "__main__":
    main()
