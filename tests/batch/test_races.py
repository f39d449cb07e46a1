"""Two transactions at once, one right between two statements of the other. SQLite has one writer at a time, so this is
MariaDB's alone."""

import asyncio
from collections.abc import Awaitable, Callable
from secrets import token_hex
from typing import Any, cast

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.lease import Lease
from backend.batch.models import BatchTask
from backend.batch.outcomes import Again, Failed, UpstreamDown
from backend.batch.schemas import EditIn
from backend.batch.service import control, tasks
from backend.batch.service.claim import claim
from backend.batch.service.settle import settle
from backend.batch.service.submit import Order, submit
from backend.batch.service.upstreams import bring_up
from backend.batch.states import PausedReason
from backend.credits import service as credits
from backend.db import Database
from backend.dispatcher import Nothing
from tests.batch.books import assert_books_balance
from tests.batch.conftest import MODEL, WISH, add_images, all_tasks, delivered, the_queue

pytestmark = pytest.mark.parametrize("database_kind", ["mariadb"], indirect=True)

MakeUser = Callable[..., Awaitable[int]]
MakeOrder = Callable[..., Awaitable[int]]
Other = Callable[[], Awaitable[Any]]


class Interrupted:
    """A session in whose transaction another one begins and ends, before the first statement that begins with `words`."""

    def __init__(self, session: AsyncSession, words: str, other: Other) -> None:
        self._session, self._words, self._other = session, words, other
        self.happened = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    async def execute(self, statement: Any, *args: Any, **more: Any) -> Any:
        await self._let_in(statement)
        return await self._session.execute(statement, *args, **more)

    async def scalars(self, statement: Any, *args: Any, **more: Any) -> Any:
        await self._let_in(statement)
        return await self._session.scalars(statement, *args, **more)

    async def scalar(self, statement: Any, *args: Any, **more: Any) -> Any:
        await self._let_in(statement)
        return await self._session.scalar(statement, *args, **more)

    async def _let_in(self, statement: Any) -> None:
        text = str(statement.compile(dialect=self._session.get_bind().dialect))
        if not self.happened and " ".join(text.split()).startswith(self._words):
            self.happened = True
            await self._other()


async def interrupted(db: Database, verb: Any, *args: Any, before: str, by: Other) -> Any:
    """What `verb` answers when `by` comes right before its first statement that begins with `before`."""
    seen: list[Interrupted] = []

    async def work(session: AsyncSession) -> Any:
        seen.append(Interrupted(session, before, by))
        return await verb(cast("AsyncSession", seen[-1]), *args)

    answer = await db.write(work)
    assert [each.happened for each in seen] == [True]
    return answer


async def taken(db: Database) -> Lease:
    lease = await db.write(claim, "me", 60.0)
    assert isinstance(lease, Lease)
    return lease


@pytest.fixture
def half_done(db: Database, make_user: MakeUser, order: MakeOrder) -> Callable[[], Awaitable[tuple[int, int]]]:
    """A user's batch of three: one image delivered, one failed, one that waits."""

    async def make() -> tuple[int, int]:
        user = await make_user()
        queue_id = await order(user, 3)
        first, second = await taken(db), await taken(db)
        await db.write(settle, first, delivered(first.task_id))
        await db.write(settle, second, Failed("safety_blocked", "no"))
        return user, queue_id

    return make


HalfDone = Callable[[], Awaitable[tuple[int, int]]]


async def claimable(session: AsyncSession, queue_id: int) -> set[bool]:
    task = BatchTask
    return set(await session.scalars(select(task.claimable).where(task.queue_id == queue_id, task.status == "pending")))


async def waiting_of(session: AsyncSession, queue_id: int) -> set[int]:
    return {task.id for task in await all_tasks(session, queue_id) if task.status in ("pending", "processing")}


async def retry(session: AsyncSession, user: int, queue_id: int) -> None:
    await control.retry(session, user, queue_id, 1000)


async def edit(session: AsyncSession, user: int, queue_id: int) -> None:
    done = next(task for task in await all_tasks(session, queue_id) if task.status == "completed")
    await tasks.edit_task(
        session, user, done.id, EditIn(prompt="brighter", source="generated"), MODEL, 1000, token_hex(4)
    )


