"""Write the board: gather what it shows, render it, put it where the admin wants it.

It is the least important step of a tick: whatever goes wrong in it is told, and keeps nothing else
from being done.
"""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from config.model import Config
from intake.desk import Desk
from intake.health import Health
from notifier import wording
from notifier.board import FILES, pages, write
from notifier.board_facts import Facts
from notifier.board_numbers import Numbers, numbers
from notifier.board_view import board
from notifier.due import plan
from notifier.plan_view import plan_page
from registry.errors import RegistryBusy
from registry.model import Head
from registry.snapshot import windows

_log = structlog.get_logger("publish")
#: Between two makings of the pages where each costs much, or is soon overtaken.
_PAUSE = dt.timedelta(minutes=1)
#: The pages of more communes than these cost a noticeable part of a second.
_FEW = 500


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the pages were made of: while it is the same, they are the same."""

    head: Head
    config: Config
    hour: str
    passed: tuple[bool, ...]
    troubles: tuple[tuple[str, str, dt.datetime], ...]
    read: bool

    def same_as(self, other: "_Seen | None") -> bool:
        """Whether nothing has changed since; a config that was loaded anew has."""
        return other is not None and self.config is other.config and self == other


@dataclass
class Publisher:
    """Keeps the pages as the registry is. ``numbers`` are those of the last look."""

    desk: Desk
    health: Health
    numbers: Numbers = field(default_factory=Numbers)
    _seen: _Seen | None = None
    _made_at: dt.datetime | None = None

    def publish(self, *, busy: bool = False, last: bool = False) -> None:
        """Write the pages if what they show has changed. Never raises an error of its own.

        While the daemon is ``busy`` with a full inbox each turn changes them: then they are made
        once a minute, and again when the inbox is empty. Those of a nation are made once a minute.
        ``last``: nobody does it after this.
        """
        desk, signs = self.desk, self.health.signs
        seldom = busy or len(desk.config.communes) > _FEW
        if seldom and not last and self._made_at is not None:
            since = desk.clock() - self._made_at
            if dt.timedelta() <= since < _PAUSE:  # a clock that was put back counts for nothing
                return
        board_settings = desk.config.settings.board
        if not board_settings.path and not board_settings.listen:
            return
        try:
            self._publish(desk.config.folder / board_settings.path if board_settings.path else None)
        except RegistryBusy as error:
            _log.warning("board_put_off", reason=str(error))
        except OSError as error:
            self._seen = None
            _log.warning("board_not_written", reason=str(error))
            signs.fails("board", desk.clock(), f"the board cannot be written: {error}")
        except Exception as error:  # noqa: BLE001  a mistake in the page must not stop the mail
            self._seen = None
            _log.exception("board_failed")
            name = type(error).__name__
            signs.fails("board", desk.clock(), f"the board cannot be made: {name}, see the log")
        else:
            signs.works("board")

    def _publish(self, folder: Path | None) -> None:
        now = self.desk.clock()
        seen = self._look(now)
        there = folder is None or all((folder / name).is_file() for name in FILES)
        if there and seen.same_as(self._seen):
            return
        self._made_at = now
        facts = gather(self.desk, self.health, now)
        self.numbers = numbers(facts)
        if folder is not None:
            dues = plan(facts.snapshot, facts.config, facts.calendar, now)
            ahead = plan_page(dues, facts.config, facts.calendar, now)
            stamp = wording.moment(now, facts.calendar.zone)
            for page in pages(board(facts), ahead):
                if write(folder, page, stamp):
                    _log.info("board_written", page=page.name)
        self._seen = seen

    def _look(self, now: dt.datetime) -> _Seen:
        config = self.desk.config
        moments = (
            at
            for one in config.campaigns
            for at in (one.opens_at, one.deadline_at, one.closes_at, one.report.at)
        )
        local = now.astimezone(config.settings.office.zone)
        return _Seen(
            head=self.desk.store.journal_head(),
            config=config,
            hour=f"{local:%Y-%m-%d %H}",
            passed=tuple(now >= at for at in moments),
            troubles=tuple((one.key, one.severity, one.since) for one in self.health.current),
            read=self.health.read_at is not None,
        )


def gather(desk: Desk, health: Health, now: dt.datetime) -> Facts:
    """Ask the registry for everything that the pages show."""
    config = desk.config
    return Facts(
        snapshot=desk.store.snapshot(windows(config.campaigns), contents=False, findings=False),
        tallies=desk.store.tallies(one.id for one in config.campaigns),
        config=config,
        calendar=desk.calendar,
        now=now,
        troubles=health.current,
        vitals=health.vitals,
        read=health.read_at is not None,
    )
