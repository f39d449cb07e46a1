"""One listener's stream: what it missed or how things stand, then every change as it happens."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from pydantic import BaseModel

from backend import clock, failpoints
from backend.batch import queries
from backend.batch.events import Changes, Feed, missed, newest_event
from backend.db import Database
from backend.errors import AppError
from backend.web import sse

REST_SECONDS = 0.25


class Gone(BaseModel):
    """A batch that was deleted."""

    id: int


@dataclass(frozen=True, slots=True)
class Listener:
    """Who listens to what. `still_allowed` raises when the listener's session has ended."""

    user_id: int
    queue_id: int | None
    last_id: int | None
    still_allowed: Callable[[], Awaitable[object]]


async def listen(db: Database, feed: Feed, listener: Listener) -> AsyncIterator[bytes]:
    """Events for one listener until it leaves, its session ends, or the process stops. No database session stays open."""
    with feed.subscribe(listener.user_id, listener.queue_id) as subscription:
        async for piece in _beginning(db, listener):
            yield piece
        asked = clock.monotonic()
        while not subscription.closed:
            changes = await subscription.next(sse.PING_SECONDS)
            if clock.monotonic() - asked >= sse.PING_SECONDS:  # by the clock: a busy stream must not outlive its user
                try:
                    await listener.still_allowed()
                except AppError:
                    return
                asked = clock.monotonic()
                yield sse.PING
            if changes:
                async for piece in _states(db, listener, changes):
                    yield piece
                await subscription.rest(REST_SECONDS)


async def _beginning(db: Database, listener: Listener) -> AsyncIterator[bytes]:
    changes = None
    if listener.last_id is not None:
        changes = await db.read(missed, listener.user_id, listener.queue_id, listener.last_id)
    if changes is None:
        newest = await db.read(newest_event)
        ids = [listener.queue_id] if listener.queue_id else await db.read(queries.active_queue_ids, listener.user_id)
        tasks = await db.read(queries.tasks_of_queues, ids)
        changes = Changes(set(ids), {task.id for task in tasks}, newest)
    yield sse.PING
    async for piece in _states(db, listener, changes):
        yield piece


async def _states(db: Database, listener: Listener, changes: Changes) -> AsyncIterator[bytes]:
    """The present state of all that changed, batches last: their counters then include the tasks before them."""
    tasks = await db.read(queries.tasks_by_id, changes.tasks, listener.user_id) if changes.tasks else []
    found = await db.read(queries.queues_by_id, changes.queues, listener.user_id)
    failpoints.hit("stream.telling")
    for task in tasks:
        yield sse.event("task", task, changes.last_id)
    for queue in found:
        yield sse.event("queue", queue, changes.last_id)
    for gone in changes.queues - {queue.id for queue in found}:
        yield sse.event("queue_deleted", Gone(id=gone), changes.last_id)
