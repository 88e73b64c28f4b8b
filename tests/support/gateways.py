"""A whole data plane without sockets: a gateway, client connections and backends over one scripted loop."""

from collections import Counter
from types import SimpleNamespace
from typing import cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from proxy.app import Backends, gateway_settings
from proxy.forward.app import DataPlane
from proxy.forward.client import ClientConnection, protocol_for
from proxy.forward.gateway import Gateway
from proxy.forward.handover import Handover
from proxy.forward.headers import Peer
from proxy.forward.plan import NeedsForm, Plan, Refused
from proxy.http1.request import HeadLimits, Request, parse_request
from proxy.outcome import Outcome
from proxy.routing.request import UNREAD, FormBody
from shadow.channel import Sender
from shadow.exchange import Exchange, SkipReason, unpack
from shadow.inflight import InFlight
from tests.support.config import snapshot
from tests.support.scripted import ScriptedLoop, ScriptedTransport

LEGACY, PAYMENTS = 8081, 8082
"""The ports of the two backends that every configuration begins with."""


class KeptSender:
    """Stands for the channel to the shadow worker; keeps what it is offered."""

    def __init__(self) -> None:
        self.offered: list[Exchange] = []
        self.dropped: Counter[tuple[str, SkipReason]] = Counter()
        self.refusal: SkipReason | None = None
        self.closed = False

    def offer(self, route: str, exchange: bytes) -> None:
        self.offered.append(unpack(exchange))
        assert self.offered[-1].route == route

    def close(self) -> None:
        self.closed = True


class KeptSessions:
    """Stands for the link that tells the worker of sessions; keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bytes]] = []

    def began(self, session: bytes) -> None:
        self.told.append(("began", session))

    def ended(self, session: bytes) -> None:
        self.told.append(("ended", session))

    def close(self) -> None:
        pass


class Front:
    """The gateway for what stands below the two backends in routes.yaml, and what it reported."""

    def __init__(self, loop: ScriptedLoop, text: str = "", asgi_only: bool = False) -> None:
        self.loop = loop
        self.outcomes: list[Outcome] = []
        self.sender = KeptSender()
        self.sessions = KeptSessions()
        self.handover = Handover(None, loop.as_loop)
        self.gateway = Gateway(loop.as_loop, self.outcomes.append, self.handover, asgi_only)
        self.app = DataPlane(self.gateway)
        self.server_state = ServerState()
        self._backends = Backends(loop.as_loop, checked=False)
        self.apply(text)

    def apply(self, text: str) -> None:
        """Put another routes.yaml in force."""
        self.snapshot = snapshot(text)
        config = self.snapshot.config
        self.gateway.apply(
            self.snapshot, self._backends.follow(config.backends), gateway_settings(config.server)
        )

    def open_handover(self) -> None:
        """From now on exchanges are mirrored, to `sender`."""
        self.handover.attach(cast(Sender, self.sender), cast(InFlight, self.sessions))

    def plan(
        self, request: Request | bytes, form: FormBody = UNREAD, peer: str = "192.0.2.7"
    ) -> Plan | Refused | NeedsForm:
        request = request if isinstance(request, Request) else parsed(request)
        return self.gateway.plan(request, self.gateway.peer(peer, False), form)

    def planned(self, request: Request | bytes, form: FormBody = UNREAD, peer: str = "192.0.2.7") -> Plan:
        """The plan of a request that is to be sent on."""
        plan = self.plan(request, form, peer)
        assert isinstance(plan, Plan)
        return plan

    def client(self) -> tuple[ScriptedTransport, ClientConnection]:
        """A new client connection."""
        connection = protocol_for(self.gateway)(
            cast(Config, SimpleNamespace(loaded_app=self.app)), self.server_state, {}, self.loop.as_loop
        )
        return ScriptedTransport(connection), connection

    def drain(self) -> None:
        """What the server does to its connections when it is to end."""
        for client in list(self.server_state.connections):
            client.shutdown()

    def sweep(self, seconds: float) -> None:
        """Time goes by, and whoever has waited too long is told."""
        self.loop.advance(seconds)
        for client in list(self.server_state.connections):
            expiring = cast(ClientConnection, client)
            if expiring.expires <= self.loop.now:
                expiring.timed_out()
        for backend in self._backends.live:
            backend.sweep(self.loop.now)


def parsed(head: bytes) -> Request:
    """The request of a head written with bare newlines, as `GET / HTTP/1.1` and its fields."""
    lines = [line for line in head.split(b"\n") if line]
    if not any(line.lower().startswith(b"host:") for line in lines):
        lines.insert(1, b"Host: shop")
    return parse_request(b"".join(line + b"\r\n" for line in lines), HeadLimits())


STRANGER = Peer("192.0.2.7", secure=False, trusted=False)
