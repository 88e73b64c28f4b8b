"""The short links of e-mails and invoices."""

from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

router = APIRouter()


@router.get("/pay/{payment_id}")
def pay_link(payment_id: str) -> RedirectResponse:
    """On to the hosted payment page, which is still the gateway's."""
    page = f"/checkout.php?id={quote(payment_id, safe='')}"
    return RedirectResponse(page, headers={"content-type": "text/html; charset=UTF-8"})
