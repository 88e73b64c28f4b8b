"""What holds for any bodies: nothing differs from itself, a change is one difference, sides swap."""

import csv
import io
import json
from decimal import Decimal
from html import escape
from itertools import permutations
from typing import Any
from urllib.parse import urlencode

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support.compare import CSV, FORM, HTML, TEXT, XML, bodies, found

modest = settings(max_examples=60, deadline=None)

text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(names, inner, max_size=5),
    max_leaves=25,
)
small = st.recursive(
    st.sampled_from([0, 1, True, None, "a", 1.5]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=12,
)
xml_names = st.from_regex(r"[a-z]{1,4}", fullmatch=True)
Tree = tuple[str, dict[str, str], list[Any]]


def trees(tags: st.SearchStrategy[str]) -> st.SearchStrategy[Tree]:
    """Elements: a tag, attributes, and children that are text or elements."""
    attributes = st.dictionaries(xml_names, text, max_size=2)
    leaves = st.tuples(
        tags, attributes, st.lists(text.filter(lambda found: found.strip() == found != ""), max_size=1)
    )
    return st.recursive(
        leaves, lambda inner: st.tuples(tags, attributes, st.lists(inner, max_size=4)), max_leaves=10
    )


def markup(tree: Tree, indent: str = "") -> str:
    tag, attributes, children = tree
    written = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    inner = "".join(escape(child) if isinstance(child, str) else markup(child, indent) for child in children)
    laid_out = indent if any(not isinstance(child, str) for child in children) else ""
    return f"<{tag}{written}>{laid_out}{inner}{laid_out}</{tag}>{indent}"


def leaves(value: Any, path: str = "$") -> list[tuple[str, list[Any]]]:
    """Every scalar's path as the comparison writes it (plain names only), and the keys that lead to it."""
    if isinstance(value, dict):
        return [(p, [k, *keys]) for k, v in value.items() for p, keys in leaves(v, f"{path}.{k}")]
    if isinstance(value, list):
        return [(p, [i, *keys]) for i, v in enumerate(value) for p, keys in leaves(v, f"{path}[{i}]")]
    return [(path, [])]


def replaced(value: Any, keys: list[Any], leaf: Any) -> Any:
    if not keys:
        return leaf
    copy = value.copy()
    copy[keys[0]] = replaced(value[keys[0]], keys[1:], leaf)
    return copy


@modest
@given(values)
def test_json_does_not_differ_from_itself_however_it_is_written(value: Any) -> None:
    plain = json.dumps(value, ensure_ascii=False)
    assert not bodies(plain, json.dumps(value, indent=1).replace("/", "\\/")).differences


@modest
@given(values)
def test_json_does_not_differ_from_itself_through_php_floats(value: Any) -> None:
    """serialize_precision=17 and whole numbers without their fraction."""

    def php(text_of_float: str) -> Decimal:
        return Decimal(f"{float(text_of_float):.17g}")

    spelled = json.loads(json.dumps(value), parse_float=lambda digits: _Spelled(php(digits)))
    assert not bodies(json.dumps(value), json.dumps(spelled)).differences


class _Spelled(float):
    """A float that JSON writes with 17 digits."""

    def __repr__(self) -> str:
        return f"{float(self):.17g}"


@modest
@given(small, st.data())
def test_one_changed_leaf_is_one_difference_at_its_path(value: Any, data: st.DataObject) -> None:
    places = leaves(value)
    assume(places)
    path, keys = data.draw(st.sampled_from(places))
    changed = replaced(value, keys, "something else")
    differences = bodies(json.dumps(value), json.dumps(changed)).differences
    assert [difference.path for difference in differences] == [path]
    assert differences[0].shadow == "something else"


@modest
@given(small, small)
def test_swapping_sides_swaps_missing_and_extra(one: Any, other: Any) -> None:
    assert_mirrored(json.dumps([one, other, one]), json.dumps([other, one]), "application/json")


@modest
@given(st.lists(small, max_size=8), st.lists(small, max_size=8))
def test_swapping_lists_swaps_missing_and_extra(one: Any, other: Any) -> None:
    assert_mirrored(json.dumps(one), json.dumps(other), "application/json")


@modest
@given(st.lists(small, max_size=6), st.lists(small, max_size=6))
def test_swapping_unordered_lists_swaps_missing_and_extra(one: Any, other: Any) -> None:
    rules = {"rules": [{"path": "$", "unordered": True}]}
    assert_mirrored(json.dumps(one), json.dumps(other), "application/json", rules)


def assert_mirrored(one: str, other: str, content_type: str, rules: dict[str, Any] | None = None) -> None:
    there = [str(found.kind) for found in bodies(one, other, rules, content_type).differences]
    back = [str(found.kind) for found in bodies(other, one, rules, content_type).differences]
    swap = {"missing": "extra", "extra": "missing"}
    assert sorted(there) == sorted(swap.get(kind, kind) for kind in back)


RULES: dict[str, dict[str, Any]] = {
    "ignore": {"ignore": ["$..a"]},
    "within": {"rules": [{"path": "$..a", "within": 1}]},
    "pattern": {"rules": [{"path": "$..a", "pattern": "^a$"}]},
    "unordered": {"rules": [{"path": "$..a", "unordered": True}]},
}


def same(one: Any, other: Any, rule: str, here: bool = False) -> bool:
    """What a rule means, spelled out: whether two values are equal, if it holds at every `a`."""
    if here and rule == "ignore":
        return True
    if here and rule == "pattern":
        return bool(one == other == "a")
    if type(one) is not type(other) and not (_is_number(one) and _is_number(other)):
        return False
    if isinstance(one, dict):
        return {*one} - _left_out(rule) == {*other} - _left_out(rule) and all(
            same(one[name], other[name], rule, name == "a") for name in one if name in other
        )
    if isinstance(one, list):
        orders = permutations(other) if here and rule == "unordered" else [other]
        return len(one) == len(other) and any(
            all(same(left, right, rule) for left, right in zip(one, order, strict=True)) for order in orders
        )
    if here and rule == "within" and _is_number(one):
        return bool(abs(one - other) <= 1)
    return bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _left_out(rule: str) -> set[str]:
    return {"a"} if rule == "ignore" else set()


@settings(max_examples=300, deadline=None)
@given(small, small, st.sampled_from(list(RULES)), st.data())
def test_a_rule_means_what_it_says(value: Any, part: Any, rule: str, data: st.DataObject) -> None:
    """Against a plain reading of the rules: it differs exactly if that says so."""
    other = value
    for _ in range(data.draw(st.integers(0, 2))):
        places = leaves(other)
        if places:
            other = replaced(
                other, data.draw(st.sampled_from(places))[1], data.draw(st.just(part) | st.integers(0, 3))
            )
    result = bodies(json.dumps([value, {"a": other}]), json.dumps([other, {"a": value}]), RULES[rule])
    assert bool(result.differences) is not same([value, {"a": other}], [other, {"a": value}], rule)


@modest
@given(st.lists(st.integers(0, 5), max_size=12), st.lists(st.integers(0, 5), max_size=12))
def test_a_list_never_brings_more_differences_than_its_elements(one: list[int], other: list[int]) -> None:
    differences = bodies(json.dumps(one), json.dumps(other)).differences
    assert len(differences) <= max(len(one), len(other))
    assert bool(differences) is (one != other)


@modest
@given(st.lists(st.integers(), min_size=1, max_size=30, unique=True), st.data())
def test_an_insertion_anywhere_is_one_difference(items: list[int], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(items)))
    longer = [*items[:index], "new", *items[index:]]
    assert found(bodies(json.dumps(items), json.dumps(longer))) == [f"$[{index}] extra"]
    assert found(bodies(json.dumps(longer), json.dumps(items))) == [f"$[{index}] missing"]


