"""F9: somebody else holds the one SQLite file, reads it for long, or copies it."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.arena import LEASE, Arena, arena
from tests.faults.fleet import Zygote
from tests.faults.upstream import Manners

QUICK = Manners(quickest=0.05, slowest=0.3)
HELD_SECONDS = LEASE * 3


async def fixture_url(folder: Path) -> str:
    from backend.db import migrate

    url = f"sqlite:///{folder / 'held.sqlite3'}"
    await migrate.upgrade(url)
    return url


async def test_a_writer_that_holds_the_file_loses_nobody_a_settle(zygote: Zygote, tmp_path: Path) -> None:
    async with arena(zygote, tmp_path, await fixture_url(tmp_path), size=2, manners=QUICK) as made:
        async with made.checker.watching():
            await asyncio.gather(*(made.load.order(images=6) for _ in range(3)))
            await made.relay.until(lambda: made.relay.in_flight >= 3)
            await asyncio.to_thread(_hold, made, HELD_SECONDS)
            await made.load.until_ended(60)
        await made.settle()


@pytest.mark.thorough
async def test_a_reader_and_a_backup_hold_nobody_up(zygote: Zygote, tmp_path: Path) -> None:
    """A snapshot that is read for the whole time, and copies made meanwhile; then the log is taken back into the file."""
    async with arena(zygote, tmp_path, await fixture_url(tmp_path), size=2, manners=QUICK) as made:
        path = tmp_path / "held.sqlite3"
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT COUNT(*) FROM batch_tasks").fetchone()
            async with made.checker.watching():
                orders = asyncio.create_task(made.load.run(5))
                for number in range(3):
                    await asyncio.to_thread(_copy, path, tmp_path / f"copy-{number}.sqlite3")
                await orders
            reader.rollback()
        await made.settle()
        with closing(sqlite3.connect(path)) as last:
            busy, pages, moved = last.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert (busy, pages) == (0, moved)


def _hold(made: Arena, seconds: float) -> None:
    import time

    path = made.books._url.path.removeprefix("/")
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        connection.rollback()


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
