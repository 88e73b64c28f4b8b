"""Structured values: JSON, XML and HTML, redacted by the names on the way to each value."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from shadow.compare.markup import Element, Node
from shadow.compare.model import Json
from shadow.compare.naming import NAMING, VALUES, attribute_label, member_label, text_label
from shadow.compare.selectors import State
from shadow.compare.show import text_of
from shadow.redact.names import Secret, keys_of, secret_of
from shadow.redact.text import TextRedactor

_DEEPEST = 100
_DEEP = "[nested too deep to be redacted]"


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
                items = enumerate(value)
                # An index is no name, but it is a level: whatever it is nested in, recursion ends.
                return [self.json(item, [*keys, ""], state and state.step(index)) for index, item in items]
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

    def _string(self, value: str, keys: Sequence[str]) -> str:
        """Text; a JSON document in it is redacted as one, for the names that only its structure tells."""
        if value[:1] in ("{", "["):
            try:
                inner = json.loads(value, parse_float=str, parse_int=str)
            except (ValueError, RecursionError):
                return self.text(value)
            return self.text(text_of(self.json(inner, [*keys, ""])) or "")
        return self.text(value)

    def element(
        self, node: Element, keys: Sequence[str] = (), state: State | None = None, label: str = ""
    ) -> Element:
        """An element of which all may be kept. label: what the element before it says this one is."""
        named = [found for found in (label, attribute_label(node.attributes)) if found]
        here = [*keys, _local(node.label), *named]
        if len(here) > 4 * _DEEPEST:
            return Element(node.name, node.label, children=[_DEEP])
        attributes = {
            name: str(self.json(value, [*keys, _local(name)] if name in NAMING else [*here, _local(name)]))
            for name, value in node.attributes.items()
        }
        children: list[Node] = []
        label, beside = "", ""  # what the last text and the last element say about what follows
        for child in node.children:
            if isinstance(child, str):
                children.append(str(self.json(child, [*here, label, beside], state)))
                continue
            children.append(self.element(child, here, state and state.step(_local(child.label)), label))
            label, beside = text_label(child.text) or label, attribute_label(child.attributes)
        return Element(node.name, node.label, attributes, children, node.labels)


def _secret(value: Json, keys: Sequence[str], state: State | None) -> Secret | None:
    """By the names on the way, or because the route names this place."""
    secret = secret_of([part for key in keys for part in keys_of(key)])
    if secret is None and state is not None and state.treatment.ignore:
        digits = sum(map(str.isdecimal, text_of(value) or ""))
        return Secret.CARD if digits >= 12 and not isinstance(value, dict | list) else Secret.HASH
    return secret


def _local(label: str) -> str:
    return label.rpartition(":")[2].rpartition("}")[2]
