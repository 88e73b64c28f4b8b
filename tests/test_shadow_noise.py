"""Noise by statistics: what varies by itself is discounted, what varies more than that is reported."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.compare import Difference, Kind, Severity, Where
from shadow.noise import Known, Noise, Seen, chance


def at(path: str, kind: Kind = Kind.CHANGED, money: bool = False) -> Difference:
    return Difference(Where.BODY, path, kind, 1, 2, Severity.MAJOR, money=money)


def known(pairs: int, **differed: int) -> dict[str, Known]:
    return {"r": Known(Seen(pairs, Counter({f"$.{name}": count for name, count in differed.items()})))}


def noise_of(pairs: int, differed: int, mirrored: int, hits: int) -> bool:
    """Whether a path is noise that differed so often in so many pairs of each kind."""
    noise = Noise()
    noise.load(known(pairs, x=differed))
    for number in range(mirrored):
        noise.compared("r", [at("$.x")] if number < hits else [])
    return bool(noise.among("r", [at("$.x")]))


def test_what_always_varies_is_noise() -> None:
    assert noise_of(pairs=20, differed=20, mirrored=400, hits=400)


def test_what_never_varied_is_not() -> None:
    assert not noise_of(pairs=200, differed=0, mirrored=1, hits=1)


def test_a_path_that_seldom_varies_is_noise_at_that_rate_and_a_bug_beyond_it() -> None:
    assert noise_of(pairs=200, differed=3, mirrored=400, hits=6)
    assert not noise_of(pairs=200, differed=3, mirrored=400, hits=60)
    assert not noise_of(pairs=200, differed=3, mirrored=10, hits=10)


def test_noise_is_of_its_path_and_its_route_and_of_nothing_that_is_missing_or_money() -> None:
    noise = Noise()
    noise.learn("r", [at("$.items[0].at")])
    assert noise.among("r", [at("$.items[7].at")])
    assert not noise.among("r", [at("$.other")])
    assert not noise.among("s", [at("$.items[7].at")])
    assert not noise.among("r", [at("$.items[7].at", Kind.MISSING)])
    assert not noise.among("r", [at("$.items[7].at", money=True)])


def test_money_is_not_even_learned() -> None:
    noise = Noise()
    noise.learn("r", [at("$.fee", money=True)])
    assert noise.take()["r"].differed == {}


def test_people_have_the_last_word() -> None:
    noise = Noise()
    learned = Seen(10, Counter({"$.x": 10}))
    noise.load({"r": Known(learned, pinned=frozenset({"$.pinned"}), forbidden=frozenset({"$.x"}))})
    assert not noise.among("r", [at("$.x")])
    assert noise.among("r", [at("$.pinned")])


def test_what_is_learned_counts_whether_it_is_written_yet_or_not() -> None:
    noise = Noise()
    noise.learn("r", [at("$.x")])
    for step in (noise.take, noise.put_back, noise.take, noise.wrote):
        step()
        assert noise.among("r", [at("$.x")]), step
    assert noise.take() == {}
    noise.load(known(1, x=1))
    assert noise.among("r", [at("$.x")])
    noise.load({})
    assert not noise.among("r", [at("$.x")])


def test_what_both_sides_differ_in_is_remembered_over_a_restart() -> None:
    noise = Noise()
    seen = Seen(200, Counter({"$.x": 3}), 400, Counter({"$.x": 60}))
    noise.load({"r": Known(seen)})
    assert not noise.among("r", [at("$.x")])
    noise.load({"r": Known(replace(seen, diverged=Counter({"$.x": 6})))})
    assert noise.among("r", [at("$.x")])


def test_what_both_sides_differ_in_is_written_with_the_rest() -> None:
    noise = Noise()
    noise.learn("r", [at("$.x")])
    noise.compared("r", [at("$.x"), at("$.y")])
    noise.compared("r", [])
    assert noise.take() == {"r": Seen(1, Counter({"$.x": 1}), 2, Counter({"$.x": 1, "$.y": 1}))}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [((1, 1, 3, 200), 4 / 201), ((2, 2, 0, 2), 1 / 6), ((0, 5, 3, 5), 1.0), ((3, 3, 3, 3), 1.0)],
)
def test_chance_is_fishers_exact_test(counts: tuple[int, int, int, int], expected: float) -> None:
    assert chance(*counts) == pytest.approx(expected)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_chance_is_a_probability_and_falls_with_every_hit(
    pairs: int, hits: int, others: int, noisy: int
) -> None:
    hits, noisy = min(hits, pairs), min(noisy, others)
    now = chance(hits, pairs, noisy, others)
    assert 0.0 <= now <= 1.0
    if hits < pairs:
        assert chance(hits + 1, pairs, noisy, others) <= now + 1e-9
