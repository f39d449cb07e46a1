"""Old batches go with their images; what is young, or runs, or is shown elsewhere stays."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.admin import queries
from backend.admin.service import cleanup_note
from backend.batch.housekeeping import Housekeeping
from backend.batch.lease import Lease
from backend.batch.models import BatchQueue, BatchReference, BatchTask
from backend.batch.service import retention
from backend.batch.service.claim import claim
from backend.batch.service.forgetting import Forgotten, forget_queue
from backend.batch.service.retention import BATCHES_AT_ONCE, clean, would_clean
from backend.batch.service.settle import settle
from backend.db import Database, utc_after
from backend.images.ingest import Ingest
from backend.images.models import Image
from backend.settings import Settings
from backend.storage import open_storage
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

    counted = await db.read(would_clean, 30)
    assert (counted.queues, counted.tasks, counted.images, counted.bytes) == (1, 3, 8, 8)
    assert len((await db.read(left))[0]) == 3

    gone = await db.write(clean, 30)
    assert (gone.queues, gone.tasks, gone.images) == (1, 3, 8)
    assert len(gone.keys) == 16
    assert await db.read(left) == ([young, running], 5)
    assert await db.write(clean, 30) == Forgotten()
    await work_off(db)
    await db.read(assert_books_balance)


async def test_a_cleaning_in_many_parts_is_noted_once(
    db: Database, make_user: Callable[..., Awaitable[int]], order: Callable[..., Awaitable[int]], tmp_path: Path
) -> None:
    """Each part writes what went so far in its own transaction, so a cleaning that is killed has told what it did."""
    admin = await make_user(2 * (BATCHES_AT_ONCE + 2))
    for _ in range(BATCHES_AT_ONCE + 2):
        await order(admin, 1)
    await work_off(db)
    await db.write(age, 31.0)
    settings = Settings(_env_file=None, data_dir=tmp_path)
    house = Housekeeping(db, Ingest(db, open_storage(settings), settings))
    counted = await house.count(30)
    gone = await house.clean(30, cleanup_note(admin, 30))
    assert (counted.queues, counted.tasks, counted.images, counted.bytes) == (22, 22, 44, 44)
    assert (gone.queues, gone.tasks, gone.images, gone.bytes, gone.keys) == (22, 22, 44, 44, ())
    [entry] = await db.read(queries.list_audit, 20, None)
    assert entry.detail == {"older_than_days": 30, "queues": 22, "tasks": 22, "images": 44, "bytes": 44}


async def test_a_batch_that_somebody_else_forgets_meanwhile_is_passed_over(
    db: Database,
    make_user: Callable[..., Awaitable[int]],
    order: Callable[..., Awaitable[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two clean at once, or one of the batches is tried again while they do: the rest goes all the same."""
    user = await make_user(100)
    first, again, _last = [await order(user, 1) for _ in range(3)]
    await work_off(db)
    await db.write(age, 31.0)

    async def late(session: AsyncSession, queue_id: int) -> Forgotten:
        which = BatchQueue.id == queue_id
        if queue_id == first:
            await session.execute(delete(BatchQueue).where(which))
        if queue_id == again:
            await session.execute(update(BatchQueue).where(which).values(status="processing"))
        return await forget_queue(session, queue_id)

    monkeypatch.setattr(retention, "forget_queue", late)
    gone = await db.write(clean, 30)
    assert (gone.queues, (await db.read(left))[0]) == (1, [again])


async def test_an_image_that_a_young_batch_shows_as_well_is_not_counted(
    db: Database, make_user: Callable[..., Awaitable[int]], order: Callable[..., Awaitable[int]]
) -> None:
    user = await make_user(100)
    old = await order(user, 1)
    await work_off(db)
    await db.write(age, 31.0)
    young = await order(user, 1)
    await work_off(db)

    async def share(session: AsyncSession) -> None:
        """The young batch is of the old one's image and shows its result as a reference."""
        task = (await session.scalars(select(BatchTask).where(BatchTask.queue_id == old))).one()
        await session.execute(
            update(BatchTask).where(BatchTask.queue_id == young).values(original_image_id=task.original_image_id)
        )
        session.add(BatchReference(queue_id=young, position=1, image_id=task.generated_image_id))

    await db.write(share)
    counted = await db.read(would_clean, 30)
    gone = await db.write(clean, 30)
    assert (counted.queues, counted.tasks, counted.images, counted.bytes) == (1, 1, 0, 0)
    assert (gone.queues, gone.tasks, gone.images, gone.bytes) == (1, 1, 0, 0)
