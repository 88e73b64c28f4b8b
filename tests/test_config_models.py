"""Every key of routes.yaml: what it becomes, its default, its short form, and what is refused."""

from ipaddress import ip_network
from typing import Any

import pytest

from proxy.config.addresses import Address, Origin, address, network, origin, web_url
from proxy.config.models import Config
from proxy.config.server import Role, Token
from proxy.config.values import (
    header_name,
    header_value,
    kebab_case,
    method,
    path,
    plain_name,
    source_of,
    zone,
)
from tests.support.config import HEAD, errors, errors_below, loaded, route, snapshot

DIGEST = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

EVERY_KEY = """\
version: 1
server:
  listen: 127.0.0.1:8080
  status: null
  workers: 1
  trusted_proxies: []
  limits: {url: 16KiB, headers: 64KiB, header_count: 200, body: 0, connections: 10000}
  timeouts: {header: 10s, keep_alive: 75s, body_idle: 60s, drain: 30s}
  tls: null
  debug_headers: false
  access_log: "-"
  tracing: {sample: 1, endpoint: null}
control:
  listen: 127.0.0.1:9900
  tokens: ${BANYAN_TOKENS:-}
ledger: sqlite:///var/banyan.db
redis: null
shadow:
  socket: var/shadow.sock
  log: {path: var/diffs.jsonl, verdicts: [mismatch, inconclusive, failed], rotate: 100MiB, keep: 14d}
  queue: {exchanges: 2000, bytes: 64MiB}
  concurrency: 32
  groups: {samples: 20, keep: 90d}
backends:
  legacy:
    url: http://127.0.0.1:8081
    dialect: php
    host: preserve
    timeouts: {connect: 1s, response: 30s, idle: 60s}
    pool: {connections: 256, keep_alive: 30s}
    max_in_flight: 0
    retries:
      {attempts: 2, on: [connect, stale, 502, 503, 504], budget: 20%, backoff: {base: 25ms, cap: 250ms}}
    breaker: {consecutive_failures: 5, open_for: 5s, half_open_probes: 1}
    health: {path: /healthz, interval: 5s, timeout: 1s, unhealthy_after: 3, healthy_after: 2}
    tls: {ca: null, cert: null, key: null, verify: true}
  payments:
    url: http://127.0.0.1:8082
defaults:
  legacy: legacy
  sticky: [header:X-Merchant-Id, cookie:PHPSESSID, client_ip]
routes:
  - id: payment-show
    match:
      path: /api/payments/{payment_id}
      methods: [POST]
      host: api.example.com
      headers: {X-Api-Version: "2", X-A: {regex: "[a-z]+"}, X-B: {present: true}, X-C: {present: false}}
      query: {action: show}
      form: {action: show}
    legacy: legacy
    modern:
      backend: payments
      path: /v1/payments/{payment_id}
      headers: {set: {X-Source: banyan}, remove: [X-Debug]}
    stage: shadow
    weight: 0
    sticky: [header:X-Merchant-Id]
    group: checkout
    cohort: {always: {header:X-Merchant-Id: [m_1, m_2]}, never: {header:X-Merchant-Id: [m_3]}}
    fallback: []
    shadow:
      sample: 100
      writes: never
      reverse: false
      timeout: 10s
      max_body: 256KiB
      compare:
        status: true
        headers: [content-type, location, cache-control, set-cookie]
        presets: [php]
        ignore: ["$.generated_at", "$..updated_at", "header:x-request-id"]
        signed: false
        rules:
          - {path: "$.amount", money: true}
          - {path: "$.created", instant: {zone: Europe/Berlin, within: 2s}}
          - {path: "$.ratio", within: 0.001}
          - {path: "$.items", unordered: true, key: id}
          - {path: "$.id", pattern: "^pay_[a-z0-9]+$"}
          - {path: "$.meta", rule: empty_map}
          - {path: "$", map: {422: 400}}
      noise: {sample: 5}
      redact: {paths: ["$.card.number"], mode: mask}
    ramp:
      steps: [1, 5, 25, 50, 100]
      bake: 10m
      min_requests: 500
      gates:
        errors: {max_increase: 0.5}
        latency: {quantile: 0.95, max_ratio: 1.25}
        mismatches: {max: 0.1}
        triage: {untriaged: 0}
      confidence: 0.95
      on_breach: rollback
      window: {days: [mon-thu], hours: 09:00-16:00, zone: Europe/Berlin}
      notify: https://hooks.example.com/banyan
    idempotency:
      {header: Idempotency-Key, required: false, replay: all, ttl: 168h, tenant: header:Authorization}
    learns: {kind: payment, from: ["$.id", header:Location]}
    follows: {kind: payment, key: path:payment_id, unknown: legacy}
"""
"""Each key once; where there is a default, with its default."""

