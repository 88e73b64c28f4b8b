"""The compiled routes.yaml, plus the overrides in force: immutable, swapped by one reference."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from proxy.config.models import Config
from proxy.config.routes import RouteConfig
from proxy.config.shadow import Shadow
from proxy.decision.decide import RoutePlan
from proxy.decision.stages import Stage
from proxy.routing.pattern import Pattern
from proxy.routing.rewrite import Rewrite
from proxy.routing.table import Table


@dataclass(frozen=True, slots=True)
class Override:
    """What a flip says of one route; `weight` in hundredths of a percent, for stage canary."""

    stage: Stage
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint, compiled.

    `line` is where it begins in routes.yaml. `modern_drop` are lower-case names of header fields that modern
    does not get from the client, `modern_add` the lines (`Name: value`) that it gets besides. `plan` is what
    is in force, `spec` what the file says.
    """

    id: str
    line: int
    spec: RouteConfig
    pattern: Pattern
    plan: RoutePlan
    legacy: str
    modern: str | None = None
    rewrite: Rewrite | None = None
    modern_drop: frozenset[bytes] = frozenset()
    modern_add: tuple[bytes, ...] = ()
    override: Override | None = None

    @property
    def is_mirrored(self) -> bool:
        """Whether requests may be mirrored at the stage in force."""
        return (
            self.modern is not None
            and self.plan.shadow_sample is not None
            and (
                self.plan.stage in (Stage.SHADOW, Stage.CANARY)
                or (self.plan.stage is Stage.MODERN and self.plan.reverse)
            )
        )

    def overridden(self, override: Override | None) -> Self:
        """The route with this override in force, or as the file has it."""
        force = override or Override(Stage(self.spec.stage), self.spec.weight)
        sample = mirrored_share(force.stage, self.spec.shadow)
        plan = replace(self.plan, stage=force.stage, weight=force.weight, shadow_sample=sample)
        return replace(self, plan=plan, override=override)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a data plane needs; `version` grows with each one that is put in force.

    `table` finds a route's id. It is the same for all overrides, so that a flip costs no new index.
    `default_backend` is where a request goes that no route matches.
    """

    version: int
    config: Config
    table: Table[str]
    routes: Mapping[str, Route]
    default_backend: str

    @property
    def mirrors(self) -> bool:
        """Whether any route is mirrored at the stage in force."""
        return any(route.is_mirrored for route in self.routes.values())

    def overrides(self) -> dict[str, Override]:
        """The overrides in force."""
        return {name: route.override for name, route in self.routes.items() if route.override is not None}

    def with_overrides(self, overrides: Mapping[str, Override]) -> Self:
        """The snapshot with these overrides, and no other, in force; those of unknown routes are left out."""
        changed = {
            name: route.overridden(overrides.get(name))
            for name, route in self.routes.items()
            if route.override != overrides.get(name)
        }
        return replace(self, routes={**self.routes, **changed}) if changed else self


def mirrored_share(stage: Stage, shadow: Shadow | None) -> int | None:
    """Hundredths of a percent to be mirrored; None = not at all. Stage shadow needs no `shadow` to mirror."""
    if shadow is None:
        return Shadow().sample if stage is Stage.SHADOW else None
    return shadow.sample
