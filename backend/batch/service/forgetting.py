"""Batches and images that go, and what of the storage goes with them."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchReference, BatchTask
from backend.batch.service.progress import emit
from backend.batch.states import FINAL
from backend.db import affected
from backend.errors import InvalidState
from backend.images import service as images
from backend.images.models import Image


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What went, and the storage keys to delete after the commit; a sum over many commits has none left."""

    queues: int = 0
    tasks: int = 0
    images: int = 0
    bytes: int = 0
    keys: tuple[str, ...] = ()

    def __add__(self, other: "Forgotten") -> "Forgotten":
        return Forgotten(
            self.queues + other.queues,
            self.tasks + other.tasks,
            self.images + other.images,
            self.bytes + other.bytes,
            self.keys + other.keys,
        )


async def forget_queue(session: AsyncSession, queue_id: int) -> Forgotten:
    """Forget a batch that has ended, with its tasks and the images that only it shows. Raises InvalidState when it runs.

    The ledger keeps what it says of it.
    """
    task, reference, queue = BatchTask, BatchReference, BatchQueue
    rows = await session.execute(
        select(task.original_image_id, task.generated_image_id).where(task.queue_id == queue_id)
    )
    pairs = rows.all()
    shown = await session.scalars(select(reference.image_id).where(reference.queue_id == queue_id))
    used = {image_id for pair in pairs for image_id in pair} | set(shown)
    user_id = await session.scalar(select(queue.user_id).where(queue.id == queue_id))
    if not await affected(session, delete(queue).where(queue.id == queue_id, queue.status.in_(FINAL))):
        raise InvalidState("Cancel the batch first, or wait for its end.")
    await emit(session, user_id or 0, queue_id, [])
    images = await forget_unused(session, {image_id for image_id in used if image_id is not None})
    return images + Forgotten(queues=1, tasks=len(pairs))


async def forget_unused(session: AsyncSession, image_ids: Iterable[int]) -> Forgotten:
    """Forget those of the images that no task and no batch refers to.

    The rows are locked first, so a batch that is being made of one of them either keeps it or does not get it.
    """
    wanted = sorted(set(image_ids))
    locked = await session.scalars(select(Image.id).where(Image.id.in_(wanted)).order_by(Image.id).with_for_update())
    free = sorted(set(locked) - await _used(session, wanted))
    sizes = dict(
        (
            await session.execute(
                select(Image.storage_key, func.max(Image.size_bytes))
                .where(Image.id.in_(free))
                .group_by(Image.storage_key)
            )
        ).all()
    )
    keys = await images.forget(session, free)
    return Forgotten(images=len(free), bytes=sum(sizes.get(key, 0) for key in keys), keys=tuple(keys))


async def _used(session: AsyncSession, image_ids: list[int]) -> set[int]:
    task, reference = BatchTask, BatchReference
    rows = await session.execute(
        select(task.original_image_id, task.generated_image_id).where(
            or_(task.original_image_id.in_(image_ids), task.generated_image_id.in_(image_ids))
        )
    )
    shown = await session.scalars(select(reference.image_id).where(reference.image_id.in_(image_ids)))
    used = {image_id for row in rows.all() for image_id in row} | set(shown)
    return {image_id for image_id in used if image_id is not None}