FEW_KEYS = """\
version: 1
backends:
  legacy: {url: http://127.0.0.1:8081, health: {}}
  payments: {url: http://127.0.0.1:8082}
routes:
  - id: payment-show
    match:
      path: /api/payments/{payment_id}
      host: api.example.com
      methods: [POST]
      form: {action: show}
      headers: {X-Api-Version: "2", X-A: {regex: "[a-z]+"}, X-B: {present: true}, X-C: {present: false}}
      query: {action: show}
    modern: {backend: payments, path: "/v1/payments/{payment_id}",
             headers: {set: {X-Source: banyan}, remove: [X-Debug]}}
    stage: shadow
    sticky: [header:X-Merchant-Id]
    group: checkout
    fallback: []
    cohort: {always: {header:X-Merchant-Id: [m_1, m_2]}, never: {header:X-Merchant-Id: [m_3]}}
    shadow:
      redact: {paths: ["$.card.number"]}
      compare:
        presets: [php]
        ignore: ["$.generated_at", "$..updated_at", "header:x-request-id"]
        rules:
          - {path: "$.amount", money: true}
          - {path: "$.created", instant: {zone: Europe/Berlin, within: 2s}}
          - {path: "$.ratio", within: 0.001}
          - {path: "$.items", unordered: true, key: id}
          - {path: "$.id", pattern: "^pay_[a-z0-9]+$"}
          - {path: "$.meta", rule: empty_map}
          - {path: "$", map: {422: 400}}
    ramp: {window: {days: mon-thu, hours: 09:00-16:00, zone: Europe/Berlin},
           notify: https://hooks.example.com/banyan}
    idempotency: {}
    learns: {kind: payment, from: ["$.id", header:Location]}
    follows: {kind: payment, key: path:payment_id}
"""
"""The same with every default left out."""


def config(text: str) -> Config:
    result = loaded(text)
    assert result.errors == ()
    assert result.snapshot is not None
    return result.snapshot.config


def test_every_key_with_its_default_is_the_same_as_without_it() -> None:
    written, left_out = config(EVERY_KEY), config(FEW_KEYS)
    assert written.model_dump() == left_out.model_dump()


def test_the_fallback_of_a_route_that_says_nothing() -> None:
    made = snapshot(route())
    assert made.routes["a"].spec.fallback == ("connect", "open_breaker", 502, 503, 504)


def test_models_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        config(FEW_KEYS).server.workers = 3  # type: ignore[misc]  # the very thing that must not work


def test_a_port_alone_is_told_what_it_lacks() -> None:
    """Not quotes, though a number is no text in YAML."""
    for written in ("8080", "'8080'"):
        (error,) = errors_below(f"server: {{listen: {written}}}")
        assert error.endswith(
            "server.listen: must be an address host:port, such as 127.0.0.1:8080 or [::1]:8080"
        )


def test_what_values_become() -> None:
    text = f"""\
    server: {{listen: "[::1]:0", workers: auto, trusted_proxies: [10.0.0.0/8, 192.0.2.7],
             timeouts: {{drain: 1m}}, limits: {{body: 1MiB}}}}
    control: {{tokens: "anna:operator:{DIGEST.upper()}, ci:viewer:{DIGEST}"}}
    """
    made = snapshot(text).config
    assert made.server.listen == Address("::1", 0)
    assert str(made.server.listen) == "[::1]:0"
    assert made.server.workers is None
    assert made.server.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("192.0.2.7/32"))
    assert (made.server.timeouts.drain, made.server.limits.body) == (60.0, 1048576)
    assert made.control.tokens == (Token("anna", Role.OPERATOR, DIGEST), Token("ci", Role.VIEWER, DIGEST))
    assert made.backends["legacy"].url == (Origin("http", "127.0.0.1", 8081),)
    assert DIGEST not in repr(made.control)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["ci"]),
        ("control: {listen: '127.0.0.1:9901'}", ["ci"]),
        ("control: {tokens: ''}", []),
        (f"control: {{tokens: 'anna:operator:{DIGEST}'}}", ["anna"]),
    ],
)
def test_tokens_of_the_environment_count_where_the_file_says_nothing(text: str, names: list[str]) -> None:
    made = snapshot(text, BANYAN_TOKENS=f"ci:viewer:{DIGEST}").config
    assert [token.name for token in made.control.tokens] == names


