"""What the callers of a transaction hear when the database is in trouble."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db import Database, engine
from backend.errors import Unavailable
from tests import mariadb


async def test_a_pool_that_stays_taken_is_a_database_that_does_not_answer(
    mariadb_server: mariadb.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that stands still holds every connection; whoever waits for one must hear what settles repeat on."""
    monkeypatch.setattr(engine, "POOL_SECONDS", 0.01)
    db = Database(mariadb_server.url("mysql"), pool_size=1)
    held, go = asyncio.Semaphore(0), asyncio.Event()

    async def look(session: AsyncSession) -> None:
        await session.execute(text("SELECT 1"))

    async def hold(session: AsyncSession) -> None:
        await look(session)
        held.release()
        await go.wait()

    holding = [asyncio.create_task(db.read(hold)) for _ in range(2)]
    try:
        for _ in holding:
            await held.acquire()
        for call in (db.read, db.write, db.write_known):
            with pytest.raises(Unavailable):
                await call(look)
    finally:
        go.set()
        await asyncio.gather(*holding)
        await db.close()
