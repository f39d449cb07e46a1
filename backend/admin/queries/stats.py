"""How the service did lately: what is open now, and what ended within a window of days.

A panel asks for this every few seconds, so nothing here may cost more when a million old images are kept: every query goes
through an index that begins with the status, and reads what is open or ended within the window.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.admin.schemas import CreditsOut, LatencyOut, Percentiles, StatsOut, ThroughputOut
from backend.batch import queries as batch
from backend.batch.models import BatchQueue, BatchTask
from backend.batch.states import FINAL, OPEN, QueueStatus, TaskStatus
from backend.db import millis, utcnow

ENDED = (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED)
UNENDED = tuple(status for status in QueueStatus if status not in FINAL)
STEPS = {1: 900, 7: 3600, 31: 6 * 3600}
"""Seconds of one point of a chart, by the most days that it is for."""
DAY = 24 * 3600
GRAIN = 100
"""Durations are told apart by so many milliseconds."""


@dataclass(frozen=True, slots=True)
class Window:
    """The last days in steps of equal length; the first is whole, the last is under way."""

    start: datetime
    now: datetime
    step: int

    @property
    def steps(self) -> list[datetime]:
        """The beginning of each."""
        count = int((self.now - self.start).total_seconds() // self.step) + 1
        return [self.start + timedelta(seconds=self.step * n) for n in range(count)]

    def step_of(self, column: Any) -> ColumnElement[int]:
        """SQL: the beginning of the step that a time is in, in milliseconds since 1970."""
        length: ColumnElement[int] = literal_column(str(self.step * 1000))  # no parameter: it stands in GROUP BY, too
        return (millis(column) - millis(column) % length).label("step")


async def stats(session: AsyncSession, days: int) -> StatsOut:
    """What is open, and what ended in the last `days`."""
    window = await _window(session, days)
    queues, credits = await _queues(session, window)
    steps = await _ended_by_step(session, window)
    tasks = await _open_tasks(session)
    for counts in steps.values():
        tasks.update(counts)
    in_flight, _, _ = await batch.in_flight_and_pending(session)
    return StatsOut(
        queues_by_status={status: queues[status] for status in QueueStatus},
        tasks_by_status={status: tasks[status] for status in TaskStatus},
        total_images=sum(tasks.values()),
        completed_images=tasks[TaskStatus.COMPLETED],
        failed_images=tasks[TaskStatus.FAILED],
        in_flight=in_flight,
        throughput=[
            ThroughputOut(time=at, completed=steps[at][TaskStatus.COMPLETED], failed=steps[at][TaskStatus.FAILED])
            for at in window.steps
        ],
        latency_seconds=_percentiles(await _durations(session, window)),
        errors_by_code=await _errors(session, window),
        credits=credits,
    )


async def latency(session: AsyncSession, days: int) -> list[LatencyOut]:
    """How long delivered images took, step by step of the last `days`."""
    window = await _window(session, days)
    task, step = BatchTask, window.step_of(BatchTask.completed_at)
    rows = await session.execute(
        select(step, _took(), func.count())
        .where(task.status == TaskStatus.COMPLETED, task.completed_at >= window.start)
        .group_by("step", "took")
    )
    by_step: defaultdict[datetime, list[tuple[int, int]]] = defaultdict(list)
    for at, took, count in rows.all():
        by_step[_time(at)].append((took, count))
    return [LatencyOut(time=at, **dict(_percentiles(by_step[at]))) for at in window.steps]


async def _window(session: AsyncSession, days: int) -> Window:
    now = (await session.scalars(select(utcnow()))).one()
    step = next((step for most, step in STEPS.items() if days <= most), DAY)
    since = int(now.timestamp()) - days * DAY
    return Window(datetime.fromtimestamp(since - since % step, UTC), now, step)


async def _queues(session: AsyncSession, window: Window) -> tuple[Counter[str], CreditsOut]:
    queue = BatchQueue
    money = (func.sum(queue.credits_held), func.sum(queue.credits_spent), func.sum(queue.credits_released))
    query = select(queue.status, func.count(), *money).group_by(queue.status)
    counts: Counter[str] = Counter()
    held = spent = released = 0
    for which in (queue.status.in_(UNENDED), queue.status.in_(FINAL) & (queue.completed_at >= window.start)):
        for status, count, *sums in (await session.execute(query.where(which))).all():
            counts[status] += count
            held, spent, released = held + int(sums[0]), spent + int(sums[1]), released + int(sums[2])
    return counts, CreditsOut(held=held, spent=spent, released=released)


async def _open_tasks(session: AsyncSession) -> Counter[str]:
    task = BatchTask
    rows = await session.execute(select(task.status, func.count()).where(task.status.in_(OPEN)).group_by(task.status))
    return Counter({status: count for status, count in rows.all()})


async def _ended_by_step(session: AsyncSession, window: Window) -> defaultdict[datetime, Counter[str]]:
    task, step = BatchTask, window.step_of(BatchTask.completed_at)
    rows = await session.execute(
        select(step, task.status, func.count())
        .where(task.status.in_(ENDED), task.completed_at >= window.start)
        .group_by("step", task.status)
    )
    by_step: defaultdict[datetime, Counter[str]] = defaultdict(Counter)
    for at, status, count in rows.all():
        by_step[_time(at)][status] += count
    return by_step


async def _durations(session: AsyncSession, window: Window) -> list[tuple[int, int]]:
    task = BatchTask
    rows = await session.execute(
        select(_took(), func.count())
        .where(task.status == TaskStatus.COMPLETED, task.completed_at >= window.start)
        .group_by("took")
    )
    return [(took, count) for took, count in rows.all()]


async def _errors(session: AsyncSession, window: Window) -> dict[str, int]:
    task = BatchTask
    rows = await session.execute(
        select(func.coalesce(task.error_code, "internal").label("code"), func.count().label("images"))
        .where(task.status == TaskStatus.FAILED, task.completed_at >= window.start)
        .group_by("code")
        .order_by(func.count().desc(), "code")
    )
    return {code: count for code, count in rows.all()}


def _took() -> ColumnElement[int]:
    """SQL: how long an image's last attempt took, in milliseconds."""
    task = BatchTask
    exact = millis(task.completed_at) - millis(func.coalesce(task.started_at, task.completed_at))
    return (exact - exact % literal_column(str(GRAIN))).label("took")


def _time(at: Any) -> datetime:
    return datetime.fromtimestamp(int(at) / 1000, UTC)


def _percentiles(durations: Iterable[tuple[Any, int]]) -> Percentiles:
    """Of durations in milliseconds, each with how often it was; nearest rank."""
    counted = sorted((int(took), count) for took, count in durations)
    total = sum(count for _, count in counted)
    return Percentiles(p50=_rank(counted, total * 0.5), p95=_rank(counted, total * 0.95))


def _rank(counted: Sequence[tuple[int, int]], wanted: float) -> float | None:
    seen = 0
    for took, count in counted:
        seen += count
        if seen >= wanted:
            return max(took, 0) / 1000
    return None
