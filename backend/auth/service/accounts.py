"""Users: made, changed, disabled."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.auth import names
from backend.auth.models import AuthSession, User
from backend.auth.principal import Role
from backend.config import service as config
from backend.credits import service as credits
from backend.db import affected
from backend.errors import EmailTaken, InvalidCredentials, LastAdmin, NotFound, RegistrationClosed, UsernameTaken


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be made; the name and the address have been checked, the password is hashed."""

    username: str
    password_hash: str
    email: str | None = None
    role: Role = "user"


async def refuse_registration(session: AsyncSession, username: str, email: str | None) -> None:
    """Raises RegistrationClosed, UsernameTaken or EmailTaken when this registration cannot succeed."""
    if not (await config.read(session)).registration_open:
        raise RegistrationClosed
    await _refuse_taken(session, username, email)


async def register(session: AsyncSession, new: NewUser) -> int:
    """A user who came by themself; answers the id. Raises as `refuse_registration` does."""
    await refuse_registration(session, new.username, new.email)
    return await create_user(session, new)


async def create_user(session: AsyncSession, new: NewUser) -> int:
    """A user with an account and the credits that newcomers get; answers the id. Raises UsernameTaken, EmailTaken."""
    await _refuse_taken(session, new.username, new.email)
    grant = (await config.read(session)).signup_credits
    values = {
        "username": new.username,
        "username_key": names.key(new.username),
        "email": new.email,
        "email_key": names.email_key(new.email) if new.email else None,
        "password_hash": new.password_hash,
        "role": new.role,
    }
    try:
        await session.execute(insert(User).values(values))
    except IntegrityError:  # somebody was quicker, and is committed by now
        await _refuse_taken(session, new.username, new.email)
        raise
    user_id = (await session.scalars(select(User.id).where(User.username_key == values["username_key"]))).one()
    await credits.open_account(session, user_id, grant)
    return user_id


async def ensure_admin(session: AsyncSession, username: str, password_hash: str) -> bool:
    """Make the first administrator; answers whether this call did, for there may be one, made by whichever process was
    first. ValueError when the name is none; UsernameTaken when it belongs to somebody who is no administrator."""
    if await has_admin(session):
        return False
    try:
        await create_user(session, NewUser(names.checked(username), password_hash, role="admin"))
    except UsernameTaken:
        if await has_admin(session):
            return False
        raise
    return True


async def has_admin(session: AsyncSession) -> bool:
    """Whether there is any administrator."""
    return await session.scalar(select(literal(1)).select_from(User).where(User.role == "admin").limit(1)) is not None


async def change_account(session: AsyncSession, user_id: int, *, role: Role | None, is_active: bool | None) -> None:
    """Change what is not None. Disabling ends every session and access token. Raises NotFound, and LastAdmin when no active
    administrator would be left."""
    values: dict[str, Any] = {}
    if role is not None:
        values["role"] = role
    if is_active is not None:
        values["is_active"] = is_active
    if role == "user" or is_active is False:
        await _refuse_last_admin(session, user_id)
    if is_active is False:
        values["token_version"] = User.token_version + 1
        await affected(session, delete(AuthSession).where(AuthSession.user_id == user_id))
    known = await session.scalar(select(User.id).where(User.id == user_id))
    if known is None:
        raise NotFound
    if values:
        await affected(session, update(User).where(User.id == user_id).values(values))


async def change_password(
    session: AsyncSession, user_id: int, old_hash: str, new_hash: str, keep_session: int | None
) -> None:
    """Replace the password if it is still the one that was proved, and end every session but `keep_session` and every access
    token. API tokens stay: each was made on purpose, is listed, and is ended one by one. Raises InvalidCredentials."""
    changed = await affected(
        session,
        update(User)
        .where(User.id == user_id, User.password_hash == old_hash)
        .values(password_hash=new_hash, token_version=User.token_version + 1),
    )
    if not changed:
        raise InvalidCredentials
    others = delete(AuthSession).where(AuthSession.user_id == user_id)
    if keep_session is not None:
        others = others.where(AuthSession.id != keep_session)
    await affected(session, others)


async def _refuse_taken(session: AsyncSession, username: str, email: str | None) -> None:
    user = User
    if await session.scalar(select(user.id).where(user.username_key == names.key(username))) is not None:
        raise UsernameTaken
    if email is not None:
        taken = await session.scalar(select(user.id).where(user.email_key == names.email_key(email)))
        if taken is not None:
            raise EmailTaken


async def _refuse_last_admin(session: AsyncSession, user_id: int) -> None:
    """Locks every active administrator, so that two of them cannot demote each other at once."""
    user = User
    admins = await session.scalars(
        select(user.id).where(user.role == "admin", user.is_active).order_by(user.id).with_for_update()
    )
    if list(admins) == [user_id]:
        raise LastAdmin
