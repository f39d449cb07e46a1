"""From a pause back to work: which images may be claimed again, and the batch's own word."""

from collections.abc import Collection, Iterable

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchTask
from backend.batch.service import WORK
from backend.batch.service.progress import advance
from backend.batch.states import OPEN, QueueStatus
from backend.db import affected, announce


async def let_run(session: AsyncSession, queue: BatchQueue, *, samples_only: int) -> None:
    """Let the batch's open images be claimed; with `samples_only` only the first so many."""
    task = BatchTask
    which = [task.queue_id == queue.id, task.status.in_(OPEN)]
    if samples_only:
        which.append(task.position <= samples_only)
    await affected(session, update(task).where(*which).values(claimable=True))


async def leave(
    session: AsyncSession,
    queue: BatchQueue,
    status: QueueStatus,
    *,
    samples_only: int,
    changed: Iterable[int] = (),
    **values: object,
) -> bool:
    """From `status` back to work; whether it was in that status. Of its tasks `changed` are not what they were."""
    await let_run(session, queue, samples_only=samples_only)
    active = QueueStatus.PENDING if queue.started_at is None else QueueStatus.PROCESSING
    left = await affected(
        session,
        update(BatchQueue)
        .where(BatchQueue.id == queue.id, BatchQueue.status == status)
        .values(status=active, paused_reason=None, **values),
    )
    if not left:
        return False
    # what its owner ordered anew meanwhile found the batch as it was; from here on it is locked
    await let_run(session, queue, samples_only=samples_only)
    await advance(session, queue.id, changed)
    announce(session, WORK)
    return True


async def line_up(session: AsyncSession, queue_id: int, task_ids: Collection[int]) -> None:
    """Let new work of the batch be claimed, unless the batch is paused: as it is now, for this locks it."""
    queue, task = BatchQueue, BatchTask
    await affected(session, update(queue).where(queue.id == queue_id).values(cancel_requested=False))
    status = await session.scalar(select(queue.status).where(queue.id == queue_id))
    claimable = status != QueueStatus.PAUSED
    await affected(session, update(task).where(task.id.in_(task_ids)).values(claimable=claimable))
    announce(session, WORK)
