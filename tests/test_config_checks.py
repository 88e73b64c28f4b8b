"""Rules between the keys of routes.yaml, each with the exact line it says."""

import pytest

from tests.support.config import HEAD, errors, errors_below, loaded, route, warnings_below


def two(one: str = "", other: str = "") -> str:
    """Two routes on lines 6 and 7; their further keys are flow-style."""
    return (
        "routes:\n"
        f"  - {{id: one, match: {{path: /a}}, modern: payments{', ' + one if one else ''}}}\n"
        f"  - {{id: two, match: {{path: /b}}, modern: payments{', ' + other if other else ''}}}\n"
    )


def routes(*lines: str) -> str:
    """One route a line, from line 6 on."""
    return "routes:\n" + "".join(f"  - {line}\n" for line in lines)


# --- version --------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2", "'1'", "true", "1.0", "null", "[1]", "v1"])
def test_a_wrong_version_is_one_error_whatever_else_is_wrong(version: str) -> None:
    assert errors(f"version: {version}\nbogus: 1\nroutes: [{{id: X}}]\n") == [
        "routes.yaml:1:10: version: must be 1, the only version there is"
    ]
    assert loaded(f"version: {version}\nledger: x\n").warnings == ()


def test_a_missing_version_hides_nothing() -> None:
    assert errors("bogus: 1\nbackends: {legacy: {url: 'http://a'}}\n") == [
        "routes.yaml:1:1: bogus: unknown key; known here: version, server, control, ledger, redis, shadow, "
        "backends, defaults, routes",
        "routes.yaml:1:1: version: is required: write version: 1",
    ]


# --- names ----------------------------------------------------------------------------------------


def test_unknown_backends_get_a_hint() -> None:
    text = "defaults: {legacy: legcy}\n" + route("legacy: leagcy, modern: paymets")
    assert errors_below(text) == [
        "routes.yaml:5:20: defaults.legacy: there is no backend legcy; did you mean legacy?",
        "routes.yaml:7:40: routes[0].legacy: there is no backend leagcy; did you mean legacy?",
        "routes.yaml:7:56: routes[0].modern: there is no backend paymets; did you mean payments?",
    ]
    assert errors_below(route("modern: {backend: zzz}")) == [
        "routes.yaml:6:50: routes[0].modern.backend: there is no backend zzz; backends are: legacy, payments"
    ]


def test_a_mistake_in_a_route_does_not_hide_its_unknown_backends() -> None:
    assert errors_below(route("legacy: leagcy, modern: paymets, stage: modrn")) == [
        "routes.yaml:6:40: routes[0].legacy: there is no backend leagcy; did you mean legacy?",
        "routes.yaml:6:56: routes[0].modern: there is no backend paymets; did you mean payments?",
        "routes.yaml:6:72: routes[0].stage: must be legacy, shadow, canary or modern; did you mean modern?",
    ]
    [only] = errors_below(route("stage: modrn"))
    assert "stage" in only
    text = "defaults: {modern: nope}\n" + routes("{id: a, match: {path: /a}, stage: modrn}", "x")
    assert ["nope" in error for error in errors_below(text)] == [True, False, False]


def test_requests_that_no_route_matches_need_a_backend() -> None:
    assert errors("version: 1\nbackends: {php: {url: 'http://a'}}\n") == [
        "routes.yaml:1:1: defaults.legacy: there is no backend legacy; backends are: php"
    ]
    assert errors("version: 1\nbackends: {php: {url: 'http://a'}}\ndefaults: {legacy: php}\n") == []


def test_an_inherited_unknown_backend_is_said_once() -> None:
    text = "defaults: {modern: nope}\n" + routes("{id: a, match: {path: /a}}", "{id: b, match: {path: /b}}")
    assert errors_below(text) == [
        "routes.yaml:5:20: defaults.modern: there is no backend nope; backends are: legacy, payments"
    ]


def test_no_backends_is_one_error() -> None:
    text = "version: 1\nbackends: {}\nroutes: [{id: a, match: {path: /a}, legacy: x, modern: y}]\n"
    assert errors(text) == ["routes.yaml:2:11: backends: must be a mapping of keys, not empty"]
    assert errors("version: 1\nroutes: []\n") == [
        "routes.yaml:1:1: backends: is required: name at least one service"
    ]


