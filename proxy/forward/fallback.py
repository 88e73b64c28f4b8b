"""Fallback: where modern cannot answer a safe request, legacy does, once, within the same deadline."""

from collections.abc import Callable
from typing import Final

from proxy.http1.response import Response
from proxy.upstream.backend import Backend
from proxy.upstream.call import Call, Sink
from proxy.upstream.exchange import Exchange
from proxy.upstream.failures import Failure, problem_of
from proxy.upstream.tries import GATEWAY_ERRORS, asked_to_wait

Turn = Callable[[str], tuple[Backend, Call]]
"""Told on which condition a request falls back, says where it goes and what is sent there."""

_NAMED: Final = {
    Failure.CONNECT: "connect",
    Failure.CONNECT_TIMEOUT: "connect",
    Failure.EXHAUSTED: "connect",
    Failure.BREAKER_OPEN: "open_breaker",
}


def condition_of(failure: Failure) -> str:
    """A failure's name in a route's `fallback`: its own, or the status that the client would have got."""
    return _NAMED.get(failure) or str(problem_of(failure, safe=True).status)


class FallingBack(Exchange):
    """An exchange that begins anew at a second backend, if the first one fails on one of `conditions`."""

    __slots__ = ("_conditions", "_turn")

    def __init__(
        self, backend: Backend, call: Call, sink: Sink, conditions: frozenset[str], turn: Turn
    ) -> None:
        super().__init__(backend, call, sink)
        self._conditions = conditions
        self._turn = turn

    def _retry_response(self, response: Response) -> bool:
        """A backend that wants to be left alone for a while is not waited for: another one can answer."""
        if self._falls_on(response) and asked_to_wait(response):
            return False
        return super()._retry_response(response)

    def _deliver(self, response: Response) -> None:
        if self._falls_on(response):
            if self._connection is not None:
                self._connection.abort()
            self._fall(str(response.status))
        else:
            super()._deliver(response)

    def _give_up(self, failure: Failure) -> None:
        condition = condition_of(failure)
        if self.response is None and condition in self._conditions:
            self._fall(condition)
        else:
            super()._give_up(failure)

    def _falls_on(self, response: Response) -> bool:
        return response.status in GATEWAY_ERRORS and str(response.status) in self._conditions

    def _fall(self, condition: str) -> None:
        """Only what is left of the first deadline is there for the second backend."""
        deadline = self.deadline
        backend, call = self._turn(condition)
        Exchange.__init__(self, backend, call, self._end())
        self._conditions = frozenset()
        self.start(deadline)
