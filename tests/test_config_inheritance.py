"""What routes inherit from `defaults`, and where errors in what they inherit are said."""

from proxy.config.routes import RouteConfig
from tests.support.config import errors_below, snapshot

ROUTES = """\
routes:
  - {id: a, match: {path: /a}}
  - {id: b, match: {path: /b}}
"""


def spec(text: str, name: str = "a") -> RouteConfig:
    return snapshot(text).routes[name].spec


def test_keys_that_a_route_does_not_mention_are_inherited() -> None:
    made = spec("defaults: {modern: payments, stage: shadow, sticky: [client_ip], fallback: []}\n" + ROUTES)
    assert made.modern is not None
    assert (made.modern.backend, made.stage, made.sticky, made.fallback) == (
        "payments", "shadow", ("client_ip",), (),
    )  # fmt: skip


def test_a_route_knows_which_keys_are_its_own() -> None:
    made = spec("defaults: {modern: payments}\nroutes: [{id: a, match: {path: /a}, stage: modern}]\n")
    assert made.model_fields_set == {"id", "match", "stage"}


def test_mappings_are_inherited_key_by_key_at_every_depth() -> None:
    text = """\
    defaults:
      shadow: {sample: 10, timeout: 3s, compare: {status: false, ignore: [$.a], signed: true}}
    routes:
      - id: a
        match: {path: /a}
        shadow: {timeout: 5s, compare: {ignore: [$.b]}}
    """
    shadow = spec(text).shadow
    assert shadow is not None
    assert (shadow.sample, shadow.timeout) == (1000, 5.0)
    assert (shadow.compare.status, shadow.compare.ignore, shadow.compare.signed) == (False, ("$.b",), True)


def test_the_short_form_of_modern_is_inherited_and_overridden_like_the_long_one() -> None:
    def modern(defaults: str, own: str) -> tuple[str, dict[str, str]]:
        text = f"defaults: {{modern: {defaults}}}\nroutes: [{{id: a, match: {{path: /a}}, modern: {own}}}]\n"
        made = spec(text).modern
        assert made is not None
        return made.backend, made.headers.set

    assert modern("{backend: payments, headers: {set: {X: y}}}", "legacy") == ("legacy", {"X": "y"})
    assert modern("payments", "{headers: {set: {X: y}}}") == ("payments", {"X": "y"})
    assert modern("payments", "legacy") == ("legacy", {})


def test_null_takes_what_would_be_inherited_away() -> None:
    made = spec(
        "defaults: {modern: payments, shadow: {sample: 3}}\n"
        "routes: [{id: a, match: {path: /a}, shadow: null, modern: null}]\n"
    )
    assert (made.shadow, made.modern) == (None, None)


def test_what_is_inherited_is_shared() -> None:
    made = snapshot("defaults: {shadow: {sample: 3}, cohort: {}}\n" + ROUTES).routes
    assert made["a"].spec.shadow is made["b"].spec.shadow
    assert made["a"].plan.sticky is made["b"].plan.sticky


def test_an_error_in_the_defaults_is_said_once_and_there() -> None:
    text = "defaults: {weight: 200, shadow: {smaple: 3, timeout: 1s}}\n" + ROUTES
    assert errors_below(text) == [
        "routes.yaml:5:20: defaults.weight: must not be more than 100 percent",
        "routes.yaml:5:34: defaults.shadow.smaple: unknown key; did you mean sample?",
    ]


def test_an_error_in_the_defaults_is_said_there_also_when_a_route_adds_to_the_section() -> None:
    text = """\
    defaults: {shadow: {smaple: 3}}
    routes:
      - {id: a, match: {path: /a}, shadow: {timeout: 1}}
      - {id: b, match: {path: /b}, shadow: {timeout: 1s}}
    """
    assert errors_below(text) == [
        "routes.yaml:5:21: defaults.shadow.smaple: unknown key; did you mean sample?",
        "routes.yaml:7:50: routes[0].shadow.timeout: must be a duration such as 250ms, 10s, 5m, 24h or 14d; "
        "did you mean 1s?",
    ]


def test_what_no_route_may_inherit() -> None:
    said = [line.split(";")[0] for line in errors_below("defaults: {id: x, match: {path: /a}}\n")]
    assert said == [
        "routes.yaml:5:12: defaults.id: unknown key",
        "routes.yaml:5:19: defaults.match: unknown key",
    ]


def test_defaults_and_routes_of_the_wrong_shape() -> None:
    assert errors_below("defaults: [legacy]\nroutes: {a: b}\n") == [
        "routes.yaml:5:11: defaults: must be a mapping of keys, not a list",
        "routes.yaml:6:9: routes: must be a list, not a mapping",
    ]
    assert errors_below("defaults:\nroutes:\n") == [
        "routes.yaml:5:10: defaults: must be a mapping of keys, not empty",
        "routes.yaml:6:8: routes: must be a list, not empty",
    ]
    assert errors_below("routes: [5, [], null]\n") == [
        "routes.yaml:5:10: routes[0]: must be a mapping of keys, not a number",
        "routes.yaml:5:13: routes[1]: must be a mapping of keys, not a list",
        "routes.yaml:5:17: routes[2]: must be a mapping of keys, not empty",
    ]
