"""The audit names every way in which database and storage can disagree, and changes nothing; running work that no slot speaks
of is the one thing that is put right."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from backend.batch import audit as audits
from backend.batch.audit import Audit
from backend.batch.keeper import Keeper
from backend.batch.lease import Lease
from backend.batch.models import BatchTask, DispatchSlot
from backend.batch.outcomes import Rescued
from backend.batch.owners import Owners
from backend.batch.service.audit import Oddity
from backend.batch.service.claim import claim
from backend.batch.service.settle import Settled, settle, take_back_stranded
from backend.config import service as config
from backend.credits.models import CreditAccount, CreditEntry
from backend.db import Database, affected, utc_after
from backend.images.models import Image
from backend.models import Base
from backend.storage import LocalStorage
from tests.batch.books import assert_books_balance
from tests.batch.conftest import delivered

MakeUser = Callable[..., Awaitable[int]]
MakeOrder = Callable[..., Awaitable[int]]
EMPTY = {"task_id": None, "user_id": None, "attempt_token": None, "owner": None, "lease_expires": None}
RESCUED = Rescued(0.0, 5, owner_dead=True)


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "objects")


@pytest.fixture
def audit(db: Database, storage: LocalStorage) -> Audit:
    return Audit(db, storage)


@pytest.fixture
async def lease(db: Database, storage: LocalStorage, make_user: MakeUser, order: MakeOrder) -> Lease:
    """A running image, one that was delivered and one that waits; and every file that their rows speak of."""
    await order(await make_user(10), 3)
    first = await db.write(claim, "me", 60.0)
    assert isinstance(first, Lease)
    assert await db.write(settle, first, delivered(first.task_id)) is Settled.DONE
    for key in set(await db.read(keys)):
        await storage.put_bytes(key, b"x")
    found = await db.write(claim, "me", 60.0)
    assert isinstance(found, Lease)
    return found


async def keys(session: Any) -> list[str]:
    rows = (await session.execute(select(Image.storage_key, Image.thumbnail_key))).all()
    return [key for row in rows for key in row]


async def found(audit: Audit) -> dict[str, list[int | str]]:
    return {finding.oddity.value: list(finding.things) for finding in (await audit.look()).findings}


async def everything(session: Any) -> dict[str, list[Any]]:
    return {
        table.name: (await session.execute(select(table).order_by(*table.primary_key))).all()
        for table in Base.metadata.sorted_tables
    }


async def by_hand(db: Database, *statements: Any) -> None:
    async def write(session: Any) -> None:
        for statement in statements:
            await affected(session, statement)

    await db.write(write)


async def status(db: Database, task_id: int) -> tuple[str, int, int]:
    task = await db.read(lambda session: session.get(BatchTask, task_id))
    assert task is not None
    return task.status, task.rescues, task.attempts


async def test_a_service_that_is_well_has_nothing_to_tell(audit: Audit, lease: Lease) -> None:
    assert lease
    report = await audit.look()
    assert report.findings == ()
    assert (report.images, report.files) == (4, 4)


async def test_every_disagreement_is_named_and_nothing_is_changed(
    db: Database, audit: Audit, lease: Lease, subtests: pytest.Subtests
) -> None:
    task, slot, entry, account = BatchTask, DispatchSlot, CreditEntry, CreditAccount
    this = task.id == lease.task_id
    user_id = await db.read(lambda session: session.scalar(select(account.user_id)))
    cases: dict[Oddity, tuple[Any, int]] = {
        Oddity.RUNNING_WITHOUT_SLOT: (update(slot).values(**EMPTY), lease.task_id),
        Oddity.SLOT_WITHOUT_RUNNING: (update(task).where(this).values(attempt_token="another"), lease.slot_no),
        Oddity.OPEN_WITHOUT_HOLD: (delete(entry).where(entry.task_id == lease.task_id), lease.task_id),
        Oddity.HOLD_OF_NOTHING: (delete(task).where(this), lease.task_id),
        Oddity.HELD_UNLIKE_HOLDS: (update(account).values(held=account.held + 5), user_id),
    }
    for oddity, (statement, thing) in cases.items():
        with subtests.test(oddity.value):
            await undone(db, audit, statement, oddity, thing)


async def undone(db: Database, audit: Audit, statement: Any, oddity: Oddity, thing: int) -> None:
    """The statement is found by the audit, which leaves everything as the statement made it; then it is taken back."""
    before = await db.read(everything)
    await by_hand(db, statement)
    broken = await db.read(everything)
    assert broken != before
    assert (await found(audit))[oddity.value] == [thing]
    assert await db.read(everything) == broken
    for table in Base.metadata.sorted_tables:
        if broken[table.name] != before[table.name]:
            rows = [row._asdict() for row in before[table.name]]
            await by_hand(db, delete(table), table.insert().values(rows))
    assert (await found(audit)) == {}


async def test_an_image_whose_file_is_gone_is_named(
    db: Database, audit: Audit, storage: LocalStorage, lease: Lease
) -> None:
    assert lease
    image = await db.read(lambda session: session.scalar(select(Image).where(Image.storage_key.like("results/%"))))
    assert image is not None
    await storage.delete(image.storage_key)
    assert await found(audit) == {"image_without_file": [image.id]}


async def test_images_are_looked_at_in_turns(
    audit: Audit, storage: LocalStorage, db: Database, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, an audit costs the same; in time all are seen, and then it begins anew."""
    assert lease
    monkeypatch.setattr(audits, "IMAGES_MOST", 2)
    oldest = await db.read(lambda session: session.scalar(select(Image).order_by(Image.id).limit(1)))
    assert oldest is not None
    await storage.delete(oldest.storage_key)
    seen = ["image_without_file" in await found(audit) for _ in range(6)]
    assert seen == [False, True, False] * 2


