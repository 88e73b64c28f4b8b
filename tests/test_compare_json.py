"""JSON: paths, alignment and rules, beyond what PHP and Python happen to write."""

import pytest

from shadow.compare import Kind, shown
from shadow.compare.hints import explained
from tests.support.compare import CSV, FORM, bodies, found


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a", "$.a"),
        ("_x1", "$._x1"),
        ("a-b", "$['a-b']"),
        ("1a", "$['1a']"),
        ("ü", "$['ü']"),
        ("a'b", "$['a\\'b']"),
        ("a\\\\b", "$['a\\\\b']"),
        ("\\n\\u0001", "$['\\n\\u0001']"),
        ('\\"', "$['\"']"),
        ("\\ud83d", "$['\\ud83d']"),
        ("\\ud83d\\ude00", "$['😀']"),
    ],
)
def test_names_are_written_as_rfc_9535_has_them(name: str, path: str) -> None:
    assert found(bodies(f'{{"{name}":1}}', f'{{"{name}":2}}')) == [f"{path} changed"]


@pytest.mark.parametrize(
    ("one", "other", "content_type", "path"),
    [
        ("a%00b=1", "a%00b=2", FORM, "a\\u0000b changed"),
        ("id,a\0b\n1,x\n", "id,a\0b\n1,y\n", CSV, "[0].a\\u0000b changed"),
        ("id,a\0b\n1,x\n", "id\n1\n", CSV, "[*].a\\u0000b missing"),
    ],
)
def test_a_path_has_no_nul_that_no_database_would_take(
    one: str, other: str, content_type: str, path: str
) -> None:
    assert found(bodies(one, other, content_type=content_type)) == [path]


def test_one_odd_name_puts_the_whole_path_in_brackets() -> None:
    assert found(bodies('{"a":[{"b c":1}]}', '{"a":[{"b c":2}]}')) == ["$['a'][0]['b c'] changed"]


def test_another_order_is_one_difference_where_rules_reach_too() -> None:
    assert found(bodies('{"a":[1,2,3]}', '{"a":[3,1,2]}', {"ignore": ["$..at"]})) == ["$.a order"]


# Two of five elements in another order are told one by one.
MOVED = ["$[4] missing", "$[0] extra", "$[1].id changed", "$[2].id changed", "$[3].id changed"]


@pytest.mark.parametrize(
    ("one", "other", "differences"),
    [
        ("[1,2,3]", "[0,1,2,3]", ["$[0] extra"]),
        ("[1,2,3]", "[1,3]", ["$[1] missing"]),
        ("[1,2,3]", "[1,9,3]", ["$[1] changed"]),
        ("[1,2,3]", "[4,5]", ["$[0] changed", "$[1] changed", "$[2] missing"]),
        ("[1,2,3,4]", "[2,3,4,1]", ["$ order"]),
        ("[0,0,1]", "[1,0,2]", ["$[0] changed", "$[2] changed"]),
        ("[[1,2],[3]]", "[[0],[1,2],[3]]", ["$[0] extra"]),
        (
            '[{"id":1,"t":1},{"id":2,"t":2}]',
            '[{"id":0,"t":0},{"id":1,"t":8},{"id":2,"t":9}]',
            ["$[0] extra", "$[0].t changed", "$[1].t changed"],
        ),
        ('[{"id":1,"s":"ok"}]', '[{"id":0,"s":"ok"},{"id":1,"s":"no"}]', ["$[0] extra", "$[0].s changed"]),
        ('[{"id":1,"v":1},{"id":2,"v":2}]', '[{"id":2,"v":2},{"id":1,"v":3}]', ["$ order", "$[0].v changed"]),
        ('[{"id":1},{"id":2}]', '[{"id":2},{"id":1},{"id":3}]', ["$ order", "$[2] extra"]),
        ('["a","b","c"]', '["c","a"]', ["$ order", "$[1] missing"]),
        (
            '[{"id":1},{"id":2},{"id":3},{"id":4},{"id":5}]',
            '[{"id":5},{"id":1},{"id":7},{"id":8},{"id":9}]',
            MOVED,
        ),
        ('[{"a":1},{"a":2}]', '[{"a":3},{"a":4}]', ["$[0].a changed", "$[1].a changed"]),
        ('[{"uuid":"x","n":[1]}]', '[{"uuid":"x","n":[1,2]}]', ["$[0].n[1] extra"]),
    ],
)
def test_elements_are_paired_by_content(one: str, other: str, differences: list[str]) -> None:
    assert sorted(found(bodies(one, other))) == sorted(differences)


