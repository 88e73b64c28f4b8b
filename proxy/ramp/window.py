"""The schedule guard: the hours of the week in which a ramp may advance. Taking back is always allowed.

Hours are those of the clock on the zone's walls, daylight saving included. An end at or before the start is
on the next day, and such a night belongs to the day it begins on.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from proxy.config.ramp import Window

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SEARCHED = 16
"""Days: two weeks and both ends, as a weekly window can lie in the hour that summer time skips."""


def is_open(window: Window, now: datetime) -> bool:
    """Whether a ramp may advance at an instant."""
    local = now.astimezone(ZoneInfo(window.zone))
    days, (start, end) = _days(window), _minutes(window)
    minute, today, yesterday = local.hour * 60 + local.minute, local.weekday(), (local.weekday() - 1) % 7
    if start < end:
        return today in days and start <= minute < end
    return (today in days and minute >= start) or (yesterday in days and minute < end)


def opens_next(window: Window, now: datetime) -> datetime:
    """The next instant, in UTC, at which a window is open: now, or when its wall clock strikes next."""
    if is_open(window, now):
        return now.astimezone(UTC)
    zone, (start, _) = ZoneInfo(window.zone), _minutes(window)
    today, strikes = now.astimezone(zone).date(), time(start // 60, start % 60)
    days = (today + timedelta(days=ahead) for ahead in range(_SEARCHED))
    openings = (datetime.combine(day, strikes, zone).astimezone(UTC) for day in days)
    return next(opening for opening in openings if opening > now and is_open(window, opening))


def _days(window: Window) -> set[int]:
    """The days on which a window begins; 0 is Monday. A range may run over the end of the week."""
    days: set[int] = set()
    for item in window.days:
        first, _, last = item.partition("-")
        start, end = _DAYS.index(first), _DAYS.index(last or first)
        days.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return days


def _minutes(window: Window) -> tuple[int, int]:
    """Start and end in minutes after midnight."""
    start, end = (text.split(":") for text in window.hours.split("-"))
    return int(start[0]) * 60 + int(start[1]), int(end[0]) * 60 + int(end[1])
