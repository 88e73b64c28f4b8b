"""What is known about the running data plane: the snapshot in force, its workers, its traffic."""

from dataclasses import dataclass, field

from proxy.config.snapshot import Snapshot
from proxy.link import Apply, Fleet, Gauges, Message, Report
from proxy.rollout.view import LedgerView
from proxy.telemetry.metrics import Totals


@dataclass(slots=True)
class State:
    """Fed with the messages of the supervisor's link; read by the control plane's endpoints."""

    snapshot: Snapshot | None = None
    alone: bool = False
    """Whether this is a control plane without a data plane beside it."""
    totals: Totals = field(default_factory=Totals)
    gauges: dict[int, Gauges] = field(default_factory=dict)
    fleet: Fleet = field(default_factory=lambda: Fleet({}, False, (), 0, LedgerView()))

    def take(self, message: Message) -> None:
        """Fold one message in."""
        match message:
            case Apply():
                self.snapshot = message.snapshot
            case Report():
                self.totals.merge(message.totals)
                if message.gauges is not None:
                    self.gauges[message.worker] = message.gauges
            case Fleet():
                self.fleet = message
                for gone in self.gauges.keys() - message.workers.keys():
                    del self.gauges[gone]
            case _:
                pass

    @property
    def unready(self) -> str | None:
        """Why no traffic should be sent here now; None when it may."""
        fleet = self.fleet
        if fleet.draining:
            return "draining"
        if self.alone:
            return fleet.ledger.trouble
        if not any(fleet.workers.values()):
            return (
                f"no worker is serving; {fleet.last_death}"
                if fleet.last_death
                else "no worker is serving yet"
            )
        return None
