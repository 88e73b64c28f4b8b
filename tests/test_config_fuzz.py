"""Whatever the file holds, loading it ends with a snapshot or with errors that have a place in it."""

import re
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from proxy.config.loading import Loaded, load
from proxy.config.schema import json_schema
from tests.test_config_models import EVERY_KEY

LINE = re.compile(r"r\.yaml:([0-9]+):([0-9]+): \S")
SCHEMA = Draft202012Validator(json_schema())
INTERNALS = re.compile(
    r"pydantic|Input should|instance of|function-|Value error|Traceback|<class|object at 0x"
)

MODEST = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def judged(text: str | bytes, environment: dict[str, str] | None = None) -> Loaded:
    """Loads, and holds the result to what is promised of every result."""
    result = load(text, "r.yaml", environment or {})
    assert (result.snapshot is None) == bool(result.errors)
    lines = text.count(b"\n" if isinstance(text, bytes) else "\n") + 2  # type: ignore[arg-type]  # one or the other
    for one in (*result.errors, *result.warnings):
        match = LINE.match(str(one))
        assert match, str(one)
        assert 1 <= int(match[1]) <= lines + text_breaks(text)
        assert not INTERNALS.search(one.message), str(one)
    assert list(result.errors) == sorted(result.errors, key=lambda one: (one.line, one.column))
    return result


def text_breaks(text: str | bytes) -> int:
    """Line breaks that YAML 1.1 knows besides the line feed."""
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return sum(map(decoded.count, "\r\x85\u2028\u2029"))


@MODEST
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    judged(data)


@MODEST
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    judged(text)


@MODEST
@given(st.text(alphabet="abc:-[]{}&*!?|>%@`'\"#,~<$ \n\t0.9", max_size=60))
def test_text_made_of_what_yaml_is_made_of(text: str) -> None:
    judged(text)


# --- the real thing, damaged ----------------------------------------------------------------------

LINES = EVERY_KEY.splitlines(keepends=True)


@MODEST
@given(st.data())
def test_a_file_with_a_piece_replaced(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(EVERY_KEY)))
    length = data.draw(st.integers(0, 30))
    piece = data.draw(st.text(alphabet="ab:-[]{}&*!?'\"#,~<$ \n1.5%", max_size=8))
    judged(EVERY_KEY[:start] + piece + EVERY_KEY[start + length :])


@MODEST
@given(st.lists(st.integers(0, len(LINES) - 1), max_size=len(LINES)))
def test_lines_left_out_repeated_and_shuffled(order: list[int]) -> None:
    judged("".join(LINES[number] for number in order))


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", "x", "10s", "5%", "${X}", "${", "$.a", "/a/{b}", "header:X", "legacy", "no", "1MiB"]
    ),
    st.lists(st.sampled_from(["x", 1, None]), max_size=2),
    st.dictionaries(st.sampled_from(["x", "path", "id", "backend"]), st.integers(0, 3), max_size=2),
)
BASE: Any = yaml.safe_load(EVERY_KEY.replace(" on: [connect", ' "on": [connect'))


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in below for place in places(item, (*path, key)))]


PLACES = [place for place in places(BASE) if place]


def replaced(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@settings(MODEST, max_examples=400)
@given(st.sampled_from(PLACES), ODD)
def test_any_value_replaced_by_any_other(place: tuple[str | int, ...], new: Any) -> None:
    data = replaced(BASE, place, new)
    text = yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
    result = judged(text, {"X": "5"})
    if result.snapshot is not None:
        complaints = [f"{error.json_path}: {error.message}" for error in SCHEMA.iter_errors(text_keys(data))]
        assert complaints == [], "what is accepted, editors accept too"


def text_keys(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): text_keys(value) for key, value in data.items()}
    return [text_keys(item) for item in data] if isinstance(data, list) else data
