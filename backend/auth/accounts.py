"""What takes a password or makes a secret: the slow and random parts around the verbs, with no transaction open."""

import asyncio
from typing import NamedTuple

from backend.auth import names, passwords, queries, service, tokens
from backend.auth.own_calls import OwnUpstreams
from backend.auth.own_upstream import KeyCipher, checked_url
from backend.auth.principal import Credentials, Principal
from backend.auth.schemas import (
    AccessTokenOut,
    ApiTokenIn,
    NewApiTokenOut,
    OwnUpstreamIn,
    OwnUpstreamOut,
    PasswordIn,
    RegisterIn,
    UpstreamTestOut,
    UserOut,
)
from backend.auth.service import NewUser
from backend.auth.throttle import Throttle
from backend.db import Database
from backend.errors import AccountDisabled, InvalidCredentials
from backend.settings import Settings
from backend.upstreams.addresses import host_port


class Browser(NamedTuple):
    """Where a request comes from."""

    address: str
    user_agent: str


class Accounts:
    """One for the process."""

    def __init__(self, db: Database, settings: Settings, throttle: Throttle | None = None) -> None:
        self._db = db
        self._throttle = throttle or Throttle()
        self._signer = tokens.Signer(settings.jwt_secret)
        self._cipher = KeyCipher(settings.encryption_key)
        self.own_upstreams = OwnUpstreams(db, settings, self._cipher)
        self._trusted_hosts = frozenset(host_port(entry) for entry in settings.upstream_allowed_hosts)

    async def register(self, body: RegisterIn, address: str) -> UserOut:
        """A new user. Raises RegistrationClosed, UsernameTaken, EmailTaken, WeakPassword, RateLimited."""
        with self._throttle.registering(address):
            # what is refused anyway should not cost a hash
            await self._db.read(service.refuse_registration, body.username, body.email)
            await asyncio.to_thread(passwords.refuse_weak, body.password, body.username, body.email or body.username)
            new = NewUser(body.username, await passwords.hashed(body.password), body.email)
            user_id = await self._db.write(service.register, new)
        return await self._db.read(queries.user_out, user_id)

    async def access_token(self, username: str, password: str, address: str) -> AccessTokenOut:
        """A bearer token for whoever knows the password. Raises InvalidCredentials, AccountDisabled, RateLimited."""
        proved = await self._proved(username, password, address)
        token = self._signer.issue(proved.user_id, proved.token_version)
        return AccessTokenOut(access_token=token, token_type="bearer", expires_in=tokens.ACCESS_SECONDS)  # noqa: S106

    async def sign_in(self, username: str, password: str, browser: Browser) -> str:
        """The session cookie's value for a browser whose user knows the password. Raises as `access_token` does."""
        proved = await self._proved(username, password, browser.address)
        secret = tokens.new_session_id()
        await self._db.write(service.open_session, proved, secret, browser.address, browser.user_agent)
        return secret

    async def change_password(self, who: Principal, body: PasswordIn, address: str) -> None:
        """Raises InvalidCredentials, WeakPassword, RateLimited."""
        known = await self._db.read(queries.credentials_of, who.user_id)
        if known is None:
            raise InvalidCredentials
        async with self._throttle.attempt(names.key(known.username), address):
            if not await passwords.matches(body.current_password, known.password_hash):
                raise InvalidCredentials("The current password is wrong.")
        await asyncio.to_thread(passwords.refuse_weak, body.new_password, known.username)
        new_hash = await passwords.hashed(body.new_password)
        await self._db.write(service.change_password, who.user_id, known.password_hash, new_hash, who.session_id)

    async def create_token(self, user_id: int, body: ApiTokenIn) -> NewApiTokenOut:
        """Raises InvalidState when the user has too many."""
        return await self._db.write(
            service.create_token, user_id, body.name, tokens.new_api_token(), body.expires_in_days
        )

    async def put_own_upstream(self, user_id: int, body: OwnUpstreamIn) -> OwnUpstreamOut:
        """Raises UrlNotAllowed."""
        base_url = checked_url(body.base_url, self._trusted_hosts)
        sealed, hint = self._cipher.seal(body.api_key), body.api_key[-4:]
        return await self._db.write(
            service.put_own_upstream, user_id, body.provider, base_url, sealed, hint, body.model
        )

    async def test_own_upstream(self, user_id: int) -> UpstreamTestOut:
        """One cheap call. Raises NotFound, RateLimited."""
        self._throttle.testing_upstream(user_id)
        return await self.own_upstreams.test(user_id)

    async def _proved(self, username: str, password: str, address: str) -> Credentials:
        """The credentials of whoever has this name and this password; both wrong ways look and take the same."""
        key = names.key(username)
        async with self._throttle.attempt(key, address):
            known = await self._db.read(queries.credentials, key)
            if not await passwords.matches(password, known.password_hash if known else None) or known is None:
                raise InvalidCredentials
        if not known.is_active:
            raise AccountDisabled
        return known
