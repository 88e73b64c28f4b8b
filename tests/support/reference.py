"""The rows of docs/routes.md that say what each key means, made from the JSON Schema."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from proxy.config.schema import json_schema

Schema = dict[str, Any]


@cache
def rows() -> dict[str, str]:
    """Key path → its row: `| `server.listen` | `127.0.0.1:8080` | Address of the data plane. |`."""
    schema = json_schema()
    return dict(_rows(schema, schema["$defs"], ""))


def _rows(schema: Schema, definitions: Schema, path: str) -> Iterator[tuple[str, str]]:
    required = schema.get("required", ())
    for key, entry in schema["properties"].items():
        below = path + key
        if below == "defaults":
            yield below, f"| `{below}` | | {entry.get('description', DEFAULTS)} |"
            continue
        section, suffix = _section(entry, definitions)
        yield below, _row(below, key in required, entry, section)
        if section is not None:
            yield from _rows(section, definitions, below + suffix)


DEFAULTS = "What every route inherits, key by key."


def _row(path: str, required: bool, entry: Schema, section: Schema | None) -> str:
    description = entry.get("description") or (section or {})["description"]
    default = "required" if required else _default(entry, section)
    return f"| `{path}` | {default} | {description.replace('|', chr(92) + '|')} |"


def _default(entry: Schema, section: Schema | None) -> str:
    if section is not None and entry["default"] not in (None, [], {}):
        return ""
    return f"`{_spelled(entry['default'])}`"


def _spelled(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_spelled, value))}]"
    if value == "":
        return '""'
    return value if isinstance(value, str) else json.dumps(value)


def _section(entry: Schema, definitions: Schema) -> tuple[Schema | None, str]:
    """The section that an entry holds, and what its keys are to be joined by."""
    for choice in entry.get("anyOf", [entry]):
        if "$ref" in choice:
            return definitions[choice["$ref"].rpartition("/")[2]], "."
        if "$ref" in choice.get("items", {}):
            return definitions[choice["items"]["$ref"].rpartition("/")[2]], "[]."
        if "$ref" in (choice.get("additionalProperties") or {}):
            return definitions[choice["additionalProperties"]["$ref"].rpartition("/")[2]], ".NAME."
    return None, ""
