"""Batches as their owners see them, with the two things that are not in their rows: position and estimated time."""

import math
import statistics
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import clock
from backend.batch.models import BatchQueue, BatchTask, DispatchSlot
from backend.batch.schemas import QueueOut
from backend.batch.states import FINAL, PausedReason, QueueStatus, TaskStatus
from backend.config import service as config
from backend.db import Prepared
from backend.errors import NotFound

ENOUGH_DURATIONS = 2
RECENT = 50
LATELY = 2000
"""So many of everybody's last images are looked through for those of one model."""
FRESH_SECONDS = 1.0

_counted: WeakKeyDictionary[Engine | Connection, tuple[float, Mapping[int, int]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which batches: of one user (None: everyone's), with a status, whose name or prompt contains `text`."""

    user_id: int | None
    status: QueueStatus | None = None
    text: str | None = None


async def queue_of(session: AsyncSession, user_id: int, queue_id: int) -> QueueOut:
    """One batch of a user. Raises NotFound."""
    found = await queues_by_id(session, [queue_id], user_id)
    if not found:
        raise NotFound
    return found[0]


async def queues_by_id(session: AsyncSession, ids: Collection[int], user_id: int | None) -> list[QueueOut]:
    """Those of the batches that exist (and belong to `user_id`), newest first."""
    these = _these(ids=list(ids)) if user_id is None else _these_of_theirs(ids=list(ids), user_id=user_id)
    return await dressed(session, (await session.scalars(*these)).all())


@Prepared
def _these(ids: Collection[int]) -> Select[BatchQueue]:
    return select(BatchQueue).where(BatchQueue.id.in_(ids)).order_by(BatchQueue.id.desc())


@Prepared
def _these_of_theirs(ids: Collection[int], user_id: int) -> Select[BatchQueue]:
    return _these.built(ids).where(BatchQueue.user_id == user_id)


async def list_queues(
    session: AsyncSession, which: QueueFilter, limit: int, before: tuple[int, ...] | None
) -> list[QueueOut]:
    """Up to `limit` batches, newest first, older than the one with the id `before`."""
    query = _filtered(which).limit(limit)
    if before is not None:
        query = query.where(BatchQueue.id < before[0])
    return await dressed(session, (await session.scalars(query)).all())


async def active_queue_ids(session: AsyncSession, user_id: int, limit: int = 100) -> list[int]:
    """A user's batches that have not ended, newest first."""
    queue = BatchQueue
    query = select(queue.id).where(queue.user_id == user_id, queue.status.not_in(FINAL))
    return list(await session.scalars(query.order_by(queue.id.desc()).limit(limit)))


async def dressed(session: AsyncSession, rows: Sequence[BatchQueue]) -> list[QueueOut]:
    """Rows with position and estimate."""
    active = [row for row in rows if row.status not in FINAL]
    positions = await _positions(session, active) if active else {}
    durations = await _durations(session, [row.id for row in active]) if active else {}
    concurrency = await _concurrency(session) if active else 1
    held = bool(active) and await config.dispatch_paused(session)
    return [_out(row, positions.get(row.id, 0), durations.get(row.id, ()), concurrency, held=held) for row in rows]


async def estimate(session: AsyncSession, model: str, count: int) -> int | None:
    """Seconds until `count` more images of `model` would be done, by the recent ones; None when there were too few."""
    task = BatchTask
    lately = await session.execute(
        select(task.model, task.started_at, task.completed_at)
        .where(task.status == TaskStatus.COMPLETED)
        .order_by(task.id.desc())
        .limit(LATELY)
    )
    taken = [_seconds(start, end) for of, start, end in lately.all() if of == model][:RECENT]
    if len(taken) < ENOUGH_DURATIONS:
        return None
    waiting = sum((await _waiting(session)).values())
    return _eta(waiting + count, taken, await _concurrency(session))


async def in_flight_and_pending(session: AsyncSession) -> tuple[int, int, int]:
    """Slots taken in all processes, images waiting, and slots open."""
    slot, task = DispatchSlot, BatchTask
    taken = await session.scalar(select(func.count()).where(slot.task_id.is_not(None)))
    waiting = await session.scalar(select(func.count()).where(task.status == TaskStatus.PENDING))
    return taken or 0, waiting or 0, await _concurrency(session)


def _filtered(which: QueueFilter) -> Select[BatchQueue]:
    queue = BatchQueue
    query = select(queue).order_by(queue.id.desc())
    if which.user_id is not None:
        query = query.where(queue.user_id == which.user_id)
    if which.status is not None:
        query = query.where(queue.status == which.status)
    if which.text:
        wanted = which.text.lower()
        query = query.where(
            func.lower(queue.batch_name).contains(wanted, autoescape=True)
            | func.lower(queue.prompt).contains(wanted, autoescape=True)
        )
    return query


async def _positions(session: AsyncSession, rows: Sequence[BatchQueue]) -> Mapping[int, int]:
    """Users take turns: before a batch's next image each other user is served once for it, and once more for every
    image of the same user's older batches."""
    counts = await session.execute(*_waiting_by_queue(user_ids=list({row.user_id for row in rows})))
    waiting: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for user_id, queue_id, count in counts.all():
        waiting[user_id][queue_id] = count
    totals = await _waiting(session) if waiting else {}
    positions = {}
    for row in rows:
        mine = waiting.get(row.user_id, {})
        if row.id in mine:
            turns = 1 + sum(count for queue_id, count in mine.items() if queue_id < row.id)
            positions[row.id] = sum(min(total, turns) for user, total in totals.items() if user != row.user_id)
    return positions


@Prepared
def _waiting_by_queue(user_ids: Collection[int]) -> Select[int, int, int]:
    task = BatchTask
    return (
        select(task.user_id, task.queue_id, func.count())
        .where(task.status == TaskStatus.PENDING, task.claimable, task.user_id.in_(user_ids))
        .group_by(task.user_id, task.queue_id)
    )


async def _waiting(session: AsyncSession) -> Mapping[int, int]:
    """How many images of each user wait, a second ago at most: every look at a batch asks, and counting them takes the
    longer the more of them there are."""
    place, now = session.get_bind(), clock.monotonic()
    at, known = _counted.get(place, (-math.inf, {}))
    if now - at < FRESH_SECONDS:
        return known
    task = BatchTask
    # all of it is in the index of the claim
    query = select(task.user_id, func.count()).where(task.status == TaskStatus.PENDING, task.claimable)
    found = {user_id: count for user_id, count in (await session.execute(query.group_by(task.user_id))).all()}
    _counted[place] = now, found
    return found


async def _durations(session: AsyncSession, queue_ids: Collection[int]) -> Mapping[int, list[float]]:
    rows = await session.execute(*_times(queue_ids=list(queue_ids)))
    by_queue: defaultdict[int, list[float]] = defaultdict(list)
    for queue_id, start, end in rows.all():
        by_queue[queue_id].append(_seconds(start, end))
    return by_queue


@Prepared
def _times(queue_ids: Collection[int]) -> Select[int, datetime | None, datetime | None]:
    task = BatchTask
    return select(task.queue_id, task.started_at, task.completed_at).where(
        task.queue_id.in_(queue_ids), task.status == TaskStatus.COMPLETED
    )


async def _concurrency(session: AsyncSession) -> int:
    return await session.scalar(*_open_slots()) or 1


@Prepared
def _open_slots() -> Select[int]:
    return select(func.count()).where(DispatchSlot.enabled)


def _seconds(start: datetime | None, end: datetime | None) -> float:
    return max(0.0, (end - start).total_seconds()) if start and end else 0.0


def _eta(images: int, taken: Sequence[float], concurrency: int) -> int:
    return math.ceil(math.ceil(images / concurrency) * statistics.median(taken))


def _out(row: BatchQueue, position: int, taken: Sequence[float], concurrency: int, *, held: bool) -> QueueOut:
    left = row.total_images - row.completed_images - row.failed_images - row.cancelled_images
    known = row.status not in FINAL and left and len(taken) >= ENOUGH_DURATIONS
    paused = row.paused_reason or (PausedReason.ADMIN if held and row.status not in FINAL else None)
    return QueueOut(
        **{
            name: getattr(row, name) for name in QueueOut.model_fields if hasattr(row, name) and name != "paused_reason"
        },
        queue_position=position,
        eta_seconds=_eta(left + position, taken, concurrency) if known else None,
        paused_reason=PausedReason(paused) if paused else None,
    )
