"""Old batches go with their images; what is young, or runs, or is shown elsewhere stays."""

from collections.abc import Awaitable, Callable

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.lease import Lease
from backend.batch.models import BatchQueue
from backend.batch.service.claim import claim
from backend.batch.service.forgetting import Forgotten
from backend.batch.service.retention import clean, would_clean
from backend.batch.service.settle import settle
from backend.db import Database, utc_after
from backend.images.models import Image
from tests.batch.books import assert_books_balance
from tests.batch.conftest import add_images, delivered

DAY = 24 * 3600.0


async def age(session: AsyncSession, days: float) -> None:
    """Everything that is there ended and came so many days ago."""
    then = utc_after(-days * DAY)
    await session.execute(update(BatchQueue).where(BatchQueue.completed_at.is_not(None)).values(completed_at=then))
    await session.execute(update(Image).values(created_at=then))


async def left(session: AsyncSession) -> tuple[list[int], int]:
    queues = list(await session.scalars(select(BatchQueue.id).order_by(BatchQueue.id)))
    return queues, len(list(await session.scalars(select(Image.id))))


async def work_off(db: Database) -> None:
    while isinstance(lease := await db.write(claim, "me", 60.0), Lease):
        await db.write(settle, lease, delivered(lease.task_id))


async def test_what_ended_long_ago_goes_with_its_images(
    db: Database, make_user: Callable[..., Awaitable[int]], order: Callable[..., Awaitable[int]]
) -> None:
    user = await make_user(100)
    await order(user, 3)
    await work_off(db)
    await db.write(add_images, user, 2)
    await db.write(age, 31.0)
    young = await order(user, 2)
    await work_off(db)
    running = await order(user, 1)

    counted = await db.write(would_clean, 30)
    assert (counted.queues, counted.tasks, counted.images, counted.bytes) == (1, 3, 8, 8)
    assert len((await db.read(left))[0]) == 3

    gone = await db.write(clean, 30)
    assert (gone.queues, gone.tasks, gone.images) == (1, 3, 8)
    assert len(gone.keys) == 16
    assert await db.read(left) == ([young, running], 5)
    assert await db.write(clean, 30) == Forgotten()
    await work_off(db)
    await db.read(assert_books_balance)
