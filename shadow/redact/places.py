"""The places that a route's `redact.paths` names, found again from the path of a difference."""

import re
from collections.abc import Sequence

from shadow.compare.queries import parse
from shadow.compare.selectors import Key, Selectors, State
from shadow.compare.treatment import PLAIN, Treatment

_SIMPLE_XPATH = re.compile(r"(?://?(?:@?[\w.:-]+|\*))+")
_STEP = re.compile(r"(//?)(@?[\w.:-]+|\*)")
_JSON_KEY = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]")
_XPATH_STEP = re.compile(r"/(@?[\w.:-]+|text\(\))(?:\[\d+\])?")


class Places:
    """What JSONPaths and XPaths of names, indexes and wildcards select, and the headers of `header:name`.

    ValueError for a path that would need the document to be evaluated.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self.headers = {path.removeprefix("header:").lower() for path in paths if path.startswith("header:")}
        queries = [parse(_as_jsonpath(path)) for path in paths if not path.startswith("header:")]
        self._selectors = Selectors(PLAIN, [(query, Treatment(ignore=True)) for query in queries])
        if self._selectors.needs_document:
            raise ValueError(
                "redact.paths are made of names, indexes from 0 on and wildcards, without filters or slices"
            )

    def root(self) -> State | None:
        return self._selectors.root(None)

    def at(self, path: str) -> tuple[State | None, bool]:
        """The state at a difference's path, and whether it or a place above it is named."""
        if path.startswith("header:"):
            return None, path.removeprefix("header:") in self.headers
        state = self.root()
        named = state is not None and state.treatment.ignore
        for key in _keys(path):
            state = state and state.step(key)
            named = named or (state is not None and state.treatment.ignore)
        return state, named


def _as_jsonpath(path: str) -> str:
    if path.startswith("$"):
        return path
    if not _SIMPLE_XPATH.fullmatch(path):
        raise ValueError(f"{path!r} is no path that can be redacted: write $.a.b, //a/b or header:name")
    steps = ((deep == "//", name.rpartition(":")[2]) for deep, name in _STEP.findall(path))
    return "$" + "".join(
        (".." if deep else "") + ("[*]" if name == "*" else f"['{name}']") for deep, name in steps
    )


def _keys(path: str) -> list[Key]:
    """The keys of a path in any style; XPath steps without their positions and prefixes."""
    if path.startswith("/"):
        return [step.rpartition(":")[2] for step in _XPATH_STEP.findall(path) if step != "text()"]
    if path.startswith(("$", "[")):
        found = _JSON_KEY.findall(path.removeprefix("$"))
        return [int(index) if index else name or quoted.replace("\\'", "'") for name, index, quoted in found]
    return [path]
