import datetime as dt

import pytest
from pydantic_core import PydanticCustomError

from config.scalars import clock, day, instant, is_address, seconds, size, tidy_address

ICT = dt.timezone(dt.timedelta(hours=7))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("60s", 60.0),
        ("5m", 300.0),
        ("1h", 3600.0),
        ("1h30m", 5400.0),
        ("1 h 30 m", 5400.0),
        ("500ms", 0.5),
        ("1.5m", 90.0),
        ("2d", 172800.0),
        (45, 45.0),
        (0.5, 0.5),
    ],
)
def test_a_duration_may_be_written_so(written: object, meant: float) -> None:
    assert seconds(written) == meant


@pytest.mark.parametrize(
    "written", ["", "60", "s", "-5s", "0s", "5 minutes", "1h30", 0, -1, True, None, float("inf")]
)
def test_no_duration(written: object) -> None:
    with pytest.raises(PydanticCustomError):
        seconds(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("50MB", 50_000_000),
        ("64kB", 64_000),
        ("1.5GB", 1_500_000_000),
        ("2MiB", 2_097_152),
        ("50 mb", 50_000_000),
        ("10", 10),
        (8192, 8192),
    ],
)
def test_a_size_may_be_written_so(written: object, meant: int) -> None:
    assert size(written) == meant


@pytest.mark.parametrize("written", ["", "MB", "50 megs", "-1MB", "0MB", 0, -5, True, 1.5, None])
def test_no_size(written: object) -> None:
    with pytest.raises(PydanticCustomError):
        size(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("08:00", dt.time(8)),
        ("8:05", dt.time(8, 5)),
        ("23:59:30", dt.time(23, 59, 30)),
        (dt.time(7, 30), dt.time(7, 30)),
    ],
)
def test_a_time_of_day_may_be_written_so(written: object, meant: dt.time) -> None:
    assert clock(written) == meant


@pytest.mark.parametrize("written", ["24:00", "8h", "7h30", "08", 730, 7.5, None, "12:60"])
def test_no_time_of_day(written: object) -> None:
    with pytest.raises(PydanticCustomError):
        clock(written)


@pytest.mark.parametrize("written", [dt.date(2024, 5, 21), "2024-05-21", "21/5/2024", "21.05.2024"])
def test_a_date_may_be_written_so_day_first(written: object) -> None:
    assert day(written) == dt.date(2024, 5, 21)


@pytest.mark.parametrize(
    "written", ["5/21/2024", "31/2/2024", "21/5/24", 20240521, dt.datetime(2024, 5, 21, tzinfo=ICT)]
)
def test_no_date(written: object) -> None:
    with pytest.raises(PydanticCustomError):
        day(written)


def test_an_instant_needs_its_offset() -> None:
    meant = dt.datetime(2024, 5, 21, tzinfo=ICT)
    assert instant(meant) == meant
    assert instant("2024-05-21T00:00:00+07:00") == meant
    for written in ("2024-05-21T00:00:00", meant.replace(tzinfo=None), dt.date(2024, 5, 21), 0):
        with pytest.raises(PydanticCustomError):
            instant(written)


@pytest.mark.parametrize(
    "text", ["hoacu@caoloc.example", "a.b+c@sub.mau.example", "O'Neil@x-y.example", "1@2.example"]
)
def test_addresses(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hoacu",
        "@caoloc.example",
        "hoacu@",
        "hoacu@localhost",
        "hoa cu@caoloc.example",
        "hoacu@caoloc..example",
        "hoacu@-caoloc.example",
        ".hoacu@caoloc.example",
        "hoacu@caoloc.example\r\nBcc: x@y.example",
        "hoacu@caoloc.example\n",
        "a@b@caoloc.example",
        "hòacư@caoloc.example",
        "Xã <hoacu@caoloc.example>",
        "x" * 65 + "@caoloc.example",
        "x@" + "a." * 130 + "example",
    ],
)
def test_no_addresses(text: str) -> None:
    assert not is_address(text)


def test_only_the_domain_of_an_address_is_made_small() -> None:
    assert tidy_address("HoaCu@CaoLoc.EXAMPLE") == "HoaCu@caoloc.example"
