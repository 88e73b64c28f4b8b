"""How many exchanges a second are taken on: few as soon as the worker waits for a processor itself. Pure.

Where it has to wait, others want to run, and among them may be those that serve clients.
"""

MOST = 20_000.0
LEAST = 50.0
"""Exchanges a second: more than can be done, and what is done however busy the machine is."""
CROWDED = 0.05
"""The share of its time that the worker may wait for a processor before it takes on less."""
_LESS = 0.5
_MORE = 1.2


class Thrift:
    """The rate of exchanges, from MOST down to LEAST, and back."""

    def __init__(self) -> None:
        self.rate = MOST
        self._due = 0.0

    def waited(self, share: float, done: float) -> None:
        """Of late the worker waited for a processor for this share of its time, and did so many a second."""
        if share > CROWDED:
            self.rate = max(LEAST, min(self.rate, done) * _LESS)
        else:
            self.rate = min(MOST, self.rate * _MORE)

    def turn(self, now: float) -> float:
        """Seconds to wait before the next exchange is taken on. None is saved up for later."""
        self._due = max(self._due, now) + 1 / self.rate
        return self._due - 1 / self.rate - now
