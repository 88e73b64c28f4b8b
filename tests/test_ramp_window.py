from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.ramp.window import Window, parse_window

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = parse_window(["mon-thu"], "09:00-16:00", "Europe/Berlin")
NIGHT = parse_window(["fri"], "22:00-04:00", "Europe/Berlin")
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


def berlin(day: str, hour: str) -> datetime:
    return datetime.fromisoformat(f"{day} {hour}").replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("window", "day", "hour", "is_open"),
    [
        (OFFICE, "2025-03-03", "09:00", True),
        (OFFICE, "2025-03-03", "08:59", False),
        (OFFICE, "2025-03-03", "15:59", True),
        (OFFICE, "2025-03-03", "16:00", False),
        (OFFICE, "2025-03-07", "12:00", False),
        (NIGHT, "2025-03-07", "21:59", False),
        (NIGHT, "2025-03-07", "22:00", True),
        (NIGHT, "2025-03-08", "03:59", True),
        (NIGHT, "2025-03-08", "04:00", False),
        (NIGHT, "2025-03-08", "22:00", False),
        (NIGHT, "2025-03-07", "03:00", False),
    ],
)
def test_a_window_is_open_in_its_hours_and_a_night_belongs_to_the_day_it_begins_on(
    window: Window, day: str, hour: str, is_open: bool
) -> None:
    assert window.is_open(berlin(day, hour)) is is_open


def test_summer_time_moves_the_window_with_the_clock_on_the_wall() -> None:
    assert OFFICE.is_open(datetime(2025, 3, 27, 8, 0, tzinfo=UTC))
    assert not OFFICE.is_open(datetime(2025, 3, 27, 7, 0, tzinfo=UTC))
    assert OFFICE.is_open(datetime(2025, 3, 31, 7, 0, tzinfo=UTC))
    assert not OFFICE.is_open(datetime(2025, 3, 31, 14, 0, tzinfo=UTC))


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    window = parse_window(["sun"], "02:00-03:00", "Europe/Berlin")
    assert window.is_open(datetime(2025, 10, 26, 0, 30, tzinfo=UTC))
    assert window.is_open(datetime(2025, 10, 26, 1, 30, tzinfo=UTC))


def test_the_next_opening_is_told_in_utc() -> None:
    assert OFFICE.opens_next(berlin("2025-03-06", "16:00")) == datetime(2025, 3, 10, 8, tzinfo=UTC)
    assert OFFICE.opens_next(berlin("2025-03-28", "12:00")) == datetime(2025, 3, 31, 7, tzinfo=UTC)
    assert OFFICE.opens_next(berlin("2025-03-03", "10:00")) == berlin("2025-03-03", "10:00")


def test_an_hour_that_summer_time_skips_is_awaited_until_the_week_after() -> None:
    window = parse_window(["sun"], "02:10-02:50", "Europe/Berlin")
    assert window.opens_next(berlin("2025-03-23", "03:00")) == berlin("2025-04-06", "02:10")


@given(
    days=st.sets(st.integers(0, 6), min_size=1),
    start=st.integers(0, 24 * 60 - 1),
    end=st.integers(0, 24 * 60),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"]),
    now=INSTANTS,
)
def test_the_next_opening_is_open_and_within_a_week_but_for_a_skipped_hour(
    days: set[int], start: int, end: int, zone: str, now: datetime
) -> None:
    window = Window(frozenset(days), start, end, ZoneInfo(zone))
    opening = window.opens_next(now)
    assert window.is_open(opening)
    assert now <= opening <= now + timedelta(days=15)


@pytest.mark.parametrize(
    ("days", "opened"),
    [(["mon-thu"], {0, 1, 2, 3}), (["Sat-mon"], {5, 6, 0}), (["tue", "fri"], {1, 4}), (["wed-wed"], {2})],
)
def test_days_are_names_and_ranges(days: list[str], opened: set[int]) -> None:
    assert parse_window(days, "00:00-24:00", "UTC").days == opened


def test_hours_may_cover_the_whole_day() -> None:
    window = parse_window(["mon"], "00:00-24:00", "UTC")
    assert window.is_open(datetime(2025, 3, 3, 0, 0, tzinfo=UTC))
    assert window.is_open(datetime(2025, 3, 3, 23, 59, tzinfo=UTC))
    assert not window.is_open(datetime(2025, 3, 4, 0, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("days", "hours", "zone", "complaint"),
    [
        ([], "09:00-16:00", "UTC", "days: at least one day"),
        (["monday"], "09:00-16:00", "UTC", "days: `monday` is not one of mon, tue"),
        (["mon-"], "09:00-16:00", "UTC", "days: `` is not one of"),
        (["mon"], "9-16", "UTC", "hours: `9-16` is not two times of day"),
        (["mon"], "09:00", "UTC", "hours: `09:00`"),
        (["mon"], "24:00-08:00", "UTC", "hours: `24:00-08:00`"),
        (["mon"], "09:60-16:00", "UTC", "hours:"),
        (["mon"], "09:00-25:00", "UTC", "hours:"),
        (["mon"], "09:00-16:0x", "UTC", "hours:"),
        (["mon"], "09:00-16:00", "Europe/Bärlin", "zone: `Europe/Bärlin` is not a time zone"),
        (["mon"], "09:00-16:00", "../etc/passwd", "zone:"),
        (["mon"], "09:00-16:00", "", "zone:"),
    ],
)
def test_what_is_wrong_is_said(days: list[str], hours: str, zone: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_window(days, hours, zone)