@modest
@given(trees(xml_names))
def test_xml_does_not_differ_from_itself_however_it_is_laid_out(tree: Tree) -> None:
    assert not bodies(markup(tree), markup(tree, "\n  "), None, XML).differences


@modest
@given(trees(xml_names), trees(xml_names))
def test_swapping_xml_swaps_missing_and_extra(one: Tree, other: Tree) -> None:
    assert_mirrored(markup(("r", {}, [one, other])), markup(("r", {}, [other, one, one])), XML)


@modest
@given(trees(st.sampled_from(["div", "ul", "section", "article"])))
def test_html_does_not_differ_from_itself_however_it_is_laid_out(tree: Tree) -> None:
    assert not bodies(markup(tree), markup(tree, "\n\t") + "<!-- x -->", None, HTML).differences


@modest
@given(trees(st.sampled_from(["div", "b", "p", "i"])), trees(st.sampled_from(["div", "b", "p", "i"])))
def test_swapping_html_swaps_missing_and_extra(one: Tree, other: Tree) -> None:
    assert_mirrored(markup(("div", {}, [one, other])), markup(("div", {}, [other, one])), HTML)


@modest
@given(st.lists(st.tuples(text, text), max_size=6))
def test_a_form_does_not_differ_from_itself_however_it_is_escaped(fields: list[tuple[str, str]]) -> None:
    plain = urlencode(fields)
    assert not bodies(plain, plain.replace("+", "%20").replace("%C3", "%c3"), None, FORM).differences


