"""Claiming: one free slot, the user who waited longest, that user's oldest due image.

Two guarded UPDATEs make it correct even where locking reads are ignored (SQLite); SKIP LOCKED only makes it quick.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, Update, case, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend import failpoints
from backend.batch.lease import Lease
from backend.batch.models import BatchQueue, BatchTask, DispatchSlot, UpstreamState
from backend.batch.service import WORK
from backend.batch.service.progress import emit
from backend.batch.states import QueueStatus, TaskStatus
from backend.config import service as config
from backend.credits.models import CreditAccount
from backend.db import Prepared, affected, announce, utc_after, utcnow
from backend.dispatcher import Nothing
from backend.images.models import Image

LANES_TRIED = 3
SUSPECT_AFTER = 2


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


async def set_concurrency(session: AsyncSession, concurrency: int) -> None:
    """Open the first `concurrency` slots and close the rest; what runs on a closed one finishes."""
    await affected(session, update(DispatchSlot).values(enabled=DispatchSlot.slot_no <= concurrency))
    announce(session, WORK)


async def ensure_slots(session: AsyncSession, ceiling: int) -> int:
    """At start: as many slots open as the stored concurrency says, but never more than `ceiling`. Answers how many."""
    concurrency = min((await config.read(session)).concurrency, ceiling)
    await set_concurrency(session, concurrency)
    return concurrency


async def claim(
    session: AsyncSession,
    owner: str,
    lease_seconds: float,
    *,
    token: str | None = None,
    suspect_after: int = SUSPECT_AFTER,
    idle: bool = True,
) -> Lease | Nothing:
    """Take one slot and one image, or say why not. By a `token` of its own the caller can ask afterwards (`claimed`) what
    became of a claim whose answer was lost.

    An image whose processes died `suspect_after` times may be what killed them. It is only for a process that is `idle`,
    which then works on nothing else: so it takes no other image along when it kills this one, too.
    """
    token = token or uuid.uuid4().hex
    free = await _free_slot(session)
    if free is None:
        return Nothing()
    slot_no, paused = free
    if paused:
        return Nothing(paused=True)
    left_alone = await _left_alone(session)
    trial = await _trial(session, left_alone)
    if trial is not None:
        return await _take(session, Lease(slot_no, trial.id, token), trial, owner, lease_seconds)
    lanes, due_in = await _lanes(session, left_alone)
    for lane in lanes[:LANES_TRIED]:
        task = (await session.scalars(*_next_task(user_id=lane.user_id, upstream=lane.upstream))).first()
        if task is not None:
            suspect = task.rescues >= suspect_after
            if suspect and not idle:
                return Nothing()  # its turn comes when what is in work here has ended
            lease = Lease(slot_no, task.id, token, alone=suspect)
            return await _take(session, lease, task, owner, lease_seconds)
    return Nothing(due_in)


async def _free_slot(session: AsyncSession) -> tuple[int, bool] | None:
    """An open slot that nobody has, locked; and whether an administrator holds the dispatcher."""
    row = (await session.execute(*_open_slot())).first()
    return None if row is None else (row[0], row[1])


@Prepared
def _open_slot() -> Select[int, bool]:
    slot = DispatchSlot
    return (
        select(slot.slot_no, config.dispatch_is_paused())
        # by any other index all free slots would be read, sorted and locked, and no process could claim beside another
        .with_hint(slot, "FORCE INDEX (PRIMARY)", "mysql")
        .where(slot.enabled, slot.task_id.is_(None))
        .order_by(slot.slot_no)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


async def claimed(session: AsyncSession, token: str, suspect_after: int) -> Lease | None:
    """The lease that a claim with this token took, if it did."""
    slot, task = DispatchSlot, BatchTask
    found = await session.execute(
        select(slot.slot_no, task.id, task.rescues)
        .join(task, (task.id == slot.task_id) & (task.attempt_token == slot.attempt_token))
        .where(slot.attempt_token == token)
    )
    row = found.first()
    return None if row is None else Lease(row.slot_no, row.id, token, alone=row.rescues >= suspect_after)


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
def _next_task(user_id: int, upstream: str) -> Select[BatchTask]:
    return oldest_due(user_id, upstream).with_for_update(skip_locked=True)


async def _take(
    session: AsyncSession, lease: Lease, found: BatchTask, owner: str, lease_seconds: float
) -> Lease | Nothing:
    if not (await _hold_slot(session, lease, found.user_id, owner, lease_seconds) and await _start(session, lease)):
        await session.rollback()
        return Nothing(due_in=0.0)  # another process was quicker
    await affected(session, *_note_served(user_id=found.user_id))
    await affected(session, *_begin_batch(queue_id=found.queue_id))
    await emit(session, found.user_id, found.queue_id, [found.id])
    failpoints.hit("claim.taken", task=found.id)
    return lease


async def _hold_slot(session: AsyncSession, lease: Lease, user_id: int, owner: str, lease_seconds: float) -> bool:
    values = {"task_id": lease.task_id, "user_id": user_id, "token": lease.token, "owner": owner}
    return await affected(session, *_hold(slot_no=lease.slot_no, seconds=lease_seconds, **values)) == 1


async def _start(session: AsyncSession, lease: Lease) -> bool:
    return await affected(session, *_process(task_id=lease.task_id, token=lease.token)) == 1


@Prepared
def _hold(slot_no: int, task_id: int, user_id: int, token: str, owner: str, seconds: float) -> Update:
    slot = DispatchSlot
    return (
        update(slot)
        .where(slot.slot_no == slot_no, slot.task_id.is_(None), slot.enabled)
        .values(
            task_id=task_id,
            user_id=user_id,
            attempt_token=token,
            owner=owner,
            lease_expires=utc_after(seconds),
            fence=slot.fence + 1,
        )
    )


@Prepared
def _process(task_id: int, token: str) -> Update:
    task = BatchTask
    return (
        update(task)
        .where(task.id == task_id, task.status == TaskStatus.PENDING, task.claimable)
        .values(
            status=TaskStatus.PROCESSING,
            attempts=task.attempts + 1,
            attempt_token=token,
            started_at=utcnow(),
            version=task.version + 1,
        )
    )


@Prepared
def _note_served(user_id: int) -> Update:
    account = CreditAccount
    return update(account).where(account.user_id == user_id).values(last_served_at=utcnow())


@Prepared
def _begin_batch(queue_id: int) -> Update:
    queue = BatchQueue
    return (
        update(queue)
        # one that is paused has an image in work, too, when that tries whether an upstream is well again
        .where(queue.id == queue_id, or_(queue.status == QueueStatus.PENDING, queue.started_at.is_(None)))
        .values(
            status=case((queue.status == QueueStatus.PENDING, QueueStatus.PROCESSING), else_=queue.status),
            started_at=func.coalesce(queue.started_at, utcnow()),
            version=queue.version + 1,
        )
    )


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
