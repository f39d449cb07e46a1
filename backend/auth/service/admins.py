"""Administrators, made by whoever runs the server."""

import asyncio

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend import logs
from backend.auth import names, passwords
from backend.auth.models import AuthSession, User
from backend.auth.service.accounts import NewUser, create_user, ensure_admin, has_admin
from backend.db import Database, affected
from backend.errors import WeakPassword

log = logs.get(__name__)


async def first_admin(db: Database, name: str, password: str) -> bool:
    """Make the first administrator; answers whether this call did. A weak password is the operator's choice, and logged.
    ValueError and UsernameTaken as `ensure_admin`."""
    if await db.read(has_admin):
        return False
    try:
        await asyncio.to_thread(passwords.refuse_weak, password, name)
    except WeakPassword:
        log.warning("admin_password_is_weak", username=name)
    return await db.write(ensure_admin, name, await passwords.hashed(password))


async def make_admin(db: Database, name: str, password: str) -> None:
    """Make a new administrator, or give an existing user that role and this password. Raises WeakPassword, ValueError."""
    if not passwords.MIN_PASSWORD <= len(password) <= passwords.MAX_PASSWORD:
        raise ValueError(f"a password has {passwords.MIN_PASSWORD} to {passwords.MAX_PASSWORD} characters")
    await asyncio.to_thread(passwords.refuse_weak, password, name)
    await db.write(promote, names.checked(name), await passwords.hashed(password))


async def promote(session: AsyncSession, name: str, password_hash: str) -> None:
    """The user of this name is an active administrator with this password from now on, and signed in nowhere."""
    user = User
    user_id = await session.scalar(select(user.id).where(user.username_key == names.key(name)).with_for_update())
    if user_id is None:
        await create_user(session, NewUser(name, password_hash, role="admin"))
        return
    await affected(session, delete(AuthSession).where(AuthSession.user_id == user_id))
    await affected(
        session,
        update(user)
        .where(user.id == user_id)
        .values(role="admin", is_active=True, password_hash=password_hash, token_version=user.token_version + 1),
    )
