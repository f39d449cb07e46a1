"""The door: who is asking, from which site, and how much they send is settled before one byte of a body is read.

FastAPI reads a whole body before any dependency runs, so this cannot be a dependency.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.errors import AppError, CrossOrigin, MalformedRequest, UnsupportedMediaType
from backend.web.arrival import Arrival, Limit
from backend.web.problems import ProblemResponse

KIB = 1024
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FILES_TYPE = "multipart/form-data"
BODY_TYPES = ("application/json", FILES_TYPE, "application/x-www-form-urlencoded")
PROTECTED = ("/api/", "/metrics")


class Principal(Protocol):
    """Who is asking, as far as the door must know."""

    @property
    def by_cookie(self) -> bool: ...


Authenticate = Callable[[Headers, str], Awaitable[Principal]]


@dataclass(frozen=True)
class Policy:
    """What the door lets through.

    `open_routes` answer without credentials; `body_limits` are for (method, path), `default_limit` bytes for all else, and
    for whatever is not a form with files, since that is held whole;
    `own_hosts` are further hosts that count as this site (a proxy's public name); `loopback_routes` also answer this
    machine itself without credentials; a body may pause for at most `silence_seconds`, and not arrive for ever.
    """

    open_routes: frozenset[tuple[str, str]]
    body_limits: Mapping[tuple[str, str], Limit]
    default_limit: int = 256 * KIB
    own_hosts: frozenset[str] = frozenset()
    loopback_routes: frozenset[tuple[str, str]] = frozenset()
    silence_seconds: float = 60


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
        arrival = Arrival(receive, limit, self.policy.silence_seconds, expected=_announced(Headers(scope=scope)))
        await self.app(scope, arrival.receive, arrival.answering(scope, send))

    async def _admit(self, scope: Scope) -> Limit:
        headers, method, path = Headers(scope=scope), scope["method"], scope["path"]
        if scope["http_version"] == "1.1" and len(headers.getlist("host")) != 1:
            raise MalformedRequest("A request names one Host.")
        route = ("GET" if method == "HEAD" else method, path)
        address = scope["client"][0] if scope.get("client") else ""
        if path.startswith(PROTECTED) and not self._is_open(route, headers, address):
            principal = await self.authenticate(headers, address)
            scope.setdefault("state", {})["principal"] = principal
            if principal.by_cookie and method not in SAFE_METHODS:
                self._same_site(headers, required=True)
        elif method not in SAFE_METHODS:
            self._same_site(headers, required=False)
        limit = self.policy.body_limits.get(route, Limit(self.policy.default_limit))
        if not headers.get("content-type", "").lower().startswith(FILES_TYPE):
            limit = Limit(min(limit.body, self.policy.default_limit))
        _check_body(headers, limit)
        return limit

    def _is_open(self, route: tuple[str, str], headers: Headers, address: str) -> bool:
        if route in self.policy.loopback_routes:
            return address in ("127.0.0.1", "::1") and "x-forwarded-for" not in headers
        return route in self.policy.open_routes

    def _same_site(self, headers: Headers, *, required: bool) -> None:
        if len(headers.getlist("sec-fetch-site")) > 1 or len(headers.getlist("origin")) > 1:
            raise CrossOrigin
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


def _check_body(headers: Headers, limit: Limit) -> None:
    length = headers.get("content-length")
    if length is not None:
        if not (length.isascii() and length.isdigit()):
            raise MalformedRequest("Content-Length is not a number.")
        if int(length) > limit.body:
            raise limit.exceeded()
    if _announced(headers):
        if headers.get("content-encoding", "identity") != "identity":
            raise UnsupportedMediaType("Send the body without Content-Encoding.")
        if not headers.get("content-type", "").lower().startswith(BODY_TYPES):
            raise UnsupportedMediaType


def _announced(headers: Headers) -> bool:
    """Whether the headers say that a body follows."""
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
