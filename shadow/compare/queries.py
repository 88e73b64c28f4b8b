"""JSONPath queries as the library reads and evaluates them, kept from taking long.

Patterns are RE2's, filters look at what is under the element that they judge, what is selected is bounded.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import re2
from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathError, JSONPathNode, JSONPathNodeList, JSONPathQuery
from jsonpath_rfc9535.filter_expressions import (
    ComparisonExpression,
    Expression,
    FilterContext,
    FilterExpression,
    FilterQuery,
    FunctionExtension,
    LogicalExpression,
    PrefixExpression,
    RelativeFilterQuery,
    RootFilterQuery,
    StringLiteral,
)
from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction
from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment
from jsonpath_rfc9535.selectors import FilterSelector, JSONPathSelector, NameSelector

from shadow.compare.model import OverLimit
from shadow.compare.subsequence import Budget

_VISITS: Final = 500_000


class _LinearRegex(FilterFunction):
    """match() and search() (RFC 9535 §2.4.6, §2.4.7) on RE2: a filter's pattern cannot stall a comparison."""

    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]  # noqa: RUF012 (the base class declares it so)
    return_type = ExpressionType.LOGICAL

    def __init__(self, whole: bool) -> None:
        self._whole = whole

    def __call__(self, text: object, pattern: object) -> bool:
        if not isinstance(text, str) or not isinstance(pattern, str):
            return False
        try:
            compiled = re2.compile(pattern)
        except re2.error:
            return False
        return bool(compiled.fullmatch(text) if self._whole else compiled.search(text))


class _Environment(JSONPathEnvironment):
    max_recursion_depth = 512  # as deep as bodies are compared

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions["match"] = _LinearRegex(whole=True)
        self.function_extensions["search"] = _LinearRegex(whole=False)


_ENVIRONMENT = _Environment()


def parse(query: str) -> JSONPathQuery:
    """A compiled query; ValueError with the library's words if it is not RFC 9535.

    A filter that searches the whole body for each of its elements is refused: that takes the square of it.
    """
    try:
        compiled = _ENVIRONMENT.compile(query)
    except JSONPathError as error:
        raise ValueError(f"{query!r} is no JSONPath (RFC 9535): {error}") from None
    if _searches_twice(compiled, descended=False):
        raise ValueError(f"{query!r} would search the body again for each element: search it once")
    _hasten(compiled)
    return compiled


class _Member(RelativeFilterQuery):
    """`@.a.b` where it is compared with something: the library takes ten times as long to look it up."""

    __slots__ = ("names",)

    def __init__(self, found: RelativeFilterQuery, names: tuple[str, ...]) -> None:
        super().__init__(found.token, found.query)
        self.names = names

    def evaluate(self, context: FilterContext) -> object:
        value = context.current
        for name in self.names:
            if not isinstance(value, dict) or name not in value:
                return JSONPathNodeList()
            value = value[name]
        return value


class _Equals(FilterSelector):
    """`?@.a.b == 'text'`, or with !=: what most filters are, judged without the library's objects."""

    def __init__(self, found: FilterSelector, names: tuple[str, ...], text: str, wanted: bool) -> None:
        super().__init__(env=found.env, token=found.token, expression=found.expression)
        self._names = names
        self._text = text
        self._wanted = wanted

    def resolve(self, node: JSONPathNode) -> Iterable[JSONPathNode]:
        items: Iterable[tuple[str | int, object]] = ()
        if isinstance(node.value, dict):
            items = node.value.items()
        elif isinstance(node.value, list):
            items = enumerate(node.value)
        for key, item in items:
            if (self._value(item) == self._text) is self._wanted:
                yield node.new_child(item, key, node)

    def _value(self, item: object) -> object:
        for name in self._names:
            if not isinstance(item, dict) or name not in item:
                return None
            item = item[name]
        return item


