"""F3, F4: processes that are frozen for longer than their lease, and wake up believing that they still hold it."""

import asyncio

import pytest

from tests.faults.arena import LEASE, THOROUGH, Arena
from tests.faults.conftest import MakeArena
from tests.faults.upstream import Manners

MANNERS = Manners(quickest=0.1, slowest=0.6)


async def test_frozen_processes_wake_up_fenced(make_arena: MakeArena) -> None:
    async with make_arena(manners=MANNERS) as arena:
        async with arena.checker.watching():
            orders = asyncio.create_task(arena.load.run(7 if THOROUGH else 4))
            for _ in range(3 if THOROUGH else 2):
                await asyncio.sleep(0.5)
                await arena.fleet.some(arena.rng).freeze(LEASE * arena.rng.uniform(0.5, 2.5))
            await orders
        await arena.settle()


@pytest.mark.thorough
async def test_a_settle_after_a_blocked_loop_is_refused(make_arena: MakeArena) -> None:
    """The event loop stands still between the upstream's answer and the settle, until somebody else has the task."""
    blocked = f"runner.settling:block={LEASE * 2.5}:outcome=Delivered:times=1"
    async with make_arena(manners=MANNERS) as arena:
        await arena.fleet.members[0].kill()
        await arena.fleet.members[0].start(FAILPOINTS=blocked)
        async with arena.checker.watching():
            await asyncio.gather(*(arena.load.order(images=6, member=arena.fleet.members[0]) for _ in range(3)))
            await arena.load.until_ended(60)
            await until_fenced(arena)
        await arena.settle()


async def until_fenced(arena: Arena) -> None:
    """The blocked attempt has come to its settle, and was told that it came too late."""
    async with asyncio.timeout(20):
        while not [each for each in arena.fleet.events("attempt") if each["settled"] == "fenced"]:
            await asyncio.sleep(0.1)
