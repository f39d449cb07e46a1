"""A transaction in a thread: what a verb may do there, and what another one finds."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import DispatchSlot
from backend.db import Database, migrate
from backend.settings import Settings


async def test_a_verb_that_waits_for_something_else_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """While it waited it would hold the only writer's turn, and the thread with it."""
    db = Database(f"sqlite:///{tmp_path / 'lane.sqlite3'}")

    async def make(session: AsyncSession) -> None:
        await session.execute(text("CREATE TABLE kept (n INTEGER)"))

    async def dawdle(session: AsyncSession) -> None:
        await session.execute(text("INSERT INTO kept VALUES (1)"))
        await asyncio.sleep(0)

    async def count(session: AsyncSession) -> int | None:
        return await session.scalar(text("SELECT COUNT(*) FROM kept"))

    try:
        await db.write(make)
        with pytest.raises(RuntimeError, match="nothing but its session"):
            await db.write(dawdle)
        assert await db.write(count) == 0
    finally:
        await db.close()


@pytest.mark.parametrize("spelling", ["sqlite", "sqlite+aiosqlite"])
async def test_a_file_is_named_with_or_without_the_driver_of_before(tmp_path: Path, spelling: str) -> None:
    path = tmp_path / "named.sqlite3"
    url = Settings(data_dir=tmp_path, database_url=f"{spelling}:///{path}").resolved_database_url
    await migrate.upgrade(url)
    db = Database(url)
    try:
        await db.ping()
        assert path.read_bytes().startswith(b"SQLite format 3")
    finally:
        await db.close()


async def test_what_is_executed_next_does_not_change_the_rows_of_the_last_answer(database_url: str) -> None:
    db = Database(database_url)

    async def look_and_change(session: AsyncSession) -> tuple[list[int], int]:
        slot = DispatchSlot
        rows = await session.execute(select(slot.slot_no).order_by(slot.slot_no))
        seen = []
        for (slot_no,) in rows:
            await session.execute(delete(slot).where(slot.slot_no > slot_no))
            seen.append(slot_no)
        return seen, await session.scalar(select(func.count()).select_from(slot)) or 0

    try:
        seen, left = await db.write(look_and_change)
    finally:
        await db.close()
    assert left == 1
    assert seen == sorted(seen)
    assert len(seen) > 1
