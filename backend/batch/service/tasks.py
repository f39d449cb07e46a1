"""What an owner does to one image of a batch."""

from functools import partial

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchTask
from backend.batch.schemas import EditIn
from backend.batch.service.charging import cancel_pending, charge_of, check_depth, reorder
from backend.batch.service.ownership import own_queue, own_task
from backend.batch.service.pausing import line_up
from backend.batch.service.progress import advance, emit
from backend.batch.service.upstreams import hold_if_down
from backend.batch.states import TaskStatus
from backend.credits import service as credits
from backend.db import affected
from backend.errors import InvalidState
from backend.upstreams.base import ModelSpec


async def retry_task(session: AsyncSession, user_id: int, task_id: int, max_pending: int) -> None:
    """Order a failed image anew. Raises InvalidState unless it failed, InsufficientCredits when it cannot be paid, QueueFull
    when too many wait."""
    task = await own_task(session, user_id, task_id)
    if task.status != TaskStatus.FAILED:
        raise InvalidState("Only a failed image can be tried again.")
    await reorder(session, await own_queue(session, user_id, task.queue_id), [task], max_pending)
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
    session: AsyncSession, user_id: int, task_id: int, wanted: EditIn, model: ModelSpec, max_pending: int, key: str
) -> int:
    """A new version of an image, made from its result or its original with another prompt; answers the new task's id, or that
    of the first one when the same request comes again.

    Raises InvalidState when there is no such source, InsufficientCredits when it cannot be paid, QueueFull when too many
    wait, IdempotencyMismatch.
    """
    parent = await own_task(session, user_id, task_id)
    queue = await own_queue(session, user_id, parent.queue_id)
    meaning = ("edit", task_id, wanted.prompt, wanted.source)
    act = partial(_edit, session, parent, queue, wanted, model, max_pending)
    return await credits.once(session, user_id, key, meaning, act)


async def _edit(
    session: AsyncSession, parent: BatchTask, queue: BatchQueue, wanted: EditIn, model: ModelSpec, max_pending: int
) -> int:
    image_id = parent.generated_image_id if wanted.source == "generated" else parent.original_image_id
    if image_id is None:
        raise InvalidState("There is no such image to start from.")
    await check_depth(session, queue.user_id, 1, max_pending)
    child = BatchTask(
        queue_id=queue.id,
        user_id=queue.user_id,
        parent_task_id=parent.id,
        position=parent.position,
        original_filename=parent.original_filename,
        prompt=wanted.prompt,
        model=model.id,
        upstream=model.upstream,
        original_image_id=image_id,
        price=model.credits,
        charge_no=1,
        claimable=False,
    )
    await credits.set_aside(session, queue.user_id, child.price)
    session.add(child)
    await session.flush()
    await credits.record_holds(session, queue.user_id, [charge_of(child)], reason="edit")
    await line_up(session, queue.id, [child.id])
    await advance(session, queue.id, [child.id], total=1, held=child.price)
    await emit(session, queue.user_id, queue.id, [parent.id])
    await hold_if_down(session, queue.id)
    return child.id
