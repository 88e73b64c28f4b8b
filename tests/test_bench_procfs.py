"""Reading /proc for the bench."""

import os
import socket

import pytest

from bench.procfs import (
    CoreTime,
    Stat,
    descendants,
    holder,
    idle_share,
    open_sockets,
    parse_core,
    parse_stat,
)

STAT = "42 (a) worker (1)) S 7 42 42 0 -1 4194560 1 0 0 0 250 50 3 4 20 0 1 0 99887 1 2 3"


def test_stat_is_read_behind_a_name_that_looks_like_fields() -> None:
    assert parse_stat(STAT) == Stat(pid=42, parent=7, cpu_ticks=300, started=99887)


def test_a_zombie_has_ended() -> None:
    assert parse_stat(STAT.replace(" S ", " Z ")).ended


def test_a_core_is_told_from_another_whose_number_begins_alike() -> None:
    text = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu10 1 1 1 1 1 1 1 1 0 0\ncpu1 10 0 5 80 5 0 0 1 7 0\n"
    assert parse_core(text, 1) == CoreTime(idle=85, total=101)


def test_a_core_that_is_not_there() -> None:
    with pytest.raises(LookupError, match="no core 3"):
        parse_core("cpu0 1 1 1 1 1 1 1 1", 3)


def test_the_idle_share_is_of_the_time_between() -> None:
    assert idle_share(CoreTime(100, 1000), CoreTime(125, 1100)) == 0.25


def test_no_time_between_is_all_idle() -> None:
    assert idle_share(CoreTime(1, 1), CoreTime(1, 1)) == 1.0


def test_a_tree_is_the_process_and_all_below_it_parents_first() -> None:
    stats = [Stat(pid, parent, 0, 0) for pid, parent in ((4, 3), (3, 2), (9, 1), (2, 1), (1, 0))]
    assert [stat.pid for stat in descendants(stats, 2)] == [2, 3, 4]
    assert descendants(stats, 77) == []


def test_a_connection_is_found_in_the_process_that_holds_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client, server.accept()[0]:
            remote = client.getsockname()[1]
            assert holder([1, os.getpid()], port, remote) == os.getpid()
            assert holder([], port, remote) is None
            assert open_sockets(os.getpid()) >= 3
    assert holder([os.getpid()], 1, 1) is None
