"""The JSON Schema, the shipped routes.yaml and docs/routes.md: all say what the models say."""

import json
import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from proxy.config.schema import json_schema
from proxy.config.watcher import load_file
from tests.support.checkout import ROOT
from tests.support.config import HEAD, errors, loaded, route
from tests.support.reference import rows

SHIPPED = ROOT / "routes.yaml"
DOCUMENT = (ROOT / "docs/routes.md").read_text()
SCHEMA = ROOT / "docs/routes.schema.json"
VALIDATOR = Draft202012Validator(json_schema())


class AsEditorsRead(yaml.SafeLoader):
    """YAML 1.2 enough for a test: only true and false are booleans, and dates are text."""


AsEditorsRead.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp", ":int"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
AsEditorsRead.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))
AsEditorsRead.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^-?[0-9]+$"), list("-0123456789"))


def complaints(text: str) -> list[str]:
    data = yaml.load(text, Loader=AsEditorsRead)
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(_text_keys(data))]


def _text_keys(data: Any) -> Any:
    """JSON has no other keys than text; editors make the same of `422:`."""
    match data:
        case dict():
            return {str(key): _text_keys(value) for key, value in data.items()}
        case list():
            return [_text_keys(item) for item in data]
        case _:
            return data


def test_it_is_a_schema_of_draft_2020_12() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def test_the_committed_schema_is_current() -> None:
    current = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    assert SCHEMA.read_text() == current, "write the output of `banyan schema` to docs/routes.schema.json"


def test_the_shipped_file_is_valid_and_names_the_schema() -> None:
    text = SHIPPED.read_text()
    assert text.startswith("# yaml-language-server: $schema=docs/routes.schema.json\n")
    assert load_file(SHIPPED, {}).errors == ()
    assert complaints(text) == []


def test_every_key_has_a_description_and_defaults_as_a_person_would_write_them() -> None:
    schema = json_schema()
    for name, definition in schema["$defs"].items():
        for key, entry in definition["properties"].items():
            assert "description" in entry or "$ref" in entry, f"{name}.{key}"
            assert "title" not in entry
    assert schema["$defs"]["ServerTimeouts"]["properties"]["header"]["default"] == "10s"
    assert schema["$defs"]["Limits"]["properties"]["url"]["default"] == "16KiB"
    assert schema["$defs"]["Retries"]["properties"]["budget"]["default"] == 20
    assert schema["$defs"]["Server"]["properties"]["listen"]["default"] == "127.0.0.1:8080"


@pytest.mark.parametrize(
    "text",
    [
        "server: {workers: auto}",
        "server: {workers: '${N}', debug_headers: '${X:-true}', limits: {url: '${A}KiB', body: 5}}",
        "server: {tracing: {sample: 0.25}, timeouts: {drain: '${D:-30s}'}}",
        "redis: ${R:-}",
        route("modern: payments"),
        route("modern: {backend: payments}, stage: '${STAGE:-modern}'"),
        route("modern: payments, stage: canary, weight: 5%"),
        route("fallback: [connect, 502]"),
        route("match2: x", "{path: /a, headers: {A: x, B: {regex: 'x.*'}, C: {present: true}}}").replace(
            ", match2: x", ""
        ),
        route("shadow: {compare: {rules: [{path: $.a, instant: true}, {path: $, map: {422: 400}}]}}"),
        route("learns: {kind: payment, from: $.id}"),
        route("learns: {kind: payment, from: [$.id, header:Location]}"),
        "defaults: {modern: payments, shadow: {sample: '${S}'}}",
    ],
)
def test_short_forms_and_references_are_accepted(text: str) -> None:
    assert complaints(HEAD + text) == []


@pytest.mark.parametrize(
    "text",
    [
        "servr: {}",
        "server: {listn: x}",
        "server: {workers: 0}",
        "server: {workers: some}",
        "server: {limits: {url: 16KB}}",
        "server: {timeouts: {drain: 30}}",
        "server: {tracing: {sample: 101}}",
        route("stage: canari"),
        route("fallback: [500]"),
        route("weight: 100.5"),
        route("match: {path: 3}", "{path: /a}").replace("match: {path: /a}, ", ""),
        "routes: [{id: a}]",
        "backends: []",
    ],
)
def test_mistakes_are_found_by_editors_too(text: str) -> None:
    assert errors(HEAD + text)
    assert complaints(HEAD + text)


@pytest.mark.parametrize("path", sorted(rows()))
def test_the_documentation_has_every_key_with_its_default(path: str) -> None:
    assert rows()[path] in DOCUMENT.splitlines()


def test_the_documentation_has_no_other_keys() -> None:
    documented = re.findall(r"^\| `([a-z][\w.\[\]]*)` \|", DOCUMENT, re.MULTILINE)
    assert sorted(documented) == sorted(rows())


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL))
def test_the_documentations_examples_are_valid(example: str) -> None:
    assert loaded(example).errors == ()
    assert complaints(example) == []
