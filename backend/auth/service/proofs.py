"""Sessions of browsers, API tokens, and users' own upstream keys."""

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.auth import tokens
from backend.auth.models import AuthSession, AuthToken, User, UserUpstream
from backend.auth.principal import Credentials
from backend.auth.schemas import ApiTokenOut, NewApiTokenOut, OwnUpstreamOut
from backend.db import affected, utc_after, utcnow
from backend.errors import InvalidCredentials, InvalidState, NotFound

MOST_SESSIONS = 50
MOST_TOKENS = 50


async def open_session(session: AsyncSession, proved: Credentials, secret: str, address: str, user_agent: str) -> None:
    """Sign a browser in that proved these credentials; `secret` is its cookie's value. Sessions that ended, and the oldest
    of too many, go. Raises InvalidCredentials when the credentials changed meanwhile."""
    user, own = User, AuthSession
    unchanged = (user.id == proved.user_id, user.token_version == proved.token_version, user.is_active)
    if await session.scalar(select(user.id).where(*unchanged)) is None:
        raise InvalidCredentials
    await affected(session, delete(own).where(own.user_id == proved.user_id, own.expires_at <= utcnow()))
    oldest = await session.scalar(
        select(own.id).where(own.user_id == proved.user_id).order_by(own.id.desc()).offset(MOST_SESSIONS - 1).limit(1)
    )
    if oldest is not None:
        await affected(session, delete(own).where(own.user_id == proved.user_id, own.id <= oldest))
    session.add(
        AuthSession(
            user_id=proved.user_id,
            session_hash=tokens.digest(secret),
            address=address[:45],
            user_agent=user_agent[:255],
            expires_at=utc_after(tokens.SESSION_SECONDS),
        )
    )


async def end_session(session: AsyncSession, user_id: int, session_id: int) -> None:
    """Sign one of the user's browsers out. Raises NotFound."""
    own = AuthSession
    if not await affected(session, delete(own).where(own.id == session_id, own.user_id == user_id)):
        raise NotFound


async def leave(session: AsyncSession, session_id: int) -> None:
    """Sign the browser out that asks; nothing happens when another request of its was quicker."""
    await affected(session, delete(AuthSession).where(AuthSession.id == session_id))


async def touch_session(session: AsyncSession, session_id: int) -> None:
    """Note that the session is in use."""
    await affected(session, update(AuthSession).where(AuthSession.id == session_id).values(last_seen_at=utcnow()))


async def touch_token(session: AsyncSession, token_id: int) -> None:
    """Note that the token is in use."""
    await affected(session, update(AuthToken).where(AuthToken.id == token_id).values(last_used_at=utcnow()))


async def create_token(
    session: AsyncSession, user_id: int, name: str, secret: str, expires_in_days: int | None
) -> NewApiTokenOut:
    """A new API token, with its secret for the only time. Raises InvalidState when the user has too many."""
    token = AuthToken
    # locks the user, so that two requests cannot both be the last one allowed
    await session.execute(select(User.id).where(User.id == user_id).with_for_update())
    held = (await session.scalars(select(token.id).where(token.user_id == user_id))).all()
    if len(held) >= MOST_TOKENS:
        raise InvalidState(f"You have {MOST_TOKENS} tokens already; delete one first.")
    row = AuthToken(
        user_id=user_id,
        name=name,
        hint=secret[: len(tokens.API_PREFIX) + 4],
        token_hash=tokens.digest(secret),
        expires_at=utc_after(expires_in_days * 86400) if expires_in_days is not None else None,
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return NewApiTokenOut(**ApiTokenOut.model_validate(row).model_dump(), token=secret)


async def delete_token(session: AsyncSession, user_id: int, token_id: int) -> None:
    """End one of the user's API tokens. Raises NotFound."""
    token = AuthToken
    if not await affected(session, delete(token).where(token.id == token_id, token.user_id == user_id)):
        raise NotFound


async def put_own_upstream(
    session: AsyncSession, user_id: int, provider: str, base_url: str, sealed_key: str, key_hint: str, model: str
) -> OwnUpstreamOut:
    """Set the user's own upstream, whole: an address never stands beside another's key."""
    # locks the user: the row it is about may not exist yet
    await session.execute(select(User.id).where(User.id == user_id).with_for_update())
    row = await session.get(UserUpstream, user_id)
    if row is None:
        row = UserUpstream(user_id=user_id)
        session.add(row)
    row.provider, row.base_url, row.model = provider, base_url, model
    row.api_key_encrypted, row.key_hint = sealed_key, key_hint
    await session.flush()
    await session.refresh(row)
    return OwnUpstreamOut.model_validate(row)


async def delete_own_upstream(session: AsyncSession, user_id: int) -> None:
    """Forget it, if there is one."""
    await affected(session, delete(UserUpstream).where(UserUpstream.user_id == user_id))
