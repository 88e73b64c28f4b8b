"""What the bench makes of wrk's and h2load's output, and of both over several rounds."""

import pytest

from bench.children import BenchError
from bench.load import GET_32, LOADS, Ran, parse
from bench.openloop import CONNECTIONS, PERIODS, spacing, summarize
from bench.openloop import parse as parse_log
from bench.rounds import Sample, turns
from bench.rounds import summarize as summarize_rounds
from bench.stats import Spread
from bench.target import Target

WRK = """Running 1s test @ http://127.0.0.1:1/
  20480 requests in 1.02s, 30.00MB read

{"requests": 20480, "microseconds": 1024000, "p50": 1500, "p99": 9000, "failed": 3}
"""


def test_wrk_is_read_from_the_line_the_script_prints() -> None:
    ran = parse(WRK)
    assert ran == Ran(20480, 1.024, 1500, 9000, 3)
    assert ran.rate == 20_000


def test_wrk_without_that_line_is_an_error_that_shows_what_it_said() -> None:
    with pytest.raises(BenchError, match="unable to connect"):
        parse("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_h2load_is_read_whatever_columns_it_adds() -> None:
    assert parse_log("1000\t200\t50\n1010\t-1\t7\tmore\n") == [(1000, 200, 50), (1010, -1, 7)]


def test_only_the_time_in_which_all_connections_send_counts() -> None:
    ramping_up = [(0, 200, 9_999)]
    full = [(1_000_000 + i * 1000, 200, i) for i in range(1, 101)]
    ramping_down = [(2_000_000, 200, 9_999)]
    paced = summarize([*ramping_up, *full, *ramping_down], wanted=100, ramp=1.0, seconds=1.0)
    assert (paced.rate, paced.p50, paced.p99, paced.failed) == (100, 50, 99, 0)


def test_what_failed_has_no_latency_but_is_counted() -> None:
    paced = summarize([(0, 200, 10), (1, 502, 1), (2, -1, 1)], wanted=3, ramp=0, seconds=1)
    assert (paced.p50, paced.failed) == (10, 2)


def test_a_load_nobody_answered_is_an_error() -> None:
    with pytest.raises(BenchError, match="no request answered"):
        summarize([(0, 502, 1)], wanted=1, ramp=0, seconds=1)


@pytest.mark.parametrize("rate", [64, 500, 6_400, 9_142.857, 12_800, 33_000])
def test_connections_hardly_ever_send_in_step(rate: float) -> None:
    connections, period = spacing(rate)
    interval = connections / rate * 1000
    phases = {round(period * k % interval, 6) for k in range(connections)}
    assert connections in CONNECTIONS and period in PERIODS
    assert len(phases) > connections / 2


def test_rounds_rotate_who_is_first_and_warm_up_once() -> None:
    a, b = Target("a", "A", 1), Target("b", "B", 2)
    order = [(number, target.key, kind.key) for number, target, kind in turns([a, b], LOADS[:2], 2)]
    first, second = (kind.key for kind in LOADS[:2])
    assert order == [
        (0, "a", first), (0, "b", first),
        (1, "b", first), (1, "a", first), (1, "b", second), (1, "a", second),
        (2, "a", first), (2, "b", first), (2, "a", second), (2, "b", second),
    ]  # fmt: skip


def sample(requests: int = 1000, cpu: float = 1.0, idle: float = 0.0, failed: int = 0) -> Sample:
    return Sample(Ran(requests, 1.0, 100, 200, failed), cpu, idle, rss=30, worker_rss=20)


def test_a_summary_is_of_medians_and_knows_the_spread() -> None:
    summary = summarize_rounds([sample(900), sample(1000), sample(3000)])
    assert summary.rate == Spread(1000, 900, 3000)
    assert summary.cpu_micros == 1000
    assert summary.doubts() == []


@pytest.mark.parametrize(
    ("doubtful", "doubt"),
    [
        (sample(idle=0.4, cpu=0.6), "core 40% idle: the load was the limit"),
        (sample(cpu=0.7), "others used 30% of the core"),
        (sample(failed=2), "2 requests failed"),
    ],
)
def test_a_figure_that_says_less_than_it_seems_is_doubted(doubtful: Sample, doubt: str) -> None:
    assert summarize_rounds([doubtful]).doubts() == [doubt]


def test_failures_of_every_round_count() -> None:
    assert summarize_rounds([sample(failed=1), sample(), sample(failed=2)]).failed == 3


def test_every_load_has_its_own_key() -> None:
    assert len({kind.key for kind in LOADS}) == len(LOADS)
    assert GET_32 in LOADS
