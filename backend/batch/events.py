"""The change feed: one tail of `batch_events` a process, and everyone who listens to it.

A subscriber gets ids of what changed, never contents: it reads the current state itself, so a slow one skips what is
outdated and can never see an old state after a new one.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend import logs
from backend.batch.models import BatchEvent
from backend.db import TROUBLE, Database, Prepared, affected, utc_after, utcnow
from backend.errors import RateLimited

log = logs.get(__name__)

POLL_SECONDS = 1.0
GATHER_SECONDS = 0.2
"""So long after a look at the table comes the next, unless a batch has ended: ten slots write several events a second each."""
WINDOW = timedelta(seconds=10)
"""Ids are given out before their transactions commit, so for this long a smaller id may still appear behind a larger."""
QUIET = timedelta(seconds=60)
"""A transaction that stood still as long as the database did has ended by then, so nothing older is read again."""
RESUME_BACK = 200
RESUME_MOST = 5000
MOST_STREAMS = 20


class Event(NamedTuple):
    """A line of the feed, and the time when it was read."""

    id: int
    user_id: int
    queue_id: int
    task_id: int | None
    created_at: datetime
    now: datetime


@dataclass(slots=True)
class Changes:
    """What changed since the subscriber last looked; `last_id` is the newest event among it."""

    queues: set[int] = field(default_factory=set)
    tasks: set[int] = field(default_factory=set)
    last_id: int = 0

    def add(self, event: Event) -> None:
        self.last_id = max(self.last_id, event.id)
        self.queues.add(event.queue_id)
        if event.task_id is not None:
            self.tasks.add(event.task_id)

    def __bool__(self) -> bool:
        return bool(self.queues or self.tasks)


class Subscription:
    """One listener: of one user's changes, perhaps of just one batch."""

    def __init__(self, user_id: int, queue_id: int | None) -> None:
        self.user_id, self.queue_id = user_id, queue_id
        self._changes = Changes()
        self._arrived = asyncio.Event()
        self._urgent = asyncio.Event()
        self.closed = False

    def offer(self, event: Event) -> None:
        """Take note of an event that concerns this listener."""
        if event.user_id == self.user_id and self.queue_id in (None, event.queue_id):
            self._changes.add(event)
            self._arrived.set()

    def close(self) -> None:
        self.closed = True
        self._arrived.set()
        self._urgent.set()

    def hurry(self) -> None:
        """Something came that should not wait for a rest to be over."""
        self._urgent.set()

    async def rest(self, seconds: float) -> None:
        """Let changes gather, so that many of them are told together."""
        await _heard(self._urgent, seconds)

    async def next(self, seconds: float) -> Changes:
        """What changed, as soon as something did; nothing after `seconds` of silence."""
        await _heard(self._arrived, seconds)
        changes, self._changes = self._changes, Changes()
        return changes


class Feed:
    """`run` is the background task that tails the table; it rests while nobody listens."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._wake = asyncio.Event()
        self._urgent = asyncio.Event()
        self._listeners: set[Subscription] = set()
        self._places: Counter[int] = Counter()
        self._seen: dict[int, None] = {}
        self._low: int | None = None

    def wake(self) -> None:
        """Something was written by this process."""
        self._wake.set()

    def hurry(self) -> None:
        """A batch has ended: tell it at once."""
        self._urgent.set()
        for listener in self._listeners:
            listener.hurry()

    @contextlib.contextmanager
    def admit(self, user_id: int) -> Iterator[None]:
        """One of the user's places for streams, taken while this is open. Raises RateLimited when all are taken."""
        if self._places[user_id] >= MOST_STREAMS:
            raise RateLimited("Too many live connections are open.", retry_after=10)
        self._places[user_id] += 1
        try:
            yield
        finally:
            self._places[user_id] -= 1
            if not self._places[user_id]:
                del self._places[user_id]

    @contextlib.contextmanager
    def subscribe(self, user_id: int, queue_id: int | None) -> Iterator[Subscription]:
        """Listen while this is open."""
        subscription = Subscription(user_id, queue_id)
        self._listeners.add(subscription)
        self._wake.set()
        try:
            yield subscription
        finally:
            self._listeners.discard(subscription)

    def close(self) -> None:
        """End every stream: the process is to stop."""
        for listener in list(self._listeners):
            listener.close()

    async def run(self) -> None:
        """Tail until cancelled."""
        while True:
            await _heard(self._wake, POLL_SECONDS if self._listeners else None)
            if not self._listeners:
                self._low = None  # whoever comes next takes a snapshot first
                continue
            try:
                await self._tail()
            except TROUBLE as error:
                log.warning("feed_failed", error=type(error).__name__)
            await _heard(self._urgent, GATHER_SECONDS)

    async def _tail(self) -> None:
        if self._low is None:  # offering what listeners may have seen is harmless, missing something is not
            self._low, self._seen = max(0, await self._db.read(newest_event) - RESUME_BACK), {}
        events = await self._db.read(events_after, self._low)
        for event in events:
            if event.id not in self._seen:
                self._seen[event.id] = None
                for listener in self._listeners:
                    listener.offer(event)
        if events:
            self._forget(events)

    def _forget(self, events: Sequence[Event]) -> None:
        """Move the window's lower end past what is too old to have anything appear before it."""
        horizon = max(max(event.created_at for event in events) - WINDOW, events[0].now - QUIET)
        old = [event.id for event in events if event.created_at < horizon]
        if len(events) == RESUME_MOST:  # more than one read holds: go on with what is behind it
            old.append(events[-RESUME_BACK].id)
        if old:
            self._low = max(old)
            for event_id in [seen for seen in self._seen if seen <= self._low]:
                del self._seen[event_id]


async def _heard(event: asyncio.Event, seconds: float | None) -> None:
    """Wait for `event`, so long at most, and be ready for the next."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    event.clear()


async def newest_event(session: AsyncSession) -> int:
    """The highest id in the feed, 0 when it is empty."""
    return await session.scalar(select(func.max(BatchEvent.id))) or 0


async def events_after(session: AsyncSession, event_id: int) -> list[Event]:
    """Events with higher ids, oldest first."""
    return [Event(*row) for row in await session.execute(*_after(event_id=event_id))]


@Prepared
def _after(event_id: int) -> Select[*tuple[Any, ...]]:
    event = BatchEvent
    columns = (event.id, event.user_id, event.queue_id, event.task_id, event.created_at, utcnow())
    return select(*columns).where(event.id > event_id).order_by(event.id).limit(RESUME_MOST)


async def missed(session: AsyncSession, user_id: int, queue_id: int | None, last_id: int) -> Changes | None:
    """What a listener missed that last saw event `last_id`, with some that it may have seen; None when that is too long
    ago to tell."""
    event = BatchEvent
    oldest = await session.scalar(select(func.min(event.id))) or 0
    newest = await newest_event(session)
    if not oldest <= last_id + 1 <= newest + 1:
        return None
    query = _after.built(last_id - RESUME_BACK).where(event.user_id == user_id)
    if queue_id is not None:
        query = query.where(event.queue_id == queue_id)
    rows = [Event(*row) for row in await session.execute(query)]
    if len(rows) == RESUME_MOST:
        return None
    changes = Changes(last_id=newest)
    for row in rows:
        changes.add(row)
    return changes


async def prune(session: AsyncSession, older_than_seconds: float) -> int:
    """Delete old events; whoever comes back after that long starts from a snapshot. Answers how many."""
    return await affected(session, delete(BatchEvent).where(BatchEvent.created_at < utc_after(-older_than_seconds)))