def test_a_path_names_the_element_of_the_side_that_has_it() -> None:
    result = bodies('[{"id":1},{"id":2,"x":1}]', '[{"id":0},{"id":1},{"id":2,"x":2,"y":3}]')
    assert sorted(found(result)) == ["$[0] extra", "$[1].x changed", "$[2].y extra"]


def test_a_long_list_with_one_insertion_and_many_changes() -> None:
    items = [f'{{"id":{number},"v":{number}}}' for number in range(500)]
    changed = ['{"id":-1,"v":0}', *(item.replace('"v":', '"v":1') for item in items)]
    result = bodies(f"[{','.join(items)}]", f"[{','.join(changed)}]")
    assert len(result.differences) == 501


@pytest.mark.parametrize(
    ("other", "differences"),
    [
        ('{"id":9,"a":7,"b":8,"c":9}', ["$[1] missing", "$[1] extra"]),
        ('{"id":9,"a":7,"b":8,"c":5}', ["$[1] missing", "$[1] extra"]),
        ('{"id":9,"a":7,"b":1,"c":5}', ["$[1].id changed", "$[1].a changed"]),
        ('{"id":9,"a":1,"b":8,"c":9}', ["$[1].id changed", "$[1].b changed", "$[1].c changed"]),
        ('{"id":2,"a":7,"b":8,"c":9}', ["$[1].a changed", "$[1].b changed", "$[1].c changed"]),
        ("[9,7,8,9]", ["$[1] type"]),
    ],
)
def test_another_name_and_little_in_common_are_two_elements(other: str, differences: list[str]) -> None:
    """Unless another member says that they are the same: a."""
    first, last = '{"id":1,"a":0,"b":1,"c":5}', '{"id":3,"a":3,"b":1,"c":5}'
    one = f'[{first},{{"id":2,"a":1,"b":1,"c":5}},{last}]'
    assert sorted(found(bodies(one, f"[{first},{other},{last}]"))) == sorted(differences)


@pytest.mark.parametrize(
    ("other", "differences"),
    [
        ('{"id":9,"a":7,"b":8,"c":9}', ["$[1] missing", "$[1] extra"]),
        ('{"id":9,"a":7,"b":1,"c":5}', ["$[1].id changed", "$[1].a changed"]),
        ('{"id":2,"a":7,"b":8,"c":9}', ["$[1].a changed", "$[1].b changed", "$[1].c changed"]),
        ("[9,7,8,9]", ["$[1] type"]),
    ],
)
def test_an_id_names_elements_before_other_members_do(other: str, differences: list[str]) -> None:
    first, last, more = (
        '{"id":1,"a":0,"b":1,"c":5}',
        '{"id":3,"a":3,"b":1,"c":5}',
        '{"id":4,"a":1,"b":1,"c":5}',
    )
    one = f'[{first},{{"id":2,"a":1,"b":1,"c":5}},{last}]'
    expected = ["$[3] extra", *differences]
    assert sorted(found(bodies(one, f"[{first},{other},{last},{more}]"))) == sorted(expected)


def test_elements_without_a_name_among_named_ones_stay_the_same_in_their_place() -> None:
    named = '{"id":1,"v":1},{"id":2,"v":1}'
    one, other = (f'[{named},{{"a":{digit},"b":{digit},"c":{digit}}}]' for digit in (1, 2))
    assert found(bodies(one, other)) == ["$[2].a changed", "$[2].b changed", "$[2].c changed"]


