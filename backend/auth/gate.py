"""Finds out who is asking, from a request's headers alone."""

import contextlib
from collections.abc import Sequence

from backend.auth import queries, service, tokens
from backend.auth.principal import Principal, RequestHeaders
from backend.auth.queries import Seen
from backend.db import TROUBLE, Database
from backend.errors import NotAuthenticated
from backend.settings import Settings

COOKIE = "sid"
SECURE_COOKIE = "__Host-sid"


class Gate:
    """`await gate(headers, address)` answers the principal or raises NotAuthenticated. A bearer token wins: with one, the
    cookie is not looked at, whether the token is good or not."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._signer = tokens.Signer(settings.jwt_secret)
        # where the site is known to be https, a cookie that any neighbouring site could set counts for nothing
        https = settings.public_url.startswith("https://")
        self._cookies = (SECURE_COOKIE,) if https else (SECURE_COOKIE, COOKIE)

    async def __call__(self, headers: RequestHeaders, address: str) -> Principal:  # noqa: ARG002  the door's signature
        given = headers.getlist("authorization")
        if len(given) > 1:
            raise NotAuthenticated
        scheme, _, token = given[0].partition(" ") if given else ("", "", "")
        principal = await (
            self._by_token(token) if scheme.lower() == "bearer" else self._by_cookie(headers.getlist("cookie"))
        )
        if principal is None:
            raise NotAuthenticated
        return principal

    async def _by_token(self, token: str) -> Principal | None:
        if token.startswith(tokens.API_PREFIX):
            if not tokens.is_opaque(token.removeprefix(tokens.API_PREFIX)):
                return None
            return await self._noted(await self._db.read(queries.by_api_token, tokens.digest(token)))
        claim = self._signer.read(token)
        return await self._db.read(queries.by_access_token, *claim) if claim else None

    async def _by_cookie(self, headers: Sequence[str]) -> Principal | None:
        value = _cookie(headers, self._cookies)
        if value is None or not tokens.is_opaque(value):
            return None
        return await self._noted(await self._db.read(queries.by_session, tokens.digest(value)))

    async def _noted(self, seen: Seen | None) -> Principal | None:
        if seen is None:
            return None
        who = seen.principal
        if seen.stale:
            with contextlib.suppress(*TROUBLE):  # being remembered a minute too early is no reason to turn anyone away
                if who.session_id is not None:
                    await self._db.write(service.touch_session, who.session_id)
                elif who.token_id is not None:
                    await self._db.write(service.touch_token, who.token_id)
        return who


def _cookie(headers: Sequence[str], names: Sequence[str]) -> str | None:
    """The value of the first of these cookies that was sent."""
    sent: dict[str, str] = {}
    for header in headers:
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            sent.setdefault(name, value)
    return next((sent[name] for name in names if name in sent), None)
