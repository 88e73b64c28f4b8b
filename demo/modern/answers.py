"""The response class of every answer."""

from collections.abc import Mapping

from fastapi.responses import JSONResponse


class PrivateJSON(JSONResponse):
    """JSON that no cache may keep."""

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """Adds Cache-Control to whatever headers the answer has."""
        super().init_headers({**(headers or {}), "cache-control": "no-store"})
