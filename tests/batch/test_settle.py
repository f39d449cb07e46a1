"""Settles: one end for every attempt, whoever tries to write it, and credits that follow exactly."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import update

from backend.batch.lease import Lease
from backend.batch.models import BatchTask, DispatchSlot
from backend.batch.outcomes import Again, Cancelled, Failed, Outcome, Released, Rescued
from backend.batch.service.claim import claim
from backend.batch.service.settle import SAME_MOST, Settled, settle
from backend.db import Database, utc_after
from tests.batch.books import assert_books_balance
from tests.batch.conftest import all_tasks, busy_slots, delivered, the_queue

MakeUser = Callable[..., Awaitable[int]]
MakeOrder = Callable[..., Awaitable[int]]


@pytest.fixture
async def lease(db: Database, make_user: MakeUser, order: MakeOrder) -> Lease:
    await order(await make_user(10), 1)
    found = await db.write(claim, "me", 60.0)
    assert isinstance(found, Lease)
    return found


async def the_task(db: Database, lease: Lease) -> BatchTask:
    task = await db.read(lambda session: session.get(BatchTask, lease.task_id))
    assert task is not None
    return task


@pytest.mark.parametrize(
    ("outcome", "status", "queue_status"),
    [
        (Failed("safety_blocked", "no"), "failed", "failed"),
        (Cancelled(), "cancelled", "cancelled"),
        (Again(1.0, "upstream_unavailable", "busy"), "pending", "processing"),
        (Released(), "pending", "processing"),
        (Rescued(0.0, 5, owner_dead=True), "pending", "processing"),
    ],
)
async def test_every_outcome_frees_the_slot_and_balances(
    db: Database, lease: Lease, outcome: Outcome, status: str, queue_status: str
) -> None:
    assert await db.write(settle, lease, outcome) is Settled.DONE
    task = await the_task(db, lease)
    assert task.status == status
    assert (await db.read(the_queue, task.queue_id)).status == queue_status
    assert await db.read(busy_slots) == []
    await db.read(assert_books_balance)


async def test_a_delivered_image_is_charged_once_however_often_it_is_settled(db: Database, lease: Lease) -> None:
    result = delivered(lease.task_id)
    settled = await asyncio.gather(*(db.write(settle, lease, result) for _ in range(5)))
    assert sorted(settled) == sorted([Settled.DONE, *[Settled.ALREADY] * 4])
    task = await the_task(db, lease)
    assert (task.status, task.settled_token) == ("completed", lease.token)
    queue = await db.read(the_queue, task.queue_id)
    assert (queue.status, queue.credits_held, queue.credits_spent) == ("completed", 0, 2)
    await db.read(assert_books_balance)


async def test_an_attempt_that_was_rescued_is_fenced(db: Database, lease: Lease) -> None:
    assert await db.write(settle, lease, Rescued(0.0, 5, owner_dead=True)) is Settled.DONE
    assert await db.write(settle, lease, delivered(lease.task_id)) is Settled.FENCED
    again = await db.write(claim, "other", 60.0)
    assert isinstance(again, Lease)
    assert await db.write(settle, lease, delivered(lease.task_id)) is Settled.FENCED
    assert await db.write(settle, again, delivered(lease.task_id)) is Settled.DONE
    await db.read(assert_books_balance)


async def test_a_lease_that_was_renewed_is_not_rescued(db: Database, lease: Lease) -> None:
    assert await db.write(settle, lease, Rescued(0.0, 5, owner_dead=False)) is Settled.FENCED
    assert (await the_task(db, lease)).status == "processing"
    late = update(DispatchSlot).values(lease_expires=utc_after(-1))
    await db.write(lambda session: session.execute(late))
    assert await db.write(settle, lease, Rescued(0.0, 5, owner_dead=False)) is Settled.DONE
    assert (await the_task(db, lease)).status == "pending"


async def test_an_image_that_kills_its_process_is_given_up_and_not_charged(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    queue_id = await order(await make_user(10), 1)
    for _ in range(3):
        lease = await db.write(claim, "doomed", 60.0)
        assert isinstance(lease, Lease)
        await db.write(settle, lease, Rescued(0.0, 2, owner_dead=True))
    [task] = await db.read(all_tasks, queue_id)
    assert (task.status, task.error_code, task.attempts) == ("failed", "interrupted", 1)
    await db.read(assert_books_balance)


async def test_a_shutdown_costs_no_attempt(db: Database, lease: Lease) -> None:
    await db.write(settle, lease, Released())
    assert (await the_task(db, lease)).attempts == 0


async def test_a_cancelled_task_is_not_tried_again_but_a_finished_one_is_delivered(
    db: Database, make_user: MakeUser, order: MakeOrder
) -> None:
    queue_id = await order(await make_user(10), 2)
    first, second = [await db.write(claim, "me", 60.0) for _ in range(2)]
    assert isinstance(first, Lease)
    assert isinstance(second, Lease)
    stop = update(BatchTask).values(cancel_requested=True)
    await db.write(lambda session: session.execute(stop))
    await db.write(settle, first, Again(1.0, "upstream_unavailable", "busy"))
    await db.write(settle, second, delivered(second.task_id))
    assert [task.status for task in await db.read(all_tasks, queue_id)] == ["cancelled", "completed"]
    await db.read(assert_books_balance)


async def test_a_task_deleted_by_hand_frees_its_slot(db: Database, lease: Lease) -> None:
    await db.write(lambda session: session.execute(BatchTask.__table__.delete()))
    assert await db.write(settle, lease, delivered(lease.task_id)) is Settled.FENCED
    assert await db.read(busy_slots) == []


async def test_a_night_of_being_told_to_wait_is_no_number_too_large(db: Database, lease: Lease) -> None:
    """Waiting costs no attempt, so nothing else ends the count before the column does."""
    many = update(BatchTask).values(same_errors=32_767, error_code="upstream_rate_limited")
    await db.write(lambda session: session.execute(many))
    outcome = Again(1.0, "upstream_rate_limited", "busy", counts=False, park=True)
    assert await db.write(settle, lease, outcome) is Settled.DONE
    assert (await the_task(db, lease)).same_errors == SAME_MOST
