"""The controller of this process: its thread, its ledger, and the word it sends."""

import os
import socket
import threading
from collections.abc import Callable
from functools import cache

from proxy.config.snapshot import Snapshot
from proxy.ledger import Ledger, settings
from proxy.ramp.steps import Move, Tell
from proxy.rollout import notify
from proxy.rollout.controller import Controller
from proxy.rollout.notify import Courier

_SECRET = "webhook-secret"


class Ramping:
    """Runs from `start` to `close`. Raises BadLedgerUrl."""

    def __init__(
        self,
        url: str,
        snapshot: Callable[[], Snapshot | None],
        announce: Callable[[], object],
        say: Callable[[str], None],
    ) -> None:
        """`url` is the ledger's; `announce` is called after each flip; `say` gets a line for the operator.
        All are called from threads."""
        self._ledger = Ledger.open(url)
        self._announce = announce
        self._say = say
        self._controller = Controller(self._ledger, _holder(), snapshot, self._happened, say)
        self._courier = Courier(self._ledger, cache(lambda: webhook_secret(self._ledger)), say)
        self._thread = threading.Thread(target=self._controller.run, name="ramps", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._courier.start()

    def close(self) -> None:
        """End soon; another controller goes on."""
        self._controller.close()
        self._courier.close()

    def _happened(self, move: Move) -> None:
        if move.flips:
            self._announce()
        for line in lines(move):
            self._say(line)
        self._courier.wake()


def webhook_secret(ledger: Ledger) -> str:
    """What webhooks are signed with: the environment's word, else what all replicas agreed on."""
    agreed = notify.own_secret()
    if agreed is None:
        proposal = notify.new_secret()
        agreed = ledger.write(lambda connection: settings.agree(connection, _SECRET, proposal))
    return agreed


def lines(move: Move) -> list[str]:
    """What the operator reads, a sentence for each thing that happened."""
    route = move.ramp.route
    return [
        f"the ramp of {route} {action.what}: {action.reason}"
        if isinstance(action, Tell)
        else f"the ramp of {route} needs somebody: {action.reason}"
        for action in move.told
    ]


def _holder() -> str:
    return f"{socket.gethostname()}/{os.getpid()}"
