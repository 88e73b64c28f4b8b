"""The bench's command line."""

import importlib
from pathlib import Path

import pytest

from bench.__main__ import DEFAULT, TABLES, main, parse
from bench.machine import Cores
from bench.options import Options
from bench.peers import PEERS, USUAL


def test_every_table_has_its_module() -> None:
    for name in TABLES:
        assert callable(importlib.import_module(f"bench.tables.{name}").run)
    assert set(DEFAULT) <= set(TABLES)


def test_nothing_asked_for_is_the_usual() -> None:
    arguments = parse([])
    assert (arguments.tables, arguments.rounds, arguments.seconds, arguments.peers) == ([], 3, 1, USUAL)


@pytest.mark.parametrize(("asked", "peers"), [("nginx,naive", ("nginx", "naive")), ("all", tuple(PEERS))])
def test_peers_are_chosen_by_key(asked: str, peers: tuple[str, ...]) -> None:
    assert parse(["speed", "--peers", asked]).peers == peers


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["sped"], "no table is called 'sped'; there are first, speed"),
        (["--peers", "apache"], "no peer is called 'apache'; there are banyan"),
        (["--rounds", "0"], "'0' is not a whole number from 1 up"),
        (["--seconds", "0.5"], "'0.5' is not a whole number from 1 up"),
    ],
)
def test_a_wrong_word_is_told_with_the_right_ones(
    argv: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_a_peer_that_is_not_installed_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    options = Options(Path(), Cores(0, 1, (0, 1)), peers=("nginx", "naive"))
    assert [peer.key for peer in options.chosen()] == ["naive"]
    assert options.left_out() == ["nginx was left out: `nginx` is not installed."]


def test_a_table_takes_only_the_peers_it_is_about() -> None:
    options = Options(Path(), Cores(0, 1, (0, 1)), peers=("naive", "envoy"))
    assert [peer.key for peer in options.chosen("banyan", "naive")] == ["naive"]
