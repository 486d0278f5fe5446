"""Working days and office hours."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.model import CalendarFile, Hours
from notifier.calendar import HORIZON_DAYS, Calendar

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
HOURS = Hours()
VIETNAM = Calendar(CalendarFile(), ZONE)


def local(day: str, time: str = "09:00") -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2024-05-16", True),  # an ordinary Thursday
        ("2024-05-18", False),  # Saturday
        ("2024-04-18", False),  # Giỗ Tổ Hùng Vương
        ("2024-04-29", False),  # swapped with Saturday 4/5 (2450/VPCP-KGVX)
        ("2024-04-30", False),
        ("2024-05-01", False),
        ("2024-05-04", True),  # the swapped Saturday
        ("2025-04-26", True),
        ("2025-05-02", False),
        ("2026-11-24", False),  # Ngày Văn hóa Việt Nam, from 2026 on
        ("2025-11-24", True),
    ],
)
def test_the_holiday_table_knows_vietnams_days(day: str, working: bool) -> None:
    assert VIETNAM.is_working(dt.date.fromisoformat(day)) is working


def test_the_admins_days_win_both_ways() -> None:
    thursday, sunday, holiday = (dt.date(2024, 5, day) for day in (16, 19, 1))
    file = CalendarFile.model_validate(
        {"off": [{"date": thursday}], "worked": [{"date": sunday}, {"date": holiday}]}
    )
    calendar = Calendar(file, ZONE)
    assert not calendar.is_working(thursday)
    assert calendar.is_working(sunday)
    assert calendar.is_working(holiday)


def test_previous_working_goes_back_over_a_long_weekend() -> None:
    assert VIETNAM.previous_working(dt.date(2024, 5, 1)) == dt.date(2024, 4, 26)
    assert VIETNAM.previous_working(dt.date(2024, 5, 16)) == dt.date(2024, 5, 16)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (("2024-05-16", "09:00"), ("2024-05-16", "09:00")),
        (("2024-05-16", "07:29"), ("2024-05-16", "07:30")),
        (("2024-05-16", "07:30"), ("2024-05-16", "07:30")),
        (("2024-05-16", "17:00"), ("2024-05-17", "07:30")),
        (("2024-05-17", "17:01"), ("2024-05-20", "07:30")),
        (("2024-05-03", "18:00"), ("2024-05-04", "07:30")),
        (("2024-04-26", "18:00"), ("2024-05-02", "07:30")),
    ],
)
def test_next_moment(moment: tuple[str, str], expected: tuple[str, str]) -> None:
    assert VIETNAM.next_moment(local(*moment), HOURS) == local(*expected)


def test_fault_121_office_hours_are_local_whatever_zone_the_host_keeps() -> None:
    """01:00 UTC is 08:00 in Lạng Sơn; 00:00 UTC is 07:00 and must wait."""
    assert VIETNAM.in_hours(dt.datetime(2024, 5, 16, 1, tzinfo=dt.UTC), HOURS)
    early = dt.datetime(2024, 5, 16, 0, tzinfo=dt.UTC)
    assert VIETNAM.next_moment(early, HOURS) == local("2024-05-16", "07:30")


moments = st.integers(0, 60 * 365 * 24 * 60).map(
    lambda minutes: dt.datetime(2000, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
)


@settings(max_examples=100)
@given(moments)
def test_next_moment_is_the_first_that_fits(moment: dt.datetime) -> None:
    found = VIETNAM.next_moment(moment, HOURS)
    assert found >= moment
    assert VIETNAM.is_working(found.astimezone(ZONE).date())
    assert HOURS.starts <= found.astimezone(ZONE).time() < HOURS.ends
    assert VIETNAM.next_moment(found, HOURS) == found
    if found > moment:
        assert found.astimezone(ZONE).time() == HOURS.starts
        assert not VIETNAM.in_hours(found - dt.timedelta(seconds=1), HOURS)


def test_fault_124_an_unknown_year_warns_sixty_days_ahead() -> None:
    """The table carries the announced swaps up to a year; the next one warns from 2 November on."""
    last = max(year for year in range(2024, 2100) if VIETNAM.known(year))
    new_year = dt.date(last + 1, 1, 1)
    assert VIETNAM.unknown_ahead(new_year - dt.timedelta(days=61)) is None
    assert VIETNAM.unknown_ahead(new_year - dt.timedelta(days=60)) == last + 1
    assert VIETNAM.unknown_ahead(new_year) == last + 1


def test_fault_124_one_named_day_makes_a_year_known() -> None:
    """The admin who writes the new year's days off has answered the warning."""
    file = CalendarFile.model_validate({"off": [{"date": dt.date(2060, 2, 2), "notice": "Tết"}]})
    assert not VIETNAM.known(2060)
    assert Calendar(file, ZONE).known(2060)


@pytest.mark.parametrize(("rule", "working"), [("send", True), ("hold", False)])
def test_fault_124_days_of_an_unknown_year_are_as_configured(rule: str, working: bool) -> None:
    """Send as on ordinary weekdays, or hold everything that nobody asked for."""
    calendar = Calendar(CalendarFile.model_validate({"unknown_year": rule}), ZONE)
    assert calendar.is_working(dt.date(2060, 6, 2)) is working


def test_a_calendar_without_a_working_day_ends_the_search() -> None:
    calendar = Calendar(CalendarFile(unknown_year="hold"), ZONE)
    moment = local("2060-06-02")
    assert calendar.next_moment(moment, HOURS) - moment > dt.timedelta(days=HORIZON_DAYS - 1)
    assert calendar.previous_working(moment.date()) == moment.date()


def test_years_beyond_the_table_have_their_weekends() -> None:
    assert VIETNAM.is_working(dt.date(2199, 5, 16)) is (dt.date(2199, 5, 16).weekday() < 5)


def test_a_country_without_a_table_has_its_weekends_and_the_named_days() -> None:
    """The config allows it with a warning; so it must not end the daemon."""
    day = dt.date(2024, 5, 15)
    file = CalendarFile.model_validate({"country": "XX", "off": [{"date": dt.date(2025, 1, 2)}]})
    calendar = Calendar(file, ZONE)
    assert calendar.is_working(day)
    assert not calendar.is_working(dt.date(2024, 5, 18))
    assert not calendar.is_working(dt.date(2025, 1, 2))
    assert calendar.unknown_ahead(day) == 2024
    assert calendar.known(2025)
