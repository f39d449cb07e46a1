"""The end of an attempt: the one place where a task leaves `processing`, and where its credits are captured or released.

Whoever holds the lease's token settles, once; everyone else is fenced off. Running a settle again after a lost commit is safe:
`settled_token` says who won.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, Update, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.lease import Lease
from backend.batch.models import BatchTask, DispatchSlot
from backend.batch.outcomes import (
    Again,
    Cancelled,
    Delivered,
    Elsewhere,
    Failed,
    Outcome,
    Released,
    Rescued,
    Standby,
    UpstreamDown,
)
from backend.batch.service import WORK
from backend.batch.service.progress import advance
from backend.batch.service.upstreams import bring_up, is_down, park, take_down, was_trial
from backend.batch.states import TaskStatus
from backend.credits import service as credits
from backend.credits.service import Charge, Resolution
from backend.db import Prepared, affected, announce, utc_after, utcnow
from backend.images import names
from backend.images.models import Image

SAME_MOST = 1000
"""Errors in a row are counted so far: to be told to wait costs no attempt, and a night of it is more than the column holds."""


class Settled(StrEnum):
    """What became of a settle."""

    DONE = "done"
    ALREADY = "already"  # an earlier run of the same settle had been committed
    FENCED = "fenced"  # the lease is someone else's by now; nothing was changed


@dataclass(frozen=True, slots=True)
class _End:
    """What an outcome does to the task's row, its price and its batch's counters."""

    status: TaskStatus
    values: dict[str, Any]
    resolution: Resolution | None = None
    reason: str = ""


async def settle(session: AsyncSession, lease: Lease, outcome: Outcome) -> Settled:
    """Write `outcome` and free the slot, if the lease still stands."""
    freed = await _free(session, lease, expired=isinstance(outcome, Rescued) and not outcome.owner_dead)
    row = (await session.scalars(*_locked(task_id=lease.task_id))).one_or_none()
    if not freed:
        return Settled.ALREADY if row is not None and row.settled_token == lease.token else Settled.FENCED
    ours = row is not None and row.status == TaskStatus.PROCESSING and row.attempt_token == lease.token
    if row is not None and ours:
        await _end(session, row, lease.token, outcome)
    return Settled.DONE if ours else Settled.FENCED


async def take_back_stranded(session: AsyncSession, task_id: int, token: str | None, outcome: Rescued) -> Settled:
    """As `settle`, for a running task that no slot speaks of: the slot's row was emptied by hand, or is of another backup."""
    slot = DispatchSlot
    speaks = select(slot.slot_no).where(slot.task_id == task_id, slot.attempt_token == token).with_for_update()
    spoken_of = await session.scalar(speaks)
    row = (await session.scalars(*_locked(task_id=task_id))).one_or_none()
    if spoken_of is not None or row is None or row.status != TaskStatus.PROCESSING or row.attempt_token != token:
        return Settled.FENCED
    await _end(session, row, token, outcome)
    announce(session, WORK)
    return Settled.DONE


async def _end(session: AsyncSession, row: BatchTask, token: str | None, outcome: Outcome) -> None:
    if row.cancel_requested and not isinstance(outcome, Delivered | Failed):
        outcome = Cancelled()
    end = await _meaning(session, row, token, outcome)
    task = BatchTask
    changed = await affected(
        session,
        update(task)
        .where(task.id == row.id, task.status == TaskStatus.PROCESSING, task.attempt_token == token)
        .values(status=end.status, attempt_token=None, cancel_requested=False, version=task.version + 1, **end.values),
    )
    if changed != 1:
        raise RuntimeError(f"task {row.id} changed under its lock")
    if end.resolution is None:
        await advance(session, row.queue_id, [row.id])
        return
    charge = Charge(row.id, row.queue_id, row.charge_no, row.price)
    await credits.resolve(session, row.user_id, [charge], end.resolution, reason=end.reason, attempt_token=token)
    captured = end.resolution is Resolution.CAPTURE
    proved_well = captured and await was_trial(session, row)
    await advance(
        session,
        row.queue_id,
        [row.id],
        completed=int(end.status is TaskStatus.COMPLETED),
        failed=int(end.status is TaskStatus.FAILED),
        cancelled=int(end.status is TaskStatus.CANCELLED),
        held=-row.price,
        spent=row.price if captured else 0,
        released=0 if captured else row.price,
    )
    if proved_well:
        await bring_up(session, row.upstream)


