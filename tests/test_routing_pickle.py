"""The routing table travels from the supervisor to the workers, so it has to survive being pickled."""

import pickle

from proxy.routing.head import Head
from proxy.routing.pattern import Pattern
from proxy.routing.table import Table
from proxy.routing.template import parse_template


def test_a_pickled_table_matches_as_before() -> None:
    paths = ("/api/payments", "/api/payments/{id}", "/files/{rest:path}")
    table = Table.build([(Pattern(parse_template(path)), path) for path in paths])
    copy = pickle.loads(pickle.dumps(table))
    for target in (b"/api/payments", b"/api/payments/7", b"/files/a/b", b"/nowhere"):
        head = Head(b"GET", target, [])
        assert copy.match(head) == table.match(head)
