"""The schedule guard: the hours of the week in which a ramp may advance. Taking back is always allowed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTES_A_DAY = 24 * 60
_DAYS_SEARCHED = 16
"""Two weeks and both ends: a weekly window can lie in the hour that a change to summer time skips."""


@dataclass(frozen=True, slots=True)
class Window:
    """Open from `start` to `end` minutes after local midnight of the days listed (0 is Monday).

    An end at or before the start is on the next day; such a night belongs to the day it begins on.
    """

    days: frozenset[int]
    start: int
    end: int
    zone: ZoneInfo

    def is_open(self, now: datetime) -> bool:
        """Whether a ramp may advance at an instant, judged by the clock on the zone's walls, DST included."""
        local = now.astimezone(self.zone)
        minute, today, yesterday = local.hour * 60 + local.minute, local.weekday(), (local.weekday() - 1) % 7
        if self.start < self.end:
            return today in self.days and self.start <= minute < self.end
        began_today = today in self.days and minute >= self.start
        return began_today or (yesterday in self.days and minute < self.end)

    def opens_next(self, now: datetime) -> datetime:
        """The next instant, in UTC, at which the window is open: now, or when its wall clock strikes next."""
        if self.is_open(now):
            return now.astimezone(UTC)
        today = now.astimezone(self.zone).date()
        wall = time(self.start // 60, self.start % 60)
        days = (today + timedelta(days=ahead) for ahead in range(_DAYS_SEARCHED))
        openings = (datetime.combine(day, wall, self.zone).astimezone(UTC) for day in days)
        return next(opening for opening in openings if opening > now and self.is_open(opening))


def parse_window(days: Sequence[str], hours: str, zone: str) -> Window:
    """A window from what routes.yaml says: `[mon-thu, sat]`, `09:00-16:00`, `Europe/Berlin`.

    Raises ValueError with one sentence that says what is wrong and what would be right.
    """
    open_days = frozenset(day for item in days for day in _parse_days(item))
    if not open_days:
        raise ValueError("days: at least one day is needed, for example [mon-fri]")
    start, end = _parse_hours(hours)
    return Window(open_days, start, end, _parse_zone(zone))


def _parse_days(item: str) -> list[int]:
    first, dash, last = (part.strip().lower() for part in item.partition("-"))
    named = [first, last] if dash else [first]
    unknown = next((name for name in named if name not in _DAYS), None)
    if unknown is not None:
        raise ValueError(f"days: `{unknown}` is not one of {', '.join(_DAYS)}, or a range such as mon-thu")
    start, end = _DAYS.index(named[0]), _DAYS.index(named[-1])
    return [(start + step) % 7 for step in range((end - start) % 7 + 1)]


def _parse_hours(hours: str) -> tuple[int, int]:
    start, _, end = hours.partition("-")
    begins, ends = _parse_minute(start), _parse_minute(end)
    if begins is None or ends is None or begins == _MINUTES_A_DAY:
        raise ValueError(f"hours: `{hours}` is not two times of day such as 09:00-16:00")
    return begins, ends


def _parse_minute(text: str) -> int | None:
    hour, _, minute = text.strip().partition(":")
    if not (hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit() and len(minute) == 2):
        return None
    total = int(hour) * 60 + int(minute)
    return total if int(minute) < 60 and total <= _MINUTES_A_DAY else None


def _parse_zone(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"zone: `{zone}` is not a time zone such as Europe/Berlin") from error
