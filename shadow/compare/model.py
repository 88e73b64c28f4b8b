"""What goes into a comparison and what comes out of it: frozen data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Final, NamedTuple, TypeAlias

Json: TypeAlias = bool | int | Decimal | str | list["Json"] | dict[str, "Json"] | None


class Absent(Enum):
    """The value that a side does not have; JSON's null is a value, this is none."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
Value: TypeAlias = Json | Absent


class Side(StrEnum):
    PRIMARY = "primary"
    SHADOW = "shadow"


class Where(StrEnum):
    STATUS = "status"
    HEADER = "header"
    BODY = "body"


class Kind(StrEnum):
    """How two answers differ. From LEGACY_NOTICE on: flags, mostly of a body as a whole."""

    CHANGED = "changed"
    MISSING = "missing"  # in the primary only
    EXTRA = "extra"  # in the shadow only
    TYPE = "type"
    ORDER = "order"
    LEGACY_NOTICE = "legacy_notice"
    MOJIBAKE = "mojibake"
    CUT_BODY = "cut_body"
    EMPTY_BODY = "empty_body"
    INVALID_BODY = "invalid_body"
    DUPLICATE_KEY = "duplicate_key"
    SIGNED_BYTES = "signed_bytes"
    OVER_LIMIT = "over_limit"


class Severity(StrEnum):
    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"


class Verdict(StrEnum):
    """What became of an exchange. FAILED and SKIPPED: there was nothing to compare."""

    MATCH = "match"
    NOISE = "noise"
    MISMATCH = "mismatch"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Request:
    """The request both sides answered, as far as comparing needs it: Location is resolved against it."""

    method: str
    target: bytes
    scheme: str = "http"
    host: bytes = b"localhost"


@dataclass(frozen=True, slots=True)
class Answer:
    """One side's response: fields in order and as sent, the body as sent (content codings on, chunking off).

    `complete` is false when the body ended before its framing said so.
    """

    status: int
    fields: Sequence[tuple[bytes, bytes]] = ()
    body: bytes = b""
    complete: bool = True


class Difference(NamedTuple):
    """One typed difference. Values are raw: redact before they are written anywhere.

    A tuple, because there can be thousands.
    named: what a neighbour says the value is, where the path does not: <input name="cvv" value="123">.
    """

    where: Where
    path: str
    kind: Kind
    primary: Value
    shadow: Value
    severity: Severity
    hint: str = ""
    noise: bool = False
    money: bool = False
    named: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where comparing stops. What is over a limit gets a verdict, never a crash or a stall.

    decoded: bytes of a body after its content codings; depth: nesting, PHP's own default; values: values of
    one JSON, CSV or form body, nodes of one XML or HTML tree; differences: reported for one exchange;
    alignment: cells and matches that aligning arrays may look at, after which they are compared by position.
    """

    decoded: int = 8 * 1024 * 1024
    depth: int = 512
    values: int = 200_000
    differences: int = 10_000
    alignment: int = 100_000


class OverLimit(Exception):
    """A body, or the work it asks for, is over a limit; the text says which."""


@dataclass(frozen=True, slots=True)
class Result:
    """All that comparing found.

    normalised: how often a rule or an automatic treatment made two forms equal, by its name. unread: why the
    bodies, or the rest of them, could not be compared; empty when they were. failed: the sides whose body was
    cut, empty or broken under a status that promised one: errors of that side.
    """

    differences: tuple[Difference, ...] = ()
    normalised: Mapping[str, int] = field(default_factory=dict)
    unread: str = ""
    failed: frozenset[Side] = frozenset()

    @property
    def verdict(self) -> Verdict:
        """MISMATCH if more than noise differs, INCONCLUSIVE if something went unread, NOISE, or MATCH."""
        if any(not difference.noise for difference in self.differences):
            return Verdict.MISMATCH
        if self.unread:
            return Verdict.INCONCLUSIVE
        return Verdict.NOISE if self.differences else Verdict.MATCH
