"""F17: processes that are asked to stop, in the middle of everything, once and twice, and under a server of somebody else's."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.faults.arena import Arena
from tests.faults.conftest import MakeArena
from tests.faults.fleet import Member
from tests.faults.upstream import Manners
from tests.processes import REPO

QUICK = Manners(quickest=0.05, slowest=0.3)
SLOW = Manners(quickest=1.0, slowest=1.5)
TAKEN = "SELECT slot_no FROM dispatch_slots WHERE task_id IS NOT NULL"
COUNTED = "SELECT id FROM batch_tasks WHERE status = 'pending' AND attempts > 0"
DRAIN_SECONDS = 0.5
WORKERS = 4


@pytest.mark.parametrize("times", [1, pytest.param(2, marks=pytest.mark.thorough)])
async def test_sigterm_in_mid_load_ends_in_time_and_costs_nobody_an_attempt(make_arena: MakeArena, times: int) -> None:
    """With pages connected that would keep a server of uvicorn's own alive for ever."""
    async with make_arena(manners=SLOW, drain_seconds=5 if times == 2 else DRAIN_SECONDS) as arena:
        async with arena.checker.watching():
            await asyncio.gather(*(arena.load.order(images=3) for _ in range(4)))
            await arena.relay.until(lambda: arena.relay.in_flight >= 3)
            pages = [
                asyncio.create_task(arena.load.listen(arena.load.users[0], member)) for member in arena.fleet.members
            ]
            for _ in range(times):
                for member in arena.fleet.members:
                    member.signal(signal.SIGTERM)
                await asyncio.sleep(0.1)
            async with asyncio.timeout(5 + DRAIN_SECONDS + 5):
                statuses = await asyncio.gather(*(asyncio.shield(m.ended) for m in arena.fleet.members if m.ended))
            assert set(statuses) == {0}
            await asyncio.gather(*pages, return_exceptions=True)
            nothing_is_taken(arena)
            await asyncio.gather(*(member.start() for member in arena.fleet.members))
            queues = await arena.load.until_ended(60)
            assert {queue["completed_images"] for queue in queues} == {3}
        await arena.settle()


def nothing_is_taken(arena: Arena) -> None:
    """Whoever stopped has put its work back, and it counts for nothing."""
    assert not arena.books.rows(TAKEN)
    assert not arena.books.rows(COUNTED)


@pytest.mark.thorough
async def test_sigterm_at_any_time_loses_nothing_and_leaves_nobody_to_be_rescued(make_arena: MakeArena) -> None:
    async with make_arena(manners=QUICK, drain_seconds=DRAIN_SECONDS) as arena:
        arena.fleet.respawn()
        async with arena.checker.watching():
            orders = asyncio.create_task(arena.load.run(4))
            for _ in range(6):
                await asyncio.sleep(arena.rng.uniform(0.1, 0.6))
                assert await arena.fleet.some(arena.rng).terminate() == 0
            await orders
        assert not arena.fleet.events("rescued")
        await arena.settle()


@pytest.mark.thorough
async def test_four_workers_of_a_plain_uvicorn_are_four_servers(make_arena: MakeArena) -> None:
    """One limit for all of them; and a stop of them all, in the middle of the load."""
    async with make_arena(size=1, manners=SLOW, drain_seconds=DRAIN_SECONDS) as arena:
        member = arena.fleet.members[0]
        await member.terminate()
        async with arena.checker.watching():
            async with uvicorn(arena, member) as process:
                await asyncio.gather(*(arena.load.order(images=3) for _ in range(4)))
                await arena.relay.until(lambda: len(arena.relay.journal.calls) > arena.checker.limit)
                began = time.monotonic()
                process.send_signal(signal.SIGTERM)
                await process.wait()
                assert time.monotonic() - began < DRAIN_SECONDS + 5
            nothing_is_taken(arena)
            await member.start()
            queues = await arena.load.until_ended(60)
            assert {queue["completed_images"] for queue in queues} == {3}
        assert member.log.read_text().count("dispatcher_ready") == 1 + WORKERS + 1, "before, during and after"
        await arena.settle()


@contextlib.asynccontextmanager
async def uvicorn(arena: Arena, member: Member) -> AsyncIterator[asyncio.subprocess.Process]:
    """`uvicorn --workers 4` in the place of `member`, once it answers; nobody is left of it at the end."""
    options = ["--factory", "backend.main:application", "--port", str(member.port), "--workers", str(WORKERS)]
    with member.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "uvicorn", *options, "--timeout-graceful-shutdown", "1"),
            cwd=REPO,
            env={**arena.fleet.environment, **arena.fleet.own(member.number)},
            start_new_session=True,
            stdout=log,
            stderr=log,
        )
    try:
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(60):
            while not await answers(client, member.url + "/api/health"):
                await asyncio.sleep(0.1)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def answers(client: httpx.AsyncClient, url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return (await client.get(url)).status_code == httpx.codes.OK
    return False
