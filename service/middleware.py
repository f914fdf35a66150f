"""What stands before every route, outermost first: trace id, security headers and request counts; API keys and the cross-site guard;
body limits. Plain ASGI, so that streams pass through untouched."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import metrics as names
from service.core.settings import Settings
from service.metrics import Metrics
from service.problems import SECURITY_HEADERS, problem, respond

UPLOAD = ("POST", "/v1/documents")
MULTIPART_BYTES = 64 * 1024  # what a form adds around its file
OPEN_PATHS = ("/", "/healthz", "/readyz")


class Envelope:
    """Gives every request its trace id, every response its headers, and counts both."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        trace_id = secrets.token_hex(16)
        scope.setdefault("state", {})["trace_id"] = trace_id
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Trace-Id"] = trace_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "DELETE") else "other"
            self.metrics.count(names.REQUESTS, route=route, method=method, status=str(status))


class Gate:
    """Lets in who has a key (where keys are set) and, for what changes something, nobody who comes from another site's page."""

    def __init__(self, app: ASGIApp, keys: str) -> None:
        self.app = app
        self._hashes = [_hash(key.strip().encode()) for key in keys.split(",") if key.strip()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers, path = Headers(scope=scope), scope["path"]
            refusal = None
            is_open = not self._hashes or path in OPEN_PATHS or path.startswith("/web/")
            if not is_open and not self._known(headers.get("authorization", "")):
                refusal = problem(401, "Send an API key: `Authorization: Bearer KEY`.", scope["state"]["trace_id"])
            elif scope["method"] not in ("GET", "HEAD") and _cross_site(headers):
                refusal = problem(403, "Requests from other sites' pages are not taken.", scope["state"]["trace_id"])
            if refusal:
                challenge = {"WWW-Authenticate": "Bearer"} if refusal["status"] == 401 else None
                await respond(refusal, challenge)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _known(self, authorization: str) -> bool:
        scheme, _, key = authorization.partition(" ")
        given = _hash(key.strip().encode("latin-1"))  # the bytes as they were sent
        found = [hmac.compare_digest(given, known) for known in self._hashes]  # all of them: the time tells nothing
        return scheme.lower() == "bearer" and any(found)


def _hash(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _cross_site(headers: Headers) -> bool:
    origin = headers.get("origin")
    return headers.get("sec-fetch-site") == "cross-site" or (origin is not None and urlsplit(origin).netloc != headers.get("host"))


class BodyLimits:
    """Refuses bodies that are declared or turn out too long: one limit for uploads, a smaller one for everything else."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._small = RequestBodyLimitMiddleware(app, settings.max_body_bytes)
        self._large = RequestBodyLimitMiddleware(app, settings.max_upload_bytes + MULTIPART_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            limited = self._large if (scope["method"], scope["path"]) == UPLOAD else self._small
            declared = Headers(scope=scope).get("content-length", "")
            if declared.isdigit() and int(declared) > limited.max_body_size:
                detail = f"The body has {declared} bytes, more than {limited.max_body_size}."
                await respond(problem(413, detail, scope["state"]["trace_id"]))(scope, receive, send)
                return
        else:
            limited = self._small
        await limited(scope, receive, send)
