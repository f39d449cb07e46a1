"""Finding out by itself that an upstream is well again: when to look, and who looks."""

from dataclasses import dataclass

from sqlalchemy import case, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.auth.models import UserUpstream
from backend.auth.own_lanes import lane_of, owner_of
from backend.batch.models import BatchQueue, BatchTask, UpstreamState
from backend.batch.service import WORK
from backend.batch.service.upstreams import bring_up
from backend.batch.states import ACTIVE, BY_UPSTREAM, PausedReason, QueueStatus, TaskStatus
from backend.db import affected, announce, utc_after, utcnow

PROBES_MOST = 1000
"""Looks are counted so far: a key that nobody ever mends is looked at more often than the column holds."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Seconds before the first look, doubling with each further one, and at most how many."""

    first: float = 60.0
    most: float = 900.0

    def after(self, probes: int) -> float:
        return min(self.most, self.first * 2.0 ** min(probes, 30))


@dataclass(frozen=True, slots=True)
class Due:
    """An upstream that is to be looked at now; `probes` is how often that was done before."""

    upstream: str
    reason: PausedReason
    probes: int


async def any_down(session: AsyncSession) -> bool:
    """Whether there is anything to look at."""
    state = UpstreamState
    return await session.scalar(select(state.upstream).where(state.paused_reason.is_not(None)).limit(1)) is not None


async def due(session: AsyncSession, intervals: Intervals) -> list[Due]:
    """Upstreams that are down and whose time has come. One that went down since the last call gets its time here."""
    state = UpstreamState
    down = (await session.scalars(select(state).where(state.paused_reason.is_not(None)).order_by(state.upstream))).all()
    for row in down:
        if row.parked_until is None:
            this = update(state).where(state.upstream == row.upstream, state.parked_until.is_(None))
            await affected(
                session, this.values(parked_until=utc_after(intervals.after(row.probes)), updated_at=row.updated_at)
            )
    ready = await session.scalars(
        select(state)
        .where(state.paused_reason.is_not(None), state.parked_until <= utcnow())
        .execution_options(populate_existing=True)
    )
    return [Due(row.upstream, PausedReason(row.paused_reason or ""), row.probes) for row in ready]


async def take_turn(session: AsyncSession, which: Due, intervals: Intervals) -> bool:
    """Whether this look is the caller's: one process looks, and the next look is later than this one was."""
    state = UpstreamState
    taken = await affected(
        session,
        update(state)
        .where(
            state.upstream == which.upstream,
            state.paused_reason.is_not(None),
            state.probes == which.probes,
            state.parked_until <= utcnow(),  # the count alone tells no two turns apart once it stands still
        )
        .values(
            probes=case((state.probes < PROBES_MOST, state.probes + 1), else_=state.probes),
            parked_until=utc_after(intervals.after(which.probes + 1)),
        ),
    )
    return taken == 1


async def note(session: AsyncSession, upstream: str, detail: str) -> None:
    """What the last look found, for whoever reads the alert."""
    state = UpstreamState
    await affected(
        session,
        update(state)
        .where(state.upstream == upstream, state.paused_reason.is_not(None))
        .values(detail=detail, updated_at=state.updated_at),  # the look began before this
    )


async def start_trial(session: AsyncSession, upstream: str) -> bool:
    """Let the oldest image that waits for `upstream` be tried now, it alone; one whose trial was told to wait keeps its
    wait. False when none waits."""
    task, queue, state = BatchTask, BatchQueue, UpstreamState
    chosen = await session.scalar(
        select(task.id)
        .join(queue, queue.id == task.queue_id)
        .where(
            task.upstream == upstream,
            task.status == TaskStatus.PENDING,
            or_(
                queue.status.in_(ACTIVE),
                (queue.status == QueueStatus.PAUSED) & queue.paused_reason.in_(BY_UPSTREAM),
            ),
            or_(queue.sample_first == 0, task.position <= queue.sample_first),
        )
        .order_by(task.id)
        .limit(1)
    )
    if chosen is None:
        return False
    here = state.upstream == upstream
    due = {} if await session.scalar(select(state.trial_task_id).where(here)) == chosen else {"run_at": utcnow()}
    this = update(task).where(task.id == chosen, task.status == TaskStatus.PENDING)
    await affected(session, this.values(claimable=True, **due))
    await affected(session, update(state).where(here).values(trial_task_id=chosen))
    announce(session, WORK)
    return True


async def free_changed(session: AsyncSession) -> int:
    """Bring up users' own upstreams whose settings changed, or are gone, since they went down; answers how many."""
    state, own = UpstreamState, UserUpstream
    down = (await session.scalars(select(state).where(state.paused_reason.is_not(None)))).all()
    freed = 0
    for row in down:
        user_id = owner_of(row.upstream)
        if user_id is None:
            continue
        changed_at = await session.scalar(select(own.updated_at).where(own.user_id == user_id))
        if changed_at is None or changed_at > row.updated_at:
            await bring_up(session, lane_of(user_id))
            freed += 1
    return freed
