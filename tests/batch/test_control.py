"""What owners do to their batches and images, and the credits that move with it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.lease import Lease
from backend.batch.models import BatchEvent
from backend.batch.outcomes import Again, Cancelled, Failed, Standby, UpstreamDown
from backend.batch.schemas import EditIn
from backend.batch.service import control, tasks
from backend.batch.service.claim import claim, set_concurrency
from backend.batch.service.settle import settle
from backend.batch.service.submit import find_repeat
from backend.batch.states import PausedReason
from backend.credits import service as credits
from backend.db import Database
from backend.dispatcher import Nothing
from backend.errors import (
    IdempotencyInProgress,
    IdempotencyMismatch,
    InsufficientCredits,
    InvalidState,
    NotFound,
    QueueFull,
)
from tests.batch.books import assert_books_balance
from tests.batch.conftest import MODEL, all_tasks, delivered, the_queue

MakeUser = Callable[..., Awaitable[int]]
MakeOrder = Callable[..., Awaitable[int]]


async def finish(db: Database, *, well: bool = True) -> int:
    """Work off everything that can be claimed; how many."""
    done = 0
    while isinstance(lease := await db.write(claim, "me", 60.0), Lease):
        await db.write(settle, lease, delivered(lease.task_id) if well else Failed("safety_blocked", "no"))
        done += 1
    return done


async def edit(
    session: AsyncSession, user: int, task_id: int, most: int = 1000, key: str = "k", prompt: str = "brighter"
) -> int:
    return await tasks.edit_task(session, user, task_id, EditIn(prompt=prompt, source="generated"), MODEL, most, key)


async def last_event(session: AsyncSession) -> int:
    return await session.scalar(select(func.max(BatchEvent.id))) or 0


async def tasks_told_of(session: AsyncSession, after: int) -> set[int]:
    event = BatchEvent
    found = select(event.task_id).where(event.id > after, event.task_id.is_not(None))
    return {task_id for task_id in await session.scalars(found) if task_id is not None}


async def test_what_goes_to_a_standby_is_told(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    queue_ids = [await order(await make_user(), 2), await order(await make_user(), 1)]
    lease = await db.write(claim, "me", 60.0)
    assert isinstance(lease, Lease)
    told = await db.read(last_event)
    standby = Standby(model="m", instead="n", upstream="other")
    await db.write(settle, lease, UpstreamDown(PausedReason.QUOTA, "nothing left", (standby,)))
    moved = {task.id for queue_id in queue_ids for task in await db.read(all_tasks, queue_id) if task.model == "n"}
    assert len(moved) == 3
    assert await db.read(tasks_told_of, told) == moved


async def test_credits_for_one_and_two_orders_at_once_exactly_one_succeeds(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    for _ in range(20):
        user = await make_user(2)
        results = await asyncio.gather(order(user), order(user), return_exceptions=True)
        assert sorted(isinstance(result, InsufficientCredits) for result in results) == [False, True]
        assert await db.read(credits.balance, user) == 0
    await db.read(assert_books_balance)


async def test_what_cannot_be_paid_leaves_nothing(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    user = await make_user(5)
    with pytest.raises(InsufficientCredits) as refused:
        await order(user, 3)
    assert refused.value.extra == {"required": 6, "available": 5}
    await db.read(assert_books_balance)


async def test_the_same_request_twice_is_one_batch(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    user = await make_user()
    first = await order(user, 2, key="once")
    assert await order(user, 2, key="once") == first
    with pytest.raises(IdempotencyMismatch):
        await db.read(another_request, user)
    await db.read(assert_books_balance)


async def another_request(session: AsyncSession, user: int) -> None:
    await find_repeat(session, user, "once", "another digest")


async def test_the_same_key_at_the_same_moment_is_one_batch(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    user = await make_user()
    results = await asyncio.gather(*(order(user, 1, key="k") for _ in range(5)), return_exceptions=True)
    ids = {result for result in results if isinstance(result, int)}
    assert len(ids) == 1
    assert all(isinstance(result, int | IdempotencyInProgress) for result in results)
    await db.read(assert_books_balance)


async def test_a_line_too_long_is_refused(make_user: MakeUser, order: MakeOrder) -> None:
    user = await make_user(10_000)
    for _ in range(20):
        await order(user, 50)
    with pytest.raises(QueueFull):
        await order(user, 1)


async def test_a_line_too_long_takes_nothing_anew_either(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    user = await make_user()
    queue_id = await order(user, 3)
    done, failed = [await db.write(claim, "me", 60.0) for _ in range(2)]
    assert isinstance(done, Lease)
    assert isinstance(failed, Lease)
    await db.write(settle, done, delivered(done.task_id))
    await db.write(settle, failed, Failed("safety_blocked", "no"))
    for verb, *args in (
        (edit, done.task_id),
        (tasks.retry_task, failed.task_id),
        (control.retry, queue_id),
    ):
        with pytest.raises(QueueFull):
            await db.write(verb, user, *args, 1)
    await db.write(control.retry, user, queue_id, 2)
    assert await finish(db) == 2
    await db.read(assert_books_balance)


async def test_someone_elses_batch_does_not_exist(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    queue_id = await order(await make_user())
    other = await make_user()
    [task] = await db.read(all_tasks, queue_id)
    for verb in (control.pause, control.resume, control.cancel, control.delete):
        with pytest.raises(NotFound):
            await db.write(verb, other, queue_id)
    with pytest.raises(NotFound):
        await db.write(control.retry, other, queue_id, 1000)
    with pytest.raises(NotFound):
        await db.write(tasks.cancel_task, other, task.id)
    with pytest.raises(NotFound):
        await db.write(tasks.retry_task, other, task.id, 1000)


async def test_a_paused_batch_starts_nothing_until_it_is_resumed(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    user = await make_user()
    queue_id = await order(user, 3)
    running = await db.write(claim, "me", 60.0)
    assert isinstance(running, Lease)
    await db.write(control.pause, user, queue_id)
    assert isinstance(await db.write(claim, "me", 60.0), Nothing)
    await db.write(settle, running, Again(0.0, "upstream_unavailable", "busy"))
    assert isinstance(await db.write(claim, "me", 60.0), Nothing)
    queue = await db.read(the_queue, queue_id)
    assert (queue.status, queue.paused_reason) == ("paused", "user")
    with pytest.raises(InvalidState):
        await db.write(control.pause, user, queue_id)
    await db.write(control.resume, user, queue_id)
    with pytest.raises(InvalidState):
        await db.write(control.resume, user, queue_id)
    assert await finish(db) == 3
    queue = await db.read(the_queue, queue_id)
    assert (queue.status, queue.paused_reason) == ("completed", None)
    await db.read(assert_books_balance)


async def test_cancel_gives_back_what_waits_and_what_is_stopped(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    user = await make_user(20)
    queue_id = await order(user, 5)
    done, stopped = [await db.write(claim, "me", 60.0) for _ in range(2)]
    assert isinstance(done, Lease)
    assert isinstance(stopped, Lease)
    await db.write(settle, done, delivered(done.task_id))
    assert await db.write(control.cancel, user, queue_id) == [stopped.task_id]
    assert await db.write(control.cancel, user, queue_id) == [stopped.task_id]
    await db.write(settle, stopped, Cancelled())
    assert await db.write(control.cancel, user, queue_id) == []
    queue = await db.read(the_queue, queue_id)
    assert (queue.status, queue.completed_images, queue.cancelled_images) == ("cancelled", 1, 4)
    assert (queue.credits_held, queue.credits_spent, queue.credits_released) == (0, 2, 8)
    assert await db.read(credits.balance, user) == 18
    await db.read(assert_books_balance)


async def test_cancels_at_once_give_back_once(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    user = await make_user(20)
    queue_id = await order(user, 5)
    await asyncio.gather(*(db.write(control.cancel, user, queue_id) for _ in range(20)))
    assert await db.read(credits.balance, user) == 20
    await db.read(assert_books_balance)


async def test_cancel_races_with_claims_and_settles(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    user = await make_user(1000)
    await db.write(set_concurrency, 10)
    for _ in range(10):
        queue_id = await order(user, 4)

        async def work() -> None:
            lease = await db.write(claim, "me", 60.0)
            if isinstance(lease, Lease):
                await db.write(settle, lease, delivered(lease.task_id))

        await asyncio.gather(*(work() for _ in range(4)), db.write(control.cancel, user, queue_id))
        await finish(db)
        await db.read(assert_books_balance)


async def test_a_finished_batch_is_not_cancelled(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    user = await make_user()
    queue_id = await order(user)
    await finish(db)
    with pytest.raises(InvalidState):
        await db.write(control.cancel, user, queue_id)


async def test_failed_images_are_ordered_anew_at_their_price(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    user = await make_user(6)
    queue_id = await order(user, 3)
    await finish(db, well=False)
    assert (await db.read(the_queue, queue_id)).status == "failed"
    assert await db.read(credits.balance, user) == 6
    await db.write(control.retry, user, queue_id, 1000)
    queue = await db.read(the_queue, queue_id)
    assert (queue.status, queue.total_images, queue.failed_images, queue.completed_at) == ("processing", 3, 0, None)
    assert await db.read(credits.balance, user) == 0
    await finish(db)
    queue = await db.read(the_queue, queue_id)
    assert (queue.status, queue.completed_images) == ("completed", 3)
    await db.read(assert_books_balance)


async def test_a_retry_that_cannot_be_paid_changes_nothing(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    user = await make_user(2)
    queue_id = await order(user)
    await finish(db, well=False)
    await db.write(credits.adjust, user, -1, "test")
    [task] = await db.read(all_tasks, queue_id)
    with pytest.raises(InsufficientCredits):
        await db.write(tasks.retry_task, user, task.id, 1000)
    [task] = await db.read(all_tasks, queue_id)
    assert (task.status, task.charge_no) == ("failed", 1)
    await db.read(assert_books_balance)


async def test_only_a_failed_image_can_be_tried_again(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    user = await make_user()
    queue_id = await order(user)
    [task] = await db.read(all_tasks, queue_id)
    with pytest.raises(InvalidState):
        await db.write(tasks.retry_task, user, task.id, 1000)
    await finish(db)
    with pytest.raises(InvalidState):
        await db.write(tasks.retry_task, user, task.id, 1000)


async def test_one_image_is_cancelled_and_the_rest_goes_on(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    user = await make_user(10)
    queue_id = await order(user, 2)
    first, _ = await db.read(all_tasks, queue_id)
    await db.write(tasks.cancel_task, user, first.id)
    await db.write(tasks.cancel_task, user, first.id)
    assert await finish(db) == 1
    assert (await db.read(the_queue, queue_id)).status == "completed"
    with pytest.raises(InvalidState):
        await db.write(tasks.cancel_task, user, first.id + 1)
    await db.read(assert_books_balance)


async def test_an_edit_is_a_new_image_of_the_same_batch(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    user = await make_user(10)
    queue_id = await order(user, 1)
    [parent] = await db.read(all_tasks, queue_id)
    with pytest.raises(InvalidState):
        await db.write(edit, user, parent.id)
    await finish(db)
    made = await db.write(edit, user, parent.id)
    queue = await db.read(the_queue, queue_id)
    assert (queue.status, queue.total_images) == ("processing", 2)
    parent, child = await db.read(all_tasks, queue_id)
    assert (child.id, child.parent_task_id, child.position) == (made, parent.id, parent.position)
    assert child.original_image_id == parent.generated_image_id
    await finish(db)
    assert (await db.read(the_queue, queue_id)).status == "completed"
    await db.read(assert_books_balance)


async def test_samples_first_then_approval_with_a_better_prompt(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    user = await make_user()
    queue_id = await order(user, 5, sample_first=2)
    assert await finish(db) == 2
    assert (await db.read(the_queue, queue_id)).status == "awaiting_approval"
    told = await db.read(last_event)
    await db.write(control.approve, user, queue_id, "better")
    waiting = {task.id for task in await db.read(all_tasks, queue_id) if task.prompt == "better"}
    assert await db.read(tasks_told_of, told) == waiting
    assert await finish(db) == 3
    assert (await db.read(the_queue, queue_id)).status == "completed"
    assert [task.prompt for task in await db.read(all_tasks, queue_id)][1:3] == ["水彩画风", "better"]
    with pytest.raises(InvalidState):
        await db.write(control.approve, user, queue_id, None)
    await db.read(assert_books_balance)


async def test_samples_wait_again_after_a_pause(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    user = await make_user()
    queue_id = await order(user, 4, sample_first=1)
    await db.write(control.pause, user, queue_id)
    await db.write(control.resume, user, queue_id)
    assert await finish(db) == 1
    assert (await db.read(the_queue, queue_id)).status == "awaiting_approval"
    await db.write(control.cancel, user, queue_id)
    assert (await db.read(the_queue, queue_id)).status == "cancelled"
    await db.read(assert_books_balance)


async def test_resuming_frees_the_upstream_that_had_refused(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    user = await make_user()
    queue_id = await order(user, 2)
    lease = await db.write(claim, "me", 60.0)
    assert isinstance(lease, Lease)
    await db.write(settle, lease, UpstreamDown(PausedReason.QUOTA, "nothing left"))
    await db.write(control.resume, user, queue_id)
    assert await finish(db) == 2
    await db.read(assert_books_balance)


async def test_only_what_has_ended_is_deleted_and_the_ledger_stays(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    user = await make_user(10)
    queue_id = await order(user, 2)
    with pytest.raises(InvalidState):
        await db.write(control.delete, user, queue_id)
    await finish(db)
    keys = (await db.write(control.delete, user, queue_id)).keys
    assert len([key for key in keys if key.startswith("results/")]) == 2
    assert len([key for key in keys if key.startswith("u/")]) == 2
    assert await db.read(credits.balance, user) == 6
    with pytest.raises(NotFound):
        await db.write(control.delete, user, queue_id)


async def test_an_upstreams_price_is_the_models(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    user = await make_user(10)
    await order(user, 1, model=replace(MODEL, credits=7))
    assert await db.read(credits.balance, user) == 3
    await finish(db)
    await db.read(assert_books_balance)


async def test_the_same_edit_again_is_the_first_one(db: Database, make_user: MakeUser, order: MakeOrder) -> None:
    user, other = await make_user(10), await make_user(10)
    mine, others = [(await db.read(all_tasks, await order(each, 1)))[0].id for each in (user, other)]
    await finish(db)
    made = set(await asyncio.gather(*(db.write(edit, user, mine) for _ in range(5))))
    assert len(made) == 1
    assert await db.write(edit, other, others) not in made  # a key is its user's own
    assert await db.write(edit, user, mine, key="l") not in made
    for again in ({"prompt": "darker"}, {"task_id": made.pop()}):
        with pytest.raises(IdempotencyMismatch):
            await db.write(edit, user, **({"task_id": mine} | again))
    assert await db.read(credits.balance, user) == 10 - 3 * MODEL.credits
    assert await finish(db) == 3
    await db.read(assert_books_balance)


async def test_an_edit_that_could_not_be_paid_is_new_when_it_can(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    user = await make_user(MODEL.credits)
    [task] = await db.read(all_tasks, await order(user, 1))
    await finish(db)
    with pytest.raises(InsufficientCredits):
        await db.write(edit, user, task.id)
    await db.write(credits.adjust, user, MODEL.credits, "")
    assert await db.write(edit, user, task.id) > task.id
    await db.read(assert_books_balance)


async def test_answers_are_forgotten_when_nobody_asks_again(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    user = await make_user()
    [task] = await db.read(all_tasks, await order(user, 1))
    await finish(db)
    made = await db.write(edit, user, task.id)
    assert await db.write(credits.forget_requests, 3600.0) == 0
    assert await db.write(edit, user, task.id) == made
    assert await db.write(credits.forget_requests, -1.0) == 1
    assert await db.write(edit, user, task.id) != made
