"""F1, F2: kill -9 at every point of an image's way, and at any time at all."""

import asyncio

import pytest

from tests.databases import KINDS
from tests.faults.conftest import MakeArena
from tests.faults.killer import Killer
from tests.faults.upstream import Manners


@pytest.fixture(scope="session", params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


MANNERS = Manners(quickest=0.05, slowest=0.3, refusals=0.03, failures=0.01, limits=0.02, garbage=0.02)


async def test_kill_9_at_every_point_loses_and_doubles_nothing(make_arena: MakeArena) -> None:
    async with make_arena(manners=MANNERS) as arena:
        killer = Killer(arena)
        async with arena.checker.watching(), asyncio.timeout(120):
            await killer.run(lambda deaths: min(deaths.values()) >= 1)
        print(killer.deaths())
        await arena.settle()


async def test_kill_9_at_any_time_loses_and_doubles_nothing(make_arena: MakeArena) -> None:
    async with make_arena(manners=MANNERS) as arena:
        arena.fleet.respawn()
        async with arena.checker.watching():
            orders = asyncio.create_task(arena.load.run(4))
            for _ in range(6):
                await asyncio.sleep(0.5)
                await arena.fleet.some(arena.rng).kill()
            await orders
        await arena.settle()
