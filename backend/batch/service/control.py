"""What an owner (or an administrator) does to a whole batch."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchTask
from backend.batch.service.charging import cancel_pending, reorder
from backend.batch.service.forgetting import Forgotten, forget_queue
from backend.batch.service.ownership import own_queue
from backend.batch.service.pausing import leave
from backend.batch.service.progress import advance, emit
from backend.batch.service.upstreams import bring_up, hold_if_down
from backend.batch.states import ACTIVE, BY_UPSTREAM, FINAL, OPEN, PausedReason, QueueStatus, TaskStatus
from backend.db import affected
from backend.errors import InvalidState


async def rename(session: AsyncSession, user_id: int, queue_id: int, batch_name: str) -> None:
    """Give the batch another name."""
    await own_queue(session, user_id, queue_id)
    await _set(session, queue_id, batch_name=batch_name)
    await emit(session, user_id, queue_id, [])


async def pause(session: AsyncSession, user_id: int, queue_id: int) -> None:
    """Start no further image of this batch; what is in flight finishes. Raises InvalidState unless it is active."""
    await own_queue(session, user_id, queue_id)
    task = BatchTask
    stop = update(task).where(task.queue_id == queue_id, task.status.in_(OPEN)).values(claimable=False)
    await affected(session, stop)
    changed = await affected(
        session,
        update(BatchQueue)
        .where(BatchQueue.id == queue_id, BatchQueue.status.in_(ACTIVE), BatchQueue.cancel_requested.is_(False))
        .values(status=QueueStatus.PAUSED, paused_reason=PausedReason.USER, version=BatchQueue.version + 1),
    )
    if not changed:
        raise InvalidState("Only a batch that waits or runs can be paused.")
    await affected(session, stop)  # what was ordered anew before the batch was locked
    await emit(session, user_id, queue_id, [])


async def resume(session: AsyncSession, user_id: int, queue_id: int) -> None:
    """Go on with a paused batch. When its upstream had paused it, whoever resumes says that it is well again: every batch
    that waits for it goes on. Raises InvalidState unless it is paused."""
    queue = await own_queue(session, user_id, queue_id)
    if queue.status != QueueStatus.PAUSED:
        raise InvalidState("Only a paused batch can be resumed.")
    if queue.paused_reason in BY_UPSTREAM:
        for upstream in await _upstreams(session, queue_id):
            await bring_up(session, upstream)
        return
    if not await leave(session, queue, QueueStatus.PAUSED, samples_only=queue.sample_first):
        raise InvalidState
    await hold_if_down(session, queue_id)


async def approve(session: AsyncSession, user_id: int, queue_id: int, prompt: str | None) -> None:
    """Let the images after the samples go, with a better prompt if one is given."""
    queue = await own_queue(session, user_id, queue_id)
    if queue.status != QueueStatus.AWAITING_APPROVAL:
        raise InvalidState("Only a batch that waits for approval can be approved.")
    values = {"prompt": prompt} if prompt is not None else {}
    changed = await _tell_anew(session, queue_id, prompt) if prompt is not None else ()
    awaiting = QueueStatus.AWAITING_APPROVAL
    if not await leave(session, queue, awaiting, samples_only=0, changed=changed, sample_first=0, **values):
        raise InvalidState
    await hold_if_down(session, queue_id)


async def cancel(session: AsyncSession, user_id: int | None, queue_id: int) -> list[int]:
    """Stop the batch: what waits is cancelled now; answers the tasks in flight, which end as soon as their process hears
    of it. What was not delivered is given back. Safe to repeat; raises InvalidState when it had ended otherwise."""
    queue = await own_queue(session, user_id, queue_id)
    if queue.status == QueueStatus.CANCELLED:
        return []
    if queue.status in FINAL:
        raise InvalidState("This batch has already ended.")
    stopped = await _stop(session, queue_id)
    await _set(session, queue_id, cancel_requested=True)
    # what came back to the line, or into it, between the looks of the first pass: from here on the batch is locked
    stopped += await _stop(session, queue_id)
    running = (BatchTask.queue_id == queue_id, BatchTask.status == TaskStatus.PROCESSING)
    in_flight = list(await session.scalars(select(BatchTask.id).where(*running)))
    price = sum(task.price for task in stopped)
    await advance(session, queue_id, [t.id for t in stopped], cancelled=len(stopped), held=-price, released=price)
    return in_flight


async def retry(session: AsyncSession, user_id: int, queue_id: int, max_pending: int) -> None:
    """Order every failed image of the batch anew. Raises InsufficientCredits when that cannot be paid, QueueFull when too
    many would wait."""
    queue = await own_queue(session, user_id, queue_id)
    if failed := await _locked(session, queue_id, TaskStatus.FAILED):
        await reorder(session, queue, failed, max_pending)
        await hold_if_down(session, queue_id)


async def delete(session: AsyncSession, user_id: int, queue_id: int) -> Forgotten:
    """Forget a batch that has ended. Raises InvalidState while it runs."""
    await own_queue(session, user_id, queue_id)
    return await forget_queue(session, queue_id)


async def _tell_anew(session: AsyncSession, queue_id: int, prompt: str) -> Sequence[int]:
    """Give the images that wait for approval another prompt; answers which they are."""
    task = BatchTask
    waiting = (task.queue_id == queue_id, task.status == TaskStatus.PENDING, task.claimable.is_(False))
    ids = (await session.scalars(select(task.id).where(*waiting).order_by(task.id).with_for_update())).all()
    this = update(task).where(task.id.in_(ids))
    await affected(session, this.values(prompt=prompt, version=task.version + 1))
    return ids


async def _stop(session: AsyncSession, queue_id: int) -> list[BatchTask]:
    """Cancel what waits and tell what is in flight; answers what was cancelled."""
    task = BatchTask
    pending = await _locked(session, queue_id, TaskStatus.PENDING)
    running = (task.queue_id == queue_id, task.status == TaskStatus.PROCESSING)
    await affected(session, update(task).where(*running).values(cancel_requested=True, claimable=False))
    await cancel_pending(session, pending)
    return pending


async def _locked(session: AsyncSession, queue_id: int, status: TaskStatus) -> list[BatchTask]:
    """The batch's images with this status; nobody else changes them until this transaction ends."""
    task = BatchTask
    these = select(task).where(task.queue_id == queue_id, task.status == status).order_by(task.id)
    return list(await session.scalars(these.with_for_update()))


async def _upstreams(session: AsyncSession, queue_id: int) -> list[str]:
    task = BatchTask
    return list(
        await session.scalars(select(task.upstream).where(task.queue_id == queue_id, task.status.in_(OPEN)).distinct())
    )


async def _set(session: AsyncSession, queue_id: int, **values: object) -> None:
    await affected(
        session,
        update(BatchQueue).where(BatchQueue.id == queue_id).values(version=BatchQueue.version + 1, **values),
    )
