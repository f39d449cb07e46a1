"""Making a batch: queue, tasks, references and held credits in one transaction, or nothing at all."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchReference, BatchTask
from backend.batch.outcomes import Standby
from backend.batch.service import WORK
from backend.batch.service.charging import check_depth
from backend.batch.service.progress import emit
from backend.batch.service.upstreams import hold_if_down, is_down
from backend.batch.states import QueueStatus
from backend.credits import service as credits
from backend.credits.service import Charge
from backend.db import announce
from backend.errors import IdempotencyInProgress, IdempotencyMismatch, InsufficientCredits, NotFound
from backend.images.models import Image
from backend.upstreams.base import ModelSpec


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asked for, besides the images."""

    prompt: str
    model: str
    batch_name: str
    aspect_ratio: str | None
    image_size: str | None
    sample_first: int


@dataclass(frozen=True, slots=True)
class Order:
    """A batch to make. `idempotency_key` is the client's or one made for this request; `digest` is of all it asked for;
    `standby` does the work when the model's upstream is down."""

    user_id: int
    wish: Wish
    model: ModelSpec
    image_ids: Sequence[int]
    reference_ids: Sequence[int]
    idempotency_key: str
    digest: str
    max_pending: int
    standby: Standby | None = None


def digest_of(wish: Wish, images: Sequence[Any], references: Sequence[Any]) -> str:
    """Of what an order of a batch means: its fields, and its files' digests or ids."""
    return credits.digest_of({"wish": asdict(wish), "images": images, "references": references})


async def find_repeat(session: AsyncSession, user_id: int, idempotency_key: str, digest: str) -> int | None:
    """The id of the batch that this very request made before. Raises IdempotencyMismatch when another request made it."""
    queue = BatchQueue
    found = (
        await session.execute(
            select(queue.id, queue.request_digest).where(
                queue.user_id == user_id, queue.idempotency_key == idempotency_key
            )
        )
    ).first()
    if found is None:
        return None
    if found.request_digest != digest:
        raise IdempotencyMismatch
    return int(found.id)


async def submit(session: AsyncSession, order: Order) -> int:
    """Make the batch and answer its id; the id of the first one when the same request comes again.

    Raises InsufficientCredits, QueueFull, NotFound (an image that is not the user's), IdempotencyMismatch,
    IdempotencyInProgress.
    """
    repeat = await find_repeat(session, order.user_id, order.idempotency_key, order.digest)
    if repeat is not None:
        return repeat
    await check_depth(session, order.user_id, len(order.image_ids), order.max_pending)
    names = await _filenames(session, order)
    price = order.model.credits
    cost = price * len(order.image_ids)
    try:
        await credits.set_aside(session, order.user_id, cost)
    except InsufficientCredits:
        # the account was waited for, maybe until this very request had spent it elsewhere
        repeat = await find_repeat(session, order.user_id, order.idempotency_key, order.digest)
        if repeat is None:
            raise
        return repeat
    queue = await _add_queue(session, order, cost)
    tasks = await _add_tasks(session, order, queue, names, *await _lane(session, order))
    charges = [Charge(task.id, queue.id, task.charge_no, price) for task in tasks]
    await credits.record_holds(session, order.user_id, charges)
    await emit(session, order.user_id, queue.id, [task.id for task in tasks])
    await hold_if_down(session, queue.id)
    announce(session, WORK)
    return queue.id


async def _lane(session: AsyncSession, order: Order) -> tuple[str, str]:
    """The model and the upstream that are to do it: the standby's when the chosen one is down."""
    model, standby = order.model, order.standby
    if standby and await is_down(session, model.upstream) and not await is_down(session, standby.upstream):
        return standby.instead, standby.upstream
    return model.id, model.upstream


async def _filenames(session: AsyncSession, order: Order) -> dict[int, str]:
    """Names of the order's images, which are locked against deletion until this transaction ends."""
    wanted = {*order.image_ids, *order.reference_ids}
    found = await session.execute(
        select(Image.id, Image.filename)
        .where(Image.id.in_(wanted), Image.user_id == order.user_id)
        .order_by(Image.id)
        .with_for_update(read=True)
    )
    names = {image_id: filename for image_id, filename in found.all()}
    if len(names) != len(wanted):
        raise NotFound
    return names


async def _add_queue(session: AsyncSession, order: Order, cost: int) -> BatchQueue:
    wish = order.wish
    queue = BatchQueue(
        user_id=order.user_id,
        batch_name=wish.batch_name,
        prompt=wish.prompt,
        model=order.model.id,
        aspect_ratio=wish.aspect_ratio,
        image_size=wish.image_size,
        sample_first=wish.sample_first if wish.sample_first < len(order.image_ids) else 0,
        status=QueueStatus.PENDING,
        total_images=len(order.image_ids),
        credits_held=cost,
        idempotency_key=order.idempotency_key,
        request_digest=order.digest,
    )
    session.add(queue)
    try:
        await session.flush()
    except IntegrityError as error:  # the same key was used at the same moment, and the other one is ahead
        raise IdempotencyInProgress from error
    return queue


async def _add_tasks(
    session: AsyncSession, order: Order, queue: BatchQueue, names: dict[int, str], model: str, upstream: str
) -> list[BatchTask]:
    tasks = [
        BatchTask(
            queue_id=queue.id,
            user_id=order.user_id,
            position=position,
            original_filename=names[image_id],
            prompt=order.wish.prompt,
            model=model,
            upstream=upstream,
            original_image_id=image_id,
            price=order.model.credits,
            charge_no=1,
            claimable=not queue.sample_first or position <= queue.sample_first,
        )
        for position, image_id in enumerate(order.image_ids, start=1)
    ]
    session.add_all(tasks)
    session.add_all(
        BatchReference(queue_id=queue.id, position=position, image_id=image_id)
        for position, image_id in enumerate(order.reference_ids, start=1)
    )
    await session.flush()
    return tasks
