"""The text of routes.yaml: what is no YAML, what is too much of it, and where everything stands."""

from pathlib import Path

import pytest
import yaml

from proxy.config import nodes
from proxy.config.nodes import DEPTH_LIMIT, SourceError
from proxy.config.source import SIZE_LIMIT, Source, read
from tests.support.config import errors, loaded


def source(text: str | bytes, **environment: str) -> Source:
    return read(text, "routes.yaml", environment)


def problems(text: str | bytes, **environment: str) -> list[str]:
    return [str(problem) for problem in source(text, **environment).problems]


# --- what YAML means ------------------------------------------------------------------------------


def test_plain_data() -> None:
    text = "a: {b: [1, -2, 3.5, true, ~], c: text}\nd: 'quoted'\ne: |\n  lines\n  more\nf: \"tab\\t\"\n"
    data = {
        "a": {"b": [1, -2, 3.5, True, None], "c": "text"},
        "d": "quoted",
        "e": "lines\nmore\n",
        "f": "tab\t",
    }
    assert source(text).data == data


def test_quotes_make_text_of_anything() -> None:
    assert source("['1', \"true\", 'null', '']").data == ["1", "true", "null", ""]


def test_words_that_yaml_1_1_took_for_booleans_are_text_as_values_and_as_keys() -> None:
    data = source("{no: no, on: on, yes: y, off: Off, 2024-01-01: 1:30, 0x1F: 010_0}").data
    assert data == {"no": "no", "on": "on", "yes": "y", "off": "Off", "2024-01-01": "1:30", "0x1F": "010_0"}


def test_numbers_as_keys_are_text() -> None:
    assert source("{422: 400, 1.5: x, true: y}").data == {"422": 400, "1.5": "x", "true": "y"}


def test_a_byte_order_mark_is_skipped_and_moves_nothing() -> None:
    assert source(b"\xef\xbb\xbfa: 1").data == {"a": 1}
    assert source(b"\xef\xbb\xbfa: 1").locate(("a",)).node.position == (1, 4)


def test_aliases_and_merge_keys() -> None:
    text = """\
base: &base {x: 1, y: 2}
other: &other {y: 3, z: 4}
same: *base
merged: {<<: *base, y: 5}
both: {<<: [*base, *other], w: 6}
inline: {<<: {x: 7}, x: 8}
"""
    data = source(text).data
    assert isinstance(data, dict)
    assert data["same"] == {"x": 1, "y": 2}
    assert data["merged"] == {"x": 1, "y": 5}
    assert data["both"] == {"x": 1, "y": 2, "z": 4, "w": 6}, "of two merged mappings the first wins"
    assert data["inline"] == {"x": 8}


def test_an_anchor_may_be_set_anew() -> None:
    assert source("[&a 1, *a, &a 2, *a]").data == [1, 1, 2, 2]


# --- where it stands ------------------------------------------------------------------------------

PLACES = """\
a:
  b: [1, {c: 2}]
  d: &anchor
    e: 3
f: *anchor
g:
  <<: [*anchor, {i: 4}]
  h: ü
"""


@pytest.mark.parametrize(
    ("path", "key", "value", "found"),
    [
        ((), (1, 1), (1, 1), 0),
        (("a",), (1, 1), (2, 3), 1),
        (("a", "b"), (2, 3), (2, 6), 2),
        (("a", "b", 0), (2, 7), (2, 7), 3),
        (("a", "b", 1, "c"), (2, 11), (2, 14), 4),
        (("f", "e"), (4, 5), (4, 8), 2),
        (("g", "e"), (4, 5), (4, 8), 2),
        (("g", "h"), (8, 3), (8, 6), 2),
        (("g", "i"), (7, 18), (7, 21), 2),
        (("g", "nothing"), (6, 1), (7, 3), 1),
        (("a", "nothing"), (1, 1), (2, 3), 1),
        (("a", "b", 7), (2, 3), (2, 6), 2),
        (("a", "b", 0, "deeper"), (2, 7), (2, 7), 3),
        (("a", 0), (1, 1), (2, 3), 1),
        (("a", "b", "name"), (2, 3), (2, 6), 2),
    ],
)
def test_places(
    path: tuple[str | int, ...], key: tuple[int, int], value: tuple[int, int], found: int
) -> None:
    place = source(PLACES).locate(path)
    assert (place.key, place.node.position, place.found) == (key, value, found)


# --- what is no file of ours ----------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "\ufeff"])
def test_an_empty_file(text: str) -> None:
    assert errors(text) == [
        "routes.yaml:1:1: the file is empty: it needs at least version, backends and routes"
    ]


