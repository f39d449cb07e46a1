"""What tests of batches on real sockets share: orders, waiting for a state, and time that passes when told."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchTask, UpstreamState
from backend.batch.service import WORK
from backend.db import announce, utc_after, utcnow
from tests.batch.test_api import files

ENDED = ("completed", "failed", "cancelled")


async def ordered(client: httpx.AsyncClient, count: int = 1, **wish: Any) -> int:
    """The id of a new batch."""
    names = [f"{n}.jpg" for n in range(count)]
    answer = await client.post("/api/batch/queues", files=files(*names), data={"prompt": "水彩画风", **wish})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def until(client: httpx.AsyncClient, app: FastAPI, queue_id: int, holds: Callable[[Any, Any], object]) -> Any:
    """The batch, with its `tasks`, as soon as `holds(queue, tasks)`; waits on the change feed."""
    who = (await client.get("/api/auth/me")).json()["id"]
    with app.state.feed.subscribe(who, queue_id) as changes:
        async with asyncio.timeout(60):
            while True:
                queue = (await client.get(f"/api/batch/queues/{queue_id}")).json()
                tasks = (await client.get(f"/api/batch/queues/{queue_id}/tasks?limit=100")).json()["items"]
                if holds(queue, tasks):
                    return {**queue, "tasks": tasks}
                await changes.next(30)


async def ended(client: httpx.AsyncClient, app: FastAPI, queue_id: int) -> Any:
    return await until(client, app, queue_id, lambda queue, _: queue["status"] in ENDED)


async def paused(client: httpx.AsyncClient, app: FastAPI, queue_id: int) -> Any:
    """The batch once it is paused and nothing of it is in flight."""
    idle = lambda tasks: all(task["status"] != "processing" for task in tasks)  # noqa: E731
    return await until(client, app, queue_id, lambda queue, tasks: queue["status"] == "paused" and idle(tasks))


async def look(app: FastAPI) -> None:
    """The time for the next look at what is down has come."""

    async def now(session: AsyncSession) -> None:
        await session.execute(update(UpstreamState).values(parked_until=utc_after(-1)))

    await app.state.db.write(now)
    await app.state.recovery.look()


async def waits_are_over(app: FastAPI) -> None:
    """Whatever was asked for, the time has passed."""

    async def now(session: AsyncSession) -> None:
        await session.execute(update(UpstreamState).values(parked_until=utcnow()))
        await session.execute(update(BatchTask).where(BatchTask.status == "pending").values(run_at=utcnow()))
        announce(session, WORK)

    await app.state.db.write(now)


async def state(app: FastAPI, upstream: str) -> UpstreamState:
    async def read(session: AsyncSession) -> UpstreamState:
        return (await session.scalars(select(UpstreamState).where(UpstreamState.upstream == upstream))).one()

    found: UpstreamState = await app.state.db.read(read)
    return found
