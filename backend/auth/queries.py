"""Reading users and what proves who they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.auth.models import AuthSession, AuthToken, User, UserUpstream
from backend.auth.principal import Credentials, Principal, Role
from backend.auth.schemas import ApiTokenOut, OwnUpstreamOut, SessionOut, UserOut
from backend.auth.tokens import IDLE_SECONDS
from backend.credits.models import CreditAccount
from backend.db import utc_after, utcnow
from backend.errors import NotFound

TOUCH_SECONDS = 60
"""How exact "last seen" is; more would be a write for every request."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A principal, and whether it is time to note that they were here."""

    principal: Principal
    stale: bool


async def credentials(session: AsyncSession, username_key: str) -> Credentials | None:
    """Of the user with this folded name."""
    return await _credentials(session, User.username_key == username_key)


async def credentials_of(session: AsyncSession, user_id: int) -> Credentials | None:
    """Of the user with this id."""
    return await _credentials(session, User.id == user_id)


async def _credentials(session: AsyncSession, which: ColumnElement[bool]) -> Credentials | None:
    user = User
    columns = (user.id, user.username, user.password_hash, user.is_active, user.token_version)
    row = (await session.execute(select(*columns).where(which))).one_or_none()
    return Credentials(*row) if row else None


async def by_access_token(session: AsyncSession, user_id: int, version: int) -> Principal | None:
    """The active user whose tokens of this version are still good."""
    user = User
    row = (
        await session.execute(
            select(user.id, user.username, user.role).where(
                user.id == user_id, user.token_version == version, user.is_active
            )
        )
    ).one_or_none()
    return _principal(*row) if row else None


async def by_session(session: AsyncSession, session_hash: str) -> Seen | None:
    """The active user behind a session that has neither ended nor lain idle too long."""
    user, own = User, AuthSession
    row = (
        await session.execute(
            select(user.id, user.username, user.role, own.id, own.last_seen_at < utc_after(-TOUCH_SECONDS))
            .join(own, own.user_id == user.id)
            .where(
                own.session_hash == session_hash,
                own.expires_at > utcnow(),
                own.last_seen_at > utc_after(-IDLE_SECONDS),
                user.is_active,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    user_id, username, role, session_id, stale = row
    return Seen(_principal(user_id, username, role, session_id=session_id), bool(stale))


async def by_api_token(session: AsyncSession, token_hash: str) -> Seen | None:
    """The active user behind an API token that has not expired."""
    user, token = User, AuthToken
    unseen = or_(token.last_used_at.is_(None), token.last_used_at < utc_after(-TOUCH_SECONDS))
    row = (
        await session.execute(
            select(user.id, user.username, user.role, token.id, unseen)
            .join(token, token.user_id == user.id)
            .where(
                token.token_hash == token_hash,
                or_(token.expires_at.is_(None), token.expires_at > utcnow()),
                user.is_active,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    user_id, username, role, token_id, stale = row
    return Seen(_principal(user_id, username, role, token_id=token_id), bool(stale))


def _principal(
    user_id: int, username: str, role: str, *, session_id: int | None = None, token_id: int | None = None
) -> Principal:
    # a role that someone wrote by hand and that is none is no administrator's
    known: Role = "admin" if role == "admin" else "user"
    return Principal(user_id, username, known, session_id is not None, session_id, token_id)


async def user_out(session: AsyncSession, user_id: int) -> UserOut:
    """A user as they see themself. Raises NotFound."""
    user, account = User, CreditAccount
    row = (
        await session.execute(
            select(user.id, user.username, user.email, user.role, account.available.label("credits"), user.created_at)
            .join(account, account.user_id == user.id)
            .where(user.id == user_id)
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return UserOut.model_validate(row)


async def list_tokens(
    session: AsyncSession, user_id: int, limit: int, before: tuple[int, ...] | None
) -> list[ApiTokenOut]:
    """Up to `limit` of a user's API tokens, newest first, older than the token `before`."""
    token = AuthToken
    query = select(token).where(token.user_id == user_id).order_by(token.id.desc()).limit(limit)
    if before is not None:
        query = query.where(token.id < before[0])
    return [ApiTokenOut.model_validate(row) for row in await session.scalars(query)]


async def list_sessions(
    session: AsyncSession, principal: Principal, limit: int, before: tuple[int, ...] | None
) -> Sequence[SessionOut]:
    """Up to `limit` of a user's live sessions, newest first, older than the session `before`."""
    own = AuthSession
    query = (
        select(own)
        .where(
            own.user_id == principal.user_id,
            own.expires_at > utcnow(),
            own.last_seen_at > utc_after(-IDLE_SECONDS),
        )
        .order_by(own.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(own.id < before[0])
    return [
        SessionOut(
            id=row.id,
            user_agent=row.user_agent,
            address=row.address,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
            current=row.id == principal.session_id,
        )
        for row in await session.scalars(query)
    ]


async def own_settings(session: AsyncSession, user_id: int) -> UserUpstream | None:
    """A user's own upstream as it is stored, its key sealed."""
    return await session.get(UserUpstream, user_id)


async def own_upstream(session: AsyncSession, user_id: int) -> OwnUpstreamOut:
    """A user's own upstream. Raises NotFound when there is none."""
    row = await session.get(UserUpstream, user_id)
    if row is None:
        raise NotFound("You have no upstream of your own.")
    return OwnUpstreamOut.model_validate(row)
