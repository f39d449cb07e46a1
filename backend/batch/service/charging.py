"""Tasks that leave or enter the line by someone's word, and the credits that move with them."""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchTask
from backend.batch.service.pausing import line_up
from backend.batch.service.progress import advance
from backend.batch.states import TaskStatus
from backend.credits import service as credits
from backend.credits.service import Charge, Resolution
from backend.db import affected, utcnow
from backend.errors import QueueFull


def charge_of(task: BatchTask) -> Charge:
    """The charge under which the task's work was last ordered."""
    return Charge(task.id, task.queue_id, task.charge_no, task.price)


async def check_depth(session: AsyncSession, user_id: int, more: int, max_pending: int) -> None:
    """Raises QueueFull when the user would have more than `max_pending` waiting images with these `more`."""
    task = BatchTask
    mine = (task.user_id == user_id, task.status == TaskStatus.PENDING)
    waiting = await session.scalar(select(func.count()).where(*mine))
    if (waiting or 0) + more > max_pending:
        raise QueueFull(retry_after=60)


async def cancel_pending(session: AsyncSession, tasks: Sequence[BatchTask]) -> int:
    """Cancel locked pending tasks and give their credits back, which it answers. The batch's counters are the caller's."""
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


async def reorder(session: AsyncSession, queue: BatchQueue, tasks: Sequence[BatchTask], max_pending: int) -> None:
    """Put locked failed tasks back in the line under a new charge. Raises InsufficientCredits or QueueFull and changes
    nothing."""
    await check_depth(session, queue.user_id, len(tasks), max_pending)
    task = BatchTask
    changed = await affected(
        session,
        update(task)
        .where(task.id.in_([t.id for t in tasks]), task.status == TaskStatus.FAILED)
        .values(
            status=TaskStatus.PENDING,
            claimable=False,
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
    await line_up(session, queue.id, [t.id for t in tasks])
    await advance(session, queue.id, [t.id for t in tasks], failed=-len(tasks), held=cost)
