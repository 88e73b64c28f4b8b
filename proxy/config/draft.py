"""Plain data → models, section by section and route by route, so that one mistake hides no other."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from proxy.config.backends import Backend
from proxy.config.errors import KeyPath, Problem
from proxy.config.inheritance import inherit, overlay
from proxy.config.models import VERSION, Config, Frame
from proxy.config.routes import Defaults, RouteConfig
from proxy.config.scalars import typed
from proxy.config.values import Name
from proxy.config.wording import not_a_list, not_a_mapping, problems

_M = TypeVar("_M", Frame, Defaults)
_BACKENDS: TypeAdapter[dict[str, Backend]] = TypeAdapter(dict[Name, Backend])
_ENDPOINTS = frozenset({"backends", "defaults", "routes"})


@dataclass(frozen=True, slots=True)
class Draft:
    """What of the file is valid by itself, beside what is wrong with the rest.

    `backend_names` are all names in the file, those of invalid backends included. `routes` is keyed by place
    in the list; so is `remains`, what is valid of the others. What is not `understood` is another format, and
    was not looked at.
    """

    frame: Frame
    backends: Mapping[str, Backend]
    backend_names: tuple[str, ...]
    defaults: Defaults
    routes: Mapping[int, RouteConfig]
    problems: tuple[Problem, ...]
    remains: Mapping[int, RouteConfig] = field(default_factory=dict)
    understood: bool = True

    def config(self) -> Config:
        """The whole; only once nothing is wrong."""
        sections = {name: getattr(self.frame, name) for name in Frame.model_fields}
        routes = tuple(self.routes.values())
        return Config(**sections, backends=self.backends, defaults=self.defaults, routes=routes)


def draft(data: object) -> Draft:
    """Validates all that can be validated without looking from one section to another.

    A file of another version is not looked at any further: what it means is not known here.
    """
    if not isinstance(data, dict):
        return _nothing(Problem((), not_a_mapping(data)))
    version = typed(data.get("version", VERSION))
    if type(version) is not int or version != VERSION:
        return _nothing(Problem(("version",), f"must be {VERSION}, the only version there is"))
    return _Drafter(data).draft()


def _nothing(problem: Problem) -> Draft:
    return Draft(Frame(version=VERSION), {}, (), Defaults(), {}, (problem,), understood=False)


class _Drafter:
    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._problems: list[Problem] = []
        self._remains: dict[int, RouteConfig] = {}

    def draft(self) -> Draft:
        frame = {key: value for key, value in self._data.items() if key not in _ENDPOINTS}
        if "version" not in frame:
            self._problems.append(Problem(("version",), f"is required: write version: {VERSION}"))
        raw_defaults = self._data.get("defaults", {})
        defaults = self._valid_part(Defaults, raw_defaults, ("defaults",))
        named = self._named_backends()
        return Draft(
            self._valid_part(Frame, {**frame, "version": VERSION}, ()),
            dict(self._valid_backends(named)),
            tuple(named),
            defaults,
            dict(self._valid_routes(defaults, raw_defaults if isinstance(raw_defaults, dict) else {})),
            tuple(self._problems),
            self._remains,
        )

    def _named_backends(self) -> dict[str, Any]:
        if "backends" not in self._data:
            self._problems.append(Problem(("backends",), "is required: name at least one service"))
            return {}
        data = self._data["backends"]
        if not isinstance(data, dict) or not data:
            self._problems.append(Problem(("backends",), not_a_mapping(data)))
            return {}
        return data

    def _valid_backends(self, named: Mapping[str, Any]) -> Iterator[tuple[str, Backend]]:
        for name, data in named.items():
            try:
                yield from _BACKENDS.validate_python({name: data}).items()
            except ValidationError as error:
                self._problems.extend(problems(error, ("backends",)))

    def _valid_routes(
        self, defaults: Defaults, raw_defaults: Mapping[str, Any]
    ) -> Iterator[tuple[int, RouteConfig]]:
        routes = self._data.get("routes", [])
        if not isinstance(routes, list):
            self._problems.append(Problem(("routes",), not_a_list(routes)))
            return
        for place, own in enumerate(routes):
            data = overlay(own, raw_defaults) if isinstance(own, dict) else own
            try:
                yield place, inherit(RouteConfig.model_validate(data), defaults)
            except ValidationError as error:
                self._problems.extend(problems(error, ("routes", place)))
                self._keep_remains(place, data, _invalid_keys(error), defaults)

    def _keep_remains(self, place: int, data: object, invalid: set[int | str], defaults: Defaults) -> None:
        """A route without its invalid keys, if it can do without them."""
        if isinstance(data, dict):
            with suppress(ValidationError):
                valid = {key: value for key, value in data.items() if key not in invalid}
                self._remains[place] = inherit(RouteConfig.model_validate(valid), defaults)

    def _valid_part(self, model: type[_M], data: object, path: KeyPath) -> _M:
        """The model of those keys that are valid; the rest keeps its defaults."""
        try:
            return model.model_validate(data)
        except ValidationError as error:
            self._problems.extend(problems(error, path))
            invalid = _invalid_keys(error)
            valid = data.items() if isinstance(data, dict) else ()
            return model.model_validate({key: value for key, value in valid if key not in invalid})


def _invalid_keys(error: ValidationError) -> set[int | str]:
    return {detail["loc"][0] for detail in error.errors() if detail["loc"]}
