"""Structured values: JSON, XML and HTML, redacted by the names on the way to each value."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shadow.compare.markup import Element, Node
from shadow.compare.model import Json
from shadow.compare.naming import ATTRIBUTES, VALUES, attribute_label, item_label, member_label, text_label
from shadow.compare.selectors import State
from shadow.compare.show import text_of
from shadow.redact.cards import passes_luhn
from shadow.redact.names import Secret, keys_of, secret_of
from shadow.redact.text import TextRedactor

_DEEPEST = 100
_GROUP_LENGTHS = frozenset(((4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (4, 4, 4, 3), (4, 4, 4, 2)))
_MOST_GROUPS = 10  # with the spaces between them
_CELLS = frozenset(("td", "th"))
_DEEP = "[nested too deep to be redacted]"
_NONE: Mapping[int, str] = {}


@dataclass(frozen=True, slots=True)
class TreeRedactor:
    """Redacts values by their places. `state`: where the paths that a route names stand there."""

    text: TextRedactor

    def json(self, value: Json, keys: Sequence[str], state: State | None = None) -> Json:
        """A value of which all may be kept."""
        secret = _secret(value, keys, state)
        if secret is Secret.DROP or secret is Secret.HASH or (secret and not isinstance(value, dict | list)):
            return self.text.secret(secret, text_of(value) or "")
        if len(keys) > _DEEPEST:
            return _DEEP
        match value:
            case dict():
                return self._members(value, keys, state)
            case list():
                return self._items(value, keys, state)
            case str():
                return self._string(value, keys)
            case _:
                shown = text_of(value) or ""
                return value if (clean := self.text(shown)) == shown else clean

    def _members(self, members: dict[str, Json], keys: Sequence[str], state: State | None) -> Json:
        label = member_label(members)
        return {
            self.text(name): self.json(
                value,
                [*keys, name, *([label] if label and name in VALUES else [])],
                state and state.step(name),
            )
            for name, value in members.items()
        }

    def _items(self, items: list[Json], keys: Sequence[str], state: State | None) -> Json:
        """An index is no name, but it is a level: whatever it is nested in, recursion ends."""
        if card := _card_in_parts(items):
            return self.text.secret(Secret.CARD, card)
        return [
            self.json(item, [*keys, item_label(items, index)], state and state.step(index))
            for index, item in enumerate(items)
        ]

    def _string(self, value: str, keys: Sequence[str]) -> str:
        """Text; a JSON document in it is redacted as one, for the names that only its structure tells."""
        if value[:1] in ("{", "["):
            try:
                inner = json.loads(value, parse_float=str, parse_int=str)
            except (ValueError, RecursionError):
                return self.text(value)
            clean = self.json(inner, [*keys, ""])
            return self.text(value if clean == inner else text_of(clean) or "")
        return self.text(value)

    def element(
        self,
        node: Element,
        keys: Sequence[str] = (),
        state: State | None = None,
        label: str = "",
        columns: Mapping[int, str] = _NONE,
    ) -> Element:
        """An element of which all may be kept.

        label: what the element before it says this one is. columns: what heads of tables say that cells are.
        """
        said = columns.get(id(node)), label, attribute_label(node.attributes)
        named = [found for found in said if found]
        here = [*keys, _local(node.label), *named]
        if len(here) > 4 * _DEEPEST:
            return Element(node.name, node.label, children=[_DEEP])
        attributes = {
            name: str(
                self.json(value, [*keys, _local(name)] if name in ATTRIBUTES else [*here, _local(name)])
            )
            for name, value in node.attributes.items()
        }
        children: list[Node] = []
        label, beside = "", ""  # what the last text and the last element say about what follows
        card = _card_in_elements(node)
        for child in [self.text.secret(Secret.CARD, card)] if card else node.children:
            if isinstance(child, str):
                children.append(str(self.json(child, [*here, label, beside], state)))
                label = text_label(child) or label
                continue
            children.append(
                self.element(child, here, state and state.step(_local(child.label)), label, columns)
            )
            label, beside = text_label(child.text) or label, attribute_label(child.attributes)
        return Element(node.name, node.label, attributes, children, node.labels)


def _secret(value: Json, keys: Sequence[str], state: State | None) -> Secret | None:
    """By the names on the way, or because the route names this place."""
    secret = secret_of([part for key in keys for part in keys_of(key)])
    if secret is None and state is not None and state.treatment.ignore:
        digits = sum(map(str.isdecimal, text_of(value) or ""))
        return Secret.CARD if digits >= 12 and not isinstance(value, dict | list) else Secret.HASH
    return secret


def _card_in_parts(items: list[Json]) -> str:
    """The card number that a list of groups of digits is, "" if it is none."""
    parts = [str(item) for item in items[:20] if isinstance(item, str | int) and len(str(item)) <= 6]
    digits = "".join(parts)
    whole = len(parts) == len(items) and digits.isdecimal() and 13 <= len(digits) <= 19
    return digits if whole and passes_luhn(digits) else ""


def _card_in_elements(node: Element) -> str:
    """The card number whose groups stand in one element each, as on a picture of a card; "" if none does."""
    if len(node.children) > _MOST_GROUPS:
        return ""
    groups = [child for child in node.children if isinstance(child, Element)]
    between = "".join(child for child in node.children if isinstance(child, str))
    names = {group.name for group in groups}
    if between.strip(" -\u00a0") or len(names) != 1 or names & _CELLS:
        return ""
    texts: list[Json] = [group.text or "" for group in groups]
    return _card_in_parts(texts) if tuple(len(str(text)) for text in texts) in _GROUP_LENGTHS else ""


def _local(label: str) -> str:
    return label.rpartition(":")[2].rpartition("}")[2]
