"""The PHP application through Banyan, as if Banyan were not there: for programs and for a browser."""

import io
import itertools
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from demo.story.browser import Browser
from demo.story.checks import check_all
from demo.story.flips import Load, flip
from demo.story.journeys import JOURNEYS, Journey
from demo.story.parts import Address
from demo.story.screen import Screen
from demo.story.stack import Stack, Wishes, running_stack
from demo.story.stages import save, stages, with_stages
from demo.story.visits import reads, writes
from demo.story.wire import Request, Side, ask, wait_for
from tests.support.checkout import ROOT
from tests.support.demo import NOW, wait_until_free
from tests.support.demo_chromium import Page, browsing

FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The whole demo without its traffic, with every route at legacy."""
    wishes = Wishes(now=NOW, usual_ports=False, listen=Address.parse("127.0.0.1:0"))
    with running_stack(wishes, Screen(Console(file=io.StringIO()))) as running:
        set_all(running, "legacy")
        yield running


def set_all(stack: Stack, side: Side) -> None:
    text = stack.routes.read_text()
    save(stack.routes, with_stages(text, dict.fromkeys(stages(text), side)))
    assert wait_for(stack.at.clients, Request("GET", "/api/payments/pay_1001"), side, timeout=60)


@pytest.fixture
def modern_stack(stack: Stack) -> Iterator[Stack]:
    set_all(stack, "modern")
    yield stack
    set_all(stack, "legacy")


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.what)
def test_journeys_go_through_unnoticed(stack: Stack, journey: Journey) -> None:
    """Logins, forms, redirects, an upload and its download, CSV, XML, HTML; every page equals PHP's own."""
    browser = Browser(stack.at.clients, witness=stack.at.legacy)
    journey.make(browser, random.Random(11))
    assert browser.asked > 0


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/"),
        Request("GET", "/index.php/api/payments/pay_1001"),
        Request("GET", "/api/payments/pay%5F1001?"),
        Request("GET", "/payment.php?id=pay_1001&a[]=1&a%5B%5D=2"),
        Request("GET", "/gateway.php?action=ping"),
        Request("GET", "/bin.php?bin=411111"),
        Request("GET", "/assets/style.css"),
        Request("GET", "/no/such.file"),
        Request("GET", "/no/such/page"),
        Request("HEAD", "/api/payments/pay_1001"),
        Request("OPTIONS", "/api/payments/pay_1001"),
        Request("DELETE", "/api/payments/pay_1001"),
        Request("POST", "/soap.php", (("Content-Type", "text/xml"),), b"<not-xml"),
        Request("POST", "/webhook.php", (("X-Provider-Signature", "sha256=0"),), b"{}"),
        Request("POST", "/checkout.php", FORM, b"id=pay_1001"),
    ],
    ids=lambda request: f"{request.method} {request.target}",
)
def test_answers_are_phps_own_byte_for_byte(stack: Stack, request_: Request) -> None:
    through = ask(stack.at.clients, request_)
    direct = ask(stack.at.legacy, request_, host=str(stack.at.clients))
    assert through.comparable() == direct.comparable()


def test_the_modern_side_answers_byte_for_byte_as_well(modern_stack: Stack) -> None:
    visits = [*reads(random.Random(5)), *writes(random.Random(5))]
    assert check_all(visits, "modern", modern_stack.at).wrong == []


def test_every_visit_has_its_route_in_the_shipped_file() -> None:
    named = {visit.route for visit in [*reads(random.Random(0)), *writes(random.Random(0))]}
    assert named <= stages((ROOT / "routes.yaml").read_text()).keys()


def test_an_edit_flips_an_endpoint_under_load_without_a_failure(stack: Stack) -> None:
    visit = reads(random.Random(5))[0]
    with Load(stack.at.clients, lambda: visit.request) as load:
        flips = [flip(stack.routes, visit, stage, load, patience=60) for stage in ("modern", "legacy")]
    assert [(one.done, one.failed) for one in flips] == [(True, 0), (True, 0)]


def test_an_edit_with_an_error_changes_nothing(stack: Stack) -> None:
    good = stack.routes.read_text()
    save(stack.routes, good.replace("version: 1", "version: 1\nroute: []"))
    try:
        visit = reads(random.Random(5))[0]
        assert check_all([visit], "legacy", stack.at).wrong == []
        assert stack.dead() is None
    finally:
        save(stack.routes, good)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("chromium")) as tab:
        yield tab


def sign_in(page: Page, url: str) -> None:
    page.open(f"{url}/logout.php")
    page.fill("[name=email]", "anna@nordlicht.example")
    page.fill("[name=password]", "nordlicht-demo")
    page.click("button")


def test_a_browser_signs_in_and_sees_what_php_made(stack: Stack, page: Page, tmp_path: Path) -> None:
    seen = []
    for at in (stack.at.legacy, stack.at.clients):
        sign_in(page, at.url)
        assert page.path() == "/dashboard.php"
        seen.append(page.run("document.documentElement.outerHTML"))
    assert seen[0] == seen[1]
    assert "Nordlicht Möbel GmbH" in page.text()
    styled = page.run("getComputedStyle(document.querySelector('.bar')).backgroundColor")
    assert styled == "rgb(31, 92, 69)", "the style sheet came through too"
    assert page.screenshot(tmp_path / "dashboard.png").startswith(b"\x89PNG")


def test_a_browser_pays_over_the_banks_page(stack: Stack, page: Page) -> None:
    page.open(f"{stack.at.clients.url}/pay/pay_1005")
    assert page.path() == "/checkout.php?id=pay_1005"
    card = {"number": "4000 0000 0000 3220", "expiry][month": "04", "expiry][year": "2031", "cvv": "123"}
    for field, text in {**card, "holder": "Anna Böhm"}.items():
        page.fill(f'[name="card[{field}]"]', text)
    page.click("button")
    assert "Is this you?" in page.text()
    page.click("button[value=yes]")
    # The bank's page goes on to the shop by itself, perhaps before it has come itself.
    page.until("location.pathname === '/checkout.php' && document.readyState === 'complete'")
    assert page.path() == "/checkout.php?id=pay_1005"
    assert "captured" in page.text()


DEMO = [sys.executable, "-m", "proxy", "demo", "--once"]


def test_one_round_of_the_demo_succeeds() -> None:
    done = subprocess.run(
        DEMO, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no request failed" in done.stdout.splitlines()[-2]
    for words in (
        "3 groups: the three planted bugs, and nothing else",
        "payment-list has arrived, Python answers all of it: all gates passed at 100 %.",
        "rate-fee was stopped and is back at PHP, only mirrored: mismatches: ",
    ):
        assert words in done.stdout


@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGTERM])
def test_a_demo_that_is_ended_leaves_nothing_running(signal_: signal.Signals) -> None:
    with (
        # Nobody can tidy up after a SIGKILL but whoever sent it.
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        subprocess.Popen(
            DEMO, cwd=ROOT, env={**os.environ, "TMPDIR": home}, stdout=subprocess.PIPE, text=True
        ) as demo,
    ):
        assert demo.stdout is not None
        started = itertools.takewhile(lambda line: not line.startswith("Every endpoint"), demo.stdout)
        urls = re.findall(r"http://([\d.]+:\d+)", "".join(started))
        demo.send_signal(signal_)
        demo.stdout.read()
        assert len(urls) == 4
        for address in map(Address.parse, urls):
            wait_until_free(address)
