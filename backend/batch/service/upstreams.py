"""Leaving an upstream alone: for a while because it asked for it, or until someone acts because nothing would work."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchTask, UpstreamState
from backend.batch.service import WORK
from backend.batch.service.progress import emit
from backend.batch.states import ACTIVE, OPEN, PausedReason, QueueStatus, TaskStatus
from backend.db import affected, announce, utc_after


async def park(session: AsyncSession, upstream: str, seconds: float, detail: str) -> None:
    """No process claims work for `upstream` in the next `seconds`."""
    await _note(session, upstream, {"parked_until": utc_after(seconds), "detail": detail})


async def take_down(session: AsyncSession, upstream: str, queue_id: int, reason: PausedReason, detail: str) -> None:
    """Pause every batch that still needs `upstream`, `queue_id` among them. Their images keep their attempts, and their
    credits stay held."""
    await _note(session, upstream, {"paused_reason": reason, "detail": detail})
    task, queue = BatchTask, BatchQueue
    waiting = (
        await session.scalars(
            select(task.queue_id)
            .where(task.upstream == upstream, task.status == TaskStatus.PENDING, task.claimable)
            .distinct()
        )
    ).all()
    await affected(
        session,
        update(task).where(task.upstream == upstream, task.status.in_(OPEN), task.claimable).values(claimable=False),
    )
    for each in sorted({*waiting, queue_id}):
        paused = await affected(
            session,
            update(queue)
            .where(queue.id == each, queue.status.in_(ACTIVE))
            .values(status=QueueStatus.PAUSED, paused_reason=reason, version=queue.version + 1),
        )
        if paused:
            owner = await session.scalar(select(queue.user_id).where(queue.id == each))
            await emit(session, owner or 0, each, [])


async def bring_up(session: AsyncSession, upstream: str) -> None:
    """Forget that `upstream` was down; whoever resumes a batch says so by that."""
    state = UpstreamState
    await affected(
        session,
        update(state).where(state.upstream == upstream).values(paused_reason=None, parked_until=None, detail=""),
    )
    announce(session, WORK)


async def _note(session: AsyncSession, upstream: str, values: dict[str, object]) -> None:
    state = UpstreamState
    if await affected(session, update(state).where(state.upstream == upstream).values(**values)) == 0:
        session.add(UpstreamState(upstream=upstream, **values))
        await session.flush()