@pytest.mark.parametrize("said", ["all", "[all]"])
def test_all_exchanges_are_logged_by_one_word(said: str) -> None:
    assert snapshot(f"shadow: {{log: {{verdicts: {said}}}}}").config.shadow.log.verdicts == ("all",)


def test_bad_tokens_of_the_environment_are_refused() -> None:
    assert errors(HEAD, BANYAN_TOKENS="a:b") == [
        "routes.yaml:1:1: control.tokens: must be name:role:sha256, separated by commas; "
        "number 1 is not of that form"
    ]


def test_the_json_form_is_what_a_file_could_say() -> None:
    written = config(EVERY_KEY).model_dump(mode="json", by_alias=True)
    again = Config.model_validate(written)
    assert again.model_dump() == config(EVERY_KEY).model_dump()
    assert written["server"]["timeouts"]["header"] == "10s"
    assert written["backends"]["legacy"]["url"] == ["http://127.0.0.1:8081"]


# --- short forms ----------------------------------------------------------------------------------


def test_short_forms() -> None:
    short = snapshot(
        route(
            "modern: payments, learns: {kind: x, from: $.id}, "
            "shadow: {compare: {rules: [{path: $.a, instant: true}]}}",
            "{path: /a, headers: {A: x}}",
        )
    )
    long = snapshot(
        route(
            "modern: {backend: payments}, learns: {kind: x, from: [$.id]}, "
            "shadow: {compare: {rules: [{path: $.a, instant: {}}]}}",
            "{path: /a, headers: {A: {exact: x}}}",
        )
    )
    assert short.config.routes[0].model_dump() == long.config.routes[0].model_dump()


def test_one_url_or_several() -> None:
    text = "version: 1\nbackends: {legacy: {url: ['http://a:1', 'https://b']}}\n"
    assert config(text).backends["legacy"].url == (Origin("http", "a", 1), Origin("https", "b", 443))
    assert errors("version: 1\nbackends: {legacy: {url: []}}\n") == [
        "routes.yaml:2:26: backends.legacy.url: must not be empty"
    ]


# --- the kinds of value ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)), ("localhost:0", Address("localhost", 0)),
        ("[::1]:65535", Address("::1", 65535)), ("a_b.c-d:1", Address("a_b.c-d", 1)),
    ],
)  # fmt: skip
def test_addresses(text: str, result: Address) -> None:
    assert address(text) == result


