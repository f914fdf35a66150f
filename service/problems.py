"""Problem documents (RFC 9457): what every error response of the service looks like. Which error gets which status is not known here
but in `app.py`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from service.views import Json, View

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def problem(status: int, detail: str, trace_id: str, **more: Any) -> View:
    """A problem document; without a better name its type is the status itself."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, "trace_id": trace_id, **more}


def respond(body: View, headers: dict[str, str] | None = None) -> Response:
    """A problem document as a response."""
    own = {"X-Trace-Id": body["trace_id"], **SECURITY_HEADERS}
    return Json(body, body["status"], {**own, **(headers or {})}, media_type="application/problem+json")


def trace_id_of(request: Request) -> str:
    """The id `middleware.Envelope` gave this request."""
    return str(request.scope.get("state", {}).get("trace_id", ""))
