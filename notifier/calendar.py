"""Working days and office hours: when mail that nobody asked for may leave."""

import datetime as dt
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from config.model import CalendarFile, Hours

#: How far the search for a working day goes: longer than any run of days off, so that a calendar
#: without a single working day ends the search instead of the daemon.
HORIZON_DAYS = 400

#: How early an unknown year is worth a warning (FAULTS 124).
WARN_DAYS = 60

SATURDAY = 5


class Calendar:
    """The admin's calendar over the country's public holidays, in one time zone.

    ``calendar.toml`` wins over the `holidays` package, both ways: ``off`` and ``worked``. Days of
    a year that neither knows are ordinary weekdays (``unknown_year = "send"``) or no working days
    at all (``"hold"``).
    """

    def __init__(self, file: CalendarFile, zone: ZoneInfo) -> None:
        self.zone = zone
        self._file = file
        self._off = frozenset(day.date for day in file.off)
        self._worked = frozenset(day.date for day in file.worked)

    def known(self, year: int) -> bool:
        """Whether the days off of that year are announced, not only computed.

        A year is known when ``calendar.toml`` names a day of it, or when the holiday table carries
        the government's swapped days up to that year. (Bộ luật Lao động 2019, Điều 112: the swaps
        are announced year by year.)
        """
        named = any(day.year == year for day in self._off | self._worked)
        if named or self._table is None:
            return named
        return bool(self._table.start_year <= year <= self._last_announced)

    def unknown_ahead(self, today: dt.date) -> int | None:
        """Return the year that is not known though it runs now or begins in ``WARN_DAYS`` days."""
        for day in (today, today + dt.timedelta(days=WARN_DAYS)):
            if not self.known(day.year):
                return day.year
        return None

    def is_working(self, day: dt.date) -> bool:
        """Whether offices work on that day."""
        if day in self._off:
            return False
        if day in self._worked:
            return True
        if self._file.unknown_year == "hold" and not self.known(day.year):
            return False
        if self._table is None or not (self._table.start_year <= day.year <= self._table.end_year):
            return day.weekday() < SATURDAY
        return bool(self._table.is_working_day(day))

    def notice(self, day: dt.date) -> str:
        """Return why the day differs from an ordinary one of its week; empty when it does not.

        The admin's notice counts first, then the holiday's name.
        """
        for named in (*self._file.off, *self._file.worked):
            if named.date == day:
                return named.notice
        return str(self._table.get(day) or "") if self._table is not None else ""

    def previous_working(self, day: dt.date) -> dt.date:
        """Return the day itself if offices work on it, else the last working day before it.

        Without any working day within ``HORIZON_DAYS`` the day itself comes back.
        """
        for back in range(HORIZON_DAYS):
            candidate = day - dt.timedelta(days=back)
            if self.is_working(candidate):
                return candidate
        return day

    def next_moment(self, moment: dt.datetime, hours: Hours) -> dt.datetime:
        """Return the first instant from ``moment`` on that lies inside office hours.

        ``moment`` is aware; the answer is in the office's zone, or ``moment`` itself when it
        already fits. Without any working day ahead the answer is ``HORIZON_DAYS`` away: far enough
        that nothing leaves, and asked again at every tick.
        """
        local = moment.astimezone(self.zone)
        today = local.date()
        if self.is_working(today):
            if hours.starts <= local.time() < hours.ends:
                return moment
            if local.time() < hours.starts:
                return self.at(today, hours.starts)
        for ahead in range(1, HORIZON_DAYS):
            day = today + dt.timedelta(days=ahead)
            if self.is_working(day):
                return self.at(day, hours.starts)
        return self.at(today + dt.timedelta(days=HORIZON_DAYS), hours.starts)

    def in_hours(self, moment: dt.datetime, hours: Hours) -> bool:
        """Whether the instant lies inside office hours on a working day."""
        return self.next_moment(moment, hours) == moment

    def at(self, day: dt.date, time: dt.time) -> dt.datetime:
        """Return the instant of that local day and time of day."""
        return dt.datetime.combine(day, time, tzinfo=self.zone)

    @cached_property
    def _table(self) -> Any:
        """The country's holidays; None for a country without a table (`intake check` warns)."""
        import holidays  # noqa: PLC0415  slow to import, and `intake status` may not need it

        try:
            table = holidays.country_holidays(self._file.country)
            spoken = "vi" if "vi" in table.supported_languages else table.default_language
            # Else the days would be named in the language of the machine's locale.
            return holidays.country_holidays(self._file.country, language=spoken)
        except NotImplementedError:
            return None

    @cached_property
    def _last_announced(self) -> int:
        announced: dict[int, object] = getattr(self._table, "special_public_holidays", {})
        return max(announced, default=int(self._table.end_year))