async def _meaning(session: AsyncSession, row: BatchTask, token: str | None, outcome: Outcome) -> _End:
    values: dict[str, Any]
    match outcome:
        case Delivered():
            image = await _add_image(session, row, outcome)
            values = {"generated_image_id": image, "error_code": None, "error_message": None}
            return _final(TaskStatus.COMPLETED, Resolution.CAPTURE, token, values, "")
        case Failed():
            values = {"error_code": outcome.error_code, "error_message": outcome.message}
            return _final(TaskStatus.FAILED, Resolution.RELEASE, token, values, outcome.error_code)
        case Cancelled():
            return _final(TaskStatus.CANCELLED, Resolution.RELEASE, token, {}, "cancelled")
        case Again():
            if outcome.park:
                await park(session, row.upstream, outcome.delay, outcome.message)
            return _pending(outcome.delay, _retry_values(row, outcome))
        case Elsewhere():
            if await is_down(session, outcome.standby.upstream):
                return await _meaning(session, row, token, Failed(outcome.error_code, outcome.message))
            return _pending(0, _moved(outcome.standby, outcome.error_code, outcome.message))
        case UpstreamDown():
            standby = await take_down(session, row, outcome)
            if standby:
                return _pending(0, _moved(standby, outcome.reason.value, outcome.message))
            values = {"error_code": outcome.reason.value, "error_message": outcome.message, "claimable": False}
            return _pending(0, values | {"attempts": row.attempts - 1})
        case Released():
            return _pending(outcome.delay, {"attempts": row.attempts - 1})
        case Rescued():
            if row.rescues >= outcome.max_rescues:
                lost = Failed("interrupted", "The server was interrupted too often while it worked on this image.")
                return await _meaning(session, row, token, lost)
            return _pending(outcome.delay, {"rescues": row.rescues + 1, "attempts": row.attempts - 1})


def _final(status: TaskStatus, resolution: Resolution, token: str | None, values: dict[str, Any], reason: str) -> _End:
    ended = {"settled_token": token, "completed_at": utcnow()}
    return _End(status, values | ended, resolution, reason)


def _pending(delay: float, values: dict[str, Any]) -> _End:
    return _End(TaskStatus.PENDING, {"run_at": utc_after(delay), **values})


def _moved(standby: Standby, error_code: str, message: str) -> dict[str, Any]:
    """To another upstream, with attempts of its own there. The price stays what was agreed."""
    return {
        "model": standby.instead,
        "upstream": standby.upstream,
        "upstream_job": None,
        "attempts": 0,
        "soft_attempts": 0,
        "same_errors": 0,
        "error_code": error_code,
        "error_message": message,
    }


def _retry_values(row: BatchTask, outcome: Again) -> dict[str, Any]:
    return {
        "attempts": row.attempts if outcome.counts else row.attempts - 1,
        "ambiguous_attempts": row.ambiguous_attempts + int(outcome.ambiguous),
        "soft_attempts": row.soft_attempts + int(outcome.soft),
        "same_errors": min(row.same_errors + 1, SAME_MOST) if row.error_code == outcome.error_code else 1,
        "retry_count": row.retry_count + 1,
        # work that may be under way is asked for again; other work is ordered anew
        "upstream_job": row.upstream_job if outcome.ambiguous else None,
        "error_code": outcome.error_code,
        "error_message": outcome.message,
    }


async def _add_image(session: AsyncSession, row: BatchTask, result: Delivered) -> int:
    image = Image(
        user_id=row.user_id,
        filename=names.with_type(row.original_filename, result.mime_type),
        mime_type=result.mime_type,
        width=result.width,
        height=result.height,
        size_bytes=result.size_bytes,
        sha256=result.sha256,
        storage_key=result.storage_key,
        thumbnail_key=result.thumbnail_key,
    )
    session.add(image)
    await session.flush()
    return image.id


async def _free(session: AsyncSession, lease: Lease, *, expired: bool) -> bool:
    """Whether the lease's slot was ours to free; with `expired`, only when its time is over, too."""
    free = _free_expired if expired else _free_held
    freed = await affected(session, *free(slot_no=lease.slot_no, token=lease.token)) == 1
    if freed:
        announce(session, WORK)
    return freed


@Prepared
def _free_held(slot_no: int, token: str) -> Update:
    slot = DispatchSlot
    return (
        update(slot)
        .where(slot.slot_no == slot_no, slot.attempt_token == token)
        .values(task_id=None, user_id=None, attempt_token=None, owner=None, lease_expires=None)
    )


@Prepared
def _free_expired(slot_no: int, token: str) -> Update:
    return _free_held.built(slot_no, token).where(DispatchSlot.lease_expires < utcnow())


@Prepared
def _locked(task_id: int) -> Select[BatchTask]:
    return select(BatchTask).where(BatchTask.id == task_id).with_for_update()
