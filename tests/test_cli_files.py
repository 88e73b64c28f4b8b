"""The commands that need no running program: check, schema, explain."""

import json
from pathlib import Path

import pytest

from tests.support.commands import banyan

VALID = """\
version: 1
backends: {legacy: {url: http://127.0.0.1:1}, payments: {url: http://127.0.0.1:2}}
defaults: {legacy: legacy}
routes:
  - {id: show, match: {path: "/pay/{id}", methods: [GET]}, modern: payments, stage: modern}
  - {id: list, match: {path: /pay}}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "routes.yaml").write_text(VALID)
    return tmp_path


# -- check


def test_check_of_a_valid_file(home: Path) -> None:
    done = banyan("check", cwd=home)
    assert (done.code, done.out) == (0, "routes.yaml: 2 routes, valid\n")
    assert banyan("check", "--json", cwd=home).json["valid"] is True


def test_check_says_every_error_with_its_place(home: Path) -> None:
    (home / "routes.yaml").write_text(VALID.replace("stage:", "stag:").replace("/pay}", "pay}"))
    done = banyan("check", cwd=home)
    assert (done.code, done.out) == (1, "")
    lines = done.err.splitlines()
    assert lines[0].startswith("routes.yaml:5:")
    assert "did you mean stage?" in lines[0]
    assert lines[1].startswith("routes.yaml:6:")
    document = banyan("check", "--json", cwd=home)
    assert document.code == 1
    assert [finding["line"] for finding in document.json["findings"]] == [5, 6]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a: [", b"- 1\n", b"version: 2\n", b"\0"])
def test_check_of_what_is_no_configuration(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.yaml").write_bytes(content)
    done = banyan("check", "other.yaml", cwd=tmp_path)
    assert done.code == 1
    assert done.err.startswith("other.yaml:")


def test_check_of_a_file_that_there_is_not(tmp_path: Path) -> None:
    done = banyan("check", cwd=tmp_path)
    assert (done.code, "No such file" in done.err) == (1, True)


def test_warnings_are_errors_for_the_strict(home: Path) -> None:
    (home / "routes.yaml").write_text(
        VALID + "  - {id: twice, match: {path: /x, methods: [HEAD]}, weight: 5}\n"
    )
    lenient, strict = banyan("check", cwd=home), banyan("check", "--strict", cwd=home)
    assert (lenient.code, strict.code) == (0, 1)
    assert "warning" in strict.err


# -- schema


def test_schema_is_one_json_document() -> None:
    done = banyan("schema")
    assert done.code == 0
    assert {"version", "backends", "routes"} <= json.loads(done.out)["properties"].keys()


# -- explain


def test_explain_says_who_answers_and_why(home: Path) -> None:
    done = banyan("explain", "GET", "http://shop.example/pay/7", cwd=home)
    assert done.code == 0
    assert "✓ show: wins" in done.out
    assert "served:   by modern, backend payments" in done.out
    document = banyan("explain", "GET", "http://shop.example/pay/7", "--json", cwd=home).json
    assert (document["route"], document["side"]) == ("show", "modern")


def test_explain_says_that_it_looks_at_no_flip(home: Path) -> None:
    done = banyan("explain", "GET", "http://shop.example/pay/7", cwd=home)
    assert done.out.endswith("by:       routes.yaml alone; --live looks at flips too\n")
    nobody = banyan("explain", "GET", "http://a/", "--live", "--control", "http://127.0.0.1:1", cwd=home)
    assert (nobody.code, nobody.out) == (3, "")


def test_explain_of_a_client_without_an_address(home: Path) -> None:
    done = banyan("explain", "GET", "http://a/", "--client", "somebody", cwd=home)
    assert (done.code, "'somebody' is no IP address" in done.err) == (2, True)


def test_explain_of_what_no_route_matches(home: Path) -> None:
    document = banyan("explain", "POST", "http://shop.example/none", "--json", cwd=home).json
    assert (document["route"], document["backend"]) == (None, "legacy")


@pytest.mark.parametrize(
    "arguments", [("G ET", "http://a/"), ("GET", "http://a/ b"), ("GET", "http://a/", "-H", "x")]
)
def test_explain_of_what_is_no_request(home: Path, arguments: tuple[str, ...]) -> None:
    done = banyan("explain", *arguments, cwd=home)
    assert (done.code, done.out) == (1, "")
    assert done.err


def test_explain_with_a_broken_file(home: Path) -> None:
    (home / "routes.yaml").write_text("version: 1\n")
    done = banyan("explain", "GET", "http://a/", cwd=home)
    assert (done.code, "routes.yaml:" in done.err) == (1, True)


# -- the group


def test_every_command_has_help() -> None:
    overview = banyan("--help").out
    for command in (
        "serve",
        "proxy",
        "control",
        "check",
        "explain",
        "routes",
        "flip",
        "rollback",
        "ramp",
        "diffs",
    ):
        assert command in overview
    for command in ("list", "groups", "show", "triage", "export"):
        assert banyan("diffs", command, "--help").code == 0


def test_the_ledger_is_upgraded_and_says_so_to_programs_too(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    before = banyan("ledger", "status", "--ledger", url, "--json")
    made = banyan("ledger", "upgrade", "--ledger", url, "--json")
    assert (before.code, made.code) == (1, 0)
    assert made.json["made"] == before.json["pending"] != []
    assert banyan("ledger", "upgrade", "--ledger", url, "--json").json == {"made": []}
    assert banyan("ledger", "status", "--ledger", url, "--json").code == 0
