from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.ramp import Window
from proxy.ramp.window import is_open, opens_next

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Window(days=("mon-thu",), hours="09:00-16:00", zone="Europe/Berlin")
NIGHT = Window(days=("fri",), hours="22:00-04:00", zone="Europe/Berlin")
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


def berlin(day: str, hour: str) -> datetime:
    return datetime.fromisoformat(f"{day} {hour}").replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("window", "day", "hour", "opened"),
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
    window: Window, day: str, hour: str, opened: bool
) -> None:
    assert is_open(window, berlin(day, hour)) is opened


def test_summer_time_moves_the_window_with_the_clock_on_the_wall() -> None:
    assert is_open(OFFICE, datetime(2025, 3, 27, 8, 0, tzinfo=UTC))
    assert not is_open(OFFICE, datetime(2025, 3, 27, 7, 0, tzinfo=UTC))
    assert is_open(OFFICE, datetime(2025, 3, 31, 7, 0, tzinfo=UTC))
    assert not is_open(OFFICE, datetime(2025, 3, 31, 14, 0, tzinfo=UTC))


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    window = Window(days=("sun",), hours="02:00-03:00", zone="Europe/Berlin")
    assert is_open(window, datetime(2025, 10, 26, 0, 30, tzinfo=UTC))
    assert is_open(window, datetime(2025, 10, 26, 1, 30, tzinfo=UTC))


def test_the_next_opening_is_told_in_utc() -> None:
    assert opens_next(OFFICE, berlin("2025-03-06", "16:00")) == datetime(2025, 3, 10, 8, tzinfo=UTC)
    assert opens_next(OFFICE, berlin("2025-03-28", "12:00")) == datetime(2025, 3, 31, 7, tzinfo=UTC)
    assert opens_next(OFFICE, berlin("2025-03-03", "10:00")) == berlin("2025-03-03", "10:00")


def test_an_hour_that_summer_time_skips_is_awaited_until_the_week_after() -> None:
    window = Window(days=("sun",), hours="02:10-02:50", zone="Europe/Berlin")
    assert opens_next(window, berlin("2025-03-23", "03:00")) == berlin("2025-04-06", "02:10")


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
RANGES = st.one_of(
    st.sampled_from(DAYS), st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)).map("-".join)
)
CLOCK = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda time: f"{time[0]:02}:{time[1]:02}")


@given(
    days=st.lists(RANGES, min_size=1, max_size=4).map(tuple),
    hours=st.tuples(CLOCK, CLOCK | st.just("24:00")).map("-".join),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"]),
    now=INSTANTS,
)
def test_the_next_opening_is_open_and_within_a_week_but_for_a_skipped_hour(
    days: tuple[str, ...], hours: str, zone: str, now: datetime
) -> None:
    window = Window(days=days, hours=hours, zone=zone)
    opening = opens_next(window, now)
    assert is_open(window, opening)
    assert now <= opening <= now + timedelta(days=15)


@pytest.mark.parametrize(
    ("days", "opened"),
    [
        (("mon-thu",), {0, 1, 2, 3}),
        (("sat-mon",), {5, 6, 0}),
        (("tue", "fri"), {1, 4}),
        (("wed-wed",), {2}),
        (("mon-sun",), {0, 1, 2, 3, 4, 5, 6}),
    ],
)
def test_days_are_names_and_ranges_also_over_the_weekend(days: tuple[str, ...], opened: set[int]) -> None:
    window = Window(days=days, hours="00:00-24:00")
    monday = datetime(2025, 3, 3, 12, tzinfo=UTC)
    assert {day for day in range(7) if is_open(window, monday + timedelta(days=day))} == opened


def test_hours_may_cover_the_whole_day() -> None:
    window = Window(days=("mon",), hours="00:00-24:00")
    assert is_open(window, datetime(2025, 3, 3, 0, 0, tzinfo=UTC))
    assert is_open(window, datetime(2025, 3, 3, 23, 59, tzinfo=UTC))
    assert not is_open(window, datetime(2025, 3, 4, 0, 0, tzinfo=UTC))


def test_an_end_at_its_start_is_a_day_later() -> None:
    window = Window(days=("mon",), hours="09:00-09:00")
    assert not is_open(window, datetime(2025, 3, 3, 8, 59, tzinfo=UTC))
    assert is_open(window, datetime(2025, 3, 4, 8, 59, tzinfo=UTC))
    assert not is_open(window, datetime(2025, 3, 4, 9, 0, tzinfo=UTC))
