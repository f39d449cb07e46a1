"""The door: who is asking, from which site, and how much they send is settled before one byte of a body is read.

FastAPI reads a whole body before any dependency runs, so this cannot be a dependency.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.errors import AppError, BodyTooLarge, CrossOrigin, MalformedRequest, UnsupportedMediaType
from backend.web.problems import ProblemResponse

KIB = 1024
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_TYPES = ("application/json", "multipart/form-data", "application/x-www-form-urlencoded")
PROTECTED = ("/api/", "/metrics")


class Principal(Protocol):
    """Who is asking, as far as the door must know."""

    @property
    def by_cookie(self) -> bool: ...


Authenticate = Callable[[Headers, str], Awaitable[Principal]]


@dataclass(frozen=True)
class Policy:
    """What the door lets through.

    `open_routes` answer without credentials; `body_limits` are bytes for (method, path), `default_limit` for all else;
    `own_hosts` are further hosts that count as this site (a proxy's public name); `loopback_routes` also answer this
    machine itself without credentials.
    """

    open_routes: frozenset[tuple[str, str]]
    body_limits: Mapping[tuple[str, str], int]
    default_limit: int = 256 * KIB
    own_hosts: frozenset[str] = frozenset()
    loopback_routes: frozenset[tuple[str, str]] = frozenset()


class Admission:
    """Pure ASGI gate; puts the principal into `scope["state"]["principal"]`."""

    def __init__(self, app: ASGIApp, policy: Policy, authenticate: Authenticate) -> None:
        self.app, self.policy, self.authenticate = app, policy, authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            limit = await self._admit(scope)
        except AppError as error:
            # the body stays unread, so the connection cannot be used again
            await ProblemResponse(error, headers={"Connection": "close"})(scope, receive, send)
            return
        await self.app(scope, _Counted(receive, limit), send)

    async def _admit(self, scope: Scope) -> int:
        headers, method, path = Headers(scope=scope), scope["method"], scope["path"]
        route = ("GET" if method == "HEAD" else method, path)
        address = scope["client"][0] if scope.get("client") else ""
        if path.startswith(PROTECTED) and not self._is_open(route, headers, address):
            principal = await self.authenticate(headers, address)
            scope.setdefault("state", {})["principal"] = principal
            if principal.by_cookie and method not in SAFE_METHODS:
                self._same_site(headers, required=True)
        elif method not in SAFE_METHODS:
            self._same_site(headers, required=False)
        limit = self.policy.body_limits.get(route, self.policy.default_limit)
        _check_body(headers, limit)
        return limit

    def _is_open(self, route: tuple[str, str], headers: Headers, address: str) -> bool:
        if route in self.policy.loopback_routes:
            return address in ("127.0.0.1", "::1") and "x-forwarded-for" not in headers
        return route in self.policy.open_routes

    def _same_site(self, headers: Headers, *, required: bool) -> None:
        if (fetch_site := headers.get("sec-fetch-site")) is not None:
            if fetch_site not in ("same-origin", "none"):
                raise CrossOrigin
            return
        if (origin := headers.get("origin")) is not None:
            if urlsplit(origin).netloc.lower() not in {headers.get("host", "").lower(), *self.policy.own_hosts}:
                raise CrossOrigin
            return
        if required:
            raise CrossOrigin


def _check_body(headers: Headers, limit: int) -> None:
    length = headers.get("content-length")
    if length is not None:
        if not (length.isascii() and length.isdigit()):
            raise MalformedRequest("Content-Length is not a number.")
        if int(length) > limit:
            raise BodyTooLarge(f"The body may have at most {limit} bytes.", limit=limit)
    if (length not in (None, "0")) or "transfer-encoding" in headers:
        if headers.get("content-encoding", "identity") != "identity":
            raise UnsupportedMediaType("Send the body without Content-Encoding.")
        if not headers.get("content-type", "").lower().startswith(BODY_TYPES):
            raise UnsupportedMediaType


class _Counted:
    """Receives a body of at most `limit` bytes, whatever its headers promised."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self.receive, self.limit, self.seen = receive, limit, 0

    async def __call__(self) -> Message:
        message = await self.receive()
        if message["type"] == "http.request":
            self.seen += len(message.get("body", b""))
            if self.seen > self.limit:
                raise BodyTooLarge(f"The body may have at most {self.limit} bytes.", limit=self.limit)
        return message
