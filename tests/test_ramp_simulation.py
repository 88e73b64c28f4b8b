from bench.ramp_simulation import WORLDS, Traffic, World, banyan, flagger

EQUAL, FAILING, _ = WORLDS


def test_a_sound_side_reaches_all_traffic() -> None:
    ends = [banyan(Traffic(seed, EQUAL, 300)) for seed in range(8)]
    assert all(end.finished and not end.taken_back and end.harmed == 0 for end in ends)


def test_two_more_points_of_errors_are_taken_back_within_a_few_thousand_requests() -> None:
    ends = [banyan(Traffic(seed, FAILING, 300)) for seed in range(12)]
    assert all(end.taken_back for end in ends)
    assert max(end.exposed for end in ends) < 6_000


def test_a_side_that_always_fails_is_taken_back_in_the_first_minute() -> None:
    end = banyan(Traffic(1, World("broken", 99.0), 300))
    assert end.taken_back and end.minutes <= 1


def test_flaggers_rule_rolls_back_on_the_tick_after_the_fifth_failed_check() -> None:
    end = flagger(99.0, Traffic(1, World("broken", 99.0), 300))
    assert (end.taken_back, end.finished, end.minutes) == (True, False, 6)


def test_flaggers_rule_takes_a_step_with_every_check_that_holds() -> None:
    end = flagger(50.0, Traffic(1, EQUAL, 300))
    assert (end.taken_back, end.finished, end.minutes) == (False, True, 5)


def test_the_same_seed_is_the_same_traffic() -> None:
    one, other = Traffic(7, FAILING, 300), Traffic(7, FAILING, 300)
    assert [one.next(500) for _ in range(20)] == [other.next(500) for _ in range(20)]
