"""JSON Schema of routes.yaml, for editors: the models' own, with room for `${…}` where a value may stand."""

from collections.abc import Iterator
from typing import Any

from proxy.config.base import Section
from proxy.config.models import Config

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE: Schema = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}"}
"""Text that the environment completes."""

_VALUES = {"string", "integer", "number", "boolean"}
_ABOUT = ("description", "default")


def json_schema() -> Schema:
    """The schema as a JSON document, draft 2020-12."""
    schema = Config.model_json_schema()
    definitions: dict[str, Schema] = schema.pop("$defs")
    _describe(schema, Config)
    for model in _sections(Section):
        if model.__name__ in definitions:
            _describe(definitions[model.__name__], model)
    opened = {name: _opened(definition) for name, definition in sorted(definitions.items())}
    return {"$schema": DIALECT, **_opened(schema), "title": "Banyan's routes.yaml", "$defs": opened}


def _sections(model: type[Section]) -> Iterator[type[Section]]:
    for below in model.__subclasses__():
        yield below
        yield from _sections(below)


def _describe(schema: Schema, model: type[Section]) -> None:
    """Defaults as routes.yaml would spell them, and no titles, which only say the keys again."""
    defaults = model.model_construct().model_dump(mode="json", by_alias=True)
    for key, entry in schema["properties"].items():
        entry.pop("title", None)
        if key in defaults:
            entry["default"] = defaults[key]


def _opened(schema: Schema) -> Schema:
    """The schema, with `${…}` as an alternative to values that are not free text already."""
    opened = {key: _opened_below(key, value) for key, value in schema.items()}
    choices = opened.get("anyOf") or [{key: value for key, value in opened.items() if key not in _ABOUT}]
    values = [
        choice for choice in choices if choice.get("type") in _VALUES or "enum" in choice or "const" in choice
    ]
    if not values or {"type": "string"} in values:
        return opened
    about = {key: opened[key] for key in _ABOUT if key in opened}
    return {**about, "anyOf": [*choices, REFERENCE]}


def _opened_below(key: str, value: Any) -> Any:
    match key:
        case "properties":
            return {name: _opened(schema) for name, schema in value.items()}
        case "items" | "additionalProperties" if isinstance(value, dict):
            return _opened(value)
        case "anyOf":
            return [
                {inner: _opened_below(inner, schema) for inner, schema in choice.items()} for choice in value
            ]
        case _:
            return value
