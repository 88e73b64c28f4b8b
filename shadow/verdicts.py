"""From two answers, and from a second look at both, to a verdict with its reason. Pure."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from shadow.compare import Answer, Difference, Kind, Result, Verdict, Where
from shadow.compare.model import ABSENT
from shadow.compare.severity import severity_of
from shadow.signature import general

_REFUSALS = frozenset({401, 403})
_VARYING = frozenset({Kind.CHANGED, Kind.ORDER})
"""What a value that varies by itself looks like. A path that only one side has is never noise."""
_COMING_AND_GOING = frozenset({Kind.MISSING, Kind.EXTRA})
"""What a list looks like to which rows are added between two calls."""


class Reason(StrEnum):
    """Why an exchange is inconclusive."""

    UNAUTHORIZED = "unauthorized"
    VANISHED = "vanished"
    UNCONFIRMED = "unconfirmed"
    UNREAD = "unread"


UNAUTHORIZED_HINT = "only the shadow refused: does it know the primary's sessions and keys?"

UNANSWERED_HINT = "the shadow gave no answer"
_SERVER_ERROR = 500

Spot = tuple[Where, str, Kind]
"""What makes two differences the same one: where, the path without indexes, the kind."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, why, and what differs."""

    verdict: Verdict
    reason: str = ""
    differences: tuple[Difference, ...] = ()


def judge(primary: Answer, shadow: Answer, result: Result) -> Judgement:
    """The verdict after one look."""
    if shadow.status in _REFUSALS and primary.status not in _REFUSALS:
        return Judgement(Verdict.INCONCLUSIVE, Reason.UNAUTHORIZED, _hinted(result.differences))
    unread = f"{Reason.UNREAD}: {result.unread}" if result.unread else ""
    return Judgement(result.verdict, unread, result.differences)


def unanswered(primary: int, reason: str) -> Judgement:
    """The verdict where the shadow gave no answer: a finding, unless the primary failed as well."""
    if primary >= _SERVER_ERROR:
        return Judgement(Verdict.FAILED, reason)
    path = f"status:{reason}"
    severity = severity_of(Where.STATUS, path, Kind.MISSING, primary, ABSENT, money=False)
    lost = Difference(Where.STATUS, path, Kind.MISSING, primary, ABSENT, severity, UNANSWERED_HINT)
    return Judgement(Verdict.FAILED, reason, (lost,))


def confirm(first: Judgement, looks: Sequence[Result], moved: Container[Spot] = ()) -> Judgement:
    """A mismatch after both sides were called again: only what every further look shows counts.

    Each look compares an answer of the primary with one of the shadow; none if they could not be called.
    `moved` is what the primary's answers differ in among themselves: what it gained or lost meanwhile was
    not to be expected of an answer from before or after.
    """
    if not looks:
        return replace(first, verdict=Verdict.INCONCLUSIVE, reason=Reason.UNCONFIRMED)
    again = set[Spot].intersection(*({spot(difference) for difference in look.differences} for look in looks))
    lasting = tuple(
        difference
        for difference in first.differences
        if spot(difference) in again
        and not (difference.kind in _COMING_AND_GOING and spot(difference) in moved)
    )
    if not lasting:
        return replace(first, verdict=Verdict.INCONCLUSIVE, reason=Reason.VANISHED)
    return replace(first, differences=lasting)


def discount(judgement: Judgement, noise: Container[Spot]) -> Judgement:
    """The judgement with these differences called noise; nothing but noise is no mismatch."""
    marked = tuple(
        difference._replace(noise=True)
        if may_be_noise(difference) and spot(difference) in noise
        else difference
        for difference in judgement.differences
    )
    verdict = judgement.verdict
    if verdict is Verdict.MISMATCH and all(difference.noise for difference in marked):
        verdict = Verdict.NOISE
    return replace(judgement, verdict=verdict, differences=marked)


def varied(result: Result) -> tuple[Difference, ...]:
    """What two answers of one side differ in. What fits no pattern is a difference even of equal values, but
    it does not vary.
    """
    return tuple(found for found in result.differences if found.primary != found.shadow)


def may_be_noise(difference: Difference) -> bool:
    """Whether this could be a value that varies by itself. Money never does, nor does a status."""
    return difference.kind in _VARYING and not difference.money and difference.where is not Where.STATUS


def spot(difference: Difference) -> Spot:
    return difference.where, general(difference.path), difference.kind


def _hinted(differences: tuple[Difference, ...]) -> tuple[Difference, ...]:
    return tuple(
        difference._replace(hint=UNAUTHORIZED_HINT) if difference.where is Where.STATUS else difference
        for difference in differences
    )
