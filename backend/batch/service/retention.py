"""Old batches go: those that ended long enough ago, and uploads of which no batch was made."""

import contextlib
from collections.abc import Awaitable, Callable

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchReference, BatchTask
from backend.batch.service.forgetting import Forgotten, forget_queue, forget_unused
from backend.batch.states import FINAL
from backend.db import utc_after
from backend.errors import InvalidState
from backend.images.models import Image

DAY = 24 * 3600.0
BATCHES_AT_ONCE = 20
IMAGES_AT_ONCE = 200
Note = Callable[[AsyncSession, int | None, Forgotten], Awaitable[int]]
"""Writes down what went so far; takes the id of what it wrote before (None: nothing yet) and answers it."""


async def clean(session: AsyncSession, older_than_days: int) -> Forgotten:
    """Forget some of what is older than that; to be run until nothing goes any more."""
    queue = BatchQueue
    old = select(queue.id).where(queue.status.in_(FINAL), queue.completed_at < utc_after(-older_than_days * DAY))
    gone = Forgotten()
    for queue_id in (await session.scalars(old.order_by(queue.id).limit(BATCHES_AT_ONCE))).all():
        with contextlib.suppress(InvalidState):  # forgotten meanwhile, or runs again: somebody was quicker
            gone += await forget_queue(session, queue_id)
    return gone + await _clean_uploads(session, older_than_days)


async def clean_part(
    session: AsyncSession, older_than_days: int, before: Forgotten, note: Note | None, entry_id: int | None
) -> tuple[Forgotten, int | None]:
    """`clean`, and in the same transaction a note of what went so far; answers what went now, and the note's id."""
    some = await clean(session, older_than_days)
    return some, await note(session, entry_id, before + some) if note else None


async def would_clean(session: AsyncSession, older_than_days: int) -> Forgotten:
    """What `clean` would forget in all; nothing is changed, and no row is locked."""
    queue, task = BatchQueue, BatchTask
    before = utc_after(-older_than_days * DAY)
    old = select(queue.id).where(queue.status.in_(FINAL), queue.completed_at < before)
    queues = await session.scalar(select(func.count()).select_from(old.subquery()))
    tasks = await session.scalar(select(func.count()).where(task.queue_id.in_(old)))
    goes = ~_shown(task.queue_id.not_in(old), BatchReference.queue_id.not_in(old)) & or_(
        _shown(task.queue_id.in_(old), BatchReference.queue_id.in_(old)), Image.created_at < before
    )
    each = select(Image.storage_key, Image.size_bytes, case((goes, 1), else_=0).label("goes")).subquery()
    # one object may have several names; its bytes come free with the last of them
    objects = (
        select(
            func.sum(each.c.goes).label("images"),
            func.min(each.c.goes).label("all"),
            func.max(each.c.size_bytes).label("size"),
        )
        .group_by(each.c.storage_key)
        .subquery()
    )
    row = (
        await session.execute(
            select(func.sum(objects.c.images), func.sum(case((objects.c.all == 1, objects.c.size), else_=0)))
        )
    ).one()
    return Forgotten(queues or 0, tasks or 0, int(row[0] or 0), int(row[1] or 0))


def _shown(by_task: ColumnElement[bool], by_reference: ColumnElement[bool]) -> ColumnElement[bool]:
    """SQL: whether any such task, or batch by reference, shows the image."""
    task, reference = BatchTask, BatchReference
    return or_(
        select(task.id).where(task.original_image_id == Image.id, by_task).exists(),
        select(task.id).where(task.generated_image_id == Image.id, by_task).exists(),
        select(reference.queue_id).where(reference.image_id == Image.id, by_reference).exists(),
    )


async def _clean_uploads(session: AsyncSession, older_than_days: int) -> Forgotten:
    task, reference = BatchTask, BatchReference
    unused = (
        select(Image.id)
        .where(Image.created_at < utc_after(-older_than_days * DAY))
        .where(~select(task.id).where(task.original_image_id == Image.id).exists())
        .where(~select(task.id).where(task.generated_image_id == Image.id).exists())
        .where(~select(reference.queue_id).where(reference.image_id == Image.id).exists())
    )
    return await forget_unused(session, (await session.scalars(unused.order_by(Image.id).limit(IMAGES_AT_ONCE))).all())
