"""From a pause back to work: which images may be claimed again, and the batch's own word."""

from sqlalchemy import update
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


async def leave(session: AsyncSession, queue: BatchQueue, status: QueueStatus, **values: object) -> bool:
    """From `status` back to work; whether it was in that status."""
    active = QueueStatus.PENDING if queue.started_at is None else QueueStatus.PROCESSING
    changed = await affected(
        session,
        update(BatchQueue)
        .where(BatchQueue.id == queue.id, BatchQueue.status == status)
        .values(status=active, paused_reason=None, **values),
    )
    if not changed:
        return False
    await advance(session, queue.id, [])
    announce(session, WORK)
    return True
