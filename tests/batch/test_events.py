"""The tail of the change feed: what it reads again, and what it must not miss."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch import events
from backend.batch.events import Feed, Subscription
from backend.batch.models import BatchEvent
from backend.db import Database, utc_after

USER = 7


class Watched:
    """The database, and the ids that each look at the feed has read."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.looks: asyncio.Queue[list[int]] = asyncio.Queue()

    async def read(self, verb: Any, *args: Any) -> Any:
        answer = await self._db.read(verb, *args)
        if verb is events.events_after:
            self.looks.put_nowait([event.id for event in answer[0]])
        return answer


@contextlib.asynccontextmanager
async def listening(db: Watched) -> AsyncIterator[tuple[Feed, Subscription]]:
    feed = Feed(cast("Any", db))
    tail = asyncio.create_task(feed.run())
    try:
        async with asyncio.timeout(30):
            with feed.subscribe(USER, None) as subscription:
                yield feed, subscription
    finally:
        tail.cancel()
        await asyncio.gather(tail, return_exceptions=True)


async def written(session: AsyncSession, event_id: int, age: float) -> None:
    session.add(BatchEvent(id=event_id, user_id=USER, queue_id=event_id, created_at=utc_after(-age)))


@pytest.mark.parametrize(("age", "again"), [(20.0, [5, 6]), (90.0, [])])
async def test_what_is_old_is_not_read_for_ever_while_nothing_happens(
    db: Database, age: float, again: list[int]
) -> None:
    for event_id in (5, 6):
        await db.write(written, event_id, age)
    watched = Watched(db)
    async with listening(watched) as (feed, _):
        assert await watched.looks.get() == [5, 6]
        feed.wake()
        assert await watched.looks.get() == again


async def test_an_event_that_appears_behind_a_newer_one_is_told(db: Database) -> None:
    """Its transaction stood still with the database."""
    await db.write(written, 6, 20.0)
    watched = Watched(db)
    async with listening(watched) as (feed, subscription):
        assert await watched.looks.get() == [6]
        assert (await subscription.next(10)).queues == {6}
        await db.write(written, 5, 20.0)
        feed.wake()
        assert (await subscription.next(10)).queues == {5}
