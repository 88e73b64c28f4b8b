"""What the text of a scalar means: YAML typing and substitution from the environment."""

import re
from collections.abc import Mapping

Plain = str | int | float | bool | None

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,299})")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,300}|(0|[1-9][0-9]{0,299})(\.[0-9]{0,300})?)([eE][-+]?[0-9]{1,3})?")
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_REFERENCE = re.compile(r"\$(\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}|\$\{")


class Substituted(str):
    """Text that came, in part or whole, from the environment.

    A place that expects text takes it as it is; one that expects a number, true, false or nothing reads it as
    if it stood unquoted in the file (`typed`).
    """

    __slots__ = ()


class UnsetVariableError(Exception):
    """`${…}` that cannot be replaced; the message says why."""


def resolve(text: str) -> Plain:
    """Unquoted text by YAML 1.2's core schema (section 10.3.2), numbers in decimal only.

    Digits after a leading zero stay text: `017` is 15 to readers of YAML 1.1, and elsewhere part of a name.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def typed(value: object) -> object:
    """A substituted value read as if it stood unquoted in the file; any other value as it is."""
    return resolve(str(value)) if isinstance(value, Substituted) else value


def substitute(text: str, environment: Mapping[str, str]) -> str:
    """Replaces `${NAME}` and `${NAME:-default}`; `$${` stands for a literal `${`.

    As in a shell, the default serves for an empty variable too. What is put in is not looked at again. Raises
    UnsetVariableError for a name that is unset and has no default, and for a `${` that is neither form.
    """
    if "${" not in text:
        return text
    return Substituted(_REFERENCE.sub(lambda match: _value(match, environment), text))


def _value(match: re.Match[str], environment: Mapping[str, str]) -> str:
    escaped, name, has_default, default = match.groups()
    if escaped:
        return str(escaped)
    if name is None:
        raise UnsetVariableError("${ must be followed by a name and }; write $${ for a literal ${")
    value = environment.get(name, "")
    if has_default:
        value = value or default
    elif name not in environment:
        raise UnsetVariableError(f"the variable {name} is not set; ${{{name}:-…}} gives it a default")
    if not value.isprintable():
        raise UnsetVariableError(f"the variable {name} holds characters that cannot be printed")
    return value
