"""The ledger for the event loop: its transactions block, so they run in threads, few at a time."""

import asyncio
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from proxy.ledger import BadLedgerUrl, Ledger, LedgerUnavailable
from proxy.state import State

_P = ParamSpec("_P")
_T = TypeVar("_T")

AT_ONCE = 4
"""Transactions under way; a database that hangs occupies so many threads and no more."""
WAITING = 64
"""Requests that may wait for their turn; more are told that the ledger is busy."""


class LedgerAccess:
    """Opens the ledger that routes.yaml names, when it is first needed."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._ledger: Ledger | None = None
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[asyncio.Task[Any]] = set()

    async def read(
        self, query: Callable[Concatenate[Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """What a function of proxy.ledger returns, in a transaction that reads. Raises LedgerUnavailable."""
        return await self.run(lambda ledger: ledger.read(lambda found: query(found, *args, **kwargs)))

    async def write(
        self, change: Callable[Concatenate[Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """The same in a transaction that writes."""
        return await self.run(lambda ledger: ledger.write(lambda found: change(found, *args, **kwargs)))

    async def run(self, work: Callable[[Ledger], _T]) -> _T:
        """What `work` returns, which runs in a thread. Raises LedgerUnavailable.

        Whoever asked may go away: the work is finished all the same, and keeps its turn until then.
        """
        if len(self._under_way) >= WAITING:
            raise LedgerUnavailable("too many requests wait for it already")
        turn = asyncio.create_task(self._turn(work))
        self._under_way.add(turn)
        turn.add_done_callback(self._done)
        return await asyncio.shield(turn)

    async def _turn(self, work: Callable[[Ledger], _T]) -> _T:
        async with self._turns:
            return await asyncio.to_thread(work, self._open())

    def _done(self, turn: asyncio.Task[Any]) -> None:
        self._under_way.discard(turn)
        if not turn.cancelled():
            turn.exception()  # whoever still waits gets it; where nobody does, it is nobody's

    def _open(self) -> Ledger:
        if self._ledger is None:
            if self._state.snapshot is None:
                raise LedgerUnavailable("routes.yaml, which names it, is not read yet")
            try:
                self._ledger = Ledger.open(self._state.snapshot.config.ledger)
            except BadLedgerUrl as error:
                raise LedgerUnavailable(str(error)) from error
        return self._ledger
