"""Amounts and fees, in exact decimals."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_AMOUNT = re.compile(r"\d{1,9}(?:\.(\d{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rate:
    """What a payment in `currency` costs: `percent` of the amount and a `fixed` part."""

    currency: str
    percent: float
    fixed: str
    decimals: int

    def format(self, amount: Decimal) -> str:
        """19.9 in EUR is `19.90`, 1200 in JPY is `1200`."""
        return str(amount.quantize(Decimal(1).scaleb(-self.decimals)))

    def fee(self, amount: str) -> str:
        """The fee for this amount, rounded to the currency's decimals."""
        share = Decimal(amount) * Decimal(str(self.percent)) / 100
        return self.format(share + Decimal(self.fixed))

    def parse(self, amount: Any) -> str | None:
        """The amount in the currency's own form; None if it is no positive amount of this currency."""
        if isinstance(amount, bool) or not isinstance(amount, str | int | float):
            return None
        found = _AMOUNT.fullmatch(str(amount))
        if found is None or len(found[1] or "") > self.decimals or Decimal(found[0]) <= 0:
            return None
        return self.format(Decimal(found[0]))


def total(amounts: Iterable[str]) -> Decimal:
    """The exact sum."""
    return sum((Decimal(amount) for amount in amounts), Decimal(0))
