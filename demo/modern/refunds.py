"""Money that goes back."""

from decimal import Decimal
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import insert, select, update

from .auth import Caller
from .clock import now, stored
from .database import Row, new_id, reading, writing
from .errors import Refusal, invalid, not_found
from .payments import own_payment, refunded
from .php import Text
from .rates import known_rate
from .tables import payments, refunds

router = APIRouter(prefix="/v1")


class RefundIn(BaseModel):
    """What to give back; without an amount, all of it."""

    amount: Any = None
    reason: Text = ""


class RefundOut(BaseModel):
    """A refund as clients see it."""

    id: str
    payment: str
    amount: str
    reason: str
    status: str
    created_at: str


class RefundsOut(BaseModel):
    """A payment's refunds, oldest first."""

    data: list[RefundOut]


@router.get("/payments/{payment_id}/refunds")
def list_refunds(payment_id: str, merchant: Caller) -> RefundsOut:
    """The refunds of one of the caller's payments."""
    with reading() as connection:
        payment = own_payment(connection, merchant, payment_id)
        query = select(refunds).where(refunds.c.payment_id == payment["id"])
        rows = connection.execute(query.order_by(refunds.c.created_at, refunds.c.id)).mappings().all()
    return RefundsOut(data=[_public(dict(row)) for row in rows])


@router.get("/refunds/{refund_id}")
def show_refund(refund_id: str, merchant: Caller) -> RefundOut:
    """One refund of the caller's."""
    query = select(refunds).join(payments).where(refunds.c.id == refund_id)
    with reading() as connection:
        row = connection.execute(query.where(payments.c.merchant_id == merchant["id"])).mappings().first()
    if row is None:
        raise not_found("refund")
    return _public(dict(row))


@router.post("/payments/{payment_id}/refunds", status_code=201)
def create_refund(payment_id: str, wanted: RefundIn, merchant: Caller, response: Response) -> RefundOut:
    """Gives money back, never more than is left."""
    with writing() as connection:
        # SQLite's write lock is taken already; other databases lock the payment's row.
        connection.execute(select(payments.c.id).where(payments.c.id == payment_id).with_for_update())
        payment = own_payment(connection, merchant, payment_id)
        rate = known_rate(connection, payment["currency"])
        amount = rate.parse(payment["amount"] if wanted.amount is None else wanted.amount)
        if amount is None:
            raise invalid({"amount": "invalid"})
        if len(wanted.reason) > 64:
            raise invalid({"reason": "invalid"})
        left = Decimal(payment["amount"]) - Decimal(refunded(connection, payment, rate))
        _require_refundable(payment, Decimal(amount), left, rate.format(left))
        refund = _new(payment, amount, wanted.reason)
        connection.execute(insert(refunds).values(refund))
        status = "refunded" if Decimal(amount) == left else "partially_refunded"
        connection.execute(update(payments).where(payments.c.id == payment_id).values(status=status))
    response.headers["location"] = f"/api/refunds/{refund['id']}"
    return _public(refund)


def _require_refundable(payment: Row, amount: Decimal, left: Decimal, left_text: str) -> None:
    if payment["status"] not in ("captured", "partially_refunded"):
        message = f"A payment that is {payment['status']} cannot be refunded."
        raise Refusal(409, "wrong_status", message)
    if amount > left:
        raise Refusal(409, "too_much", f"Only {left_text} {payment['currency']} are left to refund.")


def _new(payment: Row, amount: str, reason: str) -> Row:
    return {
        "id": new_id("ref"),
        "payment_id": payment["id"],
        "amount": amount,
        "reason": reason or "requested_by_customer",
        "status": "succeeded",
        "created_at": stored(now()),
    }


def _public(refund: Row) -> RefundOut:
    fields = {name: refund[name] for name in refund.keys() - {"payment_id"}}
    return RefundOut(**fields, payment=refund["payment_id"])