def test_duplicate_ids_name_both_lines() -> None:
    text = routes("{id: a, match: {path: /a}}", "{id: b, match: {path: /b}}", "{id: a, match: {path: /c}}")
    assert errors_below(text) == [
        "routes.yaml:8:10: routes[2].id: a is already the id of the route on line 6"
    ]


def test_rewrites_take_what_the_path_has() -> None:
    text = routes(
        '{id: a, match: {path: "/a/{payment}"}, modern: {backend: payments, path: "/v1/{paymnt}"}}',
        '{id: b, match: {path: /b}, modern: {backend: payments, path: "/v1/{id}/{query.id}"}}',
    )
    assert errors_below(text) == [
        "routes.yaml:6:78: routes[0].modern.path: there is no path parameter paymnt; did you mean payment?; "
        "/a/{payment} has payment",
        "routes.yaml:7:66: routes[1].modern.path: there is no path parameter id; /b has no parameters",
    ]


def test_a_rewrite_from_a_variable_that_php_drops() -> None:
    (said,) = errors_below(route('modern: {backend: payments, path: "/v1/{query.a[]}"}'))
    assert said.startswith("routes.yaml:6:66: routes[0].modern.path: 'a[]' names no element")


def test_sticky_keys_cohorts_and_follows_take_what_the_path_has() -> None:
    text = routes(
        '{id: a, match: {path: "/{x}"}, sticky: [path:x, path:y]}',
        "{id: b, match: {path: /b}, cohort: {always: {path:z: [m]}}, follows: {kind: k, key: path:w}}",
    )
    assert errors_below(text) == [
        "routes.yaml:6:53: routes[0].sticky[1]: there is no path parameter y; /{x} has x",
        "routes.yaml:7:50: routes[1].cohort.always.path:z: there is no path parameter z; "
        "/b has no parameters",
        "routes.yaml:7:89: routes[1].follows.key: there is no path parameter w; /b has no parameters",
    ]


def test_inherited_sticky_keys_are_for_those_routes_that_have_the_parameter() -> None:
    assert errors_below("defaults: {sticky: [path:merchant, client_ip]}\n" + route()) == []


def test_sticky_names_that_php_drops() -> None:
    text = "defaults: {sticky: ['cookie:[x]']}\n" + routes(
        "{id: a, match: {path: /a}, cohort: {never: {'query:a[]': [m]}}}", "{id: b, match: {path: /b}}"
    )
    assert errors_below(text) == [
        "routes.yaml:5:21: defaults.sticky[0]: PHP drops a variable named '[x]'",
        "routes.yaml:7:49: routes[0].cohort.never.query:a[]: 'a[]' names no element: "
        "write its index, as in 'a[0]'",
    ]
    plain = HEAD.replace('8081"}', '8081", dialect: plain}') + text
    assert errors(plain) == [], "a backend that is no PHP has such names"


# --- stages and groups ----------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["shadow", "canary", "modern"])
def test_a_stage_beyond_legacy_needs_a_modern_side(stage: str) -> None:
    assert errors_below(route(f"stage: {stage}")) == [
        f"routes.yaml:6:5: routes[0].modern: is required at stage {stage}"
    ]
    assert errors_below(f"defaults: {{stage: {stage}}}\n" + route()) == [
        f"routes.yaml:7:5: routes[0].modern: is required at stage {stage}"
    ]
    assert errors_below("defaults: {modern: payments}\n" + route(f"stage: {stage}")) == []


def test_a_ramp_needs_a_modern_side() -> None:
    assert errors_below(route("ramp: {}")) == ["routes.yaml:6:5: routes[0].modern: is required by ramp"]
    assert errors_below("defaults: {ramp: {}}\n" + route()) == [], "an inherited ramp waits for one"


def test_a_weight_at_another_stage_is_a_warning() -> None:
    said = "has no effect at stage shadow; it holds at stage canary only"
    assert warnings_below(route("modern: payments, stage: shadow, weight: 5")) == [
        f"routes.yaml:6:73: routes[0].weight: warning: {said}"
    ]
    assert warnings_below(route("modern: payments, stage: shadow, weight: 0")) == []
    assert warnings_below(route("modern: payments, stage: canary, weight: 5")) == []


