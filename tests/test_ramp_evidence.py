from hypothesis import given
from hypothesis import strategies as st

from proxy.ramp.evidence import LATENESS, Evidence, Sample, SideSample
from proxy.ramp.increase import IncreaseTest


def evidence(since: int = 0) -> Evidence:
    return Evidence(since, IncreaseTest(0.005))


def sample(slot: int, source: str = "a/1", requests: int = 10, errors: int = 1) -> Sample:
    side = SideSample(requests, errors, {100: requests})
    return Sample(slot, source, side, side, compared=5, mismatches=1)


def test_samples_of_all_workers_add_up() -> None:
    seen = evidence()
    seen.add([sample(10, "a/1"), sample(10, "b/1"), sample(20, "a/1")], before=30)
    assert (seen.increase.legacy.requests, seen.increase.modern.errors) == (30, 3)
    assert seen.legacy_latency == seen.modern_latency == {100: 30}
    assert (seen.compared, seen.mismatches) == (15, 3)


def test_a_sample_counts_once_however_often_it_is_read() -> None:
    seen = evidence()
    for before in (20, 30, 40):
        seen.add([sample(10), sample(20), sample(30)], before)
    assert seen.compared == 15


def test_slots_before_the_step_and_slots_not_over_do_not_count() -> None:
    seen = evidence(since=20)
    seen.add([sample(10), sample(20), sample(30)], before=30)
    assert seen.compared == 5


def test_a_late_sample_counts_until_it_is_too_late() -> None:
    seen = evidence()
    seen.add([sample(1000, "a/1")], before=1010)
    assert seen.read_from == 1000 - LATENESS
    seen.add([sample(1000 - LATENESS, "b/1"), sample(999 - LATENESS, "b/1")], before=1010)
    assert seen.compared == 10
    seen.add([sample(1000 - LATENESS, "b/1")], before=1010)
    assert seen.compared == 10


def test_reading_begins_at_the_step() -> None:
    assert evidence(since=500).read_from == 500


@given(st.permutations(range(12)), st.integers(1, 12))
def test_arrival_in_batches_and_out_of_order_loses_nothing(order: list[int], batch: int) -> None:
    seen, samples = evidence(), [sample(slot, f"a/{slot % 3}") for slot in order]
    for start in range(0, len(samples), batch):
        seen.add(samples[start : start + batch], before=100)
    assert seen.increase.modern.requests == 120
