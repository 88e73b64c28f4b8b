"""A route's `shadow.compare`, compiled once: plain data in, everything a comparison asks out."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

from jsonpath_rfc9535 import JSONPathQuery

from shadow.compare import rules
from shadow.compare.queries import parse
from shadow.compare.selectors import Selectors
from shadow.compare.treatment import PLAIN, Treatment
from shadow.compare.words import words
from shadow.compare.xpath import XPathRule, parse_xpath

DEFAULT_HEADERS = ("content-type", "location", "cache-control", "set-cookie")
# Compared only when a policy names them: they differ by themselves, or belong to the connection (RFC 9110
# §7.6.1).
UNCOMPARED_HEADERS = words(
    """
    date server host x-powered-by connection keep-alive proxy-connection transfer-encoding te trailer upgrade
    content-length content-encoding age via x-request-id x-correlation-id request-id traceparent
    tracestate
    """
)
_KEYS = ("status", "headers", "presets", "ignore", "rules", "signed")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9a-zA-Z-]+")  # RFC 9110 §5.6.2


class PolicyError(ValueError):
    """Everything wrong with a route's compare rules: pairs of a key path ("rules[2].pattern") and what is
    wrong.
    """

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{key}: {problem}" for key, problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Policy:
    """How the answers of one route are compared.

    headers: lower-case names, or None for all but UNCOMPARED_HEADERS. php: the automatic treatments hold that
    only make sense when a side is PHP (a notice before the body, JSON served as HTML, floats printed with 17
    digits). signed: every byte of the body counts. checks_equal: equal values can still break a rule.
    source: what it was compiled of.
    """

    status: bool = True
    status_pairs: frozenset[frozenset[int]] = frozenset()
    headers: frozenset[str] | None = frozenset(DEFAULT_HEADERS)
    ignored_headers: frozenset[str] = frozenset()
    php: bool = True
    signed: bool = False
    base: Treatment = PLAIN
    selectors: Selectors = field(default_factory=lambda: Selectors(PLAIN, ()))
    xpaths: tuple[XPathRule, ...] = ()
    checks_equal: bool = False
    source: tuple[Mapping[str, object], bool] = field(default=({}, True), repr=False)

    @classmethod
    def compile(cls, compare: Mapping[str, object] | None = None, *, php: bool = True) -> Self:
        """The policy that the data under `shadow.compare` describes.

        `php`: whether a side's backend has the dialect php. Raises PolicyError with every problem at once.
        """
        reader = _Reader()
        reader.read(compare or {})
        if reader.problems:
            raise PolicyError(reader.problems)
        treatments = [treatment for _, treatment in (*reader.jsonpaths, *reader.xpaths)]
        return cls(
            status=reader.status,
            status_pairs=frozenset(reader.status_pairs),
            headers=reader.headers,
            ignored_headers=frozenset(reader.ignored_headers),
            php=php or reader.php,
            signed=reader.signed,
            base=reader.base,
            selectors=Selectors(reader.base, reader.jsonpaths),
            xpaths=tuple(XPathRule(path, treatment) for path, treatment in reader.xpaths),
            checks_equal=any(treatment.pattern is not None for treatment in treatments),
            source=(compare or {}, php),
        )

    def __reduce__(self) -> "tuple[Callable[..., Policy], tuple[Mapping[str, object], bool]]":
        """Pickled as its source: compiled patterns cannot leave the process."""
        return _recompiled, self.source

    def treatment(self, *keys: str | int) -> Treatment:
        """What holds at a place of any body, by the rules that need not look into one; $ without keys."""
        state = self.selectors.start
        for key in keys:
            state = state and state.step(key)
        return self.base if state is None else state.treatment

    def compares_header(self, name: str) -> bool:
        """Whether fields of this lower-case name are compared."""
        if name in self.ignored_headers:
            return False
        return name not in UNCOMPARED_HEADERS if self.headers is None else name in self.headers


def _recompiled(compare: Mapping[str, object], php: bool) -> Policy:
    return Policy.compile(compare, php=php)


class _Reader:
    """Reads every key, and goes on after a problem so that all are reported."""

    def __init__(self) -> None:
        self.status = True
        self.signed = False
        self.php = False
        self.headers: frozenset[str] | None = frozenset(DEFAULT_HEADERS)
        self.base = PLAIN
        self.ignored_headers: set[str] = set()
        self.status_pairs: set[frozenset[int]] = set()
        self.jsonpaths: list[tuple[JSONPathQuery, Treatment]] = []
        self.xpaths: list[tuple[str, Treatment]] = []
        self.problems: list[tuple[str, str]] = []

    @contextmanager
    def _at(self, key: str) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            self.problems.append((key, str(error)))

    def read(self, compare: Mapping[str, object]) -> None:
        self._known("", compare, _KEYS)
        with self._at("status"):
            self.status = rules.flag(compare.get("status", True))
        with self._at("signed"):
            self.signed = rules.flag(compare.get("signed", False))
        with self._at("headers"):
            self._headers(compare.get("headers"))
        for at, entry in self._entries("presets", compare.get("presets")):
            with self._at(at):
                self._preset(entry)
        for at, entry in self._entries("ignore", compare.get("ignore")):
            with self._at(at):
                self._ignore(entry)
        for at, entry in self._entries("rules", compare.get("rules")):
            with self._at(at):
                self._rule(at, entry)

    def _known(self, at: str, given: Mapping[str, object], known: tuple[str, ...]) -> None:
        for key in given:
            if key not in known:
                self.problems.append((f"{at}{key}", f"unknown key{rules.meant(str(key), known)}"))

    def _entries(self, key: str, value: object) -> list[tuple[str, object]]:
        if value is not None and not isinstance(value, list | tuple):
            self.problems.append((key, "is a list"))
            return []
        return [(f"{key}[{number}]", entry) for number, entry in enumerate(value or ())]

    def _headers(self, value: object) -> None:
        if value is None:
            return
        if not isinstance(value, list | tuple):
            raise ValueError("is a list of header names")
        names = [_header_name(name) for name in value]
        self.headers = None if "*" in names else frozenset(names)

    def _preset(self, name: object) -> None:
        """Any preset brings the automatic treatments with it; `php` is these alone."""
        self.php = True
        if name != "php":
            self.base |= Treatment(presets=frozenset((rules.preset(name),)))

    def _ignore(self, entry: object) -> None:
        if not isinstance(entry, str):
            raise ValueError(f"is a path or header:name, not {entry!r}")
        if entry.startswith("header:"):
            self.ignored_headers.add(_header_name(entry.removeprefix("header:")))
        else:
            self._select(entry, Treatment(ignore=True))

    def _rule(self, at: str, entry: object) -> None:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("path"), str):
            raise ValueError(
                "is a mapping with a path and what holds there, as in {path: $.amount, money: true}"
            )
        self._known(f"{at}.", entry, rules.RULE_KEYS)
        if len(entry) == 1:
            raise ValueError("says nothing about its path")
        found = PLAIN
        for key, value in entry.items():
            with self._at(f"{at}.{key}"):
                found |= rules.treatment(key, value)
        with self._at(f"{at}.map"):
            if entry.get("map") is not None:
                self.status_pairs |= rules.status_pairs(entry["map"])
        with self._at(f"{at}.key"):
            found = rules.paired(found)
        with self._at(f"{at}.path"):
            self._select(entry["path"], found)

    def _select(self, path: str, treatment: Treatment) -> None:
        if path.startswith("$"):
            self.jsonpaths.append((parse(path), treatment))
        elif path.startswith(("/", "(")):
            self.xpaths.append((parse_xpath(path), treatment))
        else:
            raise ValueError(f"{path!r} is no path: write a JSONPath ($.a.b) or an XPath (//a/b)")


def _header_name(name: object) -> str:
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is no header name")
    return name.lower()
