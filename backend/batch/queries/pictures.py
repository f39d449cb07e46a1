"""The pictures that stand for a batch in a list, and those it was shown for its style."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchReference, BatchTask
from backend.batch.schemas import CoverOut
from backend.images.models import Image
from backend.images.schemas import ImageOut

COVER = 4


async def covers(session: AsyncSession, user_id: int, queue_ids: Collection[int]) -> list[CoverOut]:
    """The first pictures of those of the batches that belong to the user: each one's newest result, else its original."""
    task, queue = BatchTask, BatchQueue
    shown = func.coalesce(task.generated_image_id, task.original_image_id)
    rows = await session.execute(
        select(task.queue_id, task.position, Image)
        .join(queue, queue.id == task.queue_id)
        .join(Image, Image.id == shown)
        .where(task.queue_id.in_(queue_ids), queue.user_id == user_id, task.position <= COVER)
        .order_by(task.queue_id, task.position, task.generated_image_id.is_not(None), task.id)
    )
    found: defaultdict[int, dict[int, Image]] = defaultdict(dict)
    for queue_id, position, image in rows.all():
        found[queue_id][position] = image
    return [
        CoverOut(queue_id=queue_id, images=[ImageOut.model_validate(image) for image in images.values()])
        for queue_id, images in found.items()
    ]


async def references(session: AsyncSession, queue_id: int) -> Sequence[ImageOut]:
    """The reference images of a batch that still exist, in their order."""
    reference = BatchReference
    rows = await session.scalars(
        select(Image)
        .join(reference, reference.image_id == Image.id)
        .where(reference.queue_id == queue_id)
        .order_by(reference.position)
    )
    return [ImageOut.model_validate(image) for image in rows.all()]
