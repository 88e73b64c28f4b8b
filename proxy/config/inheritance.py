"""How a route inherits from `defaults`: key by key, at every depth; lists and single values are replaced."""

from collections.abc import Mapping
from typing import Any

from proxy.config.routes import Defaults, RouteConfig


def overlay(own: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The route's own keys as written, mappings among them completed from those of the same name in defaults.

    What the route does not mention is left out: `inherit` adds it, validated once and shared by all routes.
    """
    return {
        key: _merged(_long_form(key, value), _long_form(key, defaults.get(key))) for key, value in own.items()
    }


def inherit(route: RouteConfig, defaults: Defaults) -> RouteConfig:
    """The route with the defaults' values for all keys that it does not mention.

    `model_fields_set` goes on to name the keys that the route itself mentions.
    """
    own = route.model_fields_set
    missing = defaults.model_fields_set - own
    if not missing:
        return route
    inherited = {name: getattr(defaults, name) for name in missing}
    return RouteConfig.model_construct(own, **{**dict(route), **inherited})


def _merged(own: Any, inherited: Any) -> Any:
    if not isinstance(own, dict) or not isinstance(inherited, dict):
        return own
    return {**inherited, **{key: _merged(value, inherited.get(key)) for key, value in own.items()}}


def _long_form(key: str, value: Any) -> Any:
    return {"backend": value} if key == "modern" and isinstance(value, str) else value
