"""The keeper: renews what this process works on, and nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select

from backend import clock
from backend.batch.keeper import Keeper, Stop
from backend.batch.lease import Lease
from backend.batch.models import DispatchSlot
from backend.batch.outcomes import Outcome
from backend.batch.owners import Owners
from backend.batch.service import leases
from backend.batch.service.claim import claim
from backend.db import Database
from tests.batch.conftest import busy_slots

MakeUser = Callable[..., Awaitable[int]]
MakeOrder = Callable[..., Awaitable[int]]
LEASE = 0.6


class Slowly:
    """The database, whose answer to a beat is on its way until `go`."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def write(self, verb: Any, *args: Any) -> Any:
        answer = await self._db.write(verb, *args)
        if verb is leases.beat:
            self.asked.set()
            await self.go.wait()
        return answer

    async def read(self, verb: Any, *args: Any, **more: Any) -> Any:
        return await self._db.read(verb, *args, **more)


class StoodStill:
    """The database, whose first answer to what has run out takes a whole lease; `again` is set when it is asked once more."""

    def __init__(self, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self._db = db
        self._late = 0.0
        self.write, self.write_known = db.write, db.write_known
        self.again = asyncio.Event()
        monkeypatch.setattr(clock, "monotonic", lambda: time.monotonic() + self._late)

    async def read(self, verb: Any, *args: Any, **more: Any) -> Any:
        if verb is leases.abandoned and self._late:
            self.again.set()
            await asyncio.Event().wait()
        answer = await self._db.read(verb, *args, **more)
        if more.get("expired_too"):
            self._late = LEASE
        return answer


@pytest.fixture
async def forever() -> AsyncIterator[Callable[[], asyncio.Task[Outcome]]]:
    """Work that never ends by itself."""
    made: list[asyncio.Task[Outcome]] = []

    def work() -> asyncio.Task[Outcome]:
        made.append(asyncio.create_task(cast("Any", asyncio.Event().wait())))
        return made[-1]

    yield work
    for task in made:
        task.cancel()
    await asyncio.gather(*made, return_exceptions=True)


async def claimed(db: Database, owner: str, seconds: float) -> Lease:
    lease = await db.write(claim, owner, seconds)
    assert isinstance(lease, Lease)
    return lease


async def test_what_was_claimed_while_a_beat_was_answered_is_not_lost(
    db: Database, tmp_path: Path, make_user: MakeUser, order: MakeOrder, forever: Callable[[], asyncio.Task[Outcome]]
) -> None:
    await order(await make_user(10), 2)
    slowly = Slowly(db)
    keeper = Keeper(cast("Database", slowly), Owners(tmp_path), lease_seconds=LEASE, max_rescues=5)
    first = await claimed(db, keeper.owner, 60)
    async with keeper.tracking(first, forever()):
        running = asyncio.create_task(keeper.run())
        await slowly.asked.wait()
        second = await claimed(db, keeper.owner, 60)
        async with keeper.tracking(second, forever()) as attempt:
            slowly.asked.clear()
            slowly.go.set()
            await slowly.asked.wait()  # the next beat: the first one's answer has been heard
            assert attempt.stopped is None
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_claim_whose_answer_was_lost_is_taken_back_from_a_busy_owner(
    db: Database, tmp_path: Path, make_user: MakeUser, order: MakeOrder, forever: Callable[[], asyncio.Task[Outcome]]
) -> None:
    await order(await make_user(10), 2)
    keeper = Keeper(db, Owners(tmp_path), lease_seconds=LEASE, max_rescues=5)
    known, unknown = await claimed(db, keeper.owner, LEASE), await claimed(db, keeper.owner, LEASE)
    async with keeper.tracking(known, forever()) as attempt:
        running = asyncio.create_task(keeper.run())
        async with asyncio.timeout(60):
            while unknown.token in {slot.attempt_token for slot in await db.read(busy_slots)}:
                await asyncio.sleep(0.02)
        assert attempt.stopped is None
        taken = select(DispatchSlot.attempt_token).where(DispatchSlot.slot_no == known.slot_no)
        assert await db.read(lambda session: session.scalar(taken)) == known.token
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_leases_that_ran_out_while_the_database_stood_still_are_nobodys_fault(
    db: Database, tmp_path: Path, make_user: MakeUser, order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever held them had no chance to renew them; only a lease that runs out while answers are quick was left."""
    await order(await make_user(10), 1)
    lease = await claimed(db, "elsewhere", 0)
    slowly = StoodStill(db, monkeypatch)
    keeper = Keeper(cast("Database", slowly), Owners(tmp_path), lease_seconds=LEASE, max_rescues=5)
    running = asyncio.create_task(keeper.run())
    async with asyncio.timeout(60):
        await slowly.again.wait()
    assert [slot.attempt_token for slot in await db.read(busy_slots)] == [lease.token]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_is_claimed_while_the_process_ends_is_stopped_at_once(
    db: Database, tmp_path: Path, forever: Callable[[], asyncio.Task[Outcome]]
) -> None:
    keeper = Keeper(db, Owners(tmp_path), lease_seconds=LEASE, max_rescues=5)
    keeper.stop_all()
    work = forever()
    async with asyncio.timeout(30), keeper.tracking(Lease(1, 1, "late"), work) as attempt:
        await asyncio.wait({work})
        assert (work.cancelled(), attempt.stopped) == (True, Stop.SHUTDOWN)