def test_null_may_stand_for_a_missing_member_and_for_no_element() -> None:
    rules = {"presets": ["null_missing"]}
    assert found(bodies('{"a":[1,null],"b":null}', '{"a":[1]}', rules)) == ["$.a[1] missing"]


def test_what_one_side_has_alone_goes_by_the_name_that_stands_beside_it_there() -> None:
    alone, more = '["a"]', '["a","cvv","123"]'
    for result in (bodies(alone, more), bodies(more, alone)):
        assert (result.differences[-1].path, result.differences[-1].named) == ("$[2]", "cvv")


@pytest.mark.parametrize(
    ("compare", "differences"),
    [
        ({"presets": ["numeric_string"]}, ["$[1].id changed"]),
        ({"rules": [{"path": "$[*]['a','b','c']", "rule": "numeric_string"}]}, ["$[1].id changed"]),
        ({"rules": [{"path": "$[*]['a','b','c']", "within": 1}]}, None),
        ({}, ["$[1] missing", "$[1] extra"]),
    ],
)
def test_what_rules_make_equal_is_in_common(
    compare: dict[str, object], differences: list[str] | None
) -> None:
    one = '[{"id":1,"n":"x"},{"id":2,"a":"1.0","b":"2.0","c":"3.0"},{"id":3,"n":"y"}]'
    other = one.replace('"id":2,"a":"1.0","b":"2.0","c":"3.0"', '"id":9,"a":1,"b":2,"c":3')
    types = [f"$[1].{name} type" for name in "abc"]
    assert found(bodies(one, other, compare)) == (differences or ["$[1].id changed", *types])


def test_elements_without_names_are_compared_by_position() -> None:
    one, other = '[{"a":1,"b":1,"c":1}]', '[{"a":2,"b":2,"c":2}]'
    assert found(bodies(one, other)) == ["$[0].a changed", "$[0].b changed", "$[0].c changed"]


UNORDERED = {"path": "$", "unordered": True}


@pytest.mark.parametrize(
    ("one", "other", "differences"),
    [
        ("[1,2,3]", "[3,2,1]", []),
        ("[1,2,2]", "[2,1,1]", ["$[2] missing", "$[2] extra"]),
        ("[1,1.0]", "[1.0,1]", []),
        ('[{"a":1,"b":2},{"a":3,"b":4}]', '[{"a":3,"b":4},{"a":1,"b":9}]', ["$[0].b changed"]),
        ('[{"a":1,"b":2}]', '[{"a":8,"b":9}]', ["$[0] missing", "$[0] extra"]),
        ("[[1,2],[3]]", "[[3],[1,2]]", []),
        ("[true,1]", "[1,true]", []),
    ],
)
def test_unordered_lists_are_multisets(one: str, other: str, differences: list[str]) -> None:
    assert sorted(found(bodies(one, other, {"rules": [UNORDERED]}))) == sorted(differences)


@pytest.mark.parametrize(
    ("one", "other", "differences"),
    [
        ('[{"k":"a","v":1},{"k":"b","v":2}]', '[{"k":"b","v":2},{"k":"a","v":3}]', ["$[0].v changed"]),
        ('[{"k":"a"},{"k":"b"}]', '[{"k":"c"},{"k":"a"}]', ["$[1] missing", "$[0] extra"]),
        ('[{"k":"a","v":1},{"k":"a","v":2}]', '[{"k":"a","v":1},{"k":"a","v":2}]', []),
        ('[{"k":"a","v":1},{"k":"a","v":2}]', '[{"k":"a","v":2},{"k":"a","v":1}]', []),
        (
            '[{"k":"a","v":1},{"k":"b"},{"k":"a","v":2}]',
            '[{"k":"a","v":2},{"k":"a","v":3},{"k":"b"}]',
            ["$[0].v changed"],
        ),
        ('[{"v":1},{"k":"a"}]', '[{"k":"a"},{"v":1}]', []),
        ('[{"k":1}]', '[{"k":1.0}]', []),
        ('[{"k":"1"},{"k":2}]', '[{"k":2},{"k":1}]', ["$[0].k type"]),
        ('[{"k":"01"}]', '[{"k":1}]', ["$[0] missing", "$[0] extra"]),
        ('[{"k":true}]', '[{"k":true}]', []),
    ],
)
def test_a_key_pairs_unordered_elements(one: str, other: str, differences: list[str]) -> None:
    assert sorted(found(bodies(one, other, {"rules": [{**UNORDERED, "key": "k"}]}))) == sorted(differences)


