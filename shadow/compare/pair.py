"""Two bodies on their way through a comparison."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shadow.compare.charsets import Text
from shadow.compare.findings import Findings
from shadow.compare.media import MediaType
from shadow.compare.model import ABSENT, Kind, Side, Value
from shadow.compare.php import Notices
from shadow.compare.policy import Policy

WHOLE: Final = "$"
_FAILURES = frozenset((Kind.CUT_BODY, Kind.EMPTY_BODY, Kind.INVALID_BODY))


@dataclass(frozen=True, slots=True)
class Body:
    """One side's body, without its content codings, as far as it could be read.

    complete: it did not end before its framing said so. fault: what was wrong with its content codings,
    and sent: the body with them on. over: the limit that it is over.
    """

    status: int
    media: MediaType
    data: bytes
    decoded: Text
    notices: Notices
    complete: bool = True
    fault: str = ""
    over: str = ""
    sent: bytes = b""

    @property
    def text(self) -> str:
        """Without what PHP printed into it."""
        return self.notices.text

    @property
    def empty(self) -> bool:
        return not self.text.strip()

    @property
    def owes_content(self) -> bool:
        """Whether this status promises content (RFC 9110 §15.3)."""
        return 200 <= self.status < 300 and self.status not in (204, 205)


@dataclass(frozen=True, slots=True)
class Pair:
    """Both bodies, how to compare them and where to put what is found. mirror: see `align`."""

    primary: Body
    shadow: Body
    policy: Policy
    findings: Findings
    mirror: bool

    def only_one(self, is_so: Callable[[Body], bool]) -> Body | None:
        """The side for which something holds that does not hold for the other."""
        one, other = is_so(self.primary), is_so(self.shadow)
        return None if one is other else self.primary if one else self.shadow

    def whole(self, kind: Kind, primary: Value, shadow: Value, hint: str = "") -> None:
        """A difference of the whole body."""
        self.findings.body(WHOLE, kind, primary, shadow, hint=hint)

    def flag(self, kind: Kind, of: Body, value: Value, hint: str = "") -> None:
        """A flag that speaks of one side: that one shows `value`, the other its text."""
        if kind in _FAILURES and of.owes_content:
            self.findings.failed.add(Side.PRIMARY if of is self.primary else Side.SHADOW)
        if of is self.primary:
            self.whole(kind, value, self.shadow.text, hint)
        else:
            self.whole(kind, self.primary.text, value, hint)

    def one_sided(self, of: Body, value: Value, kind: Kind | None = None, hint: str = "") -> None:
        """What one side has and the other has nothing of."""
        if of is self.primary:
            self.whole(kind or Kind.MISSING, value, ABSENT, hint)
        else:
            self.whole(kind or Kind.EXTRA, ABSENT, value, hint)