async def test_a_file_without_an_image_is_named_once_it_is_old_enough(
    audit: Audit, storage: LocalStorage, lease: Lease
) -> None:
    assert lease
    await storage.put_bytes("results/1/stray", b"x")
    report = await audit.look()
    assert (report.findings, report.young) == ((), 1)
    old = time.time() - audits.UNDER_WAY_SECONDS - 1
    os.utime(storage.root / "results/1/stray", (old, old))
    assert await found(audit) == {"file_without_image": ["results/1/stray"]}
    assert await storage.read("results/1/stray") == b"x"


async def test_one_process_of_all_looks(db: Database) -> None:
    assert await db.write(config.take_turn, "audit", 100.0)
    assert not await db.write(config.take_turn, "audit", 100.0)
    assert await db.write(config.take_turn, "audit", 0.0)


async def keeping(db: Database, folder: Path, until: Callable[[], Awaitable[bool]]) -> None:
    """A keeper of another process, until that."""
    keeper = Keeper(db, Owners(folder), lease_seconds=0.4, max_rescues=5)
    work = asyncio.create_task(keeper.run())
    try:
        async with asyncio.timeout(60):
            while not await until():
                await asyncio.sleep(0.02)
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_running_work_without_a_slot_goes_back_in_the_line(db: Database, lease: Lease, tmp_path: Path) -> None:
    """As if its process had died: a rescue, no attempt, no credit; and whoever had it is fenced."""
    await by_hand(db, update(DispatchSlot).values(**EMPTY))

    async def back() -> bool:
        return (await status(db, lease.task_id))[0] == "pending"

    began = time.monotonic()
    await keeping(db, tmp_path, back)
    assert time.monotonic() - began >= 0.8, "not before two leases are over"
    assert await status(db, lease.task_id) == ("pending", 1, 0)
    assert await db.write(settle, lease, delivered(lease.task_id)) is Settled.FENCED
    await db.read(assert_books_balance)


@pytest.mark.parametrize(
    "emptied", [{"attempt_token": None}, {"owner": None}, {"lease_expires": None}], ids=["token", "owner", "lease"]
)
async def test_a_slot_that_was_emptied_by_half_is_freed(
    db: Database, lease: Lease, tmp_path: Path, emptied: dict[str, None]
) -> None:
    await by_hand(db, update(DispatchSlot).where(DispatchSlot.slot_no == lease.slot_no).values(**emptied))

    async def back() -> bool:
        return (await status(db, lease.task_id))[0] == "pending"

    await keeping(db, tmp_path, back)
    await db.read(assert_books_balance)


async def test_a_slot_of_work_that_has_ended_is_freed_when_its_lease_runs_out(
    db: Database, lease: Lease, tmp_path: Path
) -> None:
    await by_hand(
        db,
        update(BatchTask).where(BatchTask.id == lease.task_id).values(attempt_token="another"),
        update(DispatchSlot).where(DispatchSlot.task_id.is_not(None)).values(lease_expires=utc_after(0.2)),
    )

    async def freed() -> bool:
        taken = select(DispatchSlot.slot_no).where(DispatchSlot.task_id.is_not(None))
        return await db.read(lambda session: session.scalar(taken)) is None

    await keeping(db, tmp_path, freed)
    assert (await status(db, lease.task_id))[0] == "processing"


async def test_only_what_no_slot_speaks_of_is_taken_back(db: Database, lease: Lease) -> None:
    task_id, token = lease.task_id, lease.token
    assert await db.write(take_back_stranded, task_id, token, RESCUED) is Settled.FENCED
    await by_hand(db, update(DispatchSlot).values(**EMPTY))
    assert await db.write(take_back_stranded, task_id, "another", RESCUED) is Settled.FENCED
    results = await asyncio.gather(*(db.write(take_back_stranded, task_id, token, RESCUED) for _ in range(4)))
    assert sorted(results) == sorted([Settled.DONE, *[Settled.FENCED] * 3])
    assert await status(db, task_id) == ("pending", 1, 0)


async def test_work_that_is_stranded_too_often_fails_and_is_given_back(db: Database, lease: Lease) -> None:
    await by_hand(db, update(DispatchSlot).values(**EMPTY))
    none_left = Rescued(0.0, 0, owner_dead=True)
    assert await db.write(take_back_stranded, lease.task_id, lease.token, none_left) is Settled.DONE
    assert (await status(db, lease.task_id))[0] == "failed"
    await db.read(assert_books_balance)
