"""One attempt, when what it needs cannot be read: whose trouble it is decides what it costs."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch import policy, queries
from backend.batch.keeper import Keeper
from backend.batch.lease import Lease
from backend.batch.models import BatchTask
from backend.batch.owners import Owners
from backend.batch.results import ResultStore
from backend.batch.runner import Runner
from backend.batch.service.settle import settle
from backend.credits.models import CreditAccount
from backend.credits.service import BrokenBooks
from backend.db import Database
from backend.errors import Unavailable
from backend.images.models import Image
from backend.storage import LocalStorage
from backend.upstreams.base import EditResult
from tests.batch.books import assert_books_balance
from tests.batch.conftest import MODEL, all_tasks, busy_slots
from tests.fakes.pictures import jpeg

MakeUser = Callable[..., Awaitable[int]]
MakeOrder = Callable[..., Awaitable[int]]
BROKEN = DBAPIError("SELECT", None, Exception(9999, "nobody has heard of this error"))


class Unanswered:
    """The database, which does not say what `verb` asks."""

    def __init__(self, db: Database, verb: Any) -> None:
        self._db, self._verb = db, verb
        self.write = db.write
        self.settled = 0

    async def write_known(self, verb: Any, *args: Any) -> Any:
        self.settled += verb is settle
        return await self._db.write_known(verb, *args)

    async def read(self, verb: Any, *args: Any, **more: Any) -> Any:
        if verb is self._verb:
            raise BROKEN
        return await self._db.read(verb, *args, **more)


class Exchange:
    """A switchboard whose one upstream answers with a picture; with `trouble` nobody is connected."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self._trouble = trouble
        self.calls = 0

    @contextlib.asynccontextmanager
    async def working(self, _lane: str, _model: str) -> AsyncIterator[tuple[Any, Any]]:
        if self._trouble:
            raise self._trouble
        yield MODEL, self

    async def edit(self, _request: Any) -> EditResult:
        self.calls += 1
        return EditResult(jpeg(8, 8))

    def standbys(self, *_job: str) -> policy.Standbys:
        raise AssertionError("nobody else can do it either")

    def inputs(self, _images: Any) -> list[Any]:
        return []


class Unreadable(LocalStorage):
    """Well, but for `unread`."""

    unread = ""

    async def read(self, key: str) -> bytes:
        if key == self.unread:
            raise Unavailable
        return await super().read(key)


@pytest.fixture
def storage(tmp_path: Path) -> Unreadable:
    return Unreadable(tmp_path / "objects")


@pytest.fixture
async def queue_id(db: Database, make_user: MakeUser, order: MakeOrder, storage: Unreadable) -> int:
    made = await order(await make_user(10), 1)
    for key in await db.read(lambda session: session.scalars(select(Image.storage_key))):
        await storage.put_bytes(key, jpeg(8, 8))
    return made


async def attempt(db: Any, storage: LocalStorage, exchange: Exchange, folder: Path) -> None:
    """Claim the next image, and see it through."""
    keeper = Keeper(db, Owners(folder), lease_seconds=60.0, max_rescues=5)
    store = ResultStore(storage, max_pixels=10**6)
    runner = Runner(
        db, store, cast("Any", exchange), keeper, lease_seconds=60.0, deadline=30.0, ahead=1, suspect_after=2
    )
    lease = await runner.claim()
    assert isinstance(lease, Lease)
    try:
        await runner.run(lease)
    finally:
        await runner.close()
    assert store.state == "ok"


async def the_task(db: Database, queue_id: int) -> BatchTask:
    [task] = await db.read(all_tasks, queue_id)
    return task


async def due_now(session: AsyncSession) -> None:
    await session.execute(update(BatchTask).values(run_at=BatchTask.created_at))


async def test_a_job_that_the_database_does_not_tell_is_put_back(
    db: Database, queue_id: int, storage: Unreadable, tmp_path: Path
) -> None:
    await attempt(Unanswered(db, queries.job), storage, Exchange(), tmp_path)
    task = await the_task(db, queue_id)
    assert (task.status, task.attempts, task.error_code) == ("pending", 0, None)
    await db.read(assert_books_balance)


@pytest.mark.parametrize("trouble", [BROKEN, Unavailable(), OSError()], ids=["raw", "away", "network"])
async def test_an_upstream_that_the_database_does_not_tell_is_not_the_images_fault(
    db: Database, queue_id: int, storage: Unreadable, tmp_path: Path, trouble: Exception
) -> None:
    await attempt(db, storage, Exchange(trouble), tmp_path)
    task = await the_task(db, queue_id)
    assert (task.status, task.attempts, task.error_code) == ("pending", 0, None)


async def test_an_original_that_is_never_read_fails_once_the_attempts_are_spent(
    db: Database, queue_id: int, storage: Unreadable, tmp_path: Path
) -> None:
    [storage.unread] = await db.read(lambda session: session.scalars(select(Image.storage_key)))
    exchange = Exchange()
    for attempts in (1, 2):
        await attempt(db, storage, exchange, tmp_path)
        task = await the_task(db, queue_id)
        assert (task.status, task.attempts, task.error_code) == ("pending", attempts, "internal")
        await db.write(due_now)
    await attempt(db, storage, exchange, tmp_path)
    task = await the_task(db, queue_id)
    assert (task.status, task.error_code) == ("failed", "internal")
    assert exchange.calls == 0
    await db.read(assert_books_balance)


async def test_a_settle_that_the_books_refuse_is_not_repeated_and_leaves_its_lease_to_run_out(
    db: Database, queue_id: int, storage: Unreadable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_hand = update(CreditAccount).values(held=0)
    await db.write(lambda session: session.execute(by_hand))
    counted, exchange = Unanswered(db, None), Exchange()
    with pytest.raises(BrokenBooks):
        await attempt(counted, storage, exchange, tmp_path)
    assert (counted.settled, exchange.calls) == (1, 1)
    task = await the_task(db, queue_id)
    assert [slot.task_id for slot in await db.read(busy_slots)] == [task.id]
    said = capsys.readouterr()
    assert "settle_impossible" in said.out + said.err
