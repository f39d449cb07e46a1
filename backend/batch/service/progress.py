"""What every change of a task does to its batch: counters, status, version, and a line in the change feed."""

from collections.abc import Iterable

from sqlalchemy import Select, Update, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchEvent, BatchQueue, BatchTask
from backend.batch.service import ENDED, FEED
from backend.batch.states import FINAL, Counters, QueueStatus, TaskStatus, status_after
from backend.db import Prepared, affected, announce, utcnow

_EVENTS = insert(BatchEvent).execution_options(render_nulls=True)
"""All in one statement, though one of them names no task."""


async def advance(
    session: AsyncSession,
    queue_id: int,
    task_ids: Iterable[int],
    *,
    total: int = 0,
    completed: int = 0,
    failed: int = 0,
    cancelled: int = 0,
    held: int = 0,
    spent: int = 0,
    released: int = 0,
) -> BatchQueue:
    """Add to the batch's counters after its tasks `task_ids` changed, and let its status follow. Answers the batch, locked."""
    more = {"total": total, "completed": completed, "failed": failed, "cancelled": cancelled}
    moved = {"held": held, "spent": spent, "released": released}
    await affected(session, *_add(queue_id=queue_id, **more, **moved))
    row: BatchQueue = (await session.scalars(*_as_it_is(queue_id=queue_id))).one()
    await _follow(session, row)
    await emit(session, row.user_id, queue_id, task_ids)
    return row


@Prepared
def _add(
    queue_id: int, total: int, completed: int, failed: int, cancelled: int, held: int, spent: int, released: int
) -> Update:
    queue = BatchQueue
    return (
        update(queue)
        .where(queue.id == queue_id)
        .values(
            total_images=queue.total_images + total,
            completed_images=queue.completed_images + completed,
            failed_images=queue.failed_images + failed,
            cancelled_images=queue.cancelled_images + cancelled,
            credits_held=queue.credits_held + held,
            credits_spent=queue.credits_spent + spent,
            credits_released=queue.credits_released + released,
            version=queue.version + 1,
        )
    )


@Prepared
def _as_it_is(queue_id: int) -> Select[BatchQueue]:
    return select(BatchQueue).where(BatchQueue.id == queue_id).execution_options(populate_existing=True)


async def _follow(session: AsyncSession, row: BatchQueue) -> None:
    counters = Counters(row.total_images, row.completed_images, row.failed_images, row.cancelled_images)
    after = status_after(
        QueueStatus(row.status),
        counters,
        started=row.started_at is not None,
        cancel_requested=row.cancel_requested,
        samples_done=row.sample_first > 0 and not await _samples_under_way(session, row.id),
    )
    if after == row.status:
        return
    values: dict[str, object] = {"status": after}
    if after in FINAL:
        announce(session, ENDED)
        values |= {"completed_at": utcnow(), "paused_reason": None}
    elif row.status in FINAL:
        values |= {"completed_at": None}
    await affected(session, update(BatchQueue).where(BatchQueue.id == row.id).values(**values))
    await session.refresh(row)


async def _samples_under_way(session: AsyncSession, queue_id: int) -> bool:
    task = BatchTask
    waiting = (task.status == TaskStatus.PENDING) & task.claimable
    found = await session.scalar(
        select(exists().where(task.queue_id == queue_id, waiting | (task.status == TaskStatus.PROCESSING)))
    )
    return bool(found)


async def emit(session: AsyncSession, user_id: int, queue_id: int, task_ids: Iterable[int]) -> None:
    """Write to the change feed that these tasks and their batch changed."""
    rows = [{"user_id": user_id, "queue_id": queue_id, "task_id": task_id} for task_id in [*task_ids, None]]
    await session.execute(_EVENTS, rows)
    announce(session, FEED)