@pytest.mark.parametrize(
    ("keys", "is_said"),
    [
        ("", True),
        ("cohort: {never: {client_ip: [a]}}", True),
        ("cohort: {always: {client_ip: [a]}}", False),
        ("weight: 0", False),
        ("weight: 1", False),
        ("ramp: {gates: {mismatches: null}}", False),
    ],
)
def test_a_canary_without_a_weight_is_a_warning(keys: str, is_said: bool) -> None:
    said = (
        "routes.yaml:6:5: routes[0].weight: warning: is missing, and 0 by default: modern serves nobody; "
        "write weight: 0 if that is meant"
    )
    canary = route(f"modern: payments, stage: canary{', ' + keys if keys else ''}")
    assert warnings_below(canary) == [said] * is_said
    assert warnings_below("defaults: {weight: 5}\n" + canary) == []


def test_canaries_of_one_group_have_one_weight() -> None:
    text = two("stage: canary, weight: 5, group: g", "stage: canary, weight: 7.5, group: g")
    assert errors_below(text) == [
        "routes.yaml:7:75: routes[1].weight: is 7.5, but one on line 6, of the same group g, has 5"
    ]
    assert errors_below(text.replace("7.5", "5")) == []
    assert errors_below(text.replace("7.5, group: g", "7.5, group: h")) == []


def test_canaries_of_one_group_have_the_same_sticky_keys() -> None:
    text = two("stage: canary, group: g", "stage: canary, group: g, sticky: [client_ip]")
    assert errors_below(text) == [
        "routes.yaml:7:85: routes[1].sticky: is [client_ip], but one on line 6, of the same group g, has "
        "[header:X-Merchant-Id, cookie:PHPSESSID, client_ip]"
    ]


@pytest.mark.parametrize(("stage", "is_said"), [("shadow", True), ("legacy", True), ("modern", False)])
def test_a_group_at_several_stages_is_a_warning(stage: str, is_said: bool) -> None:
    text = two("stage: modern, group: g", f"stage: {stage}, group: g")
    said = (
        f"routes.yaml:7:59: routes[1].stage: warning: is {stage}, but one on line 6, of the same group g, "
        "has modern: one key would see both sides"
    )
    assert warnings_below(text) == ([said] if is_said else [])


def test_a_group_at_legacy_and_shadow_shows_everybody_one_side() -> None:
    assert warnings_below(two("stage: legacy, group: g", "stage: shadow, group: g")) == []


def test_nobody_is_always_and_never_in_a_cohort() -> None:
    text = route(
        "modern: payments, cohort: {always: {header:X: [b, a, c]}, never: {header:X: [a, b], cookie:s: [a]}}"
    )
    assert errors_below(text) == [
        "routes.yaml:6:108: routes[0].cohort.never.header:X: a, b cannot be in always and in never"
    ]


@pytest.mark.parametrize(
    ("methods", "said"),
    [("GET", "a GET"), ("HEAD, GET", "a GET or a HEAD"), ("POST, GET", "a GET"), ("POST", ""), ("", "")],
)
def test_forms_have_a_body(methods: str, said: str) -> None:
    text = route("", f"{{path: /a, methods: [{methods}], form: {{action: pay}}}}")
    column = 44 + len(methods)
    assert errors_below(text) == (
        [f"routes.yaml:6:{column}: routes[0].match.form: never matches {said}, which has no body; use query"]
        if said
        else []
    )


def test_writes_never_fall_back() -> None:
    text = route("modern: payments, fallback: [connect]", "{path: /a, methods: [POST, PUT]}")
    assert warnings_below(text) == [
        "routes.yaml:6:82: routes[0].fallback: warning: never happens: only safe methods fall back, "
        "and not POST or PUT"
    ]
    for quiet in ("methods: [POST, GET]", "methods: []", "methods: [HEAD]"):
        assert warnings_below(text.replace("methods: [POST, PUT]", quiet)) == []
    assert warnings_below(text.replace("[connect]", "[]")) == []
    assert warnings_below(text.replace("fallback: [connect]", "stage: modern")) == [], (
        "the default is harmless"
    )


