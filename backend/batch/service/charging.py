"""Tasks that leave or enter the line by someone's word, and the credits that move with them."""

from collections.abc import Sequence

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchTask
from backend.batch.service import WORK
from backend.batch.service.progress import advance
from backend.batch.states import QueueStatus, TaskStatus
from backend.credits import service as credits
from backend.credits.service import Charge, Resolution
from backend.db import affected, announce, utcnow


def charge_of(task: BatchTask) -> Charge:
    """The charge under which the task's work was last ordered."""
    return Charge(task.id, task.queue_id, task.charge_no, task.price)


async def cancel_pending(session: AsyncSession, tasks: Sequence[BatchTask]) -> int:
    """Cancel locked pending tasks and give their credits back; answers how many. The batch's counters are the caller's."""
    if not tasks:
        return 0
    task = BatchTask
    changed = await affected(
        session,
        update(task)
        .where(task.id.in_([t.id for t in tasks]), task.status == TaskStatus.PENDING)
        .values(status=TaskStatus.CANCELLED, completed_at=utcnow(), version=task.version + 1),
    )
    if changed != len(tasks):
        raise RuntimeError("pending tasks changed under their lock")
    await credits.resolve(
        session, tasks[0].user_id, [charge_of(t) for t in tasks], Resolution.RELEASE, reason="cancelled"
    )
    return sum(t.price for t in tasks)


async def reorder(session: AsyncSession, queue: BatchQueue, tasks: Sequence[BatchTask]) -> None:
    """Put locked failed tasks back in the line under a new charge. Raises InsufficientCredits and changes nothing."""
    task = BatchTask
    changed = await affected(
        session,
        update(task)
        .where(task.id.in_([t.id for t in tasks]), task.status == TaskStatus.FAILED)
        .values(
            status=TaskStatus.PENDING,
            claimable=queue.status != QueueStatus.PAUSED,
            charge_no=task.charge_no + 1,
            run_at=utcnow(),
            attempts=0,
            ambiguous_attempts=0,
            soft_attempts=0,
            same_errors=0,
            upstream_job=None,
            rescues=0,
            retry_count=task.retry_count + 1,
            settled_token=None,
            error_code=None,
            error_message=None,
            completed_at=None,
            version=task.version + 1,
        ),
    )
    if changed != len(tasks):
        raise RuntimeError("failed tasks changed under their lock")
    cost = sum(t.price for t in tasks)
    await credits.set_aside(session, queue.user_id, cost)
    charges = [Charge(t.id, t.queue_id, t.charge_no + 1, t.price) for t in tasks]
    await credits.record_holds(session, queue.user_id, charges, reason="retry")
    await affected(session, update(BatchQueue).where(BatchQueue.id == queue.id).values(cancel_requested=False))
    await advance(session, queue.id, [t.id for t in tasks], failed=-len(tasks), held=cost)
    announce(session, WORK)
