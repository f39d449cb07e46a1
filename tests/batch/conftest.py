"""Batches without HTTP: a migrated database, users with credits, and orders for them."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.auth.models import User
from backend.batch.models import BatchQueue, BatchTask, DispatchSlot
from backend.batch.outcomes import Delivered
from backend.batch.service.submit import Order, Wish, submit
from backend.credits import service as credits
from backend.db import Database
from backend.images.models import Image
from backend.upstreams.base import ModelSpec

MODEL = ModelSpec(id="m", name="M", description="", provider="local", upstream="main", upstream_model="m", credits=2)
WISH = Wish(prompt="水彩画风", model="m", batch_name="", aspect_ratio=None, image_size=None, sample_first=0)
_numbers = itertools.count(1)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def add_user(session: AsyncSession, amount: int) -> int:
    name = f"user{next(_numbers)}"
    user = User(username=name, username_key=name, password_hash="x", role="user", is_active=True, token_version=0)
    session.add(user)
    await session.flush()
    await credits.open_account(session, user.id, amount)
    return user.id


async def add_images(session: AsyncSession, user_id: int, count: int) -> list[int]:
    images = [
        Image(
            user_id=user_id,
            filename="same.png",
            mime_type="image/png",
            width=1,
            height=1,
            size_bytes=1,
            sha256="0" * 64,
            storage_key=f"u/{user_id}/{next(_numbers)}",
            thumbnail_key="t",
        )
        for _ in range(count)
    ]
    session.add_all(images)
    await session.flush()
    return [image.id for image in images]


@pytest.fixture
def make_user(db: Database) -> Callable[[int], Awaitable[int]]:
    async def make(amount: int = 100) -> int:
        return await db.write(add_user, amount)

    return make


@pytest.fixture
def order(db: Database) -> Callable[..., Awaitable[int]]:
    """`await order(user_id, 3)`: a batch of three images at two credits each."""

    async def make(
        user_id: int, count: int = 1, *, model: ModelSpec = MODEL, key: str | None = None, **wish: Any
    ) -> int:
        images = await db.write(add_images, user_id, count)
        wanted = Wish(**{name: wish.get(name, getattr(WISH, name)) for name in Wish.__slots__})
        return await db.write(
            submit,
            Order(
                user_id=user_id,
                wish=wanted,
                model=model,
                image_ids=images,
                reference_ids=[],
                idempotency_key=key or f"k{next(_numbers)}",
                digest="d",
                max_pending=1000,
            ),
        )

    return make


def delivered(task_id: int) -> Delivered:
    return Delivered(
        storage_key=f"results/{task_id}/{next(_numbers)}.png",
        thumbnail_key="t",
        mime_type="image/png",
        width=1,
        height=1,
        size_bytes=1,
        sha256="1" * 64,
    )


async def all_tasks(session: AsyncSession, queue_id: int) -> list[BatchTask]:
    return list(await session.scalars(select(BatchTask).where(BatchTask.queue_id == queue_id).order_by(BatchTask.id)))


async def the_queue(session: AsyncSession, queue_id: int) -> BatchQueue:
    return (await session.scalars(select(BatchQueue).where(BatchQueue.id == queue_id))).one()


async def busy_slots(session: AsyncSession) -> list[DispatchSlot]:
    return list(await session.scalars(select(DispatchSlot).where(DispatchSlot.task_id.is_not(None))))
