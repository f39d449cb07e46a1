"""Tasks as their owners see them, each with its original and its result."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from backend.batch.models import BatchTask
from backend.batch.schemas import TaskOut, now_or_later
from backend.batch.states import TaskStatus
from backend.db import Prepared
from backend.errors import NotFound
from backend.images.models import Image
from backend.images.schemas import ImageOut

_original, _generated = aliased(Image), aliased(Image)


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks: of one batch, with a status."""

    queue_id: int
    status: TaskStatus | None = None


async def task_of(session: AsyncSession, user_id: int, task_id: int) -> TaskOut:
    """One task of a user. Raises NotFound."""
    found = await _run(session, _select().where(BatchTask.id == task_id, BatchTask.user_id == user_id))
    if not found:
        raise NotFound
    return found[0]


async def tasks_by_id(session: AsyncSession, ids: Collection[int], user_id: int | None) -> list[TaskOut]:
    """Those of the tasks that exist (and belong to `user_id`)."""
    these = _these(ids=list(ids)) if user_id is None else _these_of_theirs(ids=list(ids), user_id=user_id)
    return await _run(session, *these)


@Prepared
def _these(ids: Collection[int]) -> Select[BatchTask, Image, Image]:
    return _select().where(BatchTask.id.in_(ids))


@Prepared
def _these_of_theirs(ids: Collection[int], user_id: int) -> Select[BatchTask, Image, Image]:
    return _these.built(ids).where(BatchTask.user_id == user_id)


async def tasks_of_queues(session: AsyncSession, queue_ids: Collection[int]) -> list[TaskOut]:
    """Every task of these batches."""
    return await _run(session, _select().where(BatchTask.queue_id.in_(queue_ids)))


async def list_tasks(
    session: AsyncSession, which: TaskFilter, limit: int, after: tuple[int, ...] | None
) -> list[TaskOut]:
    """Up to `limit` tasks in upload order (later versions of an image right after it), behind (position, id)."""
    task = BatchTask
    query = _select().where(task.queue_id == which.queue_id).limit(limit)
    if which.status is not None:
        query = query.where(task.status == which.status)
    if after is not None:
        position, task_id = after
        query = query.where(or_(task.position > position, (task.position == position) & (task.id > task_id)))
    return await _run(session, query)


def _select() -> Select[BatchTask, Image, Image]:
    task = BatchTask
    return (
        select(task, _original, _generated)
        .outerjoin(_original, _original.id == task.original_image_id)
        .outerjoin(_generated, _generated.id == task.generated_image_id)
        .order_by(task.queue_id, task.position, task.id)
    )


async def _run(
    session: AsyncSession, query: Select[BatchTask, Image, Image], values: Mapping[str, Any] | None = None
) -> list[TaskOut]:
    rows: Sequence[Any] = (await session.execute(query, values)).all()
    return [_out(task, original, generated) for task, original, generated in rows]


def _out(task: BatchTask, original: Image | None, generated: Image | None) -> TaskOut:
    # waiting as asked is not an attempt, but there was one
    tried = task.attempts > 0 or task.error_code is not None
    columns = {name: getattr(task, name) for name in TaskOut.model_fields if hasattr(task, name)}
    return TaskOut(
        **columns,
        original_image=ImageOut.model_validate(original) if original else None,
        generated_image=ImageOut.model_validate(generated) if generated else None,
        next_attempt_at=now_or_later(task.run_at, task.status, tried=tried, held_back=not task.claimable),
    )