rows = st.lists(st.lists(text, min_size=2, max_size=2), min_size=1, max_size=5)


@modest
@given(rows)
def test_csv_does_not_differ_from_itself_however_it_is_quoted(table: list[list[str]]) -> None:
    table = [["id", "name"], *table]
    assert not bodies(written(table, csv.QUOTE_ALL), written(table, csv.QUOTE_MINIMAL), None, CSV).differences


def written(table: list[list[str]], quoting: Any) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=quoting, lineterminator="\n" if quoting else "\r\n").writerows(table)
    return out.getvalue()


@modest
@given(rows, st.data())
def test_one_changed_cell_is_one_difference_at_its_path(table: list[list[str]], data: st.DataObject) -> None:
    row, column = data.draw(st.integers(0, len(table) - 1)), data.draw(st.sampled_from([0, 1]))
    changed = [list(line) for line in table]
    changed[row][column] += "!"
    head = ["id", "name"]
    one, other = written([head, *table], csv.QUOTE_ALL), written([head, *changed], csv.QUOTE_ALL)
    assert found(bodies(one, other, None, CSV)) == [f"[{row}].{head[column]} changed"]


@modest
@given(st.lists(text, max_size=6))
def test_text_does_not_differ_from_itself_with_other_line_ends(lines: list[str]) -> None:
    assert not bodies("\n".join(lines), "\r\n".join(lines), None, TEXT).differences


@modest
@given(
    st.binary(max_size=60), st.sampled_from(["image/png", TEXT, HTML, XML, CSV, FORM, "application/json", ""])
)
def test_any_bytes_of_any_type_do_not_differ_from_themselves(body: bytes, content_type: str) -> None:
    assert not bodies(body, body, None, content_type).differences


@modest
@given(
    st.binary(max_size=60),
    st.binary(max_size=60),
    st.sampled_from([TEXT, HTML, XML, CSV, FORM, "application/json", ""]),
)
def test_any_bytes_of_any_type_can_be_compared(one: bytes, other: bytes, content_type: str) -> None:
    assert_mirrored_bytes(one, other, content_type)


def assert_mirrored_bytes(one: bytes, other: bytes, content_type: str) -> None:
    there = bodies(one, other, None, content_type)
    back = bodies(other, one, None, content_type)
    assert len(there.differences) == len(back.differences)