@pytest.mark.parametrize(
    ("methods", "shadow", "why"),
    [
        ("", "sample: 0", "shadow.sample is 0: raise it"),
        (
            ", methods: [POST, PUT]",
            "",
            "only safe methods are mirrored, and not POST or PUT: give it a safe route",
        ),
    ],
)
def test_a_gate_on_mismatches_where_none_of_what_is_mirrored_counts(
    methods: str, shadow: str, why: str
) -> None:
    text = routes(
        f"{{id: a, modern: payments, match: {{path: /a{methods}}}, shadow: {{{shadow}}}, "
        "ramp: {gates: {mismatches: {max: 1}}}}"
    )
    [said] = warnings_below(text)
    assert said.endswith(f"ramp.gates.mismatches: warning: waits for ever, as {why}, or set mismatches: null")
    assert warnings_below(text.replace("[POST, PUT]", "[POST, GET]").replace("sample: 0", "sample: 1")) == []


def test_a_ramp_that_begins_with_everybody() -> None:
    text = route("modern: payments, shadow: {}, ramp: {steps: [100]}")
    assert warnings_below(text) == [
        "routes.yaml:6:76: routes[0].ramp.steps: warning: begins with everybody, and leaves the gates "
        "nothing of legacy to compare with: begin with a smaller step"
    ]
    assert warnings_below(text.replace("[100]", "[99.99, 100]")) == []


def test_limits_that_an_equal_side_cannot_prove() -> None:
    text = route(
        "modern: payments, shadow: {}, ramp: {gates: {errors: {max_increase: 0}, latency: {max_ratio: 1}}}"
    )
    errors_gate, latency_gate = warnings_below(text)
    assert errors_gate.endswith(
        "ramp.gates.errors.max_increase: warning: never passes a modern side that fails as often as legacy: "
        "allow some"
    )
    assert latency_gate.endswith(
        "ramp.gates.latency.max_ratio: warning: never passes a modern side that is as fast as legacy: allow "
        "more than 1"
    )
    assert (
        warnings_below(text.replace("increase: 0", "increase: 0.1").replace("ratio: 1", "ratio: 1.2")) == []
    )
    assert warnings_below(text.replace("{max_increase: 0}", "null").replace("{max_ratio: 1}", "null")) == []


@pytest.mark.parametrize(
    ("keys", "is_said"),
    [
        ("stage: canary, weight: 5", True),
        ("shadow: {}, ramp: {}", True),
        ("stage: modern", False),
        ("stage: canary, weight: 5, sticky: [client_ip]", False),
        ("stage: canary, weight: 5, cohort: {always: {header:X-A: [b]}}", False),
        ("stage: canary, weight: 5, cohort: {never: {header:X-A: [b]}}", True),
        ("stage: canary, weight: 5, sticky: []", True),
    ],
)
def test_a_canary_whose_sticky_key_no_request_has(keys: str, is_said: bool) -> None:
    said = warnings_below("defaults: {sticky: [path:merchant]}\n" + route(f"modern: payments, {keys}"))
    assert [one.endswith("can be had by no request of this route: as a canary, modern would serve nobody")
            for one in said] == [True] * is_said  # fmt: skip


def test_a_plan_that_is_inherited_by_a_route_without_modern_is_left_alone() -> None:
    plan = "ramp: {steps: [100], gates: {errors: {max_increase: 0}}}"
    assert warnings_below(f"defaults: {{{plan}, sticky: []}}\n" + route("stage: legacy")) == []


@pytest.mark.parametrize(("length", "is_said"), [(200, False), (201, True)])
def test_an_id_that_the_ledger_cannot_take(length: int, is_said: bool) -> None:
    said = "routes.yaml:6:10: routes[0].id: has 201 characters; the ledger takes 200"
    assert errors_below(routes(f"{{id: {'a' * length}, match: {{path: /a}}}}")) == [said] * is_said


