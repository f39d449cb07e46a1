"""What an owner does to one image of a batch."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchTask
from backend.batch.service import WORK
from backend.batch.service.charging import cancel_pending, charge_of, reorder
from backend.batch.service.ownership import own_queue, own_task
from backend.batch.service.progress import advance, emit
from backend.batch.service.upstreams import hold_if_down
from backend.batch.states import QueueStatus, TaskStatus
from backend.credits import service as credits
from backend.db import affected, announce
from backend.errors import InvalidState
from backend.upstreams.base import ModelSpec


async def retry_task(session: AsyncSession, user_id: int, task_id: int) -> None:
    """Order a failed image anew. Raises InvalidState unless it failed, InsufficientCredits when it cannot be paid."""
    task = await own_task(session, user_id, task_id)
    if task.status != TaskStatus.FAILED:
        raise InvalidState("Only a failed image can be tried again.")
    await reorder(session, await own_queue(session, user_id, task.queue_id), [task])
    await hold_if_down(session, task.queue_id)


async def cancel_task(session: AsyncSession, user_id: int, task_id: int) -> None:
    """Stop one image. Safe to repeat; raises InvalidState when it was delivered or had failed."""
    task = await own_task(session, user_id, task_id)
    if task.status == TaskStatus.CANCELLED:
        return
    if task.status == TaskStatus.PENDING:
        price = await cancel_pending(session, [task])
        await advance(session, task.queue_id, [task.id], cancelled=1, held=-price, released=price)
    elif task.status == TaskStatus.PROCESSING:
        await affected(session, update(BatchTask).where(BatchTask.id == task_id).values(cancel_requested=True))
    else:
        raise InvalidState("This image has already ended.")


async def edit_task(
    session: AsyncSession, user_id: int, task_id: int, prompt: str, source: str, model: ModelSpec
) -> int:
    """A new version of an image, made from its result or its original with another prompt; answers the new task's id.

    Raises InvalidState when there is no such source, InsufficientCredits when it cannot be paid.
    """
    parent = await own_task(session, user_id, task_id)
    image_id = parent.generated_image_id if source == "generated" else parent.original_image_id
    if image_id is None:
        raise InvalidState("There is no such image to start from.")
    queue = await own_queue(session, user_id, parent.queue_id)
    child = BatchTask(
        queue_id=queue.id,
        user_id=user_id,
        parent_task_id=parent.id,
        position=parent.position,
        original_filename=parent.original_filename,
        prompt=prompt,
        model=model.id,
        upstream=model.upstream,
        original_image_id=image_id,
        price=model.credits,
        charge_no=1,
        claimable=queue.status != QueueStatus.PAUSED,
    )
    await credits.set_aside(session, user_id, child.price)
    session.add(child)
    await session.flush()
    await credits.record_holds(session, user_id, [charge_of(child)], reason="edit")
    await affected(session, update(BatchQueue).where(BatchQueue.id == queue.id).values(cancel_requested=False))
    await advance(session, queue.id, [child.id], total=1, held=child.price)
    await emit(session, user_id, queue.id, [parent.id])
    await hold_if_down(session, queue.id)
    announce(session, WORK)
    return child.id
