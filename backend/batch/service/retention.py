"""Old batches go: those that ended long enough ago, and uploads of which no batch was made."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchReference, BatchTask
from backend.batch.service.forgetting import Forgotten, forget_queue, forget_unused
from backend.batch.states import FINAL
from backend.db import utc_after
from backend.images.models import Image

DAY = 24 * 3600.0
BATCHES_AT_ONCE = 20
IMAGES_AT_ONCE = 200


async def clean(session: AsyncSession, older_than_days: int) -> Forgotten:
    """Forget some of what is older than that; to be run until nothing goes any more."""
    queue = BatchQueue
    old = select(queue.id).where(queue.status.in_(FINAL), queue.completed_at < utc_after(-older_than_days * DAY))
    gone = Forgotten()
    for queue_id in (await session.scalars(old.order_by(queue.id).limit(BATCHES_AT_ONCE))).all():
        gone += await forget_queue(session, queue_id)
    return gone + await _clean_uploads(session, older_than_days)


async def would_clean(session: AsyncSession, older_than_days: int) -> Forgotten:
    """What `clean` would forget in all; nothing is changed."""
    gone = Forgotten()
    while True:
        some = await clean(session, older_than_days)
        if not some.queues and not some.images:
            await session.rollback()
            return gone
        gone += some


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
