"""The commands that ask the running program, against the real one: flips, ramps, differences, the audit."""

import csv
import io
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from sqlalchemy import delete, update

from proxy.ledger import Ledger
from proxy.ledger.columns import now
from proxy.ledger.schema import diff_groups, replicas
from tests.support.banyan import Banyan, free_port, running
from tests.support.commands import Done, banyan
from tests.support.control import diff, seen
from tests.support.dataplane import backend
from tests.support.origin import Origin, answer
from tests.support.rollout import alive, eventually
from tests.support.wire import Wire, request, response

Run = Callable[..., Done]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where that program has its ledger."""
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def serving(home: Path) -> Iterator[Banyan]:
    """`banyan serve` between two sides that differ in one value, which it has been shown."""
    legacy, modern = Origin(), Origin()
    json_field = b"Content-Type: application/json"
    legacy.plays(*[answer(response(b"200 OK", json_field, body=b'{"amount":"10.00"}'))] * 1000)
    modern.plays(*[answer(response(b"200 OK", json_field, body=b'{"amount":"9.99"}'))] * 1000)
    config = {
        "backends": {"legacy": backend(legacy), "payments": backend(modern)},
        "defaults": {"legacy": "legacy"},
        "routes": [
            {"id": "shown", "match": {"path": "/shown"}, "modern": "payments", "stage": "shadow"},
            {"id": "flipped", "match": {"path": "/flipped"}, "modern": "payments"},
            {
                "id": "ramped",
                "match": {"path": "/ramped"},
                "modern": "payments",
                "ramp": {"steps": [5, 100], "bake": "1h"},
            },
            {"id": "admin", "match": {"path": "/admin"}},
            {"id": "authorize", "match": {"path": "/authorize"}, "modern": "payments", "group": "pair"},
            {"id": "capture", "match": {"path": "/capture"}, "modern": "payments", "group": "pair"},
        ],
    }
    try:
        with running(home, config, part="serve") as program:
            deadline = time.monotonic() + 60
            with Wire(program.address) as wire:
                while not (home / "diffs.jsonl").exists() or not (home / "diffs.jsonl").stat().st_size:
                    assert wire.ask(request(b"/shown")).status == 200
                    assert time.monotonic() < deadline, "the shadow worker found nothing"
                    time.sleep(0.2)
            yield program
    finally:
        legacy.close()
        modern.close()


@pytest.fixture
def run(serving: Banyan) -> Run:
    """Runs a command against that program."""
    host, port = serving.control

    def command(*arguments: str, **environment: str) -> Done:
        return banyan(*arguments, BANYAN_CONTROL=f"http://{host}:{port}", **environment)

    return command


@pytest.fixture
def signature(run: Run) -> str:
    """The one group of differences, once the shadow worker has written it."""
    deadline = time.monotonic() + 60
    while not (groups := run("diffs", "groups", "--json").json["groups"]):
        assert time.monotonic() < deadline, "no difference was found"
    found: str = groups[0]["signature"]
    return found


# -- flips


def test_a_flip_says_where_the_route_went_and_who_has_it(run: Run) -> None:
    done = run("flip", "flipped", "12.5%", "--reason", "a first taste")
    assert done.code == 0, done.err
    assert "flipped: legacy → canary 12.5%" in done.out
    assert "in force on 1 replica(s) after " in done.out
    shown = {route["id"]: route for route in run("routes", "--json").json["routes"]}
    assert (shown["flipped"]["stage"], shown["flipped"]["weight"]) == ("canary", 12.5)
    back = run("rollback", "flipped", "--reason", "enough")
    assert "flipped: canary 12.5% → legacy" in back.out
    newest = run("audit", "--json", "--limit", "2").json["entries"]
    assert [(entry["action"], entry["source"], entry["reason"]) for entry in newest] == [
        ("rollback", "cli", "enough"),
        ("flip", "cli", "a first taste"),
    ]


def test_replicas_that_do_not_serve_by_a_flip_are_named(run: Run, home: Path) -> None:
    ledger = Ledger.open(f"sqlite:///{home / 'ledger.db'}")
    for name in ("slow", "silent"):
        alive(ledger, name, 0)
    for name, ago in (("slow", -3_600_000), ("silent", 60_000)):  # however long this machine takes
        heard = update(replicas).where(replicas.c.id == name).values(seen=now() - ago)
        ledger.write(lambda connection, heard=heard: connection.execute(heard))
    done = run("flip", "flipped", "shadow", "--reason", "x")
    ledger.write(lambda connection: connection.execute(delete(replicas).where(replicas.c.version == 0)))
    ledger.close()
    assert done.code == 1
    assert re.search(r"replica\(s\) serve by it; after [.0-9]+ s these do not: .*slow$", done.out, re.M)
    assert (
        "not heard of lately, so not waited for: silent; what still runs there serves as before" in done.out
    )


def test_explain_may_look_at_the_flips_in_force(run: Run, serving: Banyan) -> None:
    asked = ("explain", "GET", "http://a/flipped", "--config", str(serving.home / "routes.yaml"))
    run("flip", "flipped", "modern", "--reason", "x")
    alone, live = run(*asked), run(*asked, "--live")
    told = run(*asked, "--live", "--json").json
    run("flip", "flipped", "legacy", "--reason", "x")
    assert "served:   by legacy" in alone.out
    assert "served:   by modern" in live.out and live.out.endswith(
        "by:       routes.yaml and the flips in force\n"
    )
    assert (told["side"], told["live"]) == ("modern", True)


def test_a_live_explanation_goes_by_this_file_where_nothing_is_flipped(
    run: Run, serving: Banyan, tmp_path: Path
) -> None:
    edited = tmp_path / "routes.yaml"
    document = yaml.safe_load((serving.home / "routes.yaml").read_text())
    document["routes"][0]["stage"] = "modern"
    edited.write_text(yaml.safe_dump(document))
    run("flip", "flipped", "12.5%", "--reason", "x")
    asked = [("explain", "GET", f"http://a/{path}", "--live", "--json") for path in ("shown", "flipped")]
    told = [run(*words, "--config", str(edited)).json for words in asked]
    run("flip", "flipped", "legacy", "--reason", "x")
    assert [(one["stage"], one["weight"]) for one in told] == [("modern", None), ("canary", 12.5)]


def test_a_flip_says_which_routes_of_its_group_stand_elsewhere(run: Run) -> None:
    apart = "of its group, capture stand elsewhere: until all stand alike, some keys see both sides\n"
    assert apart in run("flip", "authorize", "modern", "--reason", "x").out
    assert "of its group" not in run("flip", "authorize", "shadow", "--reason", "x").out


def test_times_are_this_machine_s_and_say_so(run: Run) -> None:
    """The pages and the gates speak UTC."""
    run("flip", "flipped", "legacy", "--reason", "the time")
    times = [run("audit", "--limit", "1", TZ=zone).out.splitlines()[1][:24] for zone in ("UTC", "Asia/Tokyo")]
    utc, tokyo = map(datetime.fromisoformat, times)
    assert (utc.utcoffset(), tokyo.utcoffset()) == (timedelta(0), timedelta(hours=9))
    assert utc == tokyo


def test_a_flip_of_a_version_that_is_gone_is_refused(run: Run) -> None:
    made = run("flip", "flipped", "shadow", "--reason", "x", "--json").json
    stale = run("flip", "flipped", "modern", "--reason", "x", "--if-version", "0")
    assert (stale.code, stale.out) == (1, "")
    assert "changed since" in stale.err
    again = run("flip", "flipped", "legacy", "--reason", "x", "--if-version", str(made["version"]))
    assert again.code == 0


def test_a_rollback_of_a_version_that_is_gone_is_refused(run: Run) -> None:
    version = run("flip", "flipped", "shadow", "--reason", "x", "--json").json["version"]
    stale = run("rollback", "flipped", "--reason", "x", "--if-version", str(version - 1))
    assert (stale.code, stale.out) == (1, "")
    assert run("rollback", "flipped", "--reason", "x", "--if-version", str(version)).code == 0


@pytest.mark.parametrize(("columns", "shown"), [("200", True), ("80", False)])
def test_the_table_of_routes_fits_its_terminal(run: Run, columns: str, shown: bool) -> None:
    lines = run("routes", COLUMNS=columns).out.splitlines()
    [flipped] = [line for line in lines if line.startswith("flipped ")]
    assert all(len(line) <= int(columns) for line in lines)
    assert ("/flipped" in flipped, "p95 ms" in lines[0]) == (shown, shown)


def test_a_file_that_is_refused_is_told_below_the_table(run: Run, serving: Banyan) -> None:
    file = serving.home / "routes.yaml"
    good = file.read_text()
    file.write_text(good + "bogus: 1\n")
    try:
        eventually(lambda: run("routes", "--json").json["config_errors"])
        told = run("routes").out
    finally:
        file.write_text(good)
    assert "routes.yaml is not valid; the last good one stays in force:\n  " in told
    assert "bogus: unknown key" in told
    eventually(lambda: not run("routes", "--json").json["config_errors"])


def test_a_route_that_there_is_not_is_refused_with_what_may_be_meant(run: Run) -> None:
    done = run("flip", "fliped", "legacy", "--reason", "x")
    assert done.code == 1
    assert "did you mean flipped?" in done.err


def test_a_route_without_a_modern_side_stays(run: Run) -> None:
    done = run("flip", "admin", "modern", "--reason", "x")
    assert (done.code, "no modern side" in done.err) == (1, True)


def test_everything_to_legacy(run: Run) -> None:
    run("flip", "flipped", "modern", "--reason", "x")
    made = run("rollback", "--all", "--reason", "panic", "--json")
    assert made.code == 0
    assert "flipped" in [flip["route"] for flip in made.json["flips"]]
    again = run("rollback", "--all", "--reason", "panic")
    assert "stands at legacy already" in again.out


def test_a_ramp_from_start_to_abort(run: Run) -> None:
    for action, state in (("start", "running"), ("abort", "aborted")):
        done = run("ramp", action, "ramped", "--json")
        assert (done.code, done.json["state"]) == (0, state)
    assert run("ramp", "resume", "ramped").code == 1
    assert "ramped" in run("routes").out


# -- differences


def test_differences_are_listed(run: Run, signature: str) -> None:
    found = run("diffs", "list", "--json", "--limit", "2").json["diffs"]
    assert {one["route"] for one in found} == {"shown"}
    assert len(found) <= 2
    text = run("diffs", "list", "--route", "shown", "--kind", "changed", "--since", "1h").out
    assert "$.amount changed" in text
    assert "nothing differs" in run("diffs", "list", "--route", "admin").out
    assert signature in run("diffs", "groups", "--open").out


def test_what_was_compared_and_left_out_is_told_beside_the_groups(run: Run, signature: str) -> None:
    assert re.search(r"compared: \d+ mismatch", run("diffs", "groups").out)
    mirrored = run("diffs", "groups", "--json").json["mirrored"]
    assert mirrored["verdicts"]["mismatch"] >= 1 and "match" not in mirrored["verdicts"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--verdict", "bogus"),
        ("list", "--kind", "new"),
        ("list", "--since", "yesterday"),
        ("list", "--route", "shwon"),
        ("groups", "--route", "shwon"),
        ("export", "--route", "shwon"),
        ("export", "--format", "junit", "--route", "shwon"),
    ],
    ids=" ".join,
)
def test_a_filter_that_nothing_can_fit_is_refused(run: Run, arguments: tuple[str, ...]) -> None:
    done = run("diffs", *arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.strip()


def test_a_program_gets_lines_whole_and_a_narrow_terminal_what_matters(run: Run, signature: str) -> None:
    line = next(line for line in run("diffs", "groups").out.splitlines() if signature in line)
    assert "$.amount changed" in line
    narrow = run("diffs", "groups", COLUMNS="80").out
    assert "last seen" not in narrow
    assert "$.amount" in narrow
    assert signature in run("diffs", "groups", COLUMNS="24").out


def test_a_group_and_an_exchange_are_shown_side_by_side(run: Run, signature: str) -> None:
    group = run("diffs", "show", signature)
    assert "$.amount" in group.out
    assert "curl -i -X GET" in group.out
    exchange = run("diffs", "list", "--json", "--limit", "1").json["diffs"][0]["id"]
    shown = run("diffs", "show", exchange)
    assert shown.code == 0
    assert "payments" in shown.out
    assert run("diffs", "show", exchange, "--json").json["id"] == exchange
    assert run("diffs", "show", "none").code == 1


def test_triage(run: Run, signature: str) -> None:
    done = run("diffs", "triage", signature, "bug", "--note", "rounding")
    assert (done.code, "bug" in done.out) == (0, True)
    assert run("diffs", "groups", "--open", "--json").json["groups"] == []
    assert run("diffs", "triage", signature, "open", "--json").json["open"] is True
    assert run("diffs", "triage", "none", "bug").code == 1


def test_noise_is_listed_pinned_and_forbidden(run: Run) -> None:
    ruled = run("diffs", "noise", "--route", "admin", "--path", "$.nonce", "--as", "pinned", "--json")
    assert (ruled.code, ruled.json["is_noise"], ruled.json["ruling"]) == (0, True, "pinned")
    assert "$.nonce" in run("diffs", "noise").out
    forbidden = run("diffs", "noise", "--route", "admin", "--path", "$.nonce", "--as", "forbidden")
    assert "forbidden" in forbidden.out
    assert run("diffs", "noise", "--route", "admin", "--json").json["noise"][0]["is_noise"] is False
    assert run("diffs", "noise", "--route", "amdin").code == 1


def test_export(run: Run, signature: str, tmp_path: Path) -> None:
    table = list(csv.DictReader(io.StringIO(run("diffs", "export", "--format", "csv").out)))
    assert {row["path"] for row in table} == {"$.amount"}
    assert len(run("diffs", "export", "--limit", "1").out.splitlines()) == 1
    whole = run("diffs", "export", "--json")
    assert (whole.code, whole.json) == (0, run("diffs", "list", "--json").json)
    assert run("diffs", "export", "--json", "-o", str(tmp_path / "all.json")).out == ""
    assert (tmp_path / "all.json").read_text() == whole.out
    suites = ElementTree.fromstring(run("diffs", "export", "--format", "junit").out)
    case = suites.find("testsuite/testcase")
    assert case is not None
    assert case.get("name") == signature
    assert case.find("failure") is not None


def test_an_export_says_what_it_leaves_out(run: Run, home: Path) -> None:
    ledger = Ledger.open(f"sqlite:///{home / 'ledger.db'}")
    seen(ledger, *(diff(number, route="ramped", signature=f"{number:016x}") for number in range(501)))
    done = run("diffs", "export", "--format", "junit", "--route", "ramped")
    mine = delete(diff_groups).where(diff_groups.c.route == "ramped")
    ledger.write(lambda connection: connection.execute(mine))
    ledger.close()
    assert done.out.count("<testcase") == 500
    assert done.err == "these are the 500 most urgent of 501 groups\n"


def test_a_replay_says_that_the_bug_is_still_there(run: Run, signature: str) -> None:
    done = run("diffs", "replay", signature, "--json")
    assert (done.code, done.json["gone"], done.json["verdict"]) == (1, False, "mismatch")
    text = run("diffs", "replay", signature).out
    assert "still there" in text and "$.amount" in text


# -- exit codes


@pytest.mark.parametrize(
    "arguments",
    [
        ("flip", "flipped", "5", "--reason", "x"),
        ("flip", "flipped", "101%", "--reason", "x"),
        ("flip", "flipped", "canary", "--reason", "x"),
        ("flip", "flipped", "legacy"),
        ("rollback", "--reason", "x"),
        ("rollback", "flipped", "--all", "--reason", "x"),
        ("rollback", "--all", "--if-version", "1", "--reason", "x"),
        ("ramp", "go", "flipped"),
        ("diffs", "triage", "x", "maybe"),
        ("diffs", "export", "--format", "xml"),
        ("diffs", "export", "--format", "csv", "--json"),
        ("diffs", "noise", "--path", "$.a"),
        ("diffs", "noise", "--path", "$.a", "--as", "pinned"),
        ("diffs", "noise", "--route", "admin", "--path", "$.a", "--as", "pin"),
        ("diffs", "export", "--format", "junit", "--kind", "missing"),
        ("audit", "--limit", "0"),
        ("nothing",),
    ],
)
def test_wrong_usage_is_2(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Error" in done.err


ASKING = [
    ("routes",),
    ("flip", "flipped", "legacy", "--reason", "x"),
    ("rollback", "--all", "--reason", "x"),
    ("ramp", "start", "ramped"),
    ("audit",),
    ("diffs", "list"),
    ("diffs", "list", "--follow"),
    ("diffs", "groups"),
    ("diffs", "show", "x"),
    ("diffs", "triage", "x", "bug"),
    ("diffs", "export"),
    ("diffs", "replay", "x"),
]


@pytest.mark.parametrize("arguments", ASKING, ids=" ".join)
def test_no_control_plane_is_3(arguments: tuple[str, ...]) -> None:
    done = banyan(*arguments, BANYAN_CONTROL=f"http://127.0.0.1:{free_port()}")
    assert (done.code, done.out) == (3, "")
    assert "cannot reach the control plane" in done.err


@pytest.mark.parametrize(
    "url", ["nonsense", "http://", "http://[", "ftp://127.0.0.1", "http://127.0.0.1:99999"]
)
def test_an_address_that_is_none_is_3(url: str) -> None:
    assert banyan("routes", "--control", url).code == 3


def test_the_clients_port_is_no_control_plane(serving: Banyan) -> None:
    host, port = serving.address
    for path in ("", "/shown"):
        done = banyan("routes", "--control", f"http://{host}:{port}{path}")
        assert (done.code, "does not answer as a control plane" in done.err) == (3, True)
