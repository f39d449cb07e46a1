"""The tail of the change feed: what it reads again, and what it must not miss."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch import events
from backend.batch.events import Feed, Subscription
from backend.batch.models import BatchEvent
from backend.db import Database, utc_after
from tests.service import Register

USER = 7


class Watched:
    """The database, and the ids that each look at the feed has read."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.looks: asyncio.Queue[list[int]] = asyncio.Queue()

    async def read(self, verb: Any, *args: Any) -> Any:
        answer = await self._db.read(verb, *args)
        if verb is events.events_after:
            self.looks.put_nowait([event.id for event in answer])
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


async def test_changes_gather_until_the_next_look_unless_a_batch_has_ended(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "GATHER_SECONDS", 3600)
    watched = Watched(db)
    async with listening(watched) as (feed, _):
        assert await watched.looks.get() == []
        await db.write(written, 1, 0.0)
        feed.wake()
        await db.write(written, 2, 0.0)
        feed.wake()
        feed.hurry()
        assert await watched.looks.get() == [1, 2]


class Page:
    """A browser that asks for a user's live events, and stays until `left` is set."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient, left: asyncio.Event) -> None:
        self._left, self._asked = left, False
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        headers = [(b"host", b"photos.test"), (b"authorization", client.headers["authorization"].encode())]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "path": "/api/batch/events",
            "query_string": b"",
            "headers": headers,
            "client": ("192.0.2.1", 50000),
        }
        self.visit = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status.set_result(message["status"])


async def statuses(app: FastAPI, client: httpx.AsyncClient, count: int) -> list[int]:
    """What so many pages are answered that come at once and leave when all have been answered."""
    left = asyncio.Event()
    pages = [Page(app, client, left) for _ in range(count)]
    try:
        async with asyncio.timeout(60):
            return [await page.status for page in pages]
    finally:
        left.set()
        await asyncio.gather(*(page.visit for page in pages))


async def test_l14_streams_that_come_at_once_are_counted(app: FastAPI, register: Register) -> None:
    lin, mei = await register("lin"), await register("mei")
    for _ in range(2):  # those of the first round have left by the second
        answered = await statuses(app, lin, events.MOST_STREAMS * 3)
        assert sorted(answered) == [200] * events.MOST_STREAMS + [429] * events.MOST_STREAMS * 2
    assert await statuses(app, mei, 1) == [200]


async def test_a_page_that_is_gone_before_its_stream_begins_takes_no_place(app: FastAPI, register: Register) -> None:
    lin, gone = await register("lin"), asyncio.Event()
    gone.set()
    for _ in range(events.MOST_STREAMS + 1):
        await Page(app, lin, gone).visit
    assert await statuses(app, lin, events.MOST_STREAMS) == [200] * events.MOST_STREAMS
