"""Warnings of keys that are accepted and have no effect yet."""

import pytest

from proxy.config.errors import Severity
from proxy.config.inactive import INACTIVE, MESSAGE, inactive
from proxy.config.wording import known_keys
from tests.support.config import HEAD, loaded

TABLE = ("redis", "server.tls", "backends.*.tls", "routes.*.ramp", "routes.*.stage=canary")


def found(data: object) -> list[tuple[str | int, ...]]:
    return [problem.path for problem in inactive(data, TABLE)]


def test_only_what_the_file_mentions_warns() -> None:
    data = {"redis": "x", "server": {"listen": "y"}, "backends": {"a": {"tls": {}}, "b": {"url": "z"}}}
    assert found(data) == [("redis",), ("backends", "a", "tls")]
    assert found({}) == found(None) == found([]) == found({"routes": 3, "backends": [1]}) == []


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_asks_for_nothing(value: object) -> None:
    assert found({"redis": value}) == []


def test_what_holds_for_routes_holds_for_defaults() -> None:
    data = {"routes": [{"ramp": {}}, {}, {"ramp": {}}], "defaults": {"ramp": {}}}
    assert sorted(map(str, found(data))) == [
        "('defaults', 'ramp')", "('routes', 0, 'ramp')", "('routes', 2, 'ramp')",
    ]  # fmt: skip


def test_one_value_of_a_key_alone_may_be_inactive() -> None:
    assert found({"routes": [{"stage": "canary"}, {"stage": "modern"}]}) == [("routes", 0, "stage")]


def test_they_are_warnings_at_the_key() -> None:
    (problem,) = inactive({"redis": "x"}, TABLE)
    assert (problem.message, problem.severity, problem.at_key) == (MESSAGE, Severity.WARNING, True)


def test_a_file_with_such_a_key_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.config.loading.INACTIVE", TABLE)
    result = loaded(f"{HEAD}redis: redis://localhost\n")
    assert result.errors == ()
    assert [str(warning) for warning in result.warnings] == [
        "routes.yaml:5:1: redis: warning: accepted, not yet active"
    ]


@pytest.mark.parametrize("row", INACTIVE)
def test_the_table_names_keys_that_exist(row: str) -> None:
    *above, key = row.partition("=")[0].split(".")
    path = tuple(0 if step == "*" and above[0] == "routes" else step for step in above)
    assert key in known_keys(path)
