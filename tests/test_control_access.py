"""Who may do what on the control port: tokens, roles, sessions, loopback, and forged requests."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from proxy.config.server import Role, Token
from proxy.control import sessions
from proxy.link import Fleet
from proxy.rollout.view import LedgerView, Took
from tests.support.control import HOST, TOKENS, Control, bearer, control, digest

ORIGIN = {"Origin": f"http://{HOST}"}
FLIP = "/api/v1/routes/payment-show/flip"
BODY = {"stage": "legacy", "reason": "test"}
ANNA = Token("anna", Role.OPERATOR, digest("a"))

READS = [
    *("/api/v1/routes", "/api/v1/routes/payment-show", "/api/v1/audit", "/api/v1/diffs"),
    *("/api/v1/diff-groups", "/", "/differences", "/audit"),
]
CHANGES = [
    *((FLIP, "operator"), ("/api/v1/routes/payment-show/rollback", "operator")),
    *(("/api/v1/rollback", "operator"), ("/api/v1/routes/payment-show/ramp", "operator")),
    *(("/api/v1/diff-groups/feed/triage", "reviewer"), ("/routes/payment-show/flip", "operator")),
    *(("/routes/payment-show/rollback", "operator"), ("/routes/payment-show/ramp", "operator")),
    *(("/rollback", "operator"), ("/differences/feed/triage", "reviewer")),
]
RANKS = ["viewer", "reviewer", "operator"]


async def signed_in(running: Control, role: str) -> str:
    answer = await running.post("/login", data={"token": TOKENS[role]}, headers=ORIGIN)
    assert answer.status_code == 303, answer.text
    return answer.headers["set-cookie"]


# -- tokens and roles


@pytest.mark.parametrize("path", READS)
async def test_reading_needs_a_token_of_any_role(tmp_path: Path, path: str) -> None:
    async with control(tmp_path, tokens=True, peer="192.0.2.7") as running:
        stranger = await running.get(path)
        assert stranger.status_code == (401 if path.startswith("/api") else 303)
        for role in RANKS:
            assert (await running.get(path, headers=bearer(role))).status_code == 200


@pytest.mark.parametrize(("path", "least"), CHANGES)
async def test_changing_needs_the_role(tmp_path: Path, path: str, least: str) -> None:
    async with control(tmp_path, tokens=True, peer="192.0.2.7") as running:
        assert (await running.post(path, {})).status_code == (401 if path.startswith("/api") else 303)
        for role in RANKS:
            answer = await running.post(path, {}, headers=bearer(role))
            may = RANKS.index(role) >= RANKS.index(least)
            assert (answer.status_code == 403) is not may, (role, answer.text)


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Basic b3BlcmF0b3I6eA==", "Bearer \xe4\xff"])
async def test_what_is_no_token_is_refused_with_what_to_do(tmp_path: Path, header: str) -> None:
    async with control(tmp_path, tokens=True) as running:
        answer = await running.get("/api/v1/routes", headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert "BANYAN_TOKEN" in answer.json()["detail"]


async def test_a_digest_is_no_token(tmp_path: Path) -> None:
    async with control(tmp_path, tokens=True) as running:
        shown = {"Authorization": f"Bearer {digest(TOKENS['operator'])}"}
        assert (await running.get("/api/v1/routes", headers=shown)).status_code == 401


async def test_what_the_last_flip_took_is_shown_stage_by_stage(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        assert (await running.get("/readyz")).json()["ledger"]["took"] is None
        assert "banyan_flip_seconds{" not in (await running.get("/metrics")).text
        view = LedgerView(7, None, took=Took(0.25, 0.5, 0.125))
        running.state.take(Fleet({1: 1}, False, (), 1, view))
        took = (await running.get("/readyz")).json()["ledger"]["took"]
        assert took == {"read": 0.25, "apply": 0.5, "report": 0.125}
        assert 'banyan_flip_seconds{stage="apply"} 0.5' in (await running.get("/metrics")).text


@pytest.mark.parametrize(("trouble", "up"), [(None, 1), ("the ledger is unavailable: gone", 0)])
async def test_a_ledger_that_is_lost_shows_and_makes_nobody_unready(
    tmp_path: Path, trouble: str | None, up: int
) -> None:
    async with control(tmp_path) as running:
        running.state.take(Fleet({1: 1}, False, (), 1, LedgerView(7, trouble, redis=trouble)))
        ready, metrics = await running.get("/readyz"), (await running.get("/metrics")).text
    assert (ready.status_code, ready.json()["ledger"]["trouble"]) == (200, trouble)
    assert f"banyan_ledger_up {up}.0" in metrics and f"banyan_ledger_hints_up {up}.0" in metrics
    assert "banyan_ledger_version 7.0" in metrics


async def test_health_and_metrics_need_no_token(tmp_path: Path) -> None:
    async with control(tmp_path, tokens=True, peer="192.0.2.7") as running:
        assert (await running.get("/healthz")).status_code == 200
        assert (await running.get("/metrics")).status_code == 200
        assert (await running.get("/readyz")).status_code == 503  # there is no worker here


async def test_a_token_that_leaves_the_file_ends_with_it(tmp_path: Path) -> None:
    async with control(tmp_path, tokens=True) as running:
        cookie = {"Cookie": await signed_in(running, "viewer")}
        assert (await running.get("/api/v1/routes", headers=cookie)).status_code == 200
        keep_tokens(running, tuple(token for token in tokens_of(running) if token.name != "viewer"))
        assert (await running.get("/api/v1/routes", headers=bearer("viewer"))).status_code == 401
        assert (await running.get("/api/v1/routes", headers=cookie)).status_code == 401


def tokens_of(running: Control) -> tuple[Token, ...]:
    assert running.state.snapshot is not None
    return running.state.snapshot.config.control.tokens


def keep_tokens(running: Control, tokens: tuple[Token, ...]) -> None:
    assert running.state.snapshot is not None
    config = running.state.snapshot.config
    changed = config.model_copy(update={"control": config.control.model_copy(update={"tokens": tokens})})
    running.state.snapshot = replace(running.state.snapshot, config=changed)


# -- this machine alone, without tokens


@pytest.mark.parametrize("path", [*READS, "/metrics", "/readyz"])
async def test_without_tokens_others_are_refused(tmp_path: Path, path: str) -> None:
    async with control(tmp_path, peer="192.0.2.7") as running:
        answer = await running.get(path)
    assert answer.status_code == 403
    assert "loopback" in answer.text or "this machine" in answer.text


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1"])
async def test_without_tokens_this_machine_may_do_everything(tmp_path: Path, peer: str) -> None:
    async with control(tmp_path, peer=peer) as running:
        assert (await running.post(FLIP, BODY)).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *((name, 200) for name in ("localhost", "localhost:9900", "127.0.0.1", "[::1]:9900", "LOCALHOST:1")),
        *((name, 403) for name in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "")),
        *((name, 403) for name in ("10.0.0.1", "[::2]", "[", "0.0.0.0", "a@127.0.0.1.b")),
    ],
)
async def test_a_name_that_somebody_points_at_us_is_refused(tmp_path: Path, host: str, status: int) -> None:
    async with control(tmp_path) as running:
        assert (await running.get("/api/v1/routes", headers={"Host": host})).status_code == status


# -- forged requests


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),  # curl, or the command line
        (ORIGIN, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "http://127.0.0.1:1"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({**ORIGIN, "Sec-Fetch-Site": "cross-site"}, False),
    ],
)
@pytest.mark.parametrize("path", [FLIP, "/rollback"])
async def test_pages_of_others_change_nothing(
    tmp_path: Path, headers: dict[str, str], allowed: bool, path: str
) -> None:
    async with control(tmp_path) as running:
        answer = await running.post(path, BODY, headers=headers)
        assert (answer.status_code == 403) is not allowed
        assert allowed or (await running.get("/api/v1/audit")).json()["entries"] == []


async def test_a_session_without_a_sign_of_its_origin_changes_nothing(tmp_path: Path) -> None:
    async with control(tmp_path, tokens=True) as running:
        cookie = {"Cookie": await signed_in(running, "operator")}
        assert (await running.post(FLIP, BODY, headers=cookie)).status_code == 403
        assert (await running.post(FLIP, BODY, headers={**cookie, **ORIGIN})).status_code == 200


async def test_a_form_cannot_speak_to_the_api(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        answer = await running.post(FLIP, content=b'{"stage":"legacy","reason":"x"}')
    assert answer.status_code == 415


# -- sessions


async def test_a_session_is_out_of_reach_of_scripts_and_other_sites(tmp_path: Path) -> None:
    async with control(tmp_path, tokens=True) as running:
        cookie = await signed_in(running, "viewer")
        assert "httponly" in cookie.lower()
        assert "samesite=strict" in cookie.lower()
        assert TOKENS["viewer"] not in cookie
        home = await running.get("/", headers={"Cookie": cookie})
        assert home.status_code == 200
        assert "Sign out" in home.text
        assert "Roll back everything" not in home.text


async def test_a_session_over_https_stays_there(tmp_path: Path) -> None:
    async with control(tmp_path, tokens=True) as running:
        headers = {"Origin": f"https://{HOST}"}
        answer = await running.post("/login", data={"token": TOKENS["viewer"]}, headers=headers)
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_a_wrong_token_does_not_sign_in(tmp_path: Path) -> None:
    async with control(tmp_path, tokens=True) as running:
        answer = await running.post("/login", data={"token": "wrong"}, headers=ORIGIN)
        forged = await running.post(
            "/login", data={"token": TOKENS["viewer"]}, headers={"Origin": "http://evil.example"}
        )
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert forged.status_code == 403


async def test_who_is_not_signed_in_is_asked_to(tmp_path: Path) -> None:
    async with control(tmp_path, tokens=True) as running:
        answer = await running.get("/")
        form = await running.get(answer.headers["location"])
    assert answer.status_code == 303
    assert 'name="token"' in form.text


async def test_signing_out_forgets_the_cookie(tmp_path: Path) -> None:
    async with control(tmp_path, tokens=True) as running:
        answer = await running.post("/logout", data={}, headers=ORIGIN)
    assert answer.status_code == 303
    assert "max-age=0" in answer.headers["set-cookie"].lower()


async def test_sessions_outlive_a_restart(tmp_path: Path) -> None:
    async with control(tmp_path, tokens=True) as first:
        cookie = await signed_in(first, "viewer")
    async with control(tmp_path, tokens=True) as second:
        assert (await second.get("/api/v1/routes", headers={"Cookie": cookie})).status_code == 200


def test_a_session_lasts_so_long_and_no_longer() -> None:
    cookie = sessions.issue(b"key", ANNA, 1000.0)
    assert sessions.read(b"key", cookie, [ANNA], 1000.0 + sessions.LASTS - 1) == ANNA
    assert sessions.read(b"key", cookie, [ANNA], 1000.0 + sessions.LASTS) is None


@pytest.mark.parametrize(
    "forge", [str.upper, lambda cookie: cookie.replace("|1", "|9", 1), lambda _: "", lambda _: "||"]
)
def test_a_forged_session_is_none(forge: "type[str]") -> None:
    cookie = sessions.issue(b"key", ANNA, 1000.0)
    assert sessions.read(b"key", str(forge(cookie)), [ANNA], 1001.0) is None
    assert sessions.read(b"other", cookie, [ANNA], 1001.0) is None


def test_a_session_ends_when_its_token_is_changed() -> None:
    cookie = sessions.issue(b"key", ANNA, 1000.0)
    assert sessions.read(b"key", cookie, [ANNA._replace(digest=digest("b"))], 1001.0) is None


async def test_before_routes_yaml_is_read_nothing_is_answered(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        running.state.snapshot = None
        answer: httpx.Response = await running.get("/api/v1/routes")
    assert answer.status_code == 503