def _hasten(query: JSONPathQuery) -> None:
    """Put a `_Member` wherever a filter compares a member, and an `_Equals` where it does nothing else."""
    for segment in query.segments:
        for selector in segment.selectors:
            if isinstance(selector, FilterSelector):
                for comparison in _comparisons(selector.expression):
                    comparison.left = _hastened(comparison.left)
                    comparison.right = _hastened(comparison.right)
        segment.selectors = tuple(map(_simple, segment.selectors))


def _simple(selector: JSONPathSelector) -> JSONPathSelector:
    comparison = selector.expression.expression if isinstance(selector, FilterSelector) else None
    match selector, comparison:
        case (
            FilterSelector() as found,
            ComparisonExpression(left=_Member(names=names), operator=sign, right=StringLiteral(value=text)),
        ) if sign in ("==", "!="):
            return _Equals(found, names, text, sign == "==")
        case _:
            return selector


def _comparisons(expression: Expression) -> Iterator[ComparisonExpression]:
    match expression:
        case ComparisonExpression():
            yield expression
        case FilterExpression(expression=inner) | PrefixExpression(right=inner):
            yield from _comparisons(inner)
        case LogicalExpression(left=left, right=right):
            yield from _comparisons(left)
            yield from _comparisons(right)


def _hastened(side: Expression) -> Expression:
    if not isinstance(side, RelativeFilterQuery) or side.query.empty():
        return side
    selectors = [selector for segment in side.query.segments for selector in segment.selectors]
    names = tuple(selector.name for selector in selectors if isinstance(selector, NameSelector))
    return _Member(side, names) if len(names) == len(selectors) and not _descends(side.query) else side


def _searches_twice(query: JSONPathQuery, descended: bool) -> bool:
    """Whether a filter in a query looks at more than what is under the element that it judges, or descends
    under a query that does.
    """
    for segment in query.segments:
        descended = descended or isinstance(segment, JSONPathRecursiveDescentSegment)
        filters = [selector for selector in segment.selectors if isinstance(selector, FilterSelector)]
        for inner in (found for selector in filters for found in _queries(selector.expression)):
            if isinstance(inner, RootFilterQuery):
                if not inner.query.singular_query():
                    return True
            elif (descended and _descends(inner.query)) or _searches_twice(inner.query, descended):
                return True
    return False


def _descends(query: JSONPathQuery) -> bool:
    return any(isinstance(segment, JSONPathRecursiveDescentSegment) for segment in query.segments)


def _queries(expression: Expression) -> Iterator[FilterQuery]:
    """The queries in a filter."""
    match expression:
        case FilterQuery():
            yield expression
        case FilterExpression(expression=inner) | PrefixExpression(right=inner):
            yield from _queries(inner)
        case LogicalExpression(left=left, right=right) | ComparisonExpression(left=left, right=right):
            yield from _queries(left)
            yield from _queries(right)
        case FunctionExtension(args=args):
            for argument in args:
                yield from _queries(argument)


def reads_numbers(query: JSONPathQuery) -> bool:
    """Whether a filter may do more than compare strings: then it has to see numbers as the library does."""
    selectors = (selector for segment in query.segments for selector in segment.selectors)
    return any(isinstance(found, FilterSelector) and not isinstance(found, _Equals) for found in selectors)


def locations(query: JSONPathQuery, document: object) -> list[tuple[str | int, ...]]:
    root = JSONPathNode(value=document, location=(), parent=None, root=document)  # type: ignore[arg-type] # its alias is invariant
    nodes: Iterable[JSONPathNode] = [root]
    budget = Budget(_VISITS)
    try:
        for segment in query.segments:
            nodes = _within(budget, segment.resolve(nodes))
        return [node.location for node in nodes]
    except (RecursionError, JSONPathError):
        raise OverLimit(f"{query} could not be evaluated: the body is nested too deep") from None


def _within(budget: Budget, nodes: Iterable[JSONPathNode]) -> Iterator[JSONPathNode]:
    """These nodes, while the budget lasts: `$..*..*` has the same one many times. Each costs its depth."""
    for node in nodes:
        if not budget.take(1 + len(node.location) // 8):
            raise OverLimit("a JSONPath selects too much of the body")
        yield node
