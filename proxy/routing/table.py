"""The routing table: for a request, the most specific route that it meets.

The order is Gateway API's, whatever the order in the file: the host, then the path segment by segment, then
the method, then headers, then query and form variables. A route whose path fits but whose method or
conditions do not is passed over, and the next less specific one is asked.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Generic

from proxy.routing.entry import Entry, Match, R
from proxy.routing.head import Head
from proxy.routing.hosts import Hosts
from proxy.routing.leaf import Leaf, NeedsForm
from proxy.routing.pattern import Pattern
from proxy.routing.request import UNREAD, FormBody, Request
from proxy.routing.trie import Trie


class Table(Generic[R]):
    """An immutable index over patterns; made by `build`.

    Its way to the workers is that of the patterns alone: they make the index anew, of classes of their own
    kind, which may be compiled.
    """

    def __init__(self, entries: Sequence[tuple[Pattern, R]], hosts: Hosts[Trie[Leaf[R]]]) -> None:
        self._entries = entries
        self._hosts = hosts

    def __reduce__(self) -> tuple[object, ...]:
        return Table.build, (self._entries,)

    @classmethod
    def build(cls, entries: Iterable[tuple[Pattern, R]]) -> "Table[R]":
        """Index any number of patterns; one route may have several. See `find_ties` for what must not be."""
        entries = tuple(entries)
        leaves: dict[bytes | None, dict[object, list[Entry[R]]]] = {}
        for pattern, route in entries:
            of_host = leaves.setdefault(pattern.host, {})
            of_host.setdefault(pattern.template.shape, []).append(Entry(pattern, route))
        tries: dict[bytes | None, Trie[Leaf[R]]] = {}
        for host, of_host in leaves.items():
            trie = tries[host] = Trie[Leaf[R]]()
            for same_shape in of_host.values():
                trie.put(same_shape[0].pattern.template.shape, Leaf(same_shape))
        return cls(entries, Hosts(tries))

    def match(self, head: Head, form: FormBody = UNREAD) -> Match[R] | NeedsForm | None:
        """The route that wins, None when there is none, or NEEDS_FORM when a form body decides.

        `form` is the raw body of at most FORM_LIMIT bytes; TOO_LARGE when it is longer, and then no form
        matcher matches. Only after NEEDS_FORM the body has to be read and this asked again.
        """
        request = Request(head, form)
        found = self.pick(request)
        return found.match(request.raw) if isinstance(found, Entry) else found

    def pick(self, request: Request) -> Entry[R] | NeedsForm | None:
        """What `match` does, for a request already taken apart."""
        hosts = self._hosts
        tries = hosts.fitting(request.host()) if hosts.named else hosts.everywhere
        for trie in tries:
            for leaf in trie.fitting(request.decoded):
                found = leaf.pick(request)
                if found is not None:
                    return found
        return None

    def fitting(self, request: Request) -> Iterator[Entry[R]]:
        """Every entry whose path fits, in order of precedence, be it for another host or another method."""
        for trie in self._hosts.all():
            for leaf in trie.fitting(request.decoded):
                yield from leaf.entries
