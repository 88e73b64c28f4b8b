"""Counting py-spy's stacks."""

from bench.profile import count, render

STACKS = [
    "main (a.py);serve (a.py);match (b.py) 30",
    "main (a.py);serve (a.py) 60",
    "main (a.py);f (c.py);f (c.py) 10",
]


def test_own_time_is_the_innermost_frames_and_total_that_of_all_on_the_stack() -> None:
    profile = count(STACKS)
    assert profile.samples == 100
    assert profile.own == {"serve (a.py)": 60, "match (b.py)": 30, "f (c.py)": 10}
    assert profile.total["main (a.py)"] == 100
    assert profile.total["serve (a.py)"] == 90
    assert profile.total["f (c.py)"] == 10  # once a sample, though it called itself


def test_the_table_begins_with_the_most_expensive() -> None:
    lines = render(count(STACKS), top=1).splitlines()
    assert lines[2] == "60.0%  serve (a.py)"
    assert lines[-1] == "100 samples"


def test_other_threads_are_left_out() -> None:
    waiting = "Thread._bootstrap (threading.py);Thread.run (threading.py);Condition.wait (threading.py) 900"
    assert count([*STACKS, waiting]).samples == 100
