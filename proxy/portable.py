"""Dataclasses on their way to another process, compiled or not."""

from dataclasses import fields
from typing import Any


class Portable:
    """A dataclass that pickles as the call that makes it: mypyc's classes do not pickle by themselves."""

    __slots__ = ()

    def __reduce__(self) -> tuple[type[Any], tuple[object, ...]]:
        this: Any = self
        return type(self), tuple(getattr(self, field.name) for field in fields(this))
