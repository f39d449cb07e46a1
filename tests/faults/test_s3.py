"""F10 where the images lie in a bucket: it refuses, stalls, hangs and loses answers, and comes back."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.faults.conftest import MakeArena
from tests.faults.fleet import Member
from tests.s3 import Bucket, Door, Mischief

WAIT_SECONDS = 90.0
TROUBLES = {
    "500": Mischief(answer=(500, "InternalError")),
    "503": Mischief(answer=(503, "SlowDown")),
    "403": Mischief(answer=(403, "AccessDenied")),
    "full": Mischief(answer=(507, "XMinioStorageFull"), methods="PUT"),
    "hang": Mischief(hang=True),
}


async def storage(member: Member) -> str:
    """What one process says of the storage, whatever it says of itself."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        answer = await client.get(member.url + "/api/health")
    found: str = answer.json()["storage"]
    assert (answer.status_code == 200) == (found == "ok")
    return found


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not await holds():
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    "trouble", ["500", *(pytest.param(other, marks=pytest.mark.thorough) for other in TROUBLES if other != "500")]
)
async def test_a_bucket_in_trouble_costs_no_image_and_no_credit(
    make_arena: MakeArena, bucket: Bucket, trouble: str
) -> None:
    """Health says so, nothing is captured meanwhile, and with the bucket's return all of it goes on by itself."""
    async with Door(bucket.url) as door, make_arena(**bucket.settings("x", door=door.base_url)) as arena:
        async with arena.checker.watching():
            promise = await arena.load.order(images=3)
            await arena.load.until_ended(WAIT_SECONDS)
            door.mischief = TROUBLES[trouble]
            later = [await arena.load.order(promise.user, images=3) for _ in range(2)]
            wanted = "full" if trouble == "full" else "unavailable"

            async def somebody_says_so() -> bool:
                return wanted in [await storage(member) for member in arena.fleet.members]

            async def all_are_well() -> bool:
                return {await storage(member) for member in arena.fleet.members} == {"ok"}

            await until(somebody_says_so)
            captured = "SELECT COUNT(*) FROM credit_entries WHERE kind = 'capture'"
            assert arena.books.rows(captured) == [(promise.images,)]
            door.mischief = None
            began = time.monotonic()
            await until(all_are_well)
            print(f"{trouble}: well again after {time.monotonic() - began:.1f} s")
            for queue in await arena.load.until_ended(WAIT_SECONDS):
                assert queue["status"] == "completed"
            assert later
        await arena.settle()


async def test_answers_that_are_lost_are_asked_for_again(make_arena: MakeArena, bucket: Bucket) -> None:
    """Every other PUT is done and its answer lost: stored once under its key, and captured once."""
    async with Door(bucket.url) as door, make_arena(**bucket.settings("x", door=door.base_url)) as arena:
        async with arena.checker.watching():
            for _ in range(3):
                door.mischief = Mischief(lost=True, methods="PUT", times=3)
                await arena.load.order(images=3)
                await arena.load.until_ended(WAIT_SECONDS)
                assert len(door.mischief.happened) == 3
        await arena.settle(most_calls=1)
