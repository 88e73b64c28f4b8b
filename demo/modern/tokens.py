"""The vault: a token stands for a card. First six and last four digits are kept, never a security code."""

import hashlib
import hmac
import re
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import Connection, insert, select

from .auth import Caller
from .clock import now, stored
from .database import Row, new_id, reading, writing
from .errors import not_found
from .php import Text, mapping
from .settings import settings
from .tables import tokens

router = APIRouter(prefix="/v1/tokens")

_BRANDS = [("visa", "4"), ("mastercard", "5[1-5]"), ("amex", "3[47]"), ("jcb", "35")]


def luhn(digits: str) -> bool:
    """Whether these are 13 to 19 digits with a right check digit (ISO/IEC 7812-1, annex B)."""
    if not re.fullmatch(r"\d{13,19}", digits, re.ASCII):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _required(value: str) -> str:
    if not value:
        raise PydanticCustomError("required", "required")
    return value


def _number(value: str) -> str:
    digits = value.replace(" ", "").replace("-", "")
    if not luhn(digits):
        raise ValueError("not a card number")
    return digits


def _year(value: str) -> str:
    if not re.fullmatch(r"20\d\d", value, re.ASCII) or int(value) < int(stored(now())[:4]):
        raise ValueError("not a year to come")
    return value


# An absent field reads as empty text, so that it is reported like one.
Given = Annotated[Text, Field(default="", validate_default=True), AfterValidator(_required)]
Nested = Field(default_factory=dict, validate_default=True)


class Expiry(BaseModel):
    """The month and year printed on the card, as text: `04`, `2030`."""

    month: Annotated[Given, Field(pattern=r"^(0[1-9]|1[0-2])$")]
    year: Annotated[Given, AfterValidator(_year)]


class Card(BaseModel):
    """A card as it passes through; the security code is checked for form and dropped."""

    number: Annotated[Given, AfterValidator(_number)]
    expiry: Annotated[Expiry, BeforeValidator(mapping), Nested]
    cvv: Annotated[Given, Field(pattern=r"^[0-9]{3,4}$")]
    holder: Annotated[Given, Field(max_length=80)]


class TokenIn(BaseModel):
    """The card to keep."""

    card: Annotated[Card, BeforeValidator(mapping), Nested]


class TokenOut(BaseModel):
    """A stored card, as far as its merchant may see it."""

    id: str
    brand: str
    bin: str
    last4: str
    expiry: dict[str, str]
    holder: str
    fingerprint: str
    created_at: str


def find_token(connection: Connection, token_id: str) -> Row | None:
    """The stored token, whoever owns it."""
    row = connection.execute(select(tokens).where(tokens.c.id == token_id)).mappings().first()
    return dict(row) if row else None


@router.get("/{token_id}")
def show_token(token_id: str, merchant: Caller) -> TokenOut:
    """One of the caller's tokens."""
    with reading() as connection:
        token = find_token(connection, token_id)
    if token is None or token["merchant_id"] != merchant["id"]:
        raise not_found("token")
    return _public(token)


@router.post("", status_code=201)
def create_token(wanted: TokenIn, merchant: Caller, response: Response) -> TokenOut:
    """Keeps a card and answers the token that stands for it."""
    card = wanted.card
    token = {
        "id": new_id("tok"),
        "merchant_id": merchant["id"],
        "brand": next((name for name, start in _BRANDS if re.match(start, card.number)), "other"),
        "bin": card.number[:6],
        "last4": card.number[-4:],
        "expiry_month": card.expiry.month,
        "expiry_year": card.expiry.year,
        "holder": card.holder,
        "fingerprint": hmac.new(settings().vault_key, card.number.encode(), hashlib.sha256).hexdigest()[:16],
        "created_at": stored(now()),
    }
    with writing() as connection:
        connection.execute(insert(tokens).values(token))
    response.headers["location"] = f"/api/tokens/{token['id']}"
    return _public(token)


def _public(token: dict[str, Any]) -> TokenOut:
    fields = {name: token[name] for name in TokenOut.model_fields if name != "expiry"}
    return TokenOut(**fields, expiry={"month": token["expiry_month"], "year": token["expiry_year"]})