def test_a_gate_on_mismatches_needs_something_to_compare() -> None:
    text = route("modern: payments, ramp: {gates: {mismatches: {max: 1}}}")
    said = "waits for ever, as nothing is mirrored at stage canary: add shadow, or set mismatches: null"
    assert warnings_below(text) == [f"routes.yaml:6:77: routes[0].ramp.gates.mismatches: warning: {said}"]
    assert warnings_below(text.replace("{max: 1}", "null")) == []
    assert warnings_below(text.replace("modern: payments", "modern: payments, shadow: {}")) == []


def test_attested_writes_are_refused() -> None:
    assert errors_below(route("modern: payments, shadow: {writes: attested}")) == [
        "routes.yaml:6:67: routes[0].shadow.writes: attested is not offered yet; write never"
    ]
    assert errors_below("defaults: {shadow: {writes: attested}}\n" + two()) == [
        "routes.yaml:5:29: defaults.shadow.writes: attested is not offered yet; write never"
    ]


# --- ties -----------------------------------------------------------------------------------------


def test_ties_name_both_lines() -> None:
    text = routes(
        '{id: a, match: {path: "/a/{x}", methods: [GET]}}',
        '{id: b, match: {path: "/a/{y}", methods: [GET, POST]}}',
        '{id: c, match: {path: "/a/{x:int}"}}',
    )
    assert errors_below(text) == [
        "routes.yaml:7:13: routes[1].match: ties with a on line 6: a request can meet both alike"
    ]


def test_a_route_that_can_never_win() -> None:
    text = routes(
        "{id: with, match: {path: /a, query: {x: {present: true}}}}",
        "{id: without, match: {path: /a, query: {x: {present: false}}}}",
        "{id: never, match: {path: /a}}",
    )
    assert errors_below(text) == [
        "routes.yaml:8:17: routes[2].match: can never win: with and without (line 6) come before it "
        "in every case"
    ]


def test_ties_among_valid_routes_are_found_beside_other_errors() -> None:
    text = routes("{id: a, match: {path: /a}}", "{id: b, match: {path: /a}}", "{id: C, match: {path: /a}}")
    assert [line.split(": ")[1] for line in errors_below(text)] == ["routes[1].match", "routes[2].id"]


# --- processes and backends -----------------------------------------------------------------------


def test_no_address_is_used_twice() -> None:
    assert errors_below("server: {listen: '0.0.0.0:80', status: '0.0.0.0:80'}\n") == [
        "routes.yaml:5:40: server.status: 0.0.0.0:80 is already used by server.listen"
    ]
    assert errors_below("control: {listen: 127.0.0.1:8080}\n") == [
        "routes.yaml:5:19: control.listen: 127.0.0.1:8080 is already used by server.listen"
    ]
    free = "server: {listen: '127.0.0.1:0', status: '127.0.0.1:0'}\ncontrol: {listen: '127.0.0.1:0'}\n"
    assert errors_below(free) == []


@pytest.mark.parametrize(
    ("listen", "is_said"),
    [("0.0.0.0:1", True), ("[::]:1", True), ("localhost:1", False), ("[::1]:1", False), ("10.0.0.1:1", True),
     ("127.8.8.8:1", False), ("example.com:1", True)],
)  # fmt: skip
def test_a_control_plane_without_tokens_is_for_this_machine(listen: str, is_said: bool) -> None:
    said = "only clients on this machine will be let in, as control.tokens is empty"
    warnings = [f"routes.yaml:5:19: control.listen: warning: {said}"] if is_said else []
    assert warnings_below(f"control: {{listen: '{listen}'}}\n") == warnings
    assert warnings_below(f"control: {{listen: '{listen}', tokens: 'a:viewer:{'0' * 64}'}}\n") == []


def test_health_checks_end_before_the_next() -> None:
    text = "version: 1\nbackends: {legacy: {url: 'http://a', health: {interval: 1s, timeout: 2s}}}\n"
    warnings = [str(one) for one in loaded(text).warnings]
    assert warnings == [
        "routes.yaml:2:70: backends.legacy.health.timeout: warning: is longer than interval: "
        "checks would overlap"
    ]


@pytest.mark.parametrize("tls", ["cert: a", "key: a"])
def test_certificates_come_with_keys(tls: str) -> None:
    text = f"version: 1\nbackends: {{legacy: {{url: 'https://a', tls: {{{tls}}}}}}}\n"
    assert errors(text) == [
        "routes.yaml:2:44: backends.legacy.tls: cert and key belong together: one is missing"
    ]