def test_a_boolean_is_no_number_however_deep() -> None:
    assert found(bodies("[[1],[0]]", "[[true],[false]]")) == ["$[0][0] type", "$[1][0] type"]
    assert found(bodies('[{"a":1},{"a":2}]', '[{"a":true},{"a":2}]')) == ["$[0].a type"]


@pytest.mark.parametrize(
    ("one", "other", "hint"),
    [
        ("[]", "{}", "empty_map"),
        ('{"0":1,"2":2}', "[1,2]", "sparse_list"),
        ('"10.00"', "10", "numeric_string"),
        ("1", "true", "php_bool"),
        ("9223372036854775808", "9.223372036854776e+18", "digits were lost"),
        ('"2026-01-02 03:04:05"', '"2026-01-02T03:04:05Z"', "the same time"),
        ('{"date":"x","timezone_type":3,"timezone":"UTC"}', '"x"', "DateTime"),
        ('"00123"', "123", "leading zero"),
        ('"a"', '"b"', ""),
        ("1", "2", ""),
    ],
)
def test_a_known_cause_is_explained(one: str, other: str, hint: str) -> None:
    for result in (bodies(one, other), bodies(other, one)):
        said = explained(result.differences[0])
        assert hint in said if hint else said == ""


def test_values_are_shown_with_every_digit() -> None:
    big = "12345678901234567890.12345678901234567890"
    assert shown(bodies(f"[{big}]", f"[1{big}]").differences[0]) == (big, "1" + big)


def test_values_are_shown_in_their_own_letters() -> None:
    assert shown(bodies('{"a":{"ü":"ß"}}', "{}").differences[0]) == ('{"ü":"ß"}', None)


def test_values_of_two_types_are_told_apart() -> None:
    assert shown(bodies('["1"]', "[1]").differences[0]) == ('"1"', "1")
    assert shown(bodies('["1"]', '["2"]').differences[0]) == ("1", "2")


def test_containers_are_shown_as_json_and_nothing_as_none() -> None:
    difference = bodies('{"a":{"b":[1,null,"x"],"c":true}}', "{}").differences[0]
    assert difference.kind is Kind.MISSING
    assert shown(difference) == ('{"b":[1,null,"x"],"c":true}', None)


def test_half_a_surrogate_pair_is_compared_and_fits_no_pattern() -> None:
    assert found(bodies('["\\ud83d"]', '["\\ud83d" ]')) == []
    rule = {"rules": [{"path": "$[0]", "pattern": "."}]}
    assert found(bodies('["\\ud83d"]', '["x"]', rule)) == ["$[0] changed"]


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        (
            r'{"a":"q\":x","b":1}',
            r'{"a":"q\":x"}',
            "$.b missing",
        ),  # in a string, what looks like a name's end
        ('{"a":"12:30","b":1}', '{"a":"12:30"}', "$.b missing"),
        ('{"a":"12:30","a":"12:30"}', '{"a":"12:30"}', "$ duplicate_key"),
        (r'{"a":"q\":x","c":{"b":1,"b" :1}}', "{}", "$ duplicate_key"),
    ],
)
def test_colons_in_strings_hide_no_name_that_stands_twice(one: str, other: str, difference: str) -> None:
    assert found(bodies(one, other)) == [difference]
