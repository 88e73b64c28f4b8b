"""What unquoted text means, and what the environment puts into values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.scalars import Substituted, UnsetVariableError, resolve, substitute, typed
from tests.support.config import errors, errors_below, route, snapshot

ENVIRONMENT = {"NAME": "value", "EMPTY": "", "N": "8", "YES": "true", "NESTED": "${NAME}", "TILDE": "~"}


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", None), ("~", None), ("null", None), ("NULL", None), ("nULL", "nULL"),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("tRUE", "tRUE"),
        ("0", 0), ("-12", -12), ("+7", 7), ("1" * 300, int("1" * 300)), ("1" * 301, "1" * 301),
        ("007", "007"), ("-01.5", "-01.5"), ("00", "00"), ("0.5", 0.5),
        ("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("-1e3", -1000.0), ("1.5E-2", 0.015),
        ("0x10", "0x10"), ("0o7", "0o7"), ("1_000", "1_000"), (".inf", ".inf"), (".nan", ".nan"),
        (".", "."), ("1e", "1e"), ("1e9999", "1e9999"), ("٣", "٣"), ("12:30", "12:30"), (" 1", " 1"),
    ],
)  # fmt: skip
def test_unquoted_text(text: str, meaning: object) -> None:
    result = resolve(text)
    assert result == meaning
    assert type(result) is type(meaning)


@given(st.text())
def test_any_text_means_something(text: str) -> None:
    assert isinstance(resolve(text), str | int | float | None)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("no reference", "no reference"),
        ("${NAME}", "value"),
        ("a ${NAME} and ${NAME}!", "a value and value!"),
        ("${NAME:-other}", "value"),
        ("${NOPE:-other}", "other"),
        ("${NOPE:-}", ""),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY}", ""),
        ("${NOPE:-http://a:1/?x=${}", "http://a:1/?x=${"),
        ("$${NAME}", "${NAME}"),
        ("$$${NAME}", "$${NAME}"),
        ("${NESTED}", "${NAME}"),
        ("$NAME", "$NAME"),
        ("cost: 5$", "cost: 5$"),
    ],
)
def test_references(text: str, result: str) -> None:
    assert substitute(text, ENVIRONMENT) == result


@pytest.mark.parametrize(
    "text", ["${", "${}", "${1A}", "${NAME", "${NA ME}", "${NAME:}", "${NAME-x}", "a ${ b"]
)
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(UnsetVariableError, match=r"\$\{ must be followed by a name and \}; write \$\$\{"):
        substitute(text, ENVIRONMENT)


@pytest.mark.parametrize("value", ["a\nb", "a\0b", "\udcff"])
def test_values_that_could_not_stand_in_the_file(value: str) -> None:
    with pytest.raises(UnsetVariableError, match="the variable X holds characters that cannot be printed"):
        substitute("${X}", {"X": value})


def test_only_substituted_text_is_typed() -> None:
    assert typed("8") == "8"
    assert typed(8) == 8
    assert typed(Substituted("8")) == 8
    assert typed(Substituted("")) is None


# --- in a file ------------------------------------------------------------------------------------


def test_an_unset_variable_has_its_place() -> None:
    assert errors("version: 1\nbackends:\n  legacy:\n    url: ${LEGACY_URL}\n") == [
        "routes.yaml:4:10: backends.legacy.url: the variable LEGACY_URL is not set; "
        "${LEGACY_URL:-…} gives it a default"
    ]


def test_numbers_and_booleans_are_typed_where_they_are_expected_and_stay_text_where_text_is() -> None:
    text = """\
    server: {workers: "${N}", debug_headers: "${YES}", limits: {header_count: "1${N}", body: "${N}KiB"}}
    redis: ${EMPTY}
    ledger: ${NOPE:-sqlite:///x.db}
    routes:
      - id: a
        match: {path: "/${NAME}", headers: {X-Version: "${N}", X-Flag: "${YES}", X-Tilde: "${TILDE}"}}
        modern: ${BACKEND:-payments}
        stage: ${STAGE:-canary}
        weight: ${WEIGHT:-12.5}
    """
    made = snapshot(text, **ENVIRONMENT)
    server, spec = made.config.server, made.routes["a"].spec
    assert (server.workers, server.debug_headers) == (8, True)
    assert (server.limits.header_count, server.limits.body) == (18, 8192)
    assert (made.config.redis, made.config.ledger) == (None, "sqlite:///x.db")
    assert {name: wanted.exact for name, wanted in spec.match.headers.items()} == {
        "X-Version": "8", "X-Flag": "true", "X-Tilde": "~",
    }  # fmt: skip
    assert (spec.match.path.source, spec.stage, spec.weight) == ("/value", "canary", 1250)
    assert spec.modern is not None
    assert spec.modern.backend == "payments"


def test_a_reference_without_quotes_between_braces_gets_a_hint() -> None:
    assert errors_below("server: {workers: ${N}, debug_headers: true}") == [
        "routes.yaml:5:20: not valid YAML: inside { } and [ ] a ${…} needs quotes "
        "(while parsing a flow mapping, begun on line 5)"
    ]


def test_keys_are_not_substituted() -> None:
    (said,) = errors_below("'${NAME}': 1", NAME="server")
    assert said.startswith("routes.yaml:5:1: ${NAME}: unknown key")


def test_a_wrong_substituted_value_is_reported_like_any_other() -> None:
    assert errors_below(route("weight: '${W}'"), W="120") == [
        "routes.yaml:6:40: routes[0].weight: must not be more than 100 percent"
    ]


@pytest.mark.parametrize("key", ["ledger", "redis", "control: {tokens", "server: {tls"])
def test_secrets_are_not_repeated_in_errors(key: str) -> None:
    closing = "}" if "{" in key else ""
    said = errors_below(f"{key}: ${{SECRET}}{closing}\n", SECRET="hunter2:hunter2@hunter2")
    assert said
    assert "hunter2" not in "".join(said)
