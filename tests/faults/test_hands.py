"""F13, F15, F16, F18, F19: what people do at the wrong moment, duplicates, and an image that kills whoever touches it."""

import asyncio
import time

import pytest

from tests.faults import evidence
from tests.faults.arena import Arena
from tests.faults.books import LEFTOVERS, Books
from tests.faults.conftest import MakeArena
from tests.faults.upstream import Manners

QUICK = Manners(quickest=0.05, slowest=0.3)
SLOW = Manners(quickest=1.0, slowest=1.5)


async def test_a_limit_that_flaps_holds_at_every_moment(make_arena: MakeArena) -> None:
    """F15. From the answer to a change until the next is asked for, no slot beyond the limit is taken."""
    async with make_arena(manners=QUICK, limit=10) as arena:
        limits = []
        async with arena.checker.watching():
            orders = asyncio.create_task(arena.load.run(4))
            while not orders.done():
                limit = arena.rng.randint(1, 10)
                await arena.load.admin("PUT", "/config", json={"concurrency": limit})
                if arena.rng.random() < 0.3:
                    await arena.load.admin("POST", "/batch/pause")
                    await arena.load.admin("POST", "/batch/resume")
                since = time.monotonic()
                await asyncio.sleep(0.4)
                limits.append((since, time.monotonic(), limit))
            await orders
        await arena.settle()
        found = evidence.attempts(arena.fleet.passes(), arena.fleet.diary)
        assert not evidence.on_closed_slots(found, limits)


async def test_cancels_at_any_moment_stop_the_work_and_give_back_what_was_not_delivered(make_arena: MakeArena) -> None:
    """F16: some of them in the very moment of a settle; and credits that an administrator changes meanwhile."""
    async with make_arena(manners=QUICK) as arena:

        async def storm() -> None:
            promise = await arena.load.order()
            await asyncio.sleep(arena.rng.uniform(0, 1.2))
            base = f"/api/batch/queues/{promise.queue_id}"
            answers = await asyncio.gather(
                *(arena.load.ask(promise.user.token, "POST", f"{base}/cancel") for _ in range(2))
            )
            promise.cancelled_at = time.monotonic() if answers[0].status_code == 200 else None
            await arena.load.admin(
                "POST", "/users/2/credits", json={"delta": arena.rng.choice([5, -3]), "note": "storm"}
            )

        async with arena.checker.watching():
            for _ in range(4):
                await asyncio.gather(*(storm() for _ in range(4)))
        await arena.settle()


@pytest.mark.thorough
async def test_a_user_deleted_by_hand_takes_nobody_along(make_arena: MakeArena) -> None:
    """F16, by an operator's own SQL, while the user's images are at the upstream."""
    async with make_arena(manners=SLOW, users=2) as arena:
        async with arena.checker.watching():
            gone, stays = arena.load.users
            await arena.load.order(gone, images=3)
            kept = await arena.load.order(stays, images=3)
            await arena.relay.until(lambda: arena.relay.in_flight >= 3)
            await asyncio.to_thread(arena.books.write, f"DELETE FROM users WHERE username = '{gone.name}'")
            arena.load.promises.remove(next(p for p in arena.load.promises if p.user is gone))
            ended = await arena.load.until_ended(60)
            assert [queue["id"] for queue in ended] == [kept.queue_id]
            await until_free(arena.books)
        await arena.settle()


async def until_free(books: Books) -> None:
    async with asyncio.timeout(20):
        while await asyncio.to_thread(books.rows, LEFTOVERS["L2 no slot is taken"]):
            await asyncio.sleep(0.1)


async def test_an_image_that_kills_its_process_fails_and_others_do_not(make_arena: MakeArena) -> None:
    """F18: a decoder that crashes, an image that eats all memory. The first order of a fresh database is task 1."""
    poison = "results.proved:kill9:task=1"
    async with make_arena(manners=QUICK, max_rescues=2, failpoints=poison) as arena:
        arena.fleet.respawn(lambda _: poison)
        async with arena.checker.watching():
            bad = await arena.load.order(images=1)
            good = await arena.load.order(images=4)
            queues = {queue["id"]: queue for queue in await arena.load.until_ended(60)}
        assert (queues[bad.queue_id]["status"], queues[bad.queue_id]["credits_released"]) == ("failed", 1)
        assert queues[good.queue_id]["completed_images"] == 4
        assert arena.books.rows("SELECT error_code, rescues FROM batch_tasks WHERE id = 1") == [("interrupted", 2)]
        await arena.settle()


@pytest.mark.thorough
async def test_a_slot_emptied_by_hand_gives_nobody_two_results(make_arena: MakeArena) -> None:
    """F13: two claims of one task, forced by taking its slot away under it, and a replayed order."""
    async with make_arena(manners=SLOW) as arena:
        async with arena.checker.watching():
            promise = await arena.load.order(images=3, twice=True)
            await arena.relay.until(lambda: arena.relay.in_flight >= 3)
        columns = "task_id = NULL, user_id = NULL, attempt_token = NULL, owner = NULL, lease_expires = NULL"
        await asyncio.to_thread(
            arena.books.write,
            f"UPDATE dispatch_slots SET {columns}",
            "UPDATE batch_tasks SET status = 'pending', attempt_token = NULL WHERE status = 'processing'",
        )
        arena.checker.forced = True
        async with arena.checker.watching():
            await arena.load.until_ended(60)
        await arena.settle()
        assert len(promise.answers) == 1


async def test_cleaning_up_beside_full_work_takes_nothing_that_is_needed(make_arena: MakeArena) -> None:
    """F19: everything that has ended is deleted, again and again, while images of other batches come and go."""
    async with make_arena(manners=QUICK) as arena:
        deleted = 0
        await kept(arena)
        async with arena.checker.watching():
            until = time.monotonic() + 4
            while time.monotonic() < until:
                await asyncio.gather(*(arena.load.order() for _ in range(2)))
                answer = await arena.load.admin("POST", "/cleanup", json={"older_than_days": 0, "dry_run": False})
                deleted += answer.json()["queues"]
        assert deleted > 2
        await arena.settle()


async def kept(arena: Arena) -> None:
    """One batch of each user's that has not ended, so that their images stay."""
    await arena.load.admin("POST", "/batch/pause")
    for user in arena.load.users:
        promise = await arena.load.order(user, images=len(user.images))
        await arena.load.ask(user.token, "POST", f"/api/batch/queues/{promise.queue_id}/pause")
    await arena.load.admin("POST", "/batch/resume")