@pytest.mark.parametrize(
    "text",
    ["", "8080", ":8080", "a:", "a:65536", "a:-1", "a:http", "::1:80", "[::1]", "[x]:1", "a b:1", "a..b:1",
     "-a:1",
     "http://a:1", f"{'a' * 64}:1", f"{'.'.join(['a' * 60] * 5)}:1", "a:٣"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"must be an address host:port, such as 127\.0\.0\.1:8080 or \[::1\]:8080"
    ):
        address(text)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("http://a", "http://a:80"), ("https://a", "https://a:443"), ("HTTP://A:8081/", "http://a:8081"),
        ("http://[::1]:80", "http://[::1]:80"), ("https://[fd00::1]", "https://[fd00::1]:443"),
    ],
)  # fmt: skip
def test_origins(text: str, result: str) -> None:
    assert str(origin(text)) == result


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "begins with http"),
        ("a:80", "begins with http"),
        ("ftp://a", "begins with http"),
        ("http:/a", "begins with http"),
        ("http://u:p@a", "must not contain a user or a password"),
        ("http://a/x", "must end after the host and port"),
        ("http://a?x", "must end after the host and port"),
        ("http://a/?x", "must end after"),
        ("http://a#x", "must end after"),
        ("http://", "must name a host"),
        ("http://a:0", "must name a host and a port"),
        ("http://a:x", "must name a host and a port"),
        ("http://a:", "must name a host"),
        ("http://::1", "must name a host"),
        ("http://a b", "must name a host"),
    ],
)
def test_what_is_no_origin(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        origin(text)


@pytest.mark.parametrize("text", ["http://a", "https://a.b:1/c?d=e", "http://[::1]:1/x"])
def test_web_urls(text: str) -> None:
    assert web_url(text) == text


@pytest.mark.parametrize(
    "text", ["", "a", "ftp://a", "http://", "http://a:x", "http://u@a", "http://a b", "http://a/ b"]
)
def test_what_is_no_web_url(text: str) -> None:
    with pytest.raises(ValueError, match="must be a URL that begins with http:// or https://"):
        web_url(text)


def test_networks() -> None:
    assert str(network("fd00::/8")) == "fd00::/8"
    with pytest.raises(ValueError, match=r"has bits set beyond its prefix; did you mean 10\.0\.0\.0/8\?"):
        network("10.0.0.1/8")
    for text in ("", "x", "10.0.0.0/33", "10.0.0", "1/2/3"):
        with pytest.raises(ValueError, match=r"must be a network such as 10\.0\.0\.0/8"):
            network(text)


@pytest.mark.parametrize(
    ("parse", "right", "wrong"),
    [
        (kebab_case, ["a", "payment-show", "v2-x"], ["", "A", "a_b", "-a", "a-", "a--b", "a.b", "ä", "a\n"]),
        (plain_name, ["a", "Legacy_2", "a.b-c"], ["", "-a", ".a", "a b", "a/b", "ä", "a\n"]),
        (method, ["GET", "M-SEARCH", "X!"], ["", "get", "Get", "G T", "GET\n", "GÄT"]),
        (header_name, ["X-A", "x_a", "!"], ["", "X A", "X:", "Ä", "X\n"]),
        (header_value, ["", "a", "a b\tc", "é", "a" * 9000], [" a", "a ", "a\nb", "\0", "\x7f", "€"]),
        (path, ["/", "/healthz?x=1", "/a//b"], ["", "a", "/a b", "/ü", "/a\n"]),
        (zone, ["UTC", "Europe/Berlin"], ["", "Berlin", "../etc/passwd", "Europe", "/etc/passwd", "x\0"]),
        (
            source_of("header", "path", "client_ip"),
            ["header:X-A", "path:id", "client_ip"],
            ["", "header", "header:", "client_ip:", "client_ip:x", "cookie:a", "header:a b", "X-A"],
        ),
    ],
)
def test_kinds_of_text(parse: Any, right: list[str], wrong: list[str]) -> None:
    assert [parse(text) for text in right] == right
    for text in wrong:
        with pytest.raises(ValueError, match=r"^must |X"):
            parse(text)


def test_hints_of_kinds() -> None:
    with pytest.raises(ValueError, match=r"did you mean GET\?"):
        method("get")
    with pytest.raises(ValueError, match=r"must be one of header:NAME, client_ip; did you mean client_ip\?"):
        source_of("header", "client_ip")("client-ip")


@pytest.mark.parametrize(
    ("keys", "column", "said"),
    [
        (
            "server: {workers: 0}",
            19,
            "server.workers: must be a number of processes from 1 to 1024, or auto for one per core",
        ),
        (
            "server: {workers: true}",
            19,
            "server.workers: must be a number of processes from 1 to 1024, or auto for one per core",
        ),
        ("server: {limits: {connections: 1.5}}", 32, "server.limits.connections: must be a whole number"),
        ("server: {limits: {connections: true}}", 32, "server.limits.connections: must be a whole number"),
        ("server: {limits: {connections: '5'}}", 32, "server.limits.connections: must be a whole number"),
        ("server: {limits: {connections: -1}}", 32, "server.limits.connections: must be 0 or more"),
        (
            "server: {limits: {connections: 1000000001}}",
            32,
            "server.limits.connections: must be 1,000,000,000 or less",
        ),
        ("server: {debug_headers: yes}", 25, "server.debug_headers: must be true or false, not yes"),
        ("server: {debug_headers: 1}", 25, "server.debug_headers: must be true or false"),
        ("server: {access_log: ' '}", 22, "server.access_log: must not be empty"),
        ("server: {access_log: 3}", 22, 'server.access_log: must be text: write "3" in quotes'),
        ("server: {access_log: true}", 22, 'server.access_log: must be text: write "true" in quotes'),
        ("server: {access_log: [a]}", 22, "server.access_log: must be text"),
        ("server: {tls: {cert: a}}", 10, "server.tls.key: is required"),
        ("server: {timeouts: 5s}", 20, "server.timeouts: must be a mapping of keys, not text"),
        ("server: [a]", 9, "server: must be a mapping of keys, not a list"),
        ("server:", 8, "server: must be a mapping of keys, not empty"),
        (
            "ledger: mongodb://x",
            9,
            "ledger: must be a URL that begins with sqlite://, postgresql://, mysql://, mariadb://",
        ),
        ("redis: localhost", 8, "redis: must be a URL that begins with redis://, rediss://, unix://"),
        (
            "control: {tokens: 'a:b'}",
            19,
            "control.tokens: must be name:role:sha256, separated by commas; number 1 is not of that form",
        ),
        (
            f"control: {{tokens: 'a:admin:{DIGEST}'}}",
            19,
            "control.tokens: number 1 has no known role: use viewer, reviewer or operator",
        ),
        (
            f"control: {{tokens: 'a:viewer:{DIGEST},a:operator:{DIGEST}'}}",
            19,
            "control.tokens: must not name anybody twice",
        ),
        (
            "shadow: {log: {verdicts: [mismatches]}}",
            27,
            "shadow.log.verdicts[0]: must be match, noise, mismatch, inconclusive, failed, skipped or all; "
            "did you mean mismatch?",
        ),
        ("shadow: {concurrency: 0}", 23, "shadow.concurrency: must be 1 or more"),
    ],
)
def test_what_is_refused_around_the_endpoints(keys: str, column: int, said: str) -> None:
    assert errors_below(keys) == [f"routes.yaml:5:{column}: {said}"]


@pytest.mark.parametrize(
    ("keys", "column", "said"),
    [
        (
            "modern: {backend: payments, headers: {set: {Host: x}}}",
            76,
            "modern.headers.set.Host: Host cannot be changed here: "
            "the proxy itself says it, for each connection",
        ),
        (
            "modern: {backend: payments, headers: {remove: [connection]}}",
            79,
            "modern.headers.remove[0]: connection cannot be changed here: "
            "the proxy itself says it, for each connection",
        ),
        (
            "modern: {backend: payments, path: v1}",
            66,
            "modern.path: a path starts with '/', and 'v1' does not",
        ),
        (
            "group: A",
            39,
            "group: must be kebab-case: lower-case letters, digits and single hyphens, as in payment-show",
        ),
        ("sticky: header:X", 40, "sticky: must be a list, not text: write [header:X]"),
        ("ramp: {steps: []}", 46, "ramp.steps: must be growing weights above 0, such as [1, 5, 25, 50, 100]"),
        (
            "ramp: {steps: [0, 5]}",
            46,
            "ramp.steps: must be growing weights above 0, such as [1, 5, 25, 50, 100]",
        ),
        (
            "ramp: {steps: [5, 5]}",
            46,
            "ramp.steps: must be growing weights above 0, such as [1, 5, 25, 50, 100]",
        ),
        ("ramp: {confidence: 1}", 51, "ramp.confidence: must be less than 1"),
        ("ramp: {gates: {latency: {max_ratio: 0}}}", 68, "ramp.gates.latency.max_ratio: must be more than 0"),
        ("ramp: {gates: {latency: {max_ratio: high}}}", 68, "ramp.gates.latency.max_ratio: must be a number"),
        (
            "ramp: {window: {days: [mon-fry]}}",
            55,
            "ramp.window.days[0]: must be a day such as mon, or a range such as mon-thu",
        ),
        (
            "ramp: {window: {hours: 9-16}}",
            55,
            "ramp.window.hours: must be two times of day such as 09:00-16:00",
        ),
        (
            "ramp: {window: {zone: Berlin}}",
            54,
            "ramp.window.zone: must be a time zone such as Europe/Berlin or UTC",
        ),
        ("learns: {kind: x, from: body}", 56, "learns.from: must be one of header:NAME"),
        (
            "follows: {kind: x, key: pth:x}",
            56,
            "follows.key: must be one of path:NAME, query:NAME, form:NAME, header:NAME, json:NAME, "
            "cres:NAME; did you mean path?",
        ),
        (
            "shadow: {compare: {rules: [{path: $.a}]}}",
            59,
            "shadow.compare.rules[0]: must say how to compare: "
            "money, instant, within, unordered, pattern, rule or map",
        ),
        (
            "shadow: {compare: {rules: [{path: $, map: {99: 200}}]}}",
            75,
            "shadow.compare.rules[0].map.99: must be a status from 100 to 599",
        ),
    ],
)
def test_what_is_refused_in_a_route(keys: str, column: int, said: str) -> None:
    found = errors_below(route(keys))
    assert [line for line in found if "is required by ramp" not in line] == [
        f"routes.yaml:6:{column}: routes[0].{said}"
    ]


@pytest.mark.parametrize(
    ("match", "column", "said"),
    [
        ("{}", 13, ".path: is required"),
        ("{path: a}", 27, ".path: a path starts with '/', and 'a' does not"),
        (
            "{path: /a, methods: [get]}",
            41,
            ".methods[0]: must be upper case, as methods are case-sensitive; did you mean GET?",
        ),
        ("{path: /a, methods: GET}", 40, ".methods: must be a list, not text: write [GET]"),
        (
            "{path: /a, host: 'a:80'}",
            37,
            ".host: 'a:80' is no host: write 'api.example.com' or '*.example.com', without a port",
        ),
        ("{path: /a, headers: {A: 2}}", 44, '.headers.A: must be text: write "2" in quotes'),
        (
            "{path: /a, headers: {A: {}}}",
            44,
            ".headers.A: must be a text, or one of {regex: …} and {present: true}",
        ),
        (
            "{path: /a, headers: {A: {present: true, exact: x}}}",
            44,
            ".headers.A: must be a text, or one of {regex: …} and {present: true}",
        ),
        ("{path: /a, headers: {A: {regx: x}}}", 45, ".headers.A.regx: unknown key; did you mean regex?"),
        (
            "{path: /a, headers: {A: null}}",
            44,
            ".headers.A: must be a text, or one of {regex: …} and {present: true}",
        ),
        (
            "{path: /a, headers: {A B: x}}",
            41,
            ".headers.A B: must be a header name: letters, digits and -, as in X-Source",
        ),
        ("{path: /a, query: {'': x}}", 39, ".query.: must not be empty"),
        (
            "{path: /a, query: {'a[]': x}}",
            39,
            ".query.a[]: 'a[]' names no element: write its index, as in 'a[0]'",
        ),
        (
            "{path: /a, form: {'a[]': x}}",
            38,
            ".form.a[]: 'a[]' names no element: write its index, as in 'a[0]'",
        ),
        ("{path: /a, headers: {X-A: a, x-a: b}}", 49, ".headers.x-a: is the same as X-A above"),
        ("{path: /a, query: {b.c: x, b_c: y}}", 47, ".query.b_c: is the same as b.c above"),
        ("{path: /a, form: {d e: x, d_e: y}}", 46, ".form.d_e: is the same as d e above"),
        (
            "{path: /a, methods: ['*']}",
            41,
            ".methods[0]: '*' is no method: leave methods out, and any is meant",
        ),
    ],
)
def test_what_is_refused_in_a_match(match: str, column: int, said: str) -> None:
    assert errors_below(route("", match)) == [f"routes.yaml:6:{column}: routes[0].match{said}"]


@pytest.mark.parametrize("pattern", ["(", "(a+)+", "[z-a]"])
def test_regular_expressions_that_cannot_be_used(pattern: str) -> None:
    (said,) = errors_below(route("", f"{{path: /a, headers: {{A: {{regex: '{pattern}'}}}}}}"))
    assert said.startswith(f"routes.yaml:6:52: routes[0].match.headers.A.regex: '{pattern}' ")


def test_a_whole_backend_that_is_wrong_does_not_hide_that_it_exists() -> None:
    assert errors("version: 1\nbackends:\n  legacy: {url: x, dialect: phb}\nroutes: []\n") == [
        "routes.yaml:3:17: backends.legacy.url: must be a URL that begins with http:// or https://, such as "
        "http://127.0.0.1:8081",
        "routes.yaml:3:29: backends.legacy.dialect: must be php or plain; did you mean php?",
    ]


def test_the_head_that_tests_share_is_valid() -> None:
    assert errors(HEAD) == []
