"""Durations, sizes and percentages: from text to numbers and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.units import (
    format_duration,
    format_percent,
    format_size,
    parse_duration,
    parse_percent,
    parse_size,
    parse_timeout,
)
from tests.support.config import errors_below, route


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25), ("10s", 10.0), ("5m", 300.0), ("24h", 86400.0), ("14d", 14 * 86400.0),
        ("1.5s", 1.5), ("1h30m", 5400.0), ("0s", 0.0), ("0.001ms", 0.000001), ("3650d", 3650 * 86400.0),
    ],
)  # fmt: skip
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "value", ["", "10", "s", "10 s", "10S", "-1s", "1s ", "1e3s", "1.5", "1min", "٣s", True, None, [], 2.5]
)
def test_what_is_no_duration(value: object) -> None:
    with pytest.raises(ValueError, match=r"^must be a duration such as 250ms, 10s, 5m, 24h or 14d$"):
        parse_duration(value)


def test_a_bare_number_gets_a_hint() -> None:
    with pytest.raises(ValueError, match=r"; did you mean 10s\?$"):
        parse_duration(10)


def test_the_longest_duration() -> None:
    with pytest.raises(ValueError, match="must not be longer than 3650d"):
        parse_duration("3650d1ms")


def test_timeouts_are_longer_than_nothing() -> None:
    assert parse_timeout("1ms") == 0.001
    with pytest.raises(ValueError, match="must be longer than 0s"):
        parse_timeout("0s")


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (0, 0), (1500, 1500), ("512B", 512), ("64KiB", 65536), ("1MiB", 1048576), ("2GiB", 2 << 30),
        ("0KiB", 0), (2**50, 2**50), ("1048576GiB", 2**50),
    ],
)  # fmt: skip
def test_sizes(value: object, size: int) -> None:
    assert parse_size(value) == size


@pytest.mark.parametrize(
    "value", ["", "64", "64KB", "64kib", "1.5MiB", "-1KiB", -1, 1.5, True, None, "64 KiB"]
)
def test_what_is_no_size(value: object) -> None:
    with pytest.raises(
        ValueError, match="must be a size such as 512B, 64KiB, 1MiB or 2GiB, or a number of by"
    ):
        parse_size(value)


@pytest.mark.parametrize("value", [2**50 + 1, "1048577GiB"])
def test_the_largest_size(value: object) -> None:
    with pytest.raises(ValueError, match="must not be larger than 1048576GiB"):
        parse_size(value)


@pytest.mark.parametrize(
    ("value", "hundredths"),
    [(0, 0), (5, 500), (100, 10000), (0.01, 1), (12.34, 1234), (99.99, 9999), (0.29, 29), ("20%", 2000),
     ("0.5%", 50), ("100.00%", 10000)],
)  # fmt: skip
def test_percentages(value: object, hundredths: int) -> None:
    assert parse_percent(value) == hundredths


@pytest.mark.parametrize(
    "value", [-1, 0.001, 12.345, 1e-9, "20", "%", "x%", "1e1%", True, None, [], float("nan")]
)
def test_what_is_no_percentage(value: object) -> None:
    with pytest.raises(ValueError, match="must be a percentage from 0 to 100 with two decimals at most"):
        parse_percent(value)


@pytest.mark.parametrize("value", [100.01, 101, "999%"])
def test_more_than_all(value: object) -> None:
    with pytest.raises(ValueError, match="must not be more than 100 percent"):
        parse_percent(value)


@given(st.integers(0, 10_000))
def test_every_percentage_survives_the_way_there_and_back(hundredths: int) -> None:
    assert parse_percent(format_percent(hundredths)) == hundredths


@given(st.integers(0, 2**50))
def test_every_size_survives_the_way_there_and_back(size: int) -> None:
    assert parse_size(format_size(size)) == size


@given(st.integers(0, 3650 * 86400 * 1000))
def test_every_millisecond_survives_the_way_there_and_back(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds / 1000)) == milliseconds / 1000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"),
        (0.025, "25ms"),
        (1.0, "1s"),
        (75.0, "75s"),
        (600.0, "10m"),
        (86400.0, "1d"),
        (1e-6, "0.001ms"),
    ],
)
def test_durations_are_written_in_one_unit(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_in_a_file() -> None:
    text = "server: {timeouts: {header: 10, drain: 0s}, limits: {body: 1MB}, tracing: {sample: 0.005}}\n"
    assert errors_below(text) == [
        "routes.yaml:5:29: server.timeouts.header: must be a duration such as 250ms, 10s, 5m, 24h or 14d; "
        "did you mean 10s?",
        "routes.yaml:5:40: server.timeouts.drain: must be longer than 0s",
        "routes.yaml:5:60: server.limits.body: must be a size such as 512B, 64KiB, 1MiB or 2GiB, or a number "
        "of bytes",
        "routes.yaml:5:84: server.tracing.sample: must be a percentage from 0 to 100 with two decimals at "
        "most, such as 5 or 0.25",
    ]
    assert errors_below(route("ramp: {bake: 0s}")) == [
        "routes.yaml:6:5: routes[0].modern: is required by ramp"
    ], "a bake of nothing is allowed"
