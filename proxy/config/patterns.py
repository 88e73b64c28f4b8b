"""From `match` as configured to the pattern that the routing table knows."""

from collections.abc import Iterator

from proxy.config.draft import Draft
from proxy.config.errors import Problem
from proxy.config.matching import Match, ValueMatch
from proxy.config.routes import RouteConfig
from proxy.routing.pattern import Pattern
from proxy.routing.subjects import Condition, Form, Header, Query, Subject
from proxy.routing.values import Exact, Matcher, Present, regex
from proxy.routing.variable import Variable, variable


class VariableError(Exception):
    """A query or form variable that no request can set, or a name that another spelling of it already says.

    `section` is `headers`, `query` or `form`.
    """

    def __init__(self, section: str, name: str, reason: str) -> None:
        super().__init__(reason)
        self.section = section
        self.name = name


def patterns_of(draft: Draft) -> tuple[dict[int, Pattern], list[Problem]]:
    """The pattern of each route by its place in the list, and what is wrong with those that have none."""
    patterns: dict[int, Pattern] = {}
    problems: list[Problem] = []
    for place, route in draft.routes.items():
        try:
            patterns[place] = _pattern(route.match, reads_as_php(route, draft))
        except VariableError as error:
            path = ("routes", place, "match", error.section, error.name)
            problems.append(Problem(path, str(error), at_key=True))
    return patterns, problems


def reads_as_php(route: RouteConfig, draft: Draft) -> bool:
    """Whether query, form and cookies of the route are read as PHP reads them."""
    legacy = draft.backends.get(route.legacy)
    return legacy is None or legacy.dialect == "php"


def _pattern(match: Match, php: bool) -> Pattern:
    return Pattern(
        match.path,
        frozenset(method.encode() for method in match.methods),
        match.host.encode() if match.host else None,
        tuple(_conditions(match, php)),
    )


def _conditions(match: Match, php: bool) -> Iterator[Condition]:
    named: dict[Subject, str] = {}
    for section, name, subject, wanted in _subjects(match, php):
        if subject in named:
            raise VariableError(section, name, f"is the same as {named[subject]} above")
        named[subject] = name
        yield Condition(subject, _matcher(wanted))


def _subjects(match: Match, php: bool) -> Iterator[tuple[str, str, Subject, ValueMatch]]:
    for name, wanted in match.headers.items():
        yield "headers", name, Header(name.lower().encode()), wanted
    for name, wanted in match.query.items():
        yield "query", name, Query(_variable("query", name, php)), wanted
    for name, wanted in match.form.items():
        yield "form", name, Form(_variable("form", name, php)), wanted


def _variable(section: str, name: str, php: bool) -> Variable:
    try:
        return variable(name, php)
    except ValueError as error:
        raise VariableError(section, name, str(error)) from None


def _matcher(wanted: ValueMatch) -> Matcher:
    if wanted.exact is not None:
        return Exact(wanted.exact.encode())
    if wanted.regex is not None:
        return regex(wanted.regex)
    return Present(wanted.present is True)