def backend(keys: str) -> list[str]:
    """The warnings of a file whose only backend has these keys; they begin in column 23 of line 2."""
    result = loaded(f"version: 1\nbackends: {{legacy: {{ {keys} }}}}\n")
    assert result.errors == ()
    return [str(one) for one in result.warnings]


def test_certificates_that_nobody_checks() -> None:
    assert backend("url: 'https://a', tls: {verify: true}") == []
    assert backend("url: ['http://b', 'https://a'], tls: {verify: false}") == [
        "routes.yaml:2:68: backends.legacy.tls.verify: warning: nobody checks who answers: name the "
        "authority that signed its certificate in ca instead"
    ]


def test_tls_towards_a_backend_without_it() -> None:
    assert backend("url: 'http://a', tls: {}") == []
    for key in ("verify: false", "ca: x.pem"):
        assert backend(f"url: 'http://a', tls: {{ {key} }}") == [
            "routes.yaml:2:39: backends.legacy.tls: warning: has no effect, as no url begins with https://"
        ]


@pytest.mark.parametrize(
    ("backoff", "is_said"),
    [("base: 1s", True), ("base: 1s, cap: 1s", False), ("base: 251ms", True), ("cap: 1ms", False)],
)
def test_waits_that_never_get_as_long_as_they_begin(backoff: str, is_said: bool) -> None:
    said = (
        "routes.yaml:2:66: backends.legacy.retries.backoff.base: warning: is longer than cap, 250ms, and no "
        "wait is: raise cap"
    )
    assert backend(f"url: 'http://a', retries: {{backoff: {{ {backoff} }}}}") == [said] * is_said


@pytest.mark.parametrize(("socket", "is_said"), [("a" * 107, False), ("a" * 108, True), ("é" * 54, True)])
def test_a_socket_whose_name_is_too_long(socket: str, is_said: bool) -> None:
    said = "routes.yaml:5:18: shadow.socket: has 108 bytes; a unix socket's path has 107 at most"
    assert errors_below(f"shadow: {{socket: {socket}}}\n") == [said] * is_said


# --- comparisons ----------------------------------------------------------------------------------


def test_comparison_rules_are_compiled_where_they_are_written() -> None:
    text = "defaults: {shadow: {compare: {rules: [{path: $.a, pattern: '('}]}}}\n" + routes(
        "{id: a, match: {path: /a}}",
        "{id: b, match: {path: /b}}",
        "{id: c, match: {path: /c}, shadow: {compare: {rules: [], ignore: ['$[']}}}",
        "{id: d, match: {path: /d}, shadow: {compare: {rules: [{path: $.x, key: y}]}}}",
    )
    found = errors_below(text)
    assert [line.split(": ")[:2] for line in found] == [
        ["routes.yaml:5:60", "defaults.shadow.compare.rules[0].pattern"],
        ["routes.yaml:9:71", "routes[2].shadow.compare.ignore[0]"],
        ["routes.yaml:10:76", "routes[3].shadow.compare.rules[0].key"],
    ]


@pytest.mark.parametrize(("size", "is_said"), [("8MiB", False), ("8388609", True), ("1GiB", True)])
def test_bodies_larger_than_what_comparing_reads(size: str, is_said: bool) -> None:
    said = (
        "routes.yaml:6:51: routes[0].shadow.max_body: warning: is more than the 8MiB that comparing reads: "
        "larger bodies are inconclusive"
    )
    assert warnings_below(route(f"shadow: {{max_body: {size}}}")) == [said] * is_said


def test_everything_is_reported_at_once_and_in_order() -> None:
    text = """\
    server: {listn: x}
    routes:
      - {id: a, match: {path: /a}, modern: nope}
      - {id: a, match: {path: /a}}
      - {id: B, match: {path: a}}
    bogus: 1
    """
    assert [line.split(": ")[0] for line in errors_below(text)] == [
        "routes.yaml:5:10",
        "routes.yaml:7:40",
        "routes.yaml:8:10",
        "routes.yaml:8:13",
        "routes.yaml:9:10",
        "routes.yaml:9:27",
        "routes.yaml:10:1",
    ]
