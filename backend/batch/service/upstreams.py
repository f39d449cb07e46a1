"""Leaving an upstream alone: for a while because it asked for it, or until it is well because nothing would work."""

from itertools import groupby

from sqlalchemy import Select, case, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchTask, UpstreamState
from backend.batch.outcomes import Standby, UpstreamDown
from backend.batch.service import WORK
from backend.batch.service.pausing import leave
from backend.batch.service.progress import emit
from backend.batch.states import ACTIVE, BY_UPSTREAM, OPEN, PausedReason, QueueStatus, TaskStatus
from backend.db import Prepared, affected, announce, utc_after

FORGIVEN_SECONDS = 3600.0
"""An upstream that was well for so long begins with short intervals again when it goes down."""


async def park(session: AsyncSession, upstream: str, seconds: float, detail: str) -> None:
    """No process claims work for `upstream` in the next `seconds`; a longer wait that was asked for before stands."""
    state, until = UpstreamState, utc_after(seconds)
    await _ensure(session, upstream)
    await affected(
        session,
        update(state)
        .where(state.upstream == upstream, state.paused_reason.is_(None))
        .values(parked_until=case((state.parked_until > until, state.parked_until), else_=until), detail=detail),
    )


async def take_down(session: AsyncSession, row: BatchTask, outcome: UpstreamDown) -> Standby | None:
    """Pause every batch that still needs the upstream of the task `row`. Images keep their attempts, credits stay held.

    What a standby can do goes there instead; answers the one that takes `row` itself.
    """
    await _note_down(session, row.upstream, outcome)
    standbys = [standby for standby in outcome.standbys if not await is_down(session, standby.upstream)]
    for standby in standbys:
        await _move_waiting(session, row.upstream, standby)
    # what may have been done here is not ordered a second time there
    untouched = not row.ambiguous_attempts and row.upstream_job is None
    mine = next((s for s in standbys if untouched and s.model == row.model), None)
    task = BatchTask
    here = (task.upstream == row.upstream, task.claimable)
    waiting = await session.scalars(select(task.queue_id).where(*here, task.status == TaskStatus.PENDING).distinct())
    queues = sorted({*waiting, *([] if mine else [row.queue_id])})
    # of batches that go on, what is in flight stays claimable: nobody would ever make it so again
    stopped = (*here, task.status.in_(OPEN), task.queue_id.in_(queues))
    await affected(session, update(task).where(*stopped).values(claimable=False))
    for queue_id in queues:
        await _pause(session, queue_id, outcome.reason)
    if mine:
        announce(session, WORK)
    return mine


async def bring_up(session: AsyncSession, upstream: str) -> None:
    """`upstream` is well, as far as anybody knows: every batch that was paused for it goes on."""
    state, queue, task = UpstreamState, BatchQueue, BatchTask
    await affected(
        session,
        update(state)
        .where(state.upstream == upstream)
        .values(paused_reason=None, parked_until=None, trial_task_id=None, detail=""),
    )
    needs_it = select(task.queue_id).where(task.upstream == upstream, task.status.in_(OPEN))
    waiting = select(queue).where(
        queue.status == QueueStatus.PAUSED, queue.paused_reason.in_(BY_UPSTREAM), queue.id.in_(needs_it)
    )
    for each in (await session.scalars(waiting.order_by(queue.id))).all():
        await leave(session, each, QueueStatus.PAUSED, samples_only=each.sample_first)
    announce(session, WORK)


async def hold_if_down(session: AsyncSession, queue_id: int) -> None:
    """New work for an upstream that is down says so at once, instead of waiting without a word."""
    state, task = UpstreamState, BatchTask
    waiting = (task.queue_id == queue_id, task.status == TaskStatus.PENDING, task.claimable)
    needed = (await session.scalars(select(task.upstream).where(*waiting).distinct())).all()
    down = await session.execute(
        select(state.upstream, state.paused_reason)
        .where(state.paused_reason.is_not(None), state.upstream.in_(needed))
        .with_for_update(read=True)  # whoever brings it up waits for this pause, and so sees it
    )
    for upstream, reason in down.all():
        await affected(session, update(task).where(*waiting, task.upstream == upstream).values(claimable=False))
        await _pause(session, queue_id, PausedReason(reason or PausedReason.UNAVAILABLE))


async def is_down(session: AsyncSession, upstream: str) -> bool:
    """Whether the upstream is paused."""
    state = UpstreamState
    found = await session.scalar(
        select(state.upstream).where(state.upstream == upstream, state.paused_reason.is_not(None))
    )
    return found is not None


async def was_trial(session: AsyncSession, row: BatchTask) -> bool:
    """Whether this image was sent to find out if its upstream is well again."""
    return await session.scalar(*_tried_by(task_id=row.id)) is not None


@Prepared
def _tried_by(task_id: int) -> Select[str]:
    return select(UpstreamState.upstream).where(UpstreamState.trial_task_id == task_id)


async def _note_down(session: AsyncSession, upstream: str, outcome: UpstreamDown) -> None:
    """What is down already keeps the time of its next look; what goes down anew gets one from whoever looks first."""
    state = UpstreamState
    await _ensure(session, upstream)
    this = update(state).where(state.upstream == upstream)
    rested = state.updated_at < utc_after(-FORGIVEN_SECONDS)
    await affected(
        session,
        this.where(state.paused_reason.is_(None)).values(
            parked_until=None, probes=case((rested, 0), else_=state.probes)
        ),
    )
    news = {"paused_reason": outcome.reason, "detail": outcome.message, "trial_task_id": None}
    await affected(session, this.values(**news))


async def _move_waiting(session: AsyncSession, upstream: str, standby: Standby) -> None:
    """What waits for a model whose upstream is down goes to its standby; its price stays. What may have been done here
    already stays, too."""
    task = BatchTask
    untouched = (task.ambiguous_attempts == 0, task.upstream_job.is_(None))
    here = (task.upstream == upstream, task.model == standby.model, task.status == TaskStatus.PENDING, *untouched)
    found = select(task.user_id, task.queue_id, task.id).where(*here).order_by(task.queue_id, task.id)
    rows = (await session.execute(found.with_for_update())).all()
    move = update(task).where(*here)
    await affected(session, move.values(model=standby.instead, upstream=standby.upstream, version=task.version + 1))
    for (user_id, queue_id), moved in groupby(rows, key=lambda row: (row.user_id, row.queue_id)):
        await emit(session, user_id, queue_id, [row.id for row in moved])


async def _pause(session: AsyncSession, queue_id: int, reason: PausedReason) -> None:
    queue = BatchQueue
    paused = await affected(
        session,
        update(queue)
        .where(queue.id == queue_id, queue.status.in_(ACTIVE))
        .values(status=QueueStatus.PAUSED, paused_reason=reason, version=queue.version + 1),
    )
    if paused:
        owner = await session.scalar(select(queue.user_id).where(queue.id == queue_id))
        await emit(session, owner or 0, queue_id, [])


async def _ensure(session: AsyncSession, upstream: str) -> None:
    """That there is a row for it."""
    state = UpstreamState
    if await session.scalar(select(state.upstream).where(state.upstream == upstream)) is None:
        session.add(UpstreamState(upstream=upstream))
        await session.flush()
