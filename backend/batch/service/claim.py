"""Claiming: one free slot, and the image whose turn it is.

Two guarded UPDATEs make it correct even where locking reads are ignored (SQLite); SKIP LOCKED only makes it quick.
"""

import uuid

from sqlalchemy import Select, Update, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend import failpoints
from backend.batch.lease import Lease
from backend.batch.models import BatchQueue, BatchTask, DispatchSlot
from backend.batch.service import WORK
from backend.batch.service.progress import emit
from backend.batch.service.turns import next_task
from backend.batch.states import QueueStatus, TaskStatus
from backend.config import service as config
from backend.credits.models import CreditAccount
from backend.db import Prepared, affected, announce, utc_after, utcnow
from backend.dispatcher import Nothing

SUSPECT_AFTER = 2


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
    task, due_in = await next_task(session)
    if task is None:
        return Nothing(due_in)
    suspect = task.rescues >= suspect_after
    if suspect and not idle:
        return Nothing()  # its turn comes when what is in work here has ended
    return await _take(session, Lease(slot_no, task.id, token, alone=suspect), task, owner, lease_seconds)


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
