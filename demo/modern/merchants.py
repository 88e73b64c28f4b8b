"""Merchants, as they see themselves, and what they took in a month."""

import json
import re
from collections import Counter, defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import Connection, select

from .auth import Caller
from .clock import now, stored
from .database import Row, reading
from .errors import invalid, not_found
from .money import Rate, total
from .payments import refunded
from .php import Text, mapping
from .rates import known_rate
from .tables import payments

router = APIRouter(prefix="/v1/merchants")

TAKEN = ("captured", "partially_refunded", "refunded", "disputed")


class MerchantOut(BaseModel):
    """A merchant."""

    id: str
    name: str
    country: str
    currency: str
    settings: dict[str, str]
    created_at: str


class TotalsOut(BaseModel):
    """A month's sums."""

    payments: int
    captured: str
    refunded: str
    fees: str
    net: str


class DayOut(BaseModel):
    """What one day brought."""

    date: str
    payments: int
    captured: str


class ReportOut(BaseModel):
    """A merchant's month; `generated_at` is UTC, as everywhere in this service but in the shared columns."""

    merchant: str
    month: str
    currency: str
    totals: TotalsOut
    by_status: dict[str, int]
    days: list[DayOut]
    generated_at: datetime


def _own(merchant: Row, merchant_id: str) -> Row:
    if merchant["id"] != merchant_id:
        raise not_found("merchant")
    return merchant


@router.get("/{merchant_id}")
def show_merchant(merchant_id: str, caller: Caller) -> MerchantOut:
    """The caller, if the path names it."""
    merchant = _own(caller, merchant_id)
    fields = {name: merchant[name] for name in MerchantOut.model_fields if name != "settings"}
    return MerchantOut(**fields, settings=mapping(json.loads(merchant["settings"])))


@router.get("/{merchant_id}/report")
def report(merchant_id: str, caller: Caller, month: Annotated[Text | None, Query()] = None) -> ReportOut:
    """What the merchant took in a month (YYYY-MM), this one unless another is named."""
    merchant = _own(caller, merchant_id)
    wanted = stored(now())[:7] if month is None else month
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", wanted, re.ASCII):
        raise invalid({"month": "invalid"})
    with reading() as connection:
        return _report(connection, merchant, wanted)


def _report(connection: Connection, merchant: Row, month: str) -> ReportOut:
    rate = known_rate(connection, merchant["currency"])
    query = select(payments).where(
        payments.c.merchant_id == merchant["id"], payments.c.created_at.startswith(f"{month}-")
    )
    found = [dict(row) for row in connection.execute(query).mappings()]
    taken = [payment for payment in found if payment["status"] in TAKEN]
    return ReportOut(
        merchant=merchant["id"],
        month=month,
        currency=merchant["currency"],
        totals=_totals(connection, found, taken, rate),
        by_status=dict(Counter(payment["status"] for payment in found)),
        days=_days(taken, rate),
        generated_at=now(),
    )


def _totals(connection: Connection, found: list[Row], taken: list[Row], rate: Rate) -> TotalsOut:
    captured = total(payment["amount"] for payment in taken)
    fees = total(payment["fee"] for payment in taken)
    back = total(refunded(connection, payment, rate) for payment in taken)
    return TotalsOut(
        payments=len(found),
        captured=rate.format(captured),
        refunded=rate.format(back),
        fees=rate.format(fees),
        net=rate.format(captured - back - fees),
    )


def _days(taken: list[Row], rate: Rate) -> list[DayOut]:
    days: defaultdict[str, list[str]] = defaultdict(list)
    for payment in taken:
        days[payment["created_at"][:10]].append(payment["amount"])
    return [
        DayOut(date=date, payments=len(amounts), captured=rate.format(Decimal(total(amounts))))
        for date, amounts in sorted(days.items())
    ]
