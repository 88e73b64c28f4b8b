"""A check that keeps exponential regular expressions out of the configuration.

Python's `re` backtracks: `(a+)+x` against a few dozen `a` takes years, and with it the worker. That needs a
repeat around something that can match one text in several ways, which takes another quantifier or a choice
inside. Envoy has RE2 against this; here such a pattern is refused, unless the outer repeat is possessive
(`(a+)*+`), which never goes back.
"""

import re

# One token each: an escape, a class, a comment, the start of a group, a quantifier with its suffix.
_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*+\]|\(\?#[^)]*\)|\(\??|(?:[*+?]|\{\d*,?\d*\})[+?]?|.", re.DOTALL
)
_QUANTIFIER = re.compile(r"(?:[*+?]|\{(\d*)(,?)(\d*)\})[+?]?")
_MANY = 10
"""A group repeated up to this often costs as good as exponential time."""


def refuse_nested_repeats(pattern: re.Pattern[str]) -> None:
    """Raise ValueError when a group that holds a quantifier or a choice is repeated many times."""
    if pattern.flags & re.VERBOSE:
        raise ValueError(f"{pattern.pattern!r}: write it without the verbose flag (?x)")
    varied = [False]  # of each open group: can it match one text in several ways?
    closed = False  # the group that ended just before this token: could it?
    for token in _TOKEN.findall(pattern.pattern):
        quantifier = _QUANTIFIER.fullmatch(token)
        if quantifier and closed and _goes_back(token) and _most(quantifier) >= _MANY:
            raise ValueError(
                f"{pattern.pattern!r} repeats a group that holds a quantifier or a choice, which can take "
                "exponential time: make the outer repeat possessive, as in '(…)*+'"
            )
        closed = False
        if token.startswith("(") and not token.endswith(")"):
            varied.append(False)
        elif token == ")":
            closed = varied.pop()
            varied[-1] = varied[-1] or closed
        elif token == "|" or (quantifier and _goes_back(token) and _range(quantifier)):
            varied[-1] = True


def _goes_back(token: str) -> bool:
    """Possessive quantifiers (`*+`) keep what they took."""
    return len(token) == 1 or not token.endswith("+")


def _most(quantifier: re.Match[str]) -> float:
    """How often it repeats at most; no upper bound is infinity."""
    token, (least, comma, most) = quantifier[0], quantifier.groups("")
    if token[0] == "?":
        return 1
    if token[0] in "*+":
        return float("inf")
    return float(most or ("inf" if comma else least or 1))


def _range(quantifier: re.Match[str]) -> bool:
    """Whether it leaves a choice: `{3}` does not."""
    return quantifier[0][0] != "{" or quantifier[2] == ","
