"""Values whose name stands beside them instead of above: {"name": "cvv", "value": "123"}, <input
name="cvv" value="123">.

Nothing is compared differently for that; but whoever stores a difference has to know what the value is.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from shadow.compare.model import Json

NAMING: Final = ("name", "key", "id", "field")
VALUES: Final = frozenset(("value", "val", "content", "text", "data"))
_LONGEST = 60


def member_label(members: Mapping[str, Json]) -> str:
    """The name that an object gives to the value in it, "" if it gives none."""
    return next((str(members[name])[:_LONGEST] for name in NAMING if isinstance(members.get(name), str)), "")


def label_at(document: Json, keys: Sequence[str | int]) -> str:
    """The name that stands beside the value at a place of a document, "" if none does."""
    if not keys or keys[-1] not in VALUES:
        return ""
    for key in keys[:-1]:
        if isinstance(document, dict) and isinstance(key, str):
            document = document.get(key)
        elif isinstance(document, list) and isinstance(key, int) and key < len(document):
            document = document[key]
    return member_label(document) if isinstance(document, dict) else ""


def attribute_label(attributes: Mapping[str, str]) -> str:
    """The name that an element's attributes give to its value or text."""
    return " ".join(attributes[name][:_LONGEST] for name in NAMING if name in attributes)


def text_label(text: str | None) -> str:
    """The text of an element, if it can be the label of what follows: <dt>CVV</dt><dd>123</dd>."""
    label = (text or "").strip()
    return label if len(label) <= _LONGEST else ""
