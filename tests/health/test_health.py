"""Health answers whatever happens to what it is read from."""

import asyncio
import threading

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch import queries
from backend.health import deps


async def test_a_database_that_stands_still_is_said_to_be_away(
    client: httpx.AsyncClient, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question itself is not broken off: a connection that is left in the middle of an answer is of no use any more."""
    thaw, answered = threading.Event(), threading.Event()

    async def frozen(session: AsyncSession) -> tuple[int, int, int]:
        if database_kind == "sqlite":
            thaw.wait()  # in the thread of its lane
        else:
            await asyncio.to_thread(thaw.wait)
        found = await in_flight_and_pending(session)
        answered.set()
        return found

    in_flight_and_pending = queries.in_flight_and_pending
    monkeypatch.setattr(queries, "in_flight_and_pending", frozen)
    monkeypatch.setattr(deps, "READ_SECONDS", 0.01)
    try:
        async with asyncio.timeout(20):
            answer = await client.get("/api/health")
    finally:
        thaw.set()
    assert answer.status_code == 503
    assert (answer.json()["status"], answer.json()["database"]) == ("degraded", "unavailable")
    assert await asyncio.to_thread(answered.wait, 20)
    monkeypatch.undo()
    assert (await client.get("/api/health")).status_code == 200
