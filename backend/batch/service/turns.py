"""Whose turn it is: the images that are due, in the order in which users and their upstreams are served."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchTask, DispatchSlot, UpstreamState
from backend.batch.states import TaskStatus
from backend.credits.models import CreditAccount
from backend.db import Prepared, utcnow
from backend.images.models import Image

LANES_TRIED = 3


@dataclass(frozen=True, slots=True)
class Lane:
    """One user's images for one upstream."""

    user_id: int
    upstream: str
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Apart:
    """An upstream to leave alone: until when, or None for until someone frees it; and the image that may try it."""

    upstream: str
    until: datetime | None
    trial_task_id: int | None


async def next_task(session: AsyncSession) -> tuple[BatchTask | None, float | None]:
    """The image whose turn it is, locked: before all others one that is to try its upstream. Without one, in how many seconds
    the next is due, if that is known."""
    left_alone = await _left_alone(session)
    trial = await _trial(session, left_alone)
    if trial is not None:
        return trial, None
    lanes, due_in = await _lanes(session, left_alone)
    for lane in lanes[:LANES_TRIED]:
        task = (await session.scalars(*_first_of(user_id=lane.user_id, upstream=lane.upstream))).first()
        if task is not None:
            return task, None
    return None, due_in


async def _lanes(session: AsyncSession, left_alone: Sequence[Apart]) -> tuple[list[Lane], float | None]:
    """Lanes with something due, in the order in which they are to be served; and when the next other one is due."""
    parked = {each.upstream: each.until for each in left_alone}
    due, waits = [], []
    for user_id, upstream, oldest, now in await session.execute(*_waiting_lanes()):
        free_at = parked.get(upstream, oldest)
        if free_at is None:
            continue
        wait = (max(oldest, free_at) - now).total_seconds()
        if wait <= 0:
            due.append(Lane(user_id, upstream, oldest))
        else:
            waits.append(wait)
    return await _fair_order(session, due), min(waits, default=None)


def waiting_lanes() -> Select[int, str, datetime, datetime]:
    """The query for all lanes with something claimable: user, upstream, the earliest due time, and the time now. It reads
    the index alone."""
    task = BatchTask
    return (
        select(task.user_id, task.upstream, func.min(task.run_at), utcnow())
        .where(task.status == TaskStatus.PENDING, task.claimable)
        .group_by(task.user_id, task.upstream)
    )


_waiting_lanes = Prepared(waiting_lanes)


async def _trial(session: AsyncSession, left_alone: Sequence[Apart]) -> BatchTask | None:
    """The one image by which an upstream that is down may show that it is well again."""
    chosen = [each.trial_task_id for each in left_alone if each.trial_task_id is not None]
    if not chosen:
        return None
    task = BatchTask
    waiting = select(task).where(
        task.id.in_(chosen), task.status == TaskStatus.PENDING, task.claimable, task.run_at <= utcnow()
    )
    return (await session.scalars(waiting.limit(1).with_for_update(skip_locked=True))).first()


async def _left_alone(session: AsyncSession) -> list[Apart]:
    """Upstreams that get no images now, but perhaps one to try them."""
    rows = await session.execute(*_parked_or_paused())
    return [Apart(row.upstream, None if row.paused_reason else row.parked_until, row.trial_task_id) for row in rows]


@Prepared
def _parked_or_paused() -> Select[str, str | None, datetime | None, int | None]:
    state = UpstreamState
    return select(state.upstream, state.paused_reason, state.parked_until, state.trial_task_id).where(
        or_(state.paused_reason.is_not(None), state.parked_until > utcnow())
    )


async def _fair_order(session: AsyncSession, lanes: Sequence[Lane]) -> list[Lane]:
    """Whoever holds the fewest slots goes first, then whoever was served longest ago."""
    if len(lanes) < 2:
        return list(lanes)
    users = {lane.user_id for lane in lanes}
    slot, account = DispatchSlot, CreditAccount
    holding = await session.execute(
        select(slot.user_id, func.count()).where(slot.user_id.is_not(None)).group_by(slot.user_id)
    )
    serving = await session.execute(select(account.user_id, account.last_served_at).where(account.user_id.in_(users)))
    held = {user_id: count for user_id, count in holding.all()}
    served = {user_id: at for user_id, at in serving.all()}

    def turn(lane: Lane) -> tuple[int, float, datetime]:
        last = served.get(lane.user_id)
        return held.get(lane.user_id, 0), last.timestamp() if last else 0.0, lane.oldest

    return sorted(lanes, key=turn)


def oldest_due(user_id: int, upstream: str) -> Select[BatchTask]:
    """The query that picks an image: its order is the index's, so no row of anyone else's is read or locked."""
    task = BatchTask
    return (
        select(task)
        .with_hint(task, "FORCE INDEX (ix_claim)", "mysql")
        .where(
            task.status == TaskStatus.PENDING,
            task.claimable,  # `IS TRUE` would not be served by the index
            task.user_id == user_id,
            task.upstream == upstream,
            task.run_at <= utcnow(),
        )
        .order_by(task.run_at, task.id)
        .limit(1)
    )


@Prepared
def _first_of(user_id: int, upstream: str) -> Select[BatchTask]:
    return oldest_due(user_id, upstream).with_for_update(skip_locked=True)


async def upcoming(session: AsyncSession, limit: int) -> list[tuple[str, str]]:
    """What will probably be claimed next: storage keys of originals, each with its model. Locks nothing, promises nothing."""
    lanes, _ = await _lanes(session, await _left_alone(session))
    found: list[tuple[str, str]] = []
    most = max(1, limit // max(1, len(lanes)))
    for lane in lanes[:limit]:
        rows = await session.execute(*_next_inputs(user_id=lane.user_id, upstream=lane.upstream, most=most))
        found += [(key, model) for key, model in rows.all()]
    return found


@Prepared
def _next_inputs(user_id: int, upstream: str, most: int) -> Select[str, str]:
    return (
        oldest_due(user_id, upstream)
        .with_only_columns(Image.storage_key, BatchTask.model)
        .join(Image, Image.id == BatchTask.original_image_id)
        .limit(most)
    )


async def anything_due(session: AsyncSession) -> bool:
    """A cheap look for work that another process may have left: one read, no locks."""
    task, state = BatchTask, UpstreamState
    left_alone = select(state.upstream).where(or_(state.paused_reason.is_not(None), state.parked_until > utcnow()))
    on_trial = select(state.trial_task_id).where(state.trial_task_id.is_not(None))
    row = await session.execute(
        select(literal(1))
        .where(
            task.status == TaskStatus.PENDING,
            task.claimable,
            task.run_at <= utcnow(),
            or_(task.upstream.not_in(left_alone), task.id.in_(on_trial)),
        )
        .limit(1)
    )
    return row.first() is not None
