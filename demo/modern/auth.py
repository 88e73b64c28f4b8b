"""Who calls: a merchant, by API key."""

import hashlib
import re
from typing import Annotated

from fastapi import Depends, Header
from sqlalchemy import select

from .database import Row, reading
from .errors import Refusal
from .tables import merchants

_BEARER = re.compile(r"Bearer (\S+)")


def calling_merchant(authorization: Annotated[str, Header()] = "") -> Row:
    """The merchant whose key the Authorization header carries; 401 if there is none."""
    found = _BEARER.fullmatch(authorization)
    if found:
        digest = hashlib.sha256(found[1].encode()).hexdigest()
        with reading() as connection:
            query = select(merchants).where(merchants.c.api_key_sha256 == digest)
            merchant = connection.execute(query).mappings().first()
        if merchant:
            return dict(merchant)
    raise Refusal(401, "unauthorized", "A valid API key is required.")


Caller = Annotated[Row, Depends(calling_merchant)]