@pytest.mark.parametrize(("order_anew", "words"), [(retry, "SELECT batch_tasks"), (edit, "UPDATE credit_accounts")])
async def test_new_work_waits_or_runs_as_its_batch_does_by_then(
    db: Database, half_done: HalfDone, order_anew: Any, words: str
) -> None:
    user, queue_id = await half_done()

    async def pause() -> None:
        await db.write(control.pause, user, queue_id)

    async def resume() -> None:
        await db.write(control.resume, user, queue_id)

    await interrupted(db, order_anew, user, queue_id, before=words, by=pause)
    assert await db.read(claimable, queue_id) == {False}
    assert isinstance(await db.write(claim, "me", 60.0), Nothing)
    await interrupted(db, edit, user, queue_id, before="UPDATE credit_accounts", by=resume)
    assert (await db.read(the_queue, queue_id)).status == "processing"
    assert await db.read(claimable, queue_id) == {True}
    await db.read(assert_books_balance)


@pytest.mark.parametrize("order_anew", [retry, edit])
async def test_what_is_ordered_while_its_batch_pauses_or_goes_on_does_as_the_batch(
    db: Database, half_done: HalfDone, order_anew: Any
) -> None:
    user, queue_id = await half_done()

    async def anew() -> None:
        await db.write(order_anew, user, queue_id)

    async def edited() -> None:
        await db.write(edit, user, queue_id)

    await interrupted(db, control.pause, user, queue_id, before="UPDATE batch_queues", by=anew)
    assert await db.read(claimable, queue_id) == {False}
    await interrupted(db, control.resume, user, queue_id, before="UPDATE batch_queues", by=edited)
    assert await db.read(claimable, queue_id) == {True}
    await db.read(assert_books_balance)


async def test_a_cancel_also_stops_what_goes_back_to_the_line_meanwhile(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    user = await make_user(10)
    queue_id = await order(user, 3)
    lease = await taken(db)

    async def back_to_the_line() -> None:
        await db.write(settle, lease, Again(0.0, "upstream_unavailable", "busy"))

    in_flight = await interrupted(
        db, control.cancel, user, queue_id, before="UPDATE batch_tasks SET claimable", by=back_to_the_line
    )
    assert in_flight == []
    assert isinstance(await db.write(claim, "me", 60.0), Nothing)
    queue = await db.read(the_queue, queue_id)
    assert (queue.status, queue.cancelled_images, queue.credits_held) == ("cancelled", 3, 0)
    assert await db.read(credits.balance, user) == 10
    await db.read(assert_books_balance)


async def test_a_cancel_also_stops_what_was_ordered_anew_meanwhile(db: Database, half_done: HalfDone) -> None:
    user, queue_id = await half_done()

    async def anew() -> None:
        await db.write(control.retry, user, queue_id, 1000)

    await interrupted(db, control.cancel, user, queue_id, before="UPDATE credit_accounts", by=anew)
    assert isinstance(await db.write(claim, "me", 60.0), Nothing)
    queue = await db.read(the_queue, queue_id)
    assert (queue.status, queue.completed_images, queue.cancelled_images) == ("cancelled", 1, 2)
    await db.read(assert_books_balance)


async def test_an_upstream_that_comes_up_frees_what_is_paused_for_it_at_that_moment(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    user = await make_user()
    queue_id = await order(user)
    done = await taken(db)
    await db.write(settle, done, delivered(done.task_id))
    await order(await make_user())
    await db.write(settle, await taken(db), UpstreamDown(PausedReason.QUOTA, "nothing left"))
    ups: list[asyncio.Task[None]] = []

    async def waits_for_a_lock(session: AsyncSession) -> bool:
        waiting = text("SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")
        return await session.scalar(waiting) is not None

    async def comes_up() -> None:
        ups.append(asyncio.create_task(db.write(bring_up, "main")))
        # the server renews what it says of its locks only when nobody has asked for a tenth of a second
        while not (await asyncio.wait(ups, timeout=0.2))[0] and not await db.read(waits_for_a_lock):
            pass

    await interrupted(db, edit, user, queue_id, before="UPDATE batch_queues SET status=%s, paused_reason", by=comes_up)
    await ups[0]
    assert (await db.read(the_queue, queue_id)).status == "processing"
    assert {(await taken(db)).task_id for _ in range(2)} >= await db.read(waiting_of, queue_id)
    await db.read(assert_books_balance)


async def test_the_same_request_twice_with_credits_for_one_is_the_first_ones_batch(
    db: Database, make_user: MakeUser
) -> None:
    user = await make_user(2)
    images = await db.write(add_images, user, 1)
    wanted = Order(user, WISH, MODEL, images, [], idempotency_key="once", digest="d", max_pending=1000)
    made: list[int] = []

    async def first() -> None:
        made.append(await db.write(submit, wanted))

    assert await interrupted(db, submit, wanted, before="UPDATE credit_accounts", by=first) == made[0]
    await db.read(assert_books_balance)