@pytest.mark.parametrize(
    ("text", "kind"), [("- a", "a list"), ("text", "text"), ("3", "a number"), ("true", "true or false")]
)
def test_a_file_that_is_no_mapping(text: str, kind: str) -> None:
    assert errors(text) == [f"routes.yaml:1:1: must be a mapping of keys, not {kind}"]


def test_a_document_without_content() -> None:
    assert errors("---\n") == ["routes.yaml:2:1: must be a mapping of keys, not empty"]


def test_a_mapping_without_keys_lacks_two() -> None:
    assert errors("{}") == [
        "routes.yaml:1:1: backends: is required: name at least one service",
        "routes.yaml:1:1: version: is required: write version: 1",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a: b: c",
            "1:5: not valid YAML: no key can stand here: check the indentation, and put a value in quotes if "
            "it contains a colon followed by a space",
        ),
        (
            "a:\n\t- x",
            "2:1: not valid YAML: a value cannot start with a tab, @ or `: indent with spaces, use quotes "
            "(while scanning for the next token, begun on line 2)",
        ),
        (
            "a: [1,\nb",
            "3:1: not valid YAML: did not find expected ',' or ']' "
            "(while parsing a flow sequence, begun on line 1)",
        ),
        (
            "a: 1\n- b",
            "2:1: not valid YAML: did not find expected key (while parsing a block mapping, begun on line 1)",
        ),
    ],
)
def test_a_syntax_error_has_its_place_and_a_hint(text: str, said: str) -> None:
    assert errors(text) == [f"routes.yaml:{said}"]


def test_bytes_that_are_no_utf8_have_their_place() -> None:
    assert errors("version: 1\nü: ".encode() + b"\xff") == ["routes.yaml:2:4: not UTF-8: byte 0xff"]
    assert errors("é".encode("latin-1")) == ["routes.yaml:1:1: not UTF-8: byte 0xe9"]


@pytest.mark.parametrize("char", ["\0", "\x1b", "\x7f", "\ufffe", "\ud800"])
def test_control_characters_have_their_place(char: str) -> None:
    assert errors(f"version: 1\na: x{char}") == [
        f"routes.yaml:2:5: the control character U+{ord(char):04X} is not allowed"
    ]


def test_several_documents() -> None:
    assert errors("version: 1\n---\nversion: 1\n") == [
        "routes.yaml:2:1: a second document starts here: one file, one document"
    ]


def test_a_huge_file() -> None:
    assert errors(b"#" * (SIZE_LIMIT + 1)) == ["routes.yaml:1:1: the file is larger than 16 MiB"]


def test_a_file_of_the_greatest_size_is_read() -> None:
    assert errors(b"#" * SIZE_LIMIT)[0].endswith("it needs at least version, backends and routes")


# --- what would hurt ------------------------------------------------------------------------------


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[a: "])
def test_deep_nesting_is_cut_off(opening: str) -> None:
    (said,) = errors(opening * 100_000)
    assert said.endswith(f": nested more than {DEPTH_LIMIT} levels deep")


def test_nesting_up_to_the_limit_is_read() -> None:
    assert source("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT).data


def test_a_cyclic_alias() -> None:
    assert errors("a: &x\n  b: [1, *x]\n") == [
        "routes.yaml:2:10: alias *x stands inside its own anchor: a cycle"
    ]


def test_an_alias_without_its_anchor() -> None:
    assert errors("a: *later\nb: &later 1\n") == [
        "routes.yaml:1:4: alias *later has no anchor &later before it"
    ]


def test_an_alias_bomb() -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 9)]
    (said,) = errors("l0: &l0 [x, x]\n" + "\n".join(levels))
    assert said == "routes.yaml:7:15: aliases expand to more than 1,000,000 values"


def test_a_long_chain_of_aliases() -> None:
    chain = "\n".join(f"l{n}: &l{n} [*l{n - 1}]" for n in range(1, 3000))
    (said,) = errors(f"l0: &l0 x\n{chain}")
    assert said.endswith(f"aliases nest more than {DEPTH_LIMIT} levels deep")


def test_a_long_chain_of_merges() -> None:
    chain = "\n".join(f"l{n}: &l{n} {{<<: *l{n - 1}}}" for n in range(1, 3000))
    (said,) = errors(f"l0: &l0 {{a: 1}}\n{chain}")
    assert said.endswith(f"aliases nest more than {DEPTH_LIMIT} levels deep")


