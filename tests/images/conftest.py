"""The way in without HTTP: a migrated database with users, a storage, and somebody who takes files in."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.auth.models import User
from backend.db import Database
from backend.images.ingest import Ingest
from backend.images.models import Image
from backend.settings import Settings
from backend.storage import Storage, open_storage

AddUser = Callable[[str], Awaitable[int]]


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def storage(settings: Settings) -> Storage:
    return open_storage(settings)


@pytest.fixture
def ingest(db: Database, storage: Storage, settings: Settings) -> Ingest:
    return Ingest(db, storage, settings)


@pytest.fixture
def add_user(db: Database) -> AddUser:
    async def verb(session: AsyncSession, name: str) -> int:
        user = User(username=name, username_key=name, password_hash="x")
        session.add(user)
        await session.flush()
        return user.id

    async def add(name: str) -> int:
        return await db.write(verb, name)

    return add


@pytest.fixture
async def user_id(add_user: AddUser) -> int:
    return await add_user("lin")


async def all_images(db: Database) -> list[Image]:
    async def verb(session: AsyncSession) -> list[Image]:
        return list(await session.scalars(select(Image).order_by(Image.id)))

    return await db.read(verb)
