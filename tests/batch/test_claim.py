"""Claims: one slot, one image, fair turns, and never one too many."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.lease import Lease
from backend.batch.models import BatchQueue, BatchTask, UpstreamState
from backend.batch.outcomes import Again, UpstreamDown
from backend.batch.service.claim import SUSPECT_AFTER, claim, ensure_slots, set_concurrency
from backend.batch.service.recovery import start_trial
from backend.batch.service.settle import Settled, settle
from backend.batch.service.turns import anything_due, oldest_due
from backend.batch.service.upstreams import bring_up
from backend.batch.states import PausedReason
from backend.config import service as config
from backend.db import Database, utcnow
from backend.dispatcher import Nothing
from tests.batch.books import assert_books_balance
from tests.batch.conftest import MODEL, all_tasks, busy_slots, delivered, the_queue

MakeUser = Callable[..., Awaitable[int]]
MakeOrder = Callable[..., Awaitable[int]]


async def taken(db: Database, owner: str = "me") -> Lease:
    lease = await db.write(claim, owner, 60.0)
    assert isinstance(lease, Lease)
    return lease


async def test_claims_fill_exactly_the_open_slots(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    await order(await make_user(), 10)
    await db.write(ensure_slots, 10)
    found = [await db.write(claim, "me", 60.0) for _ in range(5)]
    assert [isinstance(each, Lease) for each in found] == [True, True, True, False, False]
    await db.write(set_concurrency, 5)
    found = [await db.write(claim, "me", 60.0) for _ in range(3)]
    assert [isinstance(each, Lease) for each in found] == [True, True, False]
    await db.read(assert_books_balance)


async def test_claims_at_once_never_take_one_image_or_slot_twice(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    await order(await make_user(), 20)
    await db.write(set_concurrency, 10)
    found = await asyncio.gather(*(db.write(claim, f"owner{n}", 60.0) for n in range(20)))
    leases = [each for each in found if isinstance(each, Lease)]
    assert len({lease.task_id for lease in leases}) == len(leases) == len({lease.slot_no for lease in leases})
    assert len(leases) <= 10
    await db.read(assert_books_balance)


async def test_a_closed_slot_is_not_taken_and_what_runs_on_it_finishes(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    await order(await make_user(), 5)
    leases = [await taken(db) for _ in range(3)]
    await db.write(set_concurrency, 1)
    for lease in leases:
        assert await db.write(settle, lease, delivered(lease.task_id)) is Settled.DONE
    assert (await taken(db)).slot_no == 1
    assert isinstance(await db.write(claim, "me", 60.0), Nothing)
    await db.read(assert_books_balance)


async def test_users_take_turns_whoever_came_first(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    first, second, third = [await make_user() for _ in range(3)]
    await order(first, 10)
    await order(second, 10)
    await order(third, 1)
    await db.write(set_concurrency, 6)
    for _ in range(6):
        await taken(db)
    holders = sorted(slot.user_id for slot in await db.read(busy_slots))
    assert holders == sorted([first, first, first, second, second, third])


async def test_the_user_served_longest_ago_is_next_when_nobody_holds_a_slot(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    users = [await make_user() for _ in range(3)]
    for user in users:
        await order(user, 4)
    await db.write(set_concurrency, 1)
    served = []
    for _ in range(6):
        lease = await taken(db)
        served.append((await db.read(busy_slots))[0].user_id)
        await db.write(settle, lease, delivered(lease.task_id))
    assert sorted(served[:3]) == sorted(users)
    assert served[:3] == served[3:]


async def test_nothing_is_claimed_while_an_administrator_holds_the_dispatcher(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    await order(await make_user())
    await db.write(config.store, config.DISPATCH_PAUSED, True)
    answer = await db.write(claim, "me", 60.0)
    assert isinstance(answer, Nothing)
    assert answer.paused
    await db.write(config.store, config.DISPATCH_PAUSED, False)
    assert isinstance(await db.write(claim, "me", 60.0), Lease)


async def test_a_task_that_waits_is_not_due_before_its_time_and_the_claim_says_when(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    await order(await make_user())
    lease = await taken(db)
    await db.write(settle, lease, Again(20.0, "upstream_unavailable", "busy"))
    answer = await db.write(claim, "me", 60.0)
    assert isinstance(answer, Nothing)
    assert answer.due_in is not None
    assert 15 < answer.due_in <= 20.1
    assert not await db.read(anything_due)


async def test_a_parked_upstream_is_left_alone_while_others_go_on(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    user = await make_user()
    await order(user, 2)
    lease = await taken(db)
    await db.write(settle, lease, Again(7.0, "upstream_rate_limited", "slow down", counts=False, park=True))
    assert isinstance(await db.write(claim, "me", 60.0), Nothing)
    other = await order(user, 1, model=replace(MODEL, upstream="other"))
    lease = await taken(db)
    assert lease.task_id == (await db.read(all_tasks, other))[0].id
    task = next(t for t in await db.read(all_tasks, other - 1) if t.error_code)
    assert task.attempts == 0  # waiting as asked is not an attempt


async def test_an_upstream_that_refuses_everything_pauses_its_batches(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    queue_id = await order(await make_user(), 3)
    lease = await taken(db)
    await db.write(settle, lease, UpstreamDown(PausedReason.REJECTED_AUTH, "invalid key"))
    queue = await db.read(the_queue, queue_id)
    assert (queue.status, queue.paused_reason) == ("paused", "upstream_rejected_auth")
    assert isinstance(await db.write(claim, "me", 60.0), Nothing)
    assert {t.status for t in await db.read(all_tasks, queue_id)} == {"pending"}
    await db.read(assert_books_balance)


async def test_a_trial_keeps_the_wait_that_it_was_told(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    await order(await make_user(), 2)
    await db.write(settle, await taken(db), Again(600.0, "upstream_unavailable", "busy"))
    await db.write(settle, await taken(db), UpstreamDown(PausedReason.QUOTA, "nothing left"))
    assert await db.write(start_trial, "main")
    trial = await taken(db)  # what it was told before the upstream went down does not matter any more
    await db.write(settle, trial, Again(600.0, "upstream_rate_limited", "slow down", counts=False, park=True))
    assert not await db.read(anything_due)
    assert isinstance(await db.write(claim, "me", 60.0), Nothing)
    assert await db.write(start_trial, "main")
    assert isinstance(await db.write(claim, "me", 60.0), Nothing)

    async def wait_is_over(session: AsyncSession) -> None:
        await session.execute(update(BatchTask).where(BatchTask.id == trial.task_id).values(run_at=utcnow()))

    await db.write(wait_is_over)
    assert await db.read(anything_due)
    assert (await taken(db)).task_id == trial.task_id
    await db.read(assert_books_balance)


async def test_what_was_in_flight_while_the_upstream_went_down_is_not_forgotten(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    for _ in range(2):
        await order(await make_user(), 1)
    first, second = await taken(db), await taken(db)
    await db.write(settle, second, UpstreamDown(PausedReason.REJECTED_AUTH, "invalid key"))
    await db.write(settle, first, Again(0.0, "upstream_unavailable", "busy"))
    assert isinstance(await db.write(claim, "me", 60.0), Nothing)
    await db.write(bring_up, "main")
    again = {(await taken(db)).task_id for _ in range(2)}
    assert again == {first.task_id, second.task_id}
    await db.read(assert_books_balance)


async def test_the_claim_is_served_by_its_index(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    user_id = await make_user(1000)
    for _ in range(4):
        await order(user_id, 50)

    async def plan(session: AsyncSession) -> str:
        dialect = session.get_bind().dialect
        sql = oldest_due(user_id, "main").compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN QUERY PLAN" if dialect.name == "sqlite" else "EXPLAIN"
        return str((await session.execute(text(f"{explain} {sql}"))).all())

    shown = await db.read(plan)
    assert "ix_claim" in shown
    assert "filesort" not in shown
    assert "TEMP B-TREE" not in shown


async def test_what_may_kill_a_process_is_tried_alone_on_trial_too(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    await order(await make_user(), 1)

    async def pause(session: AsyncSession) -> None:
        session.add(UpstreamState(upstream=MODEL.upstream, paused_reason=PausedReason.QUOTA))
        await session.execute(update(BatchTask).values(rescues=SUSPECT_AFTER))

    await db.write(pause)
    assert await db.write(start_trial, MODEL.upstream)
    assert isinstance(await db.write(claim, "me", 60.0, idle=False), Nothing)
    assert (await taken(db)).alone


async def test_a_paused_batch_has_started_when_one_of_its_images_is_on_trial(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    queue_id = await order(await make_user(), 1)

    async def pause(session: AsyncSession) -> None:
        session.add(UpstreamState(upstream=MODEL.upstream, paused_reason=PausedReason.QUOTA))
        await session.execute(update(BatchQueue).values(status="paused", paused_reason=PausedReason.QUOTA))
        await session.execute(update(BatchTask).values(claimable=False))

    await db.write(pause)
    assert await db.write(start_trial, MODEL.upstream)
    lease = await taken(db)
    queue = await db.read(the_queue, queue_id)
    assert queue.status == "paused"
    assert queue.started_at is not None
    began = queue.started_at
    await db.write(settle, lease, delivered(lease.task_id))
    queue = await db.read(the_queue, queue_id)
    assert (queue.status, queue.started_at) == ("completed", began)
