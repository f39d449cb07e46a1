"""What a user proves to be themself with: signed access tokens, opaque session ids, personal API tokens."""

import hashlib
import re
import secrets
import uuid
from datetime import timedelta
from typing import Any, NamedTuple

import jwt

from backend import clock

ACCESS_SECONDS = 24 * 3600
SESSION_SECONDS = 30 * 24 * 3600
"""A browser signs in again after this, whatever it does."""
IDLE_SECONDS = 7 * 24 * 3600
"""… and after this when it does nothing."""
LEEWAY_SECONDS = 30
API_PREFIX = "nb_"

_ALGORITHM = "HS256"
_PURPOSE = "access"
_REQUIRED = ["exp", "iat", "sub", "jti"]
_MOST_CHARACTERS = 2048
_USER_ID = re.compile(r"[1-9][0-9]{0,17}")
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{43}")
_JWT = jwt.PyJWT(options={"enforce_minimum_key_length": True})


class Claim(NamedTuple):
    """What a good access token says: who, and as of which version of their credentials."""

    user_id: int
    version: int


class Signer:
    """Issues and reads access tokens."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def issue(self, user_id: int, version: int) -> str:
        now = clock.now()
        claims = {
            "sub": str(user_id),
            "ver": version,
            "typ": _PURPOSE,
            "jti": uuid.uuid4().hex,
            "iat": now,
            "exp": now + timedelta(seconds=ACCESS_SECONDS),
        }
        return _JWT.encode(claims, self._secret, algorithm=_ALGORITHM)

    def read(self, token: str) -> Claim | None:
        """What the token claims; None unless we signed it, for this purpose, and it is neither expired nor eternal."""
        if len(token) > _MOST_CHARACTERS:
            return None
        try:
            claims = _JWT.decode(
                token, self._secret, algorithms=[_ALGORITHM], leeway=LEEWAY_SECONDS, options={"require": _REQUIRED}
            )
        except (jwt.PyJWTError, ValueError, OverflowError, RecursionError):
            return None
        return _claim(claims)


def _claim(claims: dict[str, Any]) -> Claim | None:
    """The library takes a digit string for a time and leaves purpose and lifetime to us."""
    issued, expires, version, subject = (claims.get(name) for name in ("iat", "exp", "ver", "sub"))
    if not (type(issued) is int and type(expires) is int and type(version) is int):
        return None
    if claims.get("typ") != _PURPOSE or not isinstance(claims["jti"], str) or expires - issued > ACCESS_SECONDS:
        return None
    if not isinstance(subject, str) or not _USER_ID.fullmatch(subject):
        return None
    return Claim(int(subject), version)


def new_session_id() -> str:
    """The value of a session cookie; only its digest is stored."""
    return secrets.token_urlsafe(32)


def new_api_token() -> str:
    """A personal API token; only its digest is stored."""
    return API_PREFIX + secrets.token_urlsafe(32)


def is_opaque(value: str) -> bool:
    """Whether this could be a session id, or what follows the prefix of an API token."""
    return _OPAQUE.fullmatch(value) is not None


def digest(value: str) -> str:
    """How an opaque secret is stored. It is random, so it needs no salt and no slow hash."""
    return hashlib.sha256(value.encode()).hexdigest()
