"""The two-sample test: does modern fail more than a limit above legacy? Always valid, and blind to what
both share.

The hypothesis is about every time slot by itself: in it, modern's error rate is at most (or at least)
legacy's plus the limit. So rates may drift, weights may change and a bad hour may hit both sides: no false
result comes of it, as long as the two sides of one slot see the same conditions.

Within a slot of `l` legacy and `m` modern requests, a stake `c` multiplies its wealth by 1 + c·(y - b) for
each modern request and by 1 - c·(m/l)·(x - a) for each legacy one, where y and x are 1 for an error and b =
a + limit. Whatever `a` was guessed from earlier slots, the expected factors sum to at most l + m under the
hypothesis, so by the inequality of arithmetic and geometric means their product is at most 1 in
expectation: a fair game.

Source: the blocks of R. Turner, A. Ly and P. Grünwald, "Generic E-variables for exact sequential k-sample
tests that allow for optional stopping", JSPI 230 (2024), with stakes sized by expected gain over variance
(I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by betting", JRSS-B 86, 2024).
"""

import math
from dataclasses import dataclass, field

from proxy.ramp.sequential import OVER, requests_until, wealth

_MOST = 0.98
"""No higher rate is bet on: certainty would be ruined by a single request."""

_STAKED = 0.95
"""The most of its wealth that a stake can lose to one request."""

_IMAGINED = (0.5, 50)
"""Errors and requests that the guess of legacy's rate begins with."""


@dataclass(slots=True)
class Counts:
    """What one side did in some stretch of time."""

    requests: int = 0
    errors: int = 0

    @property
    def rate(self) -> float:
        return self.errors / self.requests if self.requests else 0.0

    def add(self, other: "Counts") -> None:
        self.requests += other.requests
        self.errors += other.errors


@dataclass(frozen=True, slots=True)
class _Bet:
    """The terms of the bets on one slot, fixed before it is seen."""

    legacy: float
    """The guess of legacy's error rate, `a`."""
    limit: float
    ratio: float
    """Modern requests per legacy request, `m/l`."""

    def stakes(self) -> list[float]:
        """What is staked on "more" (positive, as many as OVER), then on "less" (negative)."""
        expected = self.legacy + self.limit
        more = [min(expected * ratio, _MOST) for ratio in OVER]
        less = [self.legacy + self.limit / 2, self.legacy, self.legacy / 2]
        return [self._stake(rate - expected) for rate in more + less]

    def _stake(self, excess: float) -> float:
        """Gain over variance, which is the fastest growth where both are small, within what may be lost."""
        modern, legacy = self.legacy + self.limit, self.legacy
        variance = modern * (1 - modern) + self.ratio * legacy * (1 - legacy)
        most = _STAKED / max(modern, self.ratio * (1 - legacy))
        least = -_STAKED / max(1 - modern, self.ratio * legacy)
        return min(max(excess / variance, least), most)

    def gain(
        self, stake: float, legacy: float, legacy_errors: float, modern: float, modern_errors: float
    ) -> float:
        """The logarithm of what a stake is multiplied by, given the requests and errors of both sides."""
        expected, against = self.legacy + self.limit, stake * self.ratio
        return (
            modern_errors * math.log1p(stake * (1 - expected))
            + (modern - modern_errors) * math.log1p(-stake * expected)
            + legacy_errors * math.log1p(-against * (1 - self.legacy))
            + (legacy - legacy_errors) * math.log1p(against * self.legacy)
        )


@dataclass(slots=True)
class IncreaseTest:
    """The games "modern fails by more than the limit above legacy" and "by less", played slot by slot."""

    limit: float
    """As a share of requests: 0.005 is half a percentage point. From 0 to less than 0.98."""
    legacy: Counts = field(default_factory=Counts)
    modern: Counts = field(default_factory=Counts)
    _gained: list[float] = field(default_factory=lambda: [0.0] * (len(OVER) + 3))

    def observe(self, legacy: Counts, modern: Counts) -> None:
        """Settle the stakes on one slot; none are laid before legacy was seen or where a side is missing."""
        if legacy.requests and modern.requests and self.legacy.requests:
            bet = self._bet(modern.requests / legacy.requests)
            for index, stake in enumerate(bet.stakes()):
                self._gained[index] += bet.gain(
                    stake, legacy.requests, legacy.errors, modern.requests, modern.errors
                )
        self.legacy.add(legacy)
        self.modern.add(modern)

    def over(self) -> float:
        """The wealth of betting against "modern fails by at most the limit more than legacy"."""
        return wealth(self._gained[: len(OVER)])

    def under(self) -> float:
        """The wealth of betting against "modern fails by at least the limit more than legacy"."""
        return wealth(self._gained[len(OVER) :])

    def modern_until_under(self, goal: float) -> int | None:
        """About how many more modern requests until `under` reaches a goal; None where it will not."""
        if not (self.legacy.requests and self.modern.requests):
            return None
        bet = self._bet(self.modern.requests / self.legacy.requests)
        legacy, legacy_errors = 1 / bet.ratio, self.legacy.rate / bet.ratio
        each = [bet.gain(stake, legacy, legacy_errors, 1, self.modern.rate) for stake in bet.stakes()]
        return requests_until(goal, self._gained[len(OVER) :], each[len(OVER) :])

    def _bet(self, ratio: float) -> _Bet:
        errors, requests = _IMAGINED
        guess = (self.legacy.errors + errors) / (self.legacy.requests + requests)
        return _Bet(min(guess, _MOST - self.limit), self.limit, ratio)
