"""What a payment costs the merchant."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import Connection, select

from .database import reading
from .errors import invalid, not_found
from .money import Rate
from .php import Text
from .tables import rates

router = APIRouter(prefix="/v1/rates")


class RateOut(BaseModel):
    """One currency's price."""

    currency: str
    percent: float
    fixed: str
    decimals: int


class RatesOut(BaseModel):
    """The price list."""

    base: str
    rates: list[RateOut]
    surcharges: dict[str, str]


class FeeOut(BaseModel):
    """What one amount would cost."""

    currency: str
    amount: str
    percent: float
    fixed: str
    fee: str


def find_rate(connection: Connection, currency: str) -> Rate | None:
    """The rate of this currency, None if it is not traded."""
    row = connection.execute(select(rates).where(rates.c.currency == currency)).mappings().first()
    return Rate(**row) if row else None


def known_rate(connection: Connection, currency: str) -> Rate:
    """The rate of a currency that the database itself names."""
    rate = find_rate(connection, currency)
    assert rate is not None, f"no rate for {currency}: the foreign key forbids it"
    return rate


@router.get("")
def show_rates() -> RatesOut:
    """Every currency's price, by name."""
    with reading() as connection:
        rows = connection.execute(select(rates).order_by(rates.c.currency)).mappings().all()
    return RatesOut(base="EUR", rates=[RateOut(**row) for row in rows], surcharges={})


@router.get("/{currency}/fee")
def quote(currency: str, amount: Annotated[Text, Query()] = "") -> FeeOut:
    """The fee that a payment of this amount would have."""
    with reading() as connection:
        rate = find_rate(connection, currency)
    if rate is None:
        raise not_found("currency")
    parsed = rate.parse(amount)
    if parsed is None:
        raise invalid({"amount": "invalid"})
    return FeeOut(
        currency=rate.currency,
        amount=parsed,
        percent=rate.percent,
        fixed=rate.fixed,
        fee=rate.fee(parsed),
    )
