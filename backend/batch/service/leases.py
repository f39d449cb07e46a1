"""Leases of running tasks: renewed by their owner's heartbeat, taken back from owners that are gone."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.lease import Lease
from backend.batch.models import BatchTask, DispatchSlot
from backend.db import affected, utc_after, utcnow


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that still stands; `cancel` when its task's owner wants it stopped."""

    token: str
    cancel: bool


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A lease whose owner is gone (`owner_dead`), or has not renewed it in time."""

    lease: Lease
    owner_dead: bool


async def beat(session: AsyncSession, owner: str, tokens: Collection[str], lease_seconds: float) -> list[Held]:
    """Renew these leases of `owner` and answer all that it has: one of `tokens` that is missing was lost. A slot that was claimed
    without `owner` ever hearing of it (the answer to the commit was lost) is not renewed, and runs out."""
    slot = DispatchSlot
    mine = update(slot).where(slot.owner == owner, slot.attempt_token.in_(tokens))
    await affected(session, mine.values(lease_expires=utc_after(lease_seconds)))
    return await held(session, owner)


async def held(session: AsyncSession, owner: str) -> list[Held]:
    """Every lease of `owner`, without renewing them. A task that is gone or ended by another hand wants no more work."""
    slot, task = DispatchSlot, BatchTask
    rows = await session.execute(
        select(slot.attempt_token, task.cancel_requested)
        .select_from(slot)
        .outerjoin(task, (task.id == slot.task_id) & (task.attempt_token == slot.attempt_token))
        .where(slot.owner == owner)
    )
    return [Held(token, cancel is not False) for token, cancel in rows.all() if token]


async def owners(session: AsyncSession) -> list[str]:
    """Everyone who holds a slot."""
    slot = DispatchSlot
    return [o for o in await session.scalars(select(slot.owner).where(slot.owner.is_not(None)).distinct()) if o]


async def free_broken(session: AsyncSession) -> int:
    """Free slots that were emptied by half, which only a hand can do: a claim and a settle write the whole row."""
    return await affected(
        session,
        update(DispatchSlot)
        .where(_half_empty())
        .values(task_id=None, user_id=None, attempt_token=None, owner=None, lease_expires=None),
    )


async def any_broken(session: AsyncSession) -> bool:
    """Whether there are such slots: a look that locks none, unlike the update."""
    return await session.scalar(select(DispatchSlot.slot_no).where(_half_empty()).limit(1)) is not None


async def abandoned(session: AsyncSession, dead_owners: Collection[str], *, expired_too: bool) -> Sequence[Abandoned]:
    """Leases of owners known to be dead, and (when `expired_too`) those that ran out."""
    slot = DispatchSlot
    run_out = slot.lease_expires < utcnow() if expired_too else false()
    rows = await session.execute(
        select(slot.slot_no, slot.task_id, slot.attempt_token, slot.owner).where(
            slot.task_id.is_not(None), or_(slot.owner.in_(dead_owners), run_out)
        )
    )
    return [
        Abandoned(Lease(slot_no, task_id, token), owner in dead_owners)
        for slot_no, task_id, token, owner in rows.all()
        if task_id is not None and token is not None
    ]


def _half_empty() -> ColumnElement[bool]:
    slot = DispatchSlot
    return and_(
        slot.task_id.is_not(None),
        or_(slot.attempt_token.is_(None), slot.owner.is_(None), slot.lease_expires.is_(None)),
    )
