"""The demo's own copy of routes.yaml: reading and editing the stages as a person would, in an editor."""

import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from .wire import Side


def stages(text: str) -> dict[str, str]:
    """The stage of every route, by id."""
    routes = yaml.safe_load(text)["routes"]
    return {route["id"]: route.get("stage", "legacy") for route in routes}


def with_stages(text: str, wanted: Mapping[str, str]) -> str:
    """The text with these routes' stages changed and all else as it was. Routes are in block style."""
    edits = []
    for route in _routes(text):
        keys = {key.value: value for key, value in route.value}
        stage = wanted.get(keys["id"].value)
        if stage and "stage" in keys:
            edits.append((keys["stage"].start_mark.index, keys["stage"].end_mark.index, stage))
        elif stage:
            after_id, indent = keys["id"].end_mark.index, route.start_mark.column
            edits.append((after_id, after_id, f"\n{' ' * indent}stage: {stage}"))
    for start, end, stage in reversed(edits):
        text = text[:start] + stage + text[end:]
    return text


def with_ramps(text: str, plans: Mapping[str, str]) -> str:
    """The text with these routes' plans added, in flow style. Routes are in block style and have none yet."""
    for route in reversed(_routes(text)):
        identity = next(value for key, value in route.value if key.value == "id")
        if plan := plans.get(identity.value):
            end, indent = identity.end_mark.index, " " * route.start_mark.column
            text = f"{text[:end]}\n{indent}ramp: {plan}{text[end:]}"
    return text


def save(path: Path, text: str) -> None:
    """Replaces the file in one move, as editors do: nobody reads half of it."""
    draft = path.with_suffix(".new")
    draft.write_text(text)
    os.replace(draft, path)


def side_of(stage: str) -> Side:
    """Which side answers at this stage; a canary's answers depend on the key, so the demo sets none."""
    return "modern" if stage == "modern" else "legacy"


def _routes(text: str) -> list[yaml.MappingNode]:
    document = yaml.compose(text, yaml.SafeLoader)
    assert isinstance(document, yaml.MappingNode)
    listed = next(value for key, value in document.value if key.value == "routes")
    routes: list[yaml.MappingNode] = listed.value
    return routes
