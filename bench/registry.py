"""What a registry costs per message: the same store calls on a SQLite file and on PostgreSQL.

    python bench/registry.py [--messages N] [--rounds N]

The calls are those of one mail with a form: kept, begun, recorded, its acknowledgment queued,
handed over and sent. No mail server and no reader is part of it. PostgreSQL is private, on this
machine, over a Unix socket; both wait for the disk at every commit.
"""

import argparse
import datetime as dt
import hashlib
import platform
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from rigs.postgres import Postgres  # noqa: E402  found by the line above

from parsers.reading import Row  # noqa: E402  as above
from registry.model import NewMail, NewSubmission, Outcome, Point, Slot  # noqa: E402  as above
from registry.store import Store, open_store  # noqa: E402  as above

NOW = dt.datetime(2024, 5, 15, 9, 0, tzinfo=dt.UTC)
DAY = dt.date(2020, 1, 1)
VALUES = {key: f"giá trị của {key}" for key in ("name", "address", "owner", "products", "stars")}
STEPS = ("keep", "begin", "record", "queue", "send", "look")


def submission(number: int) -> NewSubmission:
    """An answer with three points."""
    points = tuple(Point(one, 1, Row(VALUES, VALUES, {}, VALUES)) for one in (1, 2, 3))
    return NewSubmission(
        "ocop-2024-2", (f"{number:05}", DAY), "registered",
        late=False, after_close=False, receipt_prefix="OCOP2", points=points,
    )  # fmt: skip


def mail(number: int, message_id: int) -> NewMail:
    """Its acknowledgment."""
    whose = f"xa{number}@caoloc.example"
    raw = f"Message-ID: <{number}@caoloc.example>\r\n\r\n".encode() * 200
    return NewMail(
        f"ack/{number}", whose, "ack", "Đã nhận", f"<{number}@caoloc.example>",
        raw, campaign="ocop-2024-2", commune=(f"{number:05}", DAY), message_id=message_id,
    )  # fmt: skip


def play(store: Store, messages: int) -> dict[str, float]:
    """Let so many messages go their way; return the seconds of each step, wall clock."""
    spent = dict.fromkeys(STEPS, 0.0)
    at = time.perf_counter()

    def lap(step: str) -> None:
        nonlocal at
        now = time.perf_counter()
        spent[step] += now - at
        at = now

    for number in range(1, messages + 1):
        sha256 = hashlib.sha256(str(number).encode()).hexdigest()
        kept = store.keep(Slot("box@here", "INBOX", 7, number), sha256, 60_000, NOW, NOW)
        lap("keep")
        store.begin_attempts([kept.message_id], NOW)
        lap("begin")
        new = submission(number)
        outcome = Outcome(
            "recorded", "submission", "3 point(s)", commune=new.commune, campaign=new.campaign,
            ack="registered", submission=new,
        )  # fmt: skip
        store.record(kept.message_id, outcome, NOW)
        lap("record")
        store.queue([mail(number, kept.message_id)], NOW)
        lap("queue")
        [waiting] = store.next_mails(NOW, 1)
        store.handed(waiting.id, NOW)
        store.settle(waiting.id, "sent", NOW, "250 2.0.0 Ok", "mx.example")
        lap("send")
        store.message(kept.message_id)
        store.current_submission("ocop-2024-2", new.commune)
        lap("look")
    return spent


def main() -> None:
    """Print a table: milliseconds per message and step, medians of the rounds, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {"SQLite": [], "PostgreSQL": []}
    with Postgres(durable=True) as server, tempfile.TemporaryDirectory() as passing:
        for number in range(chosen.rounds):  # in turns: what the machine does meanwhile hits both
            for name, rounds in found.items():
                url = server.url() if name == "PostgreSQL" else f"sqlite:///{number}.db"
                with open_store(url, Path(passing)) as store:
                    rounds.append(play(store, chosen.messages))
        release = server.sql("SHOW server_version")
    each = {
        name: {step: statistics.median(one[step] for one in rounds) for step in STEPS}
        for name, rounds in found.items()
    }
    print(f"{chosen.messages} messages, medians of {chosen.rounds} rounds; {platform.processor()}")
    print(f"{platform.platform()}, Python {platform.python_version()}, PostgreSQL {release},")
    print(f"SQLAlchemy {version('sqlalchemy')}, psycopg {version('psycopg')}\n")
    print("| step | SQLite ms/message | PostgreSQL ms/message | ratio |\n|---|--:|--:|--:|")
    for step in (*STEPS, "all"):
        one, two = (
            1000 * (sum(of.values()) if step == "all" else of[step]) / chosen.messages
            for of in each.values()
        )
        print(f"| {step} | {one:.2f} | {two:.2f} | {two / one:.2f} |")


if __name__ == "__main__":
    main()
