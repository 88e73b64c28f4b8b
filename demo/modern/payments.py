"""Payments: shown and listed."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, BeforeValidator
from sqlalchemy import Connection, Select, func, select

from .auth import Caller
from .database import Row, reading
from .errors import invalid, not_found
from .money import Rate, total
from .php import integer, mapping
from .rates import known_rate
from .tables import payments, refunds
from .tokens import find_token

router = APIRouter(prefix="/v1/payments")

STATUSES = {
    "pending",
    "challenge",
    "authorised",
    "captured",
    "partially_refunded",
    "refunded",
    "disputed",
    "cancelled",
    "failed",
}


class CardOut(BaseModel):
    """The card of a payment, as little of it as a receipt needs."""

    token: str
    brand: str
    last4: str
    expiry: str


class PaymentOut(BaseModel):
    """A payment as clients see it."""

    id: str
    merchant: str
    reference: str
    amount: str
    currency: str
    fee: str
    status: str
    failure: str | None
    installments: int
    description: str
    metadata: dict[str, Any]
    card: CardOut | None
    refunded: str
    created_at: str
    captured_at: str | None
    links: dict[str, str]


class PageOut(BaseModel):
    """One page of payments, newest first."""

    data: list[PaymentOut]
    page: int
    pages: int
    total: int


def find_payment(connection: Connection, payment_id: str) -> Row:
    """The stored payment; 404 if there is none."""
    row = connection.execute(select(payments).where(payments.c.id == payment_id)).mappings().first()
    if row is None:
        raise not_found("payment")
    return dict(row)


def own_payment(connection: Connection, merchant: Row, payment_id: str) -> Row:
    """The caller's payment; another merchant's answers like one that does not exist."""
    payment = find_payment(connection, payment_id)
    if payment["merchant_id"] != merchant["id"]:
        raise not_found("payment")
    return payment


def refunded(connection: Connection, payment: Row, rate: Rate) -> str:
    """How much of the payment went back so far."""
    amounts = connection.scalars(select(refunds.c.amount).where(refunds.c.payment_id == payment["id"]))
    return rate.format(total(amounts))


def show(connection: Connection, payment: Row) -> PaymentOut:
    """The payment in its public form."""
    token = find_token(connection, payment["token_id"]) if payment["token_id"] else None
    return PaymentOut(
        **{name: payment[name] for name in PaymentOut.model_fields.keys() & payment.keys() - {"metadata"}},
        merchant=payment["merchant_id"],
        metadata=mapping(json.loads(payment["metadata"])),
        card=_card(token) if token else None,
        refunded=refunded(connection, payment, known_rate(connection, payment["currency"])),
        links={"self": f"/api/payments/{payment['id']}", "pay": f"/pay/{payment['id']}"},
    )


@router.get("/{payment_id}")
def show_payment(payment_id: str) -> PaymentOut:
    """One payment, for whoever knows its id."""
    with reading() as connection:
        return show(connection, find_payment(connection, payment_id))


@router.get("")
def list_payments(
    merchant: Caller,
    status: str | None = None,
    statuses: Annotated[list[str] | None, Query(alias="status[]")] = None,
    page: Annotated[int, BeforeValidator(integer)] = 1,
    limit: Annotated[int, BeforeValidator(integer)] = 10,
) -> PageOut:
    """The caller's payments, of one status or several (`status[]`) or all."""
    wanted = statuses or ([] if status is None else [status])
    if not STATUSES.issuperset(wanted):
        raise invalid({"status": "invalid"})
    page, limit = max(1, page), min(100, max(1, limit))
    query = select(payments).where(payments.c.merchant_id == merchant["id"])
    if wanted:
        query = query.where(payments.c.status.in_(wanted))
    return _page(query, page, limit)


def _page(query: Select[Any], page: int, limit: int) -> PageOut:
    newest = query.order_by(payments.c.created_at.desc(), payments.c.id.desc())
    with reading() as connection:
        count = connection.scalar(select(func.count()).select_from(query.subquery())) or 0
        rows = connection.execute(newest.limit(limit).offset((page - 1) * limit)).mappings().all()
        data = [show(connection, dict(row)) for row in rows]
    return PageOut(data=data, page=page, pages=-(-count // limit), total=count)


def _card(token: Row) -> CardOut:
    return CardOut(
        token=token["id"],
        brand=token["brand"],
        last4=token["last4"],
        expiry=f"{token['expiry_month']}/{token['expiry_year']}",
    )
