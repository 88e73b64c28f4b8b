"""The controller of this process: its thread, its ledger, and the word it sends."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache

from proxy.config.snapshot import Snapshot
from proxy.ledger import Ledger, settings
from proxy.ramp.steps import Tell
from proxy.rollout import notify
from proxy.rollout.controller import Controller, Happened
from proxy.rollout.notify import Notifier

_SECRET = "webhook-secret"


class Ramping:
    """Runs from `start` to `close`. Raises BadLedgerUrl."""

    def __init__(
        self,
        url: str,
        snapshot: Callable[[], Snapshot | None],
        announce: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        """`url` is the ledger's; `announce` is called after each flip; `say` gets a line for the operator.
        All are called from threads."""
        self._ledger = Ledger.open(url)
        self._announce = announce
        self._say = say
        self._controller = Controller(self._ledger, _holder(), snapshot, self._happened, say)
        self._notifier = Notifier(cache(lambda: webhook_secret(self._ledger)), say)
        self._thread = threading.Thread(target=self._controller.run, name="ramps", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End soon; another controller goes on."""
        self._controller.close()

    def _happened(self, happened: Happened) -> None:
        if happened.flipped:
            self._announce()
        for line in lines(happened):
            self._say(line)
        for event in events(happened):
            self._notifier.post(event)


def webhook_secret(ledger: Ledger) -> str:
    """What webhooks are signed with: the environment's word, else what all replicas agreed on."""
    agreed = notify.own_secret()
    if agreed is None:
        proposal = notify.new_secret()
        agreed = ledger.write(lambda connection: settings.agree(connection, _SECRET, proposal))
    return agreed


def lines(happened: Happened) -> list[str]:
    """What the operator reads, a sentence for each thing that happened."""
    route = happened.move.ramp.route
    return [
        f"the ramp of {route} {action.what}: {action.reason}"
        if isinstance(action, Tell)
        else f"the ramp of {route} needs somebody: {action.reason}"
        for action in happened.told
    ]


def events(happened: Happened) -> Iterator[notify.Event]:
    """What the webhook is told."""
    ramp, plan = happened.move.ramp, happened.plan
    if plan is None or plan.notify is None:
        return
    for action in happened.told:
        what = action.what.value if isinstance(action, Tell) else "alert"
        yield notify.Event(
            str(plan.notify),
            f"ramp_{ramp.route}_{ramp.started.timestamp():.0f}_{ramp.trial}_{what}",
            f"ramp.{what}",
            happened.time.isoformat(),
            {
                "route": ramp.route,
                "state": ramp.state,
                "weight": plan.steps[ramp.step] / 100 if ramp.step >= 0 else 0,
                "reason": action.reason,
                "gates": [asdict(verdict) for verdict in happened.verdicts],
            },
        )


def _holder() -> str:
    return f"{socket.gethostname()}/{os.getpid()}"
