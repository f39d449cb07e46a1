"""The keeper: renews what this process works on, and nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend import clock
from backend.batch.keeper import Keeper, Stop
from backend.batch.lease import Lease
from backend.batch.models import BatchTask, DispatchSlot
from backend.batch.outcomes import Outcome
from backend.batch.owners import Owners
from backend.batch.service import leases
from backend.batch.service.claim import claim
from backend.credits.models import CreditAccount, CreditEntry
from backend.db import Database
from tests.batch.conftest import all_tasks, busy_slots

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


MAX_RESCUES = 5


async def give_up(session: AsyncSession, queue_id: int) -> None:
    """The next rescue of this batch's images gives their credits back."""
    await session.execute(update(BatchTask).where(BatchTask.queue_id == queue_id).values(rescues=MAX_RESCUES))


async def empty_account(session: AsyncSession, user_id: int) -> None:
    await session.execute(update(CreditAccount).where(CreditAccount.user_id == user_id).values(held=0))


async def resolve_by_hand(session: AsyncSession, user_id: int) -> None:
    [task] = await session.scalars(select(BatchTask).where(BatchTask.user_id == user_id))
    line = CreditEntry(user_id=user_id, kind="release", phase="resolve", delta=0, amount=0, balance=0)
    line.queue_id, line.task_id, line.charge_no = task.queue_id, task.id, task.charge_no
    session.add(line)


@pytest.mark.parametrize("spoil", [empty_account, resolve_by_hand])
async def test_books_changed_by_hand_keep_nobody_else_from_being_rescued(
    db: Database, tmp_path: Path, make_user: MakeUser, order: MakeOrder, spoil: Callable[..., Awaitable[None]]
) -> None:
    spoiled = await make_user(10)
    broken, sound = await order(spoiled, 1), await order(await make_user(10), 1)
    (tmp_path / "dead.lock").touch()
    assert [(await claimed(db, "dead", 60)).slot_no for _ in range(2)] == [1, 2]
    await db.write(give_up, broken)
    await db.write(spoil, spoiled)
    keeper = Keeper(db, Owners(tmp_path), lease_seconds=LEASE, max_rescues=MAX_RESCUES)
    assert await keeper.rescue_dead() == 1
    assert [task.status for task in await db.read(all_tasks, sound)] == ["pending"]
    assert [task.status for task in await db.read(all_tasks, broken)] == ["processing"]
    assert (tmp_path / "dead.lock").exists(), "who still holds something is still known to be dead"


async def test_an_owner_is_forgotten_once_all_it_held_is_taken_back(
    db: Database, tmp_path: Path, make_user: MakeUser, order: MakeOrder
) -> None:
    await order(await make_user(10), 1)
    (tmp_path / "dead.lock").touch()
    await claimed(db, "dead", 60)
    assert await Keeper(db, Owners(tmp_path), lease_seconds=LEASE, max_rescues=MAX_RESCUES).rescue_dead() == 1
    assert not (tmp_path / "dead.lock").exists()


async def test_books_changed_by_hand_keep_nobody_without_a_slot_from_being_rescued(
    db: Database, tmp_path: Path, make_user: MakeUser, order: MakeOrder
) -> None:
    spoiled = await make_user(10)
    broken, sound = await order(spoiled, 1), await order(await make_user(10), 1)
    for _ in range(2):
        await claimed(db, "elsewhere", 60)
    await db.write(give_up, broken)
    await db.write(empty_account, spoiled)
    emptied = update(DispatchSlot).values(task_id=None, user_id=None, attempt_token=None, owner=None)
    await db.write(lambda session: session.execute(emptied))
    running = asyncio.create_task(Keeper(db, Owners(tmp_path), lease_seconds=0.1, max_rescues=MAX_RESCUES).run())
    async with asyncio.timeout(60):
        while [task.status for task in await db.read(all_tasks, sound)] != ["pending"] and not running.done():
            await asyncio.sleep(0.02)
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
