"""F20: a database from an older backup beside files that are newer. It is reported, never put right by guessing."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.faults import shelves
from tests.faults.arena import Arena
from tests.faults.backup import dump, restore
from tests.faults.conftest import MakeArena
from tests.faults.upstream import Manners

WAIT_SECONDS = 60.0


async def until(holds: Callable[[], Any]) -> Any:
    """Wait for it; what it answered."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not (found := await asyncio.to_thread(holds)):
            await asyncio.sleep(0.05)
        return found


async def start_on(arena: Arena, kept: dict[str, Any]) -> None:
    """All processes die, the database becomes what it was, and all start."""
    await asyncio.gather(*(member.kill() for member in arena.fleet.members))
    await asyncio.to_thread(restore, arena.books, kept)
    await asyncio.gather(*(member.start() for member in arena.fleet.members))


async def test_an_older_database_is_audited_and_what_was_in_work_goes_on(make_arena: MakeArena) -> None:
    async with make_arena(manners=Manners(quickest=1.0, slowest=1.5)) as arena:
        books, root = arena.books, arena.fleet.data_dir() / shelves.UPLOADS
        first = await arena.load.order(images=2)
        await arena.load.until_ended(WAIT_SECONDS)
        (key,) = books.rows("SELECT MIN(storage_key) FROM images WHERE storage_key LIKE 'results/%'")[0]
        (image,) = books.rows(f"SELECT id FROM images WHERE storage_key = '{key}'")[0]
        second = await arena.load.order(images=3)
        await until(lambda: books.rows("SELECT id FROM batch_tasks WHERE status = 'processing'"))
        kept = await asyncio.to_thread(dump, books)
        assert [row for row in kept["dispatch_slots"] if row[2] is not None], "the backup is of a moment with work"

        third = await arena.load.order(images=2)
        await arena.load.until_ended(WAIT_SECONDS)
        lost = (root / key).read_bytes()
        (root / key).unlink()
        await start_on(arena, kept)

        audits = await until(
            lambda: [each for each in arena.fleet.events("audit") if each["found"].get("image_without_file") == 1]
        )
        assert audits[0]["such_as"]["image_without_file"] == [image]
        assert audits[0]["young_files"] > 0, "what was delivered after the backup is there, and said to be"
        assert not {"hold_of_nothing", "held_unlike_holds", "open_without_hold"} & set(audits[0]["found"])
        orphans = await asyncio.to_thread(shelves.strays, books, root)
        assert len([name for name in orphans if name.startswith("results/")]) >= 2 * third.images

        (root / key).write_bytes(lost)
        ended = await arena.load.until_ended(WAIT_SECONDS)
        states = {queue["id"]: queue["status"] for queue in ended if "status" in queue and "id" in queue}
        assert states == {first.queue_id: "completed", second.queue_id: "completed"}
        await arena.settle(most_calls=3)
