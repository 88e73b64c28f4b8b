"""Errors as people see them: the line, the place, the words, the hint."""

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from proxy.config.errors import ConfigError, Severity, did_you_mean, dotted, in_order
from proxy.config.wording import known_keys, problems
from tests.support.config import errors_below


def error(line: int = 1, column: int = 1, path: str = "a", message: str = "is wrong") -> ConfigError:
    return ConfigError("routes.yaml", line, column, path, message)


def test_the_form_of_a_line() -> None:
    assert str(error(12, 5, "routes[0].stage")) == "routes.yaml:12:5: routes[0].stage: is wrong"
    assert str(error(path="")) == "routes.yaml:1:1: is wrong"
    warning = ConfigError("conf/r.yaml", 2, 3, "redis", "accepted, not yet active", Severity.WARNING)
    assert str(warning) == "conf/r.yaml:2:3: redis: warning: accepted, not yet active"


def test_paths_as_people_write_them() -> None:
    assert dotted(()) == ""
    assert dotted(("routes", 3, "match", "headers", "X-A")) == "routes[3].match.headers.X-A"
    assert dotted((0, "a")) == "[0].a"


def test_errors_are_in_the_order_of_the_file_and_each_is_said_once() -> None:
    late, early, right = error(10, 1), error(2, 9), error(2, 10)
    again = error(2, 9, path="b")
    assert in_order([late, right, early, again]) == (early, right, late)
    assert in_order([error(message="x"), error(message="y")]) == (error(message="x"), error(message="y"))


def test_hints() -> None:
    assert did_you_mean("listn", ["limits", "listen"]) == "; did you mean listen?"
    assert did_you_mean("LISTEN", ["listen"]) == "; did you mean listen?"
    assert did_you_mean("x", ["listen"]) == ""
    assert did_you_mean("instant", ["status"]) == ""


def test_unknown_keys_get_a_hint_or_the_whole_list() -> None:
    assert errors_below("server: {timouts: {}, tls: {crt: a, cert: a, key: b}}\nshadow: {zzz: 1}\n") == [
        "routes.yaml:5:10: server.timouts: unknown key; did you mean timeouts?",
        "routes.yaml:5:29: server.tls.crt: unknown key; did you mean cert?",
        "routes.yaml:6:10: shadow.zzz: unknown key; known here: socket, log, queue, concurrency, groups",
    ]


def test_keys_are_known_wherever_sections_are_nested() -> None:
    assert known_keys(())[:3] == ("version", "server", "control")
    assert "url" in known_keys(("backends", "any"))
    assert known_keys(("routes", 7))[:2] == ("id", "match")
    assert "regex" in known_keys(("routes", 7, "match", "headers", "X-A"))
    assert "backend" in known_keys(("defaults", "modern"))
    assert known_keys(("routes", 0, "learns")) == ("kind", "from")
    assert "money" in known_keys(("routes", 0, "shadow", "compare", "rules", 3))
    assert known_keys(("routes", 0, "shadow", "compare", "rules", 3, "instant")) == ("zone", "within")


def test_an_error_that_has_no_words_of_its_own_is_put_as_pydantic_puts_it() -> None:
    detail = InitErrorDetails(
        type=PydanticCustomError("surprise", "Something new"), loc=("server", "listen"), input=None
    )
    (problem,) = problems(ValidationError.from_exception_data("Config", [detail]))
    assert (problem.path, problem.message) == (("server", "listen"), "something new")
