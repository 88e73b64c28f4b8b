"""How much mirroring a backend gets: less as soon as it slows down, since clients need it too. Pure."""

_RECENT = 0.2
_USUAL = 0.01
_USUAL_WHEN_SLOW = 0.001
"""Weights of a new latency in the averages: dozens of requests, hundreds, a thousand until slow is usual."""
_SLOWER = 3.0
_LEEWAY = 100.0
"""A backend is slow when it takes so many times, and so many milliseconds more than, what is usual."""
_LESS = 0.8


class Pace:
    """The requests that may be under way to one backend at once: from `most` down to one, and back."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._recent: float | None = None
        self.usual = 0.0
        """Milliseconds that an answer takes on average; 0 until there was one."""

    @property
    def limit(self) -> int:
        """Requests that may be under way now."""
        return int(self._limit)

    def observed(self, ms: float) -> None:
        """An answer took so long."""
        if self._recent is None:
            self._recent = self.usual = ms
        self._recent += _RECENT * (ms - self._recent)
        slow = self._recent > _SLOWER * self.usual + _LEEWAY
        self.usual += (_USUAL_WHEN_SLOW if slow else _USUAL) * (ms - self.usual)
        if slow:
            self.gave_up()
        else:
            self._limit = min(float(self._most), self._limit + 1.0)

    def gave_up(self) -> None:
        """No answer came in time."""
        self._limit = max(1.0, self._limit * _LESS)
