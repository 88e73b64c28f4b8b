"""New payments: checked the way the gateway checks them."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, BeforeValidator
from sqlalchemy import Connection, insert

from .auth import Caller
from .clock import now, stored
from .database import Row, new_id, writing
from .errors import invalid
from .payments import PaymentOut, find_payment, show
from .php import Text, integer, mapping
from .rates import find_rate
from .tables import payments
from .tokens import find_token

router = APIRouter(prefix="/v1/payments")


def _count(value: Any) -> int:
    return integer(value) if isinstance(value, str | int | float) else 1


class PaymentIn(BaseModel):
    """A new payment as a client words it; `_checked` says what is wrong with it."""

    amount: Any = None
    currency: Text = ""
    reference: Text = ""
    description: Text = ""
    installments: Annotated[int, BeforeValidator(_count)] = 1
    metadata: Any = None
    token: Text = ""


@router.post("", status_code=201)
def create_payment(wanted: PaymentIn, merchant: Caller, response: Response) -> PaymentOut:
    """A new payment: authorised if it comes with a token, otherwise waiting for the buyer's card."""
    with writing() as connection:
        payment = _checked(connection, merchant, wanted)
        connection.execute(insert(payments).values(payment))
        response.headers["location"] = f"/api/payments/{payment['id']}"
        return show(connection, find_payment(connection, payment["id"]))


def _checked(connection: Connection, merchant: Row, wanted: PaymentIn) -> Row:
    """The row to store; 422 with every field at fault."""
    rate = find_rate(connection, wanted.currency)
    amount = rate.parse(wanted.amount) if rate else None
    token = find_token(connection, wanted.token) if wanted.token else None
    problems = {
        "amount": "required" if wanted.amount is None else "invalid" if rate and amount is None else "",
        "currency": "required" if not wanted.currency else "" if rate else "invalid",
        "reference": "required" if not wanted.reference else "invalid" if len(wanted.reference) > 64 else "",
        "description": "invalid" if len(wanted.description) > 255 else "",
        "installments": "" if 1 <= wanted.installments <= 36 else "invalid",
        "metadata": "" if not wanted.metadata or isinstance(wanted.metadata, dict) else "invalid",
        "token": "invalid" if wanted.token and not _owns(merchant, token) else "",
    }
    if any(problems.values()):
        raise invalid({field: problem for field, problem in problems.items() if problem})
    assert rate is not None and amount is not None, "the checks above refuse a payment without them"
    return {
        "id": new_id("pay"),
        "merchant_id": merchant["id"],
        "token_id": wanted.token or None,
        "reference": wanted.reference,
        "amount": amount,
        "currency": rate.currency,
        "fee": rate.fee(amount),
        "status": "authorised" if wanted.token else "pending",
        "installments": wanted.installments,
        "description": wanted.description,
        "metadata": json.dumps(mapping(wanted.metadata), ensure_ascii=False),
        "created_at": stored(now()),
    }


def _owns(merchant: Row, token: Row | None) -> bool:
    return token is not None and token["merchant_id"] == merchant["id"]
