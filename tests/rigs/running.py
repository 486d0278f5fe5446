"""The program as real processes on a campaign that runs today: for kills, waits and signals."""

import datetime as dt
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rigs.cast import moment
from rigs.dovecot import Dovecot
from rigs.whole import Whole


@contextmanager
def running_office(
    folder: Path, dovecot: Dovecot, user: str, changes: dict[str, dict[str, str]] | None = None
) -> Iterator[Whole]:
    """An office whose campaign and holiday table fit the machine's clock; nothing is open yet."""
    sections = {
        "office": {"go_live_at": "2024-05-13T00:00:00+07:00"},
        "mailbox": {
            "host": '"127.0.0.1"', "security": '"none"', "port": str(dovecot.port),
            "user": f'"{user}"', "password_env": '"INTAKE_TEST_PASSWORD"', "poll": '"1s"',
        },
    }  # fmt: skip
    for section, values in (changes or {}).items():
        sections[section] = sections.get(section, {}) | values
    with Whole(folder, dovecot, user, moment(15), sections) as office:
        _move_to_today(office)
        office._desk.close()
        yield office


def _move_to_today(office: Whole) -> None:
    now = office.now = dt.datetime.now(dt.UTC)
    campaign = office.folder / "campaigns" / "ocop-2024-2.toml"
    text = campaign.read_text(encoding="utf-8")
    # so far away that no reminder is due on any weekday
    for key, days in (("opens_at", -3), ("deadline_at", 30), ("closes_at", 31)):
        at = (now + dt.timedelta(days=days)).strftime("%Y-%m-%dT00:00:00+07:00")
        text = replace_line(text, key, at)
    report_at = (now + dt.timedelta(days=32)).strftime("%Y-%m-%dT08:00:00+07:00")
    text = replace_line(text, "at", report_at, after="\n[report]")
    campaign.write_text(text, encoding="utf-8")
    roster = office.folder / "communes.csv"
    roster.write_text(roster.read_text(encoding="utf-8").replace("2025-07-01", ""), "utf-8")
    calendar = office.folder / "calendar.toml"
    # The years that it runs in are known (it opened days ago), and nothing is done in it because
    # today is a working day: at 23:59 of one the officers would get their digest.
    days = {dt.date(now.year + n, 1, 1) for n in (-1, 0, 1)}
    days |= {now.date() + dt.timedelta(days=n) for n in (-1, 0, 1)}
    known = "".join(f'  {{ date = {day}, notice = "" }},\n' for day in sorted(days))
    days_off = calendar.read_text(encoding="utf-8").replace("off = [\n", f"off = [\n{known}", 1)
    calendar.write_text(days_off, encoding="utf-8")


def replace_line(text: str, key: str, value: str, after: str = "") -> str:
    """Give a key of a TOML text another value, in its first line after the text ``after``."""
    head, mark, tail = text.partition(after) if after else ("", "", text)
    lines = tail.split("\n")
    index = next(i for i, line in enumerate(lines) if line.split("=")[0].strip() == key)
    lines[index] = f"{key} = {value}"
    return head + mark + "\n".join(lines)


def wait_for(process: "subprocess.Popen[bytes]", word: str, seconds: float = 60) -> str:
    """Read the program's log until a line has this word; no sleeping, no guessing."""
    assert process.stdout is not None
    seen = b""
    while True:
        ready, _, _ = select.select([process.stdout], [], [], seconds)
        assert ready, f"no {word!r} within {seconds} s in:\n{seen.decode()}"
        line = process.stdout.readline()
        assert line, f"ended without {word!r}:\n{seen.decode()}"
        seen += line
        if word.encode() in line:
            return seen.decode()