def test_more_values_than_anybody_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "VALUES_LIMIT", 5)
    assert errors("[1, 2, 3, 4]") == ["routes.yaml:1:1: must be a mapping of keys, not a list"]
    assert errors("[1, 2, 3, 4,\n5]") == ["routes.yaml:2:1: the file has more than 5 values"]


# --- single values that are wrong -----------------------------------------------------------------


def test_duplicate_keys_name_both_lines_and_the_first_one_counts() -> None:
    text = "a:\n  b: 1\n  c: 2\n  b: 3\n"
    assert problems(text) == ["routes.yaml:4:3: a.b: duplicate key; it is already set on line 2"]
    assert source(text).data == {"a": {"b": 1, "c": 2}}


def test_a_merged_key_may_be_set_anew_but_not_twice() -> None:
    assert problems("a: &a {x: 1}\nb: {<<: *a, x: 2}") == []
    assert len(problems("a: &a {x: 1}\nb: {<<: *a, x: 2, x: 3}")) == 1


def test_what_is_wrong_in_an_anchor_is_said_once() -> None:
    text = "version: 1\nbackends: &x {legacy: {url: 'http://a:1'}, legacy: {}}\nserver: {limits: *x}\n"
    said = [line for line in errors(text) if "duplicate" in line]
    assert said == ["routes.yaml:2:44: backends.legacy: duplicate key; it is already set on line 2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: !!python/object:os.system x", "1:4: a: the tag !!python/object:os.system is not allowed"),
        ("a: !!str 5", "1:4: a: the tag !!str is not allowed"),
        ("a: !local {b: c}", "1:4: a: the tag !local is not allowed"),
        ("a: [!!int '5']", "1:5: a[0]: the tag !!int is not allowed"),
        ("!!set a: 1", "1:1: the tag !!set is not allowed"),
    ],
)
def test_tags_are_refused(text: str, said: str) -> None:
    assert problems(text) == [f"routes.yaml:{said}: values need no tags here"]


@pytest.mark.parametrize("key", ["? [a]\n: 1", "? {a: b}\n: 1"])
def test_keys_that_are_no_text(key: str) -> None:
    assert problems(key) == ["routes.yaml:1:3: a key must be plain text"]


def test_aliases_as_keys() -> None:
    assert problems("a: &x b\n*x : 1") == ["routes.yaml:2:1: a key must be plain text"]


@pytest.mark.parametrize("key", ["null: 1", "~: 1", "?\n: 1"])
def test_empty_keys(key: str) -> None:
    assert problems(key)[0].endswith(": a key must not be empty")


def test_merging_what_is_no_mapping() -> None:
    said = "<< must name a mapping, or a list of mappings"
    assert problems("a: {<<: 1, b: 2}") == [f"routes.yaml:1:9: a.<<: {said}"]
    assert problems("x: &x [1]\na: {<<: *x}") == [f"routes.yaml:1:8: a.<<: {said}"]


def test_an_error_of_the_text_hides_no_other_and_is_not_said_twice() -> None:
    assert errors("version: 1\nbackends: {legacy: {url: '${NOPE}'}}\nbogus: 1\n") == [
        "routes.yaml:2:26: backends.legacy.url: the variable NOPE is not set; ${NOPE:-…} gives it a default",
        "routes.yaml:3:1: bogus: unknown key; known here: version, server, control, ledger, redis, shadow, "
        "backends, defaults, routes",
    ]


# --- both loaders ---------------------------------------------------------------------------------


def shape(node: nodes.Node) -> object:
    match node:
        case nodes.Scalar():
            return node.position, node.text, node.plain, node.tag
        case nodes.Sequence():
            return node.position, [shape(item) for item in node.items]
        case nodes.Mapping():
            return node.position, [(shape(key), shape(value)) for key, value in node.entries]
        case nodes.Alias():
            return node.position, shape(node.target)


def test_without_the_c_library_the_same_tree_comes_out(tmp_path: Path) -> None:
    text = f"{PLACES}i: 'x'\nj: \"y\"\nk: |\n  z\nl: !t w\n"
    assert shape(nodes.parse(text, yaml.SafeLoader)) == shape(nodes.parse(text, yaml.CSafeLoader))
    with pytest.raises(SourceError, match="a value cannot start with a tab"):
        nodes.parse("a: @x", yaml.SafeLoader)


def test_a_valid_file_has_no_errors() -> None:
    assert loaded("version: 1\nbackends: {legacy: {url: 'http://a:1'}}\n").errors == ()
