"""The parts of `banyan demo`: starting and ending programs, journeys, edits of routes.yaml, comparisons."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from demo.story import parts
from demo.story.browser import Browser, Unexpected
from demo.story.checks import Addresses, check
from demo.story.flips import Load, flip
from demo.story.journeys import JOURNEYS, Journey
from demo.story.origins import Home, require_php
from demo.story.parts import Address, Part, StartFailed
from demo.story.stages import save, stages, with_stages
from demo.story.visits import any_read, reads, writes
from demo.story.wire import Answer, Request
from tests.support.banyan import free_port
from tests.support.checkout import ROOT
from tests.support.demo import App, running_legacy, seeded, wait_until_free

RUN = [sys.executable, str(ROOT / "demo" / "run.py")]


def demo(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The whole demo, as a person without a terminal starts it."""
    return subprocess.run(
        [*RUN, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def part(code: str, address: Address) -> Part:
    """A program that is one line of Python."""
    return Part("Thing", (sys.executable, "-c", code), dict(os.environ), address, (address, "/"))


def test_a_part_that_ends_says_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match=r"^Thing did not start; its last words: no luck today$"):
        parts.start(part("import sys; sys.exit('no luck today')", parts.free_address()), tmp_path)


def test_a_part_that_never_answers_is_ended(tmp_path: Path) -> None:
    address = parts.free_address()
    silent = f"import socket, time; s = socket.create_server(('127.0.0.1', {address.port})); time.sleep(60)"
    with pytest.raises(StartFailed, match="did not answer within 1 s"):
        parts.start(part(silent, address), tmp_path, timeout=1.0)
    wait_until_free(address)


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = Address("127.0.0.1", other.getsockname()[1])
        with pytest.raises(StartFailed, match=f"^Thing cannot listen on {address}: another program does"):
            parts.start(part("pass", address), tmp_path)


def test_the_usual_port_is_taken_when_it_is_free() -> None:
    taken = free_port()
    with socket.create_server(("127.0.0.1", taken)):
        assert parts.free_address(preferred=taken).port != taken
    assert parts.free_address(preferred=taken).port == taken


def test_a_killed_starter_leaves_nothing_behind(tmp_path: Path) -> None:
    """PHP's workers outlive a killed master; the tether sees to it that they do not outlive the demo."""
    home, address = seeded(tmp_path), parts.free_address()
    starter = f"""
import time
from pathlib import Path
from demo.story import origins, parts
address = parts.Address("127.0.0.1", {address.port})
legacy = origins.legacy(origins.require_php(), origins.Home(Path({str(home.path)!r})), address)
running = parts.start(legacy, Path({str(tmp_path)!r}))
print("ready", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", starter], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        assert parts.in_use(address)
        process.send_signal(signal.SIGKILL)
    wait_until_free(address)


def test_stopping_a_part_ends_its_workers_too(tmp_path: Path) -> None:
    with running_legacy(seeded(tmp_path)) as app:
        assert app.get("/healthz").status == 200
    wait_until_free(app.address)


def test_without_php_one_line_says_how_to_install_it() -> None:
    done = demo("--once", PATH="/nonexistent")
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("banyan demo: PHP is not installed. Install it with: apt-get install php-cli ")


def test_php_without_its_extensions_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    php = shutil.which("php")
    bare = tmp_path / "php"
    bare.write_text(f'#!/bin/sh\nexec {php} -n "$@"\n')
    bare.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(StartFailed, match=r"^PHP lacks pdo_sqlite, "):
        require_php()


def test_a_used_address_ends_the_demo_with_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        done = demo("--once", "--listen", address)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line == f"banyan demo: Banyan cannot listen on {address}: another program does already"


def test_a_wrong_address_is_wrong_usage() -> None:
    done = demo("--listen", "nonsense")
    assert done.returncode == 2
    assert "nonsense" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.what)
def test_every_journey_succeeds_at_the_gateway_itself(legacy_app: App, journey: Journey) -> None:
    browser = Browser(legacy_app.address, witness=legacy_app.address)
    journey.make(browser, random.Random(7))
    assert browser.asked > 0


def test_a_journey_notices_a_wrong_answer(modern_app: App) -> None:
    with pytest.raises(Unexpected, match=r"^POST /payment\.php answered 404, not 302$"):
        JOURNEYS[0].make(Browser(modern_app.address), random.Random(7))


def test_a_page_that_the_proxy_changes_is_noticed(legacy_app: App, tmp_path: Path) -> None:
    other_day = Home(legacy_app.home.path, "2027-01-01T00:00:00+00:00")
    with running_legacy(other_day) as other, pytest.raises(Unexpected, match="not the same through Banyan"):
        Browser(legacy_app.address, witness=other.address).get("/gateway.php?action=ping")


def addresses(clients: App, legacy: App, modern: App) -> Addresses:
    return Addresses(clients.address, clients.address, legacy.address, modern.address)


def test_checks_accept_a_sides_own_answers(legacy_app: App, modern_app: App) -> None:
    at = addresses(legacy_app, legacy_app, modern_app)
    visits = [*reads(random.Random(3)), *writes(random.Random(3))]
    assert [check(visit, "legacy", at) for visit in visits] == [None] * len(visits)


def test_checks_refuse_the_other_sides_answers(legacy_app: App, modern_app: App) -> None:
    visit = reads(random.Random(3))[0]
    problem = check(visit, "modern", addresses(legacy_app, legacy_app, modern_app))
    assert problem is not None
    assert "was answered by legacy, not by modern" in problem


def test_checks_refuse_a_changed_byte(legacy_app: App, modern_app: App, tmp_path: Path) -> None:
    with running_legacy(Home(legacy_app.home.path, "2027-01-01T00:00:00+00:00")) as other:
        report = next(visit for visit in reads(random.Random(3)) if visit.route == "merchant-report")
        problem = check(report, "legacy", addresses(legacy_app, other, modern_app))
    assert problem is not None
    assert "the body through Banyan is" in problem


def test_a_flip_that_does_not_happen_is_given_up(legacy_app: App, tmp_path: Path) -> None:
    visit, file = reads(random.Random(3))[0], tmp_path / "routes.yaml"
    save(file, f"routes:\n  - id: {visit.route}\n    stage: legacy\n")
    with Load(legacy_app.address, lambda: visit.request) as load:
        seen = flip(file, visit, "modern", load, patience=3)
    assert stages(file.read_text()) == {visit.route: "modern"}
    assert (seen.done, seen.failed) == (False, 0)
    assert seen.requests > 0
    assert seen.seconds > 0, "the old side went on answering"


def test_failures_under_load_are_counted(legacy_app: App) -> None:
    with (
        Load(legacy_app.address, lambda: Request("GET", "/no/such/page")) as refused,
        Load(parts.free_address(), lambda: Request("GET", "/")) as unanswered,
    ):
        while not (refused.seen and unanswered.seen):
            time.sleep(0.01)
    assert {one.side for one in refused.seen + unanswered.seen} == {None}


def test_a_side_is_known_by_its_server() -> None:
    assert Answer(200, (("server", "uvicorn"),), b"").side == "modern"
    assert Answer(200, (("X-Powered-By", "PHP/8.2.0"),), b"").side == "legacy"


def test_only_what_belongs_to_a_connection_may_differ() -> None:
    fields = (
        ("Date", "x"),
        ("Connection", "close"),
        ("Content-type", "a"),
        ("Set-Cookie", "b"),
        ("Set-Cookie", "c"),
    )
    assert Answer(200, fields, b"body").comparable() == (200, fields[2:], b"body")


ROUTES = """\
version: 1  # a comment
routes:
  - id: first
    match: {path: /stage}   # the word stage: legacy
    stage: legacy           # stays
  - {id: second, stage: shadow, match: {path: /b}}
  - id: third
    match: {path: /c}
"""


def test_only_the_stage_is_edited() -> None:
    assert with_stages(ROUTES, {"first": "modern"}) == ROUTES.replace(
        "stage: legacy           #", "stage: modern           #"
    )
    assert with_stages(ROUTES, {"second": "canary"}) == ROUTES.replace("stage: shadow", "stage: canary")
    assert with_stages(ROUTES, {}) == ROUTES


def test_a_route_without_a_stage_gets_one() -> None:
    assert stages(ROUTES)["third"] == "legacy"
    edited = with_stages(ROUTES, {"first": "modern", "third": "modern"})
    assert stages(edited) == {"first": "modern", "second": "shadow", "third": "modern"}
    assert yaml.safe_load(edited)["routes"][2]["match"] == {"path": "/c"}


def test_a_saved_file_is_replaced_in_one_move(tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    save(file, "old")
    with file.open() as reader:
        save(file, "new")
        assert reader.read() == "old", "a reader keeps the file it opened"
    assert file.read_text() == "new"


def test_the_same_seed_is_the_same_traffic() -> None:
    one, other = any_read(random.Random(5)), any_read(random.Random(5))
    assert [one() for _ in range(40)] == [other() for _ in range(40)]


def test_every_kind_of_read_comes_before_one_comes_again() -> None:
    draw = any_read(random.Random(5))
    kinds = len(reads(random.Random(0)))
    assert len({draw().what for _ in range(kinds)}) == kinds
