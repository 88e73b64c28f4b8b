"""CSV."""

import csv
import io
from collections.abc import Iterable, Sequence

from fastapi import Response

from tests.support.corpus import Case


def written(rows: Iterable[Sequence[object]]) -> str:
    """As Python's csv module writes it: \\r\\n, and quotes only where needed."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def table(
    name: str, php: str, python: str | Iterable[Sequence[object]], *expect: str, **compare: object
) -> Case:
    text = python if isinstance(python, str) else written(python)
    return Case(
        f"csv-{name}", php, lambda: Response(text, media_type="text/csv"), expect, compare, type="text/csv"
    )


PUT = "$f = fopen('php://output', 'w'); foreach (%s as $r) fputcsv($f, $r);"
ROWS = [("id", "name"), (1, "a b"), (2, 'c "d", e')]
PHP_ROWS = "[['id', 'name'], [1, 'a b'], [2, 'c \"d\", e']]"

CASES = (
    table("same", PUT % PHP_ROWS, ROWS),
    table("line-breaks", PUT % "[['id', 'note'], [1, \"x\\ny\"]]", [("id", "note"), (1, "x\ny")]),
    table("all-quoted", 'echo \'"id","name"\', "\\n", \'"1","x"\', "\\n";', [("id", "name"), (1, "x")]),
    table("bom", 'echo "\\xEF\\xBB\\xBFid,name\\n1,x\\n";', [("id", "name"), (1, "x")]),
    table("blank-line", 'echo "id,name\\n\\n1,x\\n";', [("id", "name"), (1, "x")]),
    table("changed", PUT % PHP_ROWS, [*ROWS[:2], (2, "f")], "body [1].name changed major"),
    table("missing-row", PUT % PHP_ROWS, ROWS[:2], "body [1] missing critical"),
    table("inserted-row", PUT % PHP_ROWS, [ROWS[0], (0, "z"), *ROWS[1:]], "body [0] extra minor"),
    table("row-order", PUT % PHP_ROWS, [ROWS[0], ROWS[2], ROWS[1]], "body $ order"),
    table("missing-column", PUT % PHP_ROWS, [("id",), (1,), (2,)], "body [*].name missing critical"),
    table(
        "extra-column",
        PUT % PHP_ROWS,
        [(*row, "x" if number else "new") for number, row in enumerate(ROWS)],
        "body [*].new extra minor",
    ),
    table("column-order", PUT % PHP_ROWS, [row[::-1] for row in ROWS], "body $ order major"),
    table(
        "column-renamed",
        PUT % "[['id', 'name'], [1, 'x']]",
        [("id", "title"), (1, "x")],
        "body [*].name missing",
        "body [*].title extra",
    ),
    table("delimiter", 'echo "id;name\\n1;x\\n";', [("id", "name"), (1, "x")], "body $ changed"),
    table(
        "delimiter-said",
        'echo "sep=;\\nid;at;amount\\n1;", time(), ";5.00\\n";',
        "sep=;\r\nid;at;amount\r\n1;never;5.01\r\n",
        "body [0].amount changed critical",
        ignore=["$[*].at"],
        rules=[{"path": "$[*].amount", "money": True}],
    ),
    table(
        "delimiter-said-no-more",
        'echo "sep=;\\nid;name\\n1;x\\n";',
        "id;name\r\n1;x\r\n",
        "body $ changed",
    ),
    table("delimiter-same", 'echo "id;name\\n1;\\"a;b\\"\\n";', "id;name\r\n1;'a;b'\r\n".replace("'", '"')),
    table("number", PUT % "[['id', 'v'], [1, 1.0]]", [("id", "v"), (1, 1.0)], "body [0].v changed"),
    table(
        "number-allowed",
        PUT % "[['id', 'v'], [1, 1.0]]",
        [("id", "v"), (1, 1.0)],
        rules=[{"path": "$[*].v", "rule": "numeric_string"}],
    ),
    table("null", PUT % "[['id', 'v'], [1, null], [2, false]]", [("id", "v"), (1, None), (2, "")]),
    table("true", PUT % "[['id', 'v'], [1, true]]", [("id", "v"), (1, True)], "body [0].v changed"),
    table(
        "escape", PUT % "[['id', 'v'], [1, 'a\\\\\"b']]", [("id", "v"), (1, 'a\\"b')], "body [0].v changed"
    ),
    table("cut-in-quotes", 'echo "id,v\\n1,\\"x";', [("id", "v"), (1, "x\ny")], "body $ cut_body critical"),
    table("headless", 'echo "1,2\\n3,4\\n";', [(1, 2), (3, 5)], "body [1].1 changed"),
    table("ignored-lost", PUT % PHP_ROWS, [("id",), (1,), (2,)], ignore=["$[*].name"]),
    table("ignored-moved", PUT % PHP_ROWS, [row[::-1] for row in ROWS], ignore=["$[*].name"]),
    table(
        "money-column",
        PUT % "[['id'], [1]]",
        [("id", "fee"), (1, "0.25")],
        "body [*].fee extra critical",
        rules=[{"path": "$[*].fee", "money": True}],
    ),
    table("ignored", PUT % "[['id', 't'], [1, time()]]", [("id", "t"), (1, 0)], ignore=["$[*].t"]),
    Case(
        "csv-untyped",
        'echo "id,name\\n1,x\\n";',
        lambda: Response("id,name\r\n1,x\r\n", media_type="text/csv"),
        ["header header:content-type changed"],
        type=None,
    ),
)
