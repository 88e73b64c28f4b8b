"""What a scenario of `bench.replicas` saw, and whether each key was served by a side that it may be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from statistics import median

from tests.support.fleet import Answer, side_of

STAGES = ("read", "apply", "report")


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when, in seconds since 1970, a weight may have been in force somewhere."""

    start: float
    end: float
    weight: float


def wrong(answers: Iterable[Answer], route: str, spans: Sequence[Span], falls_back: bool = False) -> int:
    """How many answers came from a side that no weight of their time gives their key to.

    Where modern fails, `falls_back`, legacy may answer for it; nobody else may see the other side.
    """
    side = cache(partial(side_of, route))

    def is_right(answer: Answer) -> bool:
        if falls_back and answer.side == "legacy":
            return True
        in_force = {span.weight for span in spans if span.start <= answer.ended and answer.began <= span.end}
        return any(side(answer.key, weight) == answer.side for weight in in_force)

    return sum(not is_right(answer) for answer in answers if answer.status == 200)


@dataclass(slots=True)
class Result:
    """One scenario. `waits` are the seconds of each flip until all replicas had confirmed, and `stages` the
    seconds that each stage of it took on each replica."""

    name: str
    answers: list[Answer] = field(default_factory=list)
    wrong: int = 0
    waits: list[float] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=lambda: {stage: [] for stage in STAGES})
    note: str = ""

    @property
    def failed(self) -> int:
        return sum(answer.status != 200 for answer in self.answers)

    def row(self) -> str:
        took = f"{_ms(median(self.waits))} / {_ms(max(self.waits))}" if self.waits else "–"
        return f"{self.name:<46}{len(self.answers):>9,}{self.failed:>8}{self.wrong:>12}{took:>16}"


HEADER = (
    f"{'scenario':<46}{'requests':>9}{'failed':>8}{'wrong side':>12}{'flip, ms':>16}\n"
    f"{'':<46}{'':>9}{'':>8}{'':>12}{'median / max':>16}"
)


def stages_text(results: Sequence[Result]) -> str:
    """Where the time of a flip goes, medians over all replicas of all flips that hints were there for."""
    hinted = [result for result in results if all(result.stages.values()) and "Redis" not in result.name]
    if not hinted:
        return "no flip was timed"
    stages = {stage: median(took for result in hinted for took in result.stages[stage]) for stage in STAGES}
    whole = median(wait for result in hinted for wait in result.waits)
    rest = max(whole - sum(stages.values()), 0)
    return (
        f"of {_ms(whole)} ms: {_ms(stages['read'])} from the hint until the ledger was read, "
        f"{_ms(stages['apply'])} until all workers had it, {_ms(stages['report'])} until the ledger knew; "
        f"{_ms(rest)} for the hints, the slowest replica, and reading who has it"
    )


def total(results: Sequence[Result]) -> Result:
    """All scenarios as one."""
    everything = Result("all", [answer for result in results for answer in result.answers])
    everything.wrong = sum(result.wrong for result in results)
    everything.waits = [wait for result in results for wait in result.waits]
    return everything


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"
