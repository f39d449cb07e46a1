"""Whose batch it is. What belongs to someone else does not exist."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchTask
from backend.errors import NotFound


async def own_queue(session: AsyncSession, user_id: int | None, queue_id: int) -> BatchQueue:
    """The batch, as it is now and not locked. `user_id` None means an administrator. Raises NotFound."""
    queue = BatchQueue
    query = select(queue).where(queue.id == queue_id)
    if user_id is not None:
        query = query.where(queue.user_id == user_id)
    found = (await session.scalars(query)).one_or_none()
    if found is None:
        raise NotFound
    return found


async def own_task(session: AsyncSession, user_id: int, task_id: int) -> BatchTask:
    """The task, locked until the transaction ends. Raises NotFound."""
    task = BatchTask
    query = select(task).where(task.id == task_id, task.user_id == user_id).with_for_update()
    found = (await session.scalars(query)).one_or_none()
    if found is None:
        raise NotFound
    return found
