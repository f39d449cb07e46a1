"""Images that nothing shows any more."""

from collections.abc import Iterable

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchReference, BatchTask
from backend.images import service as images
from backend.images.models import Image


async def forget_unused(session: AsyncSession, image_ids: Iterable[int]) -> list[str]:
    """Delete those of the images that no task and no batch refers to; answers the storage keys to delete after the commit.

    The rows are locked first, so a batch that is being made of one of them either keeps it or does not get it.
    """
    wanted = sorted(set(image_ids))
    locked = await session.scalars(select(Image.id).where(Image.id.in_(wanted)).order_by(Image.id).with_for_update())
    free = set(locked) - await _used(session, wanted)
    return await images.forget(session, sorted(free))


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
