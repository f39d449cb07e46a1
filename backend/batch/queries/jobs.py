"""What the runner and the archive need to know of tasks."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from backend.batch.lease import Lease
from backend.batch.models import BatchQueue, BatchReference, BatchTask
from backend.batch.states import TaskStatus
from backend.config import service as config
from backend.credits.models import CreditEntry
from backend.db import Prepared, utcnow
from backend.images.models import Image


@dataclass(frozen=True, slots=True)
class Job:
    """All that an attempt at a task needs."""

    task_id: int
    prompt: str
    model: str
    chosen_model: str
    upstream: str
    upstream_job: str | None
    aspect_ratio: str | None
    image_size: str | None
    max_retries: int
    attempts: int
    soft_attempts: int
    ambiguous_attempts: int
    error_code: str | None
    same_errors: int
    waited: float
    source_key: str | None
    reference_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One line of an archive: a task, and where its result is if it has one."""

    position: int
    filename: str
    prompt: str
    model: str
    status: str
    error_code: str | None
    storage_key: str | None
    mime_type: str | None


async def job(session: AsyncSession, lease: Lease) -> Job | None:
    """The task under `lease`, or None when the lease does not stand."""
    row = (await session.execute(*_under(task_id=lease.task_id, token=lease.token))).first()
    if row is None:
        return None
    found, chosen_model, aspect_ratio, image_size, source_key, ordered_at, now = row
    references = await session.scalars(*_references(queue_id=found.queue_id))
    return Job(
        task_id=found.id,
        prompt=found.prompt,
        model=found.model,
        chosen_model=chosen_model,
        upstream=found.upstream,
        upstream_job=found.upstream_job,
        aspect_ratio=aspect_ratio,
        image_size=image_size,
        max_retries=(await config.read(session)).max_retries,
        attempts=found.attempts,
        soft_attempts=found.soft_attempts,
        ambiguous_attempts=found.ambiguous_attempts,
        error_code=found.error_code,
        same_errors=found.same_errors,
        waited=(now - (ordered_at or found.created_at)).total_seconds(),
        source_key=source_key,
        reference_keys=tuple(references),
    )


@Prepared
def _references(queue_id: int) -> Select[str]:
    return (
        select(Image.storage_key)
        .join(BatchReference, BatchReference.image_id == Image.id)
        .where(BatchReference.queue_id == queue_id)
        .order_by(BatchReference.position)
    )


@Prepared
def _under(task_id: int, token: str) -> Select[Any]:
    """The task, its batch's options, where its original is, when it was ordered, and the time now."""
    task, queue, entry = BatchTask, BatchQueue, CreditEntry
    held = (entry.task_id == task.id) & (entry.charge_no == task.charge_no) & (entry.phase == "hold")
    wanted: tuple[Any, ...] = (
        task,
        queue.model,
        queue.aspect_ratio,
        queue.image_size,
        Image.storage_key,
        entry.created_at,
        utcnow(),
    )
    query = select(*wanted)
    return (
        query.join(queue, queue.id == task.queue_id)
        .outerjoin(Image, Image.id == task.original_image_id)
        .outerjoin(entry, held)
        .where(task.id == task_id, task.attempt_token == token)
    )


async def archive_entries(
    session: AsyncSession, queue_id: int, task_ids: Collection[int] | None = None
) -> list[Result]:
    """The newest delivered version of each image, in upload order; an image without one is its newest task.

    `task_ids` asks for just those tasks instead.
    """
    task, generated = BatchTask, aliased(Image)
    query = (
        select(task, generated.storage_key, generated.mime_type)
        .outerjoin(generated, generated.id == task.generated_image_id)
        .where(task.queue_id == queue_id)
        .order_by(task.position, task.id)
    )
    if task_ids is not None:
        query = query.where(task.id.in_(task_ids))
    newest: dict[int, Result] = {}
    for found, key, mime_type in (await session.execute(query)).all():
        result = Result(
            found.position,
            found.original_filename,
            found.prompt,
            found.model,
            found.status,
            found.error_code,
            key if found.status == TaskStatus.COMPLETED else None,
            mime_type,
        )
        slot = found.id if task_ids is not None else found.position
        if slot not in newest or result.storage_key or not newest[slot].storage_key:
            newest[slot] = result
    return list(newest.values())
