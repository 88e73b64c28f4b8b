"""The ASGI lane: the whole data plane as an ASGI application, complete under any ASGI server.

Behind this project's own connection class it gets the raw request in the scope's extensions and can say what
ASGI has no words for; elsewhere it reads and answers in plain ASGI.
"""

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from proxy.forward.forwarding import Forwarding
from proxy.forward.gateway import Gateway


class DataPlane(Starlette):
    """Answers every http request itself; Starlette keeps the lifespan and the state."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__()
        self.gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await Forwarding(self.gateway, scope, receive, send).run()
        else:
            await super().__call__(scope, receive, send)
