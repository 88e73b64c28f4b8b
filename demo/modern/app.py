"""The payments service: `uvicorn --app-dir demo modern.app:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import text

from . import errors, links, merchants, payment_creation, payments, rates, refunds, tokens
from .answers import PrivateJSON
from .database import engine, prepare, reading


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[None]:
    prepare()
    yield
    engine().dispose()


app = FastAPI(
    title="Payments",
    lifespan=_lifespan,
    default_response_class=PrivateJSON,
    redirect_slashes=False,
)
errors.install(app)
for module in (rates, tokens, payments, payment_creation, refunds, merchants, links):
    app.include_router(module.router)


@app.get("/healthz")
def healthz() -> dict[str, str]:
    """Alive, and the database answers."""
    with reading() as connection:
        connection.execute(text("SELECT 1"))
    return {"status": "ok"}
