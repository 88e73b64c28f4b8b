"""Times a flip on its way through a data plane. Pure but for the clock it is given."""

from collections.abc import Callable

from proxy.rollout.view import Took


class Passage:
    """Told of each stage as it is reached; may be told from several threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` counts seconds."""
        self._clock = clock
        self._hinted: float | None = None
        self._read: tuple[float, float] | None = None
        self._applied: float | None = None

    @property
    def is_hinted(self) -> bool:
        """Whether there was a hint since the ledger was read."""
        return self._hinted is not None

    def hint(self) -> None:
        """Somebody says that something changed."""
        if self._hinted is None:
            self._hinted = self._clock()

    def begin(self) -> float | None:
        """The ledger is going to be read. Returns the time of the hint: what is hinted from now on is new."""
        hinted, self._hinted = self._hinted, None
        return hinted

    def read(self, hinted: float | None) -> None:
        """The ledger said what changed."""
        now = self._clock()
        self._read, self._applied = (0.0 if hinted is None else now - hinted, now), None

    def apply(self) -> None:
        """All workers serve by it."""
        self._applied = self._clock()

    def report(self) -> Took | None:
        """The ledger knows that; None where the stages before it were not seen."""
        read, self._read = self._read, None
        if read is None or self._applied is None:
            return None
        return Took(read[0], self._applied - read[1], self._clock() - self._applied)
