"""How long `intake plan` thinks: a year of campaigns, twenty-two communes and all of the country's.

    python bench/plan.py [--times 5]

In this process, without the start of the program (see ``start.py``) and without its printing: the
registry's snapshot by hand, then `notifier.ahead.plan`. One campaign a month with five reminders,
never launched, so that the launch of each is played as well: no plan asks for more. Medians of
processor time.
"""

import argparse
import datetime as dt
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from rigs import world  # noqa: E402

from config.model import Config  # noqa: E402
from notifier.ahead import plan  # noqa: E402
from registry.model import Snapshot  # noqa: E402

#: (communes, campaigns)
SIZES = ((22, 12), (3321, 1), (3321, 12))
STEPS = [{"id": f"d-{days}", "days_before": days} for days in (10, 7, 5, 2, 1)]


def year(communes: int, months: int = 12) -> Config:
    """Return a config with that many communes and a campaign a month from January 2024 on."""
    units = [
        world.commune(f"{10_000 + number}", f"Đơn vị {number}", emails=(f"xa{number}@x.example",))
        for number in range(communes)
    ]
    campaigns = []
    for month in range(1, months + 1):
        begin = dt.datetime(2024, month, 1, tzinfo=world.ZONE)
        report = {"to": ["so@x.example"], "recipient": "Sở", "at": begin + dt.timedelta(days=22.3)}
        campaigns.append(
            world.campaign(
                f"dot-{month}",
                opens_at=begin,
                deadline_at=begin + dt.timedelta(days=20),
                closes_at=begin + dt.timedelta(days=22),
                remind=STEPS,
                report={**report, "approvers": ["lanhdao@x.example"]},
            )
        )
    return world.config(
        communes=units, campaigns=campaigns, office={"go_live_at": campaigns[0].opens_at}
    )


def main() -> None:
    """Print the median of each size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=5)
    wanted = parser.parse_args()
    for communes, months in SIZES:
        config = year(communes, months)
        now = config.campaigns[0].opens_at
        taken, mails = [], 0
        for _ in range(wanted.times):
            calendar = world.calendar(config)  # anew, as in a process of its own
            begun = time.process_time()
            mails = len(plan(Snapshot(polled_at=now), config, calendar, now))
            taken.append(time.process_time() - begun)
        told = f"{communes:5d} communes, {months:2d} campaigns: {mails:6d} mails"
        print(f"{told} in {statistics.median(taken):.2f} s")


if __name__ == "__main__":
    main()
