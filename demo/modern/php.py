"""How the gateway reads its input. Clients rely on it, so this service reads the same way."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

_NUMBER = re.compile(r"[ \t\n\r\v\f]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_TRIMMED = " \t\n\r\0\v"


def text(value: Any) -> str:
    """Text without the space around it; anything else counts as absent."""
    return value.strip(_TRIMMED) if isinstance(value, str) else ""


def integer(value: Any) -> int:
    """PHP's (int): 12 of `12abc`, 0 of text that begins with no number."""
    if isinstance(value, str):
        found = _NUMBER.match(value)
        return int(float(found[0])) if found else 0
    return int(value) if isinstance(value, int | float) else 0


def mapping(value: Any) -> dict[str, Any]:
    """A map, empty if there is none: PHP cannot tell an empty list from an empty map."""
    return value if isinstance(value, dict) else {}


Text = Annotated[str, BeforeValidator(text)]
