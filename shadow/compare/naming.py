"""Values whose name stands beside them instead of above: {"name": "cvv", "value": "123"}, <input
name="cvv" value="123">.

Nothing is compared differently for that; but whoever stores a difference has to know what the value is.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final

from shadow.compare.model import Json
from shadow.compare.words import words

NAMING: Final = (
    *("name", "key", "k", "id", "field", "label", "title", "type", "code"),
    *("path", "param", "parameter", "property", "propertyPath", "propertyName", "column", "attribute"),
)
ATTRIBUTES: Final = (*NAMING, "for", "placeholder", "autocomplete", "aria-label", "data-label")
VALUES: Final = words(
    """
    value val v content text data input ctx received given actual old new before after oldValue newValue
    old_value new_value rejectedValue attemptedValue invalidValue rejected_value invalid_value
    """
)
_LONGEST = 60
_LONGEST_OF_ALL = 200


def member_label(members: Mapping[str, Json]) -> str:
    """The names that an object gives to the value in it, "" if it gives none.

    Pydantic's errors say `loc`, Zod's a `path` of several names, a JSON Patch (RFC 6902) a pointer.
    """
    said = [members.get(name) for name in NAMING]
    places = [place for place in (members.get("loc"), members.get("path")) if isinstance(place, list)]
    found = [*said, *chain.from_iterable(places)]
    return joined(*(name[:_LONGEST] for name in found if isinstance(name, str)))


def item_label(items: Sequence[Json], index: int) -> str:
    """What the text before an element of a list says the element is: ["cvv", "123"]."""
    before = items[index - 1] if index else None
    return text_label(before) if isinstance(before, str) else ""


def label_at(document: Json, keys: Sequence[str | int]) -> str:
    """The names that stand beside the value at a place of a document, or beside what it is in; "" if none
    does.
    """
    labels = []
    for key in keys:
        if isinstance(document, dict) and isinstance(key, str):
            if key in VALUES:
                labels.append(member_label(document))
            document = document.get(key)
        elif isinstance(document, list) and isinstance(key, int) and key < len(document):
            if label := item_label(document, key):
                labels.append(label)
            document = document[key]
    return joined(*reversed(labels)) if labels else ""


def attribute_label(attributes: Mapping[str, str]) -> str:
    """The names that an element's attributes give to its value or text."""
    return joined(*(attributes[name][:_LONGEST] for name in ATTRIBUTES if name in attributes))


def joined(*labels: str) -> str:
    """Several names for one value, the nearest first."""
    return "/".join(filter(None, labels))[:_LONGEST_OF_ALL]


def text_label(text: str | None) -> str:
    """The text of an element, if it can be the label of what follows: <dt>CVV</dt><dd>123</dd>."""
    label = (text or "").strip()
    return label if len(label) <= _LONGEST else ""
