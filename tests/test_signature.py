"""Signatures: one bug is one group, however many requests show it."""

import pytest

from shadow.compare import Difference, Kind, Severity, Where
from shadow.signature import general, signature


def difference(
    path: str = "$.a", kind: Kind = Kind.CHANGED, value: int = 1, noise: bool = False
) -> Difference:
    return Difference(Where.BODY, path, kind, value, value + 1, Severity.MAJOR, noise=noise)


def of(*differences: Difference, route: str = "r", method: str = "GET") -> str:
    return signature(route, method, differences)


def test_it_is_stable_across_releases() -> None:
    assert of(difference("$.items[0].id")) == of(difference("$.items[0].id"))
    assert of(difference("$.items[0].id")) == "26ed1d23c4375fb3"


def test_values_indexes_order_and_repetition_do_not_count() -> None:
    one = of(difference("$.items[0].id"), difference("$.b", value=5))
    assert one == of(difference("$.b"), difference("$.items[7].id"), difference("$.items[8].id", value=9))


def test_noise_does_not_count() -> None:
    assert of(difference(), difference("$.t", noise=True)) == of(difference())


@pytest.mark.parametrize(
    "other",
    [
        of(difference("$.c")),
        of(difference(kind=Kind.TYPE)),
        of(difference(), route="s"),
        of(difference(), method="POST"),
        of(difference(), difference("$.b")),
        of(),
    ],
)
def test_what_differs_otherwise_is_another_group(other: str) -> None:
    assert of(difference()) != other


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.items[3].id", "$.items[*].id"),
        ("$['items'][3]['a[1]']", "$['items'][*]['a[1]']"),
        ("$['it\\'s[2]'][2]", "$['it\\'s[2]'][*]"),
        ("[12].amount", "[*].amount"),
        ("/o/i[2]/text()[1]", "/o/i[*]/text()[*]"),
        ("header:set-cookie", "header:set-cookie"),
        ("$", "$"),
    ],
)
def test_indexes_become_stars(path: str, expected: str) -> None:
    assert general(path) == expected
