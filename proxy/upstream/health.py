"""Active health checks: each endpoint is asked in turn; so many answers in a row change the verdict."""

import asyncio
from contextlib import closing
from dataclasses import dataclass, replace

import httpx

from proxy.upstream.backend import Backend
from proxy.upstream.breaker import BreakerPolicy
from proxy.upstream.pool import Pool
from proxy.upstream.retry import RetryPolicy
from proxy.upstream.settings import BackendSettings, HealthPolicy
from proxy.upstream.transport import BackendTransport


@dataclass(slots=True)
class Verdict:
    """Counts answers in a row; `healthy` changes when enough of them disagree with it. Pure."""

    policy: HealthPolicy
    healthy: bool = True
    _against: int = 0

    def note(self, answered_well: bool) -> bool:
        """Take one answer in; returns the verdict after it."""
        if answered_well == self.healthy:
            self._against = 0
            return self.healthy
        self._against += 1
        needed = self.policy.unhealthy_after if self.healthy else self.policy.healthy_after
        if self._against >= needed:
            self.healthy, self._against = answered_well, 0
        return self.healthy


class HealthChecks:
    """Keeps `healthy` of a backend's endpoints current, until closed."""

    def __init__(self, backend: Backend) -> None:
        self._tasks = [asyncio.create_task(_check(backend.settings, pool)) for pool in backend.pools]

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()


async def _check(settings: BackendSettings, pool: Pool) -> None:
    """Ask one endpoint for ever. Checks use a connection of their own: a busy pool is no illness."""
    policy = settings.health
    assert policy is not None
    own = Backend(_for_checks(settings, pool, policy), asyncio.get_running_loop())
    verdict = Verdict(policy)
    base = "https" if pool.address.tls else "http"
    with closing(own):
        client = httpx.AsyncClient(transport=BackendTransport(own))
        while True:
            url = f"{base}://{pool.address.authority.decode()}{policy.path}"
            pool.healthy = verdict.note(await _answers_well(client, url, policy.timeout))
            await asyncio.sleep(policy.interval)


def _for_checks(settings: BackendSettings, pool: Pool, policy: HealthPolicy) -> BackendSettings:
    return replace(
        settings,
        addresses=(pool.address,),
        connect_timeout=policy.timeout,
        retry=RetryPolicy(attempts=1),
        breaker=BreakerPolicy(consecutive_failures=0),
        max_in_flight=0,
        health=None,
    )


async def _answers_well(client: httpx.AsyncClient, url: str, seconds: float) -> bool:
    """Whether the whole answer comes within so many seconds, and is a good one."""
    try:
        async with asyncio.timeout(seconds):
            response = await client.get(url, headers={"User-Agent": "banyan-health"})
    except (httpx.HTTPError, TimeoutError):
        return False
    return response.is_success
