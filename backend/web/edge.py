"""The outermost layer: a request id, security headers, one log line, and an answer even to what nobody foresaw."""

import re
import secrets
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend import logs
from backend.errors import Internal
from backend.web.problems import ProblemResponse

log = logs.get(__name__)

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
QUIET = ("/api/health", "/metrics", "/assets/")


class RequestEdge:
    """Pure ASGI, so that streams pass through untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        offered = Headers(scope=scope).get("x-request-id", "")
        request_id = offered if _SANE_ID.fullmatch(offered) else secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started, status = time.monotonic(), 0

        async def send_dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _dress(MutableHeaders(scope=message), request_id)
            await send(message)

        try:
            await self.app(scope, receive, send_dressed)
        except Exception:
            log.exception("unhandled_error", method=scope["method"], path=scope["path"])
            if not status:
                await ProblemResponse(Internal())(scope, receive, send_dressed)
        finally:
            if not scope["path"].startswith(QUIET):
                took = round((time.monotonic() - started) * 1000)
                log.info("request", method=scope["method"], path=scope["path"], status=status, ms=took)


def _dress(headers: MutableHeaders, request_id: str) -> None:
    headers["X-Request-ID"] = request_id
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    headers.setdefault("Cache-Control", "no-store")
