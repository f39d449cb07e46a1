"""F5–F8: the database server is killed, stopped, full, slow, or answers and is not heard."""

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pymysql
import pytest

from tests import mariadb
from tests.faults.arena import LEASE, THOROUGH, Arena
from tests.faults.conftest import MakeArena
from tests.faults.proxy import Proxy
from tests.faults.upstream import Manners

QUICK = Manners(quickest=0.05, slowest=0.3)
LONG = Manners(quickest=LEASE * 3.5, slowest=LEASE * 4)
TELLS_WITHIN = 10.0
BUSY_SECONDS = 5 if THOROUGH else 3
DELAY = (0.2, 2.0) if THOROUGH else (0.1, 0.3)
"""Seconds that each statement takes longer."""
SLOW_LEASE = 60.0 if THOROUGH else 12.0
"""The service's own default, where statements take as long as the worst that it is made for."""
SLOW_CALLS = 7
"""Images of which some have gone the whole way while the database was slow."""


@contextlib.asynccontextmanager
async def busy(arena: Arena) -> AsyncIterator[None]:
    """Users order for a while as this is open, and the judge watches."""
    async with arena.checker.watching():
        orders = asyncio.create_task(arena.load.run(BUSY_SECONDS))
        try:
            yield
            await orders
        finally:
            orders.cancel()
            await asyncio.gather(orders, return_exceptions=True)


async def until_health(arena: Arena, status: int) -> float:
    """How many seconds until every process answers its health with this status."""
    began = time.monotonic()
    async with httpx.AsyncClient(trust_env=False, timeout=TELLS_WITHIN) as client, asyncio.timeout(30):
        for member in arena.fleet.members:
            while (await client.get(member.url + "/api/health")).status_code != status:
                await asyncio.sleep(0.1)
    return time.monotonic() - began


async def test_a_database_killed_in_mid_load_loses_nothing(careful_arena: MakeArena, careful: mariadb.Daemon) -> None:
    async with careful_arena(manners=QUICK) as arena:
        async with busy(arena):
            for _ in range(3):
                await asyncio.sleep(1)
                await asyncio.to_thread(careful.kill)
                await asyncio.to_thread(careful.start)
        await arena.settle()


async def test_a_database_that_is_away_for_three_leases_repeats_no_work(
    careful_arena: MakeArena, careful: mariadb.Daemon
) -> None:
    """What was answered meanwhile is settled by whoever has it; what was given up goes back in the line by itself. Nobody is
    taken for dead. Health says so, and takes it back, without a restart."""
    async with careful_arena(manners=QUICK) as arena:
        async with arena.checker.watching():
            await asyncio.gather(*(arena.load.order(images=6) for _ in range(3)))
            await arena.relay.until(lambda: arena.relay.in_flight >= 3)
            await asyncio.to_thread(careful.stop)
            assert await until_health(arena, 503) < TELLS_WITHIN
            await asyncio.sleep(LEASE * 3)
            await asyncio.to_thread(careful.start)
            assert await until_health(arena, 200) < TELLS_WITHIN
            await arena.load.until_ended(30)
        assert not arena.fleet.events("rescued")
        assert {member.lives for member in arena.fleet.members} == {1}
        await arena.settle(most_calls=1)


@pytest.mark.thorough
async def test_a_database_that_stands_still_for_three_leases_has_nobody_taken_for_dead(
    careful_arena: MakeArena, careful: mariadb.Daemon
) -> None:
    """It keeps every connection and answers none, so no call fails; then it answers them all, with every lease run out."""
    async with careful_arena(manners=QUICK) as arena:
        async with arena.checker.watching():
            await asyncio.gather(*(arena.load.order(images=6) for _ in range(2)))
            await arena.relay.until(lambda: arena.relay.in_flight >= 3)
            careful.signal(signal.SIGSTOP)
            await asyncio.sleep(LEASE * 3)
            careful.signal(signal.SIGCONT)
            await arena.load.until_ended(30)
        assert not arena.fleet.events("rescued")
        await arena.settle(most_calls=2)


@pytest.mark.thorough
async def test_calls_that_outlive_an_outage_are_released_not_rescued(
    careful_arena: MakeArena, careful: mariadb.Daemon
) -> None:
    async with careful_arena(manners=LONG) as arena:
        async with arena.checker.watching():
            await arena.load.order(images=3)
            await arena.relay.until(lambda: arena.relay.in_flight >= 3)
            await asyncio.to_thread(careful.stop)
            await arena.relay.until(lambda: arena.relay.in_flight == 0)
            await asyncio.to_thread(careful.start)
            await arena.load.until_ended(60)
        assert arena.fleet.events("self_fenced")
        assert not arena.fleet.events("rescued")
        await arena.settle(most_calls=2)


async def test_connections_that_are_taken_or_killed_come_back(
    careful_arena: MakeArena, careful: mariadb.Daemon
) -> None:
    async with careful_arena(manners=QUICK) as arena:
        async with busy(arena):
            await asyncio.sleep(0.5)
            with crowded(careful):
                await asyncio.sleep(1)
            for _ in range(8):
                await asyncio.to_thread(kill_one, careful, arena.rng.random())
                await asyncio.sleep(0.2)
        await arena.settle()


@contextlib.contextmanager
def crowded(daemon: mariadb.Daemon) -> Iterator[None]:
    """Nobody gets one connection more."""
    taken = len(daemon.server.run("SHOW PROCESSLIST"))
    daemon.server.run(f"SET GLOBAL max_connections = {max(10, taken)}")
    kept = []
    try:
        with contextlib.suppress(pymysql.OperationalError):
            while True:
                kept.append(
                    pymysql.connect(
                        host="127.0.0.1", port=daemon.server.port, user="app", password=daemon.server.password
                    )
                )
        yield
    finally:
        for connection in kept:
            connection.close()
        set_free(daemon)


def set_free(daemon: mariadb.Daemon) -> None:
    """As many connections as before. The server takes a moment to see that others have gone."""
    until = time.monotonic() + TELLS_WITHIN
    while time.monotonic() < until:
        with contextlib.suppress(pymysql.OperationalError):
            daemon.server.run("SET GLOBAL max_connections = 500")
            return
    raise TimeoutError("nobody gets in any more")


def kill_one(daemon: mariadb.Daemon, luck: float) -> None:
    """KILL CONNECTION of one of the service's."""
    ours = [row[0] for row in daemon.server.run("SHOW PROCESSLIST") if row[1] == "app"]
    if ours:
        with contextlib.suppress(pymysql.OperationalError):  # it may have gone by itself
            daemon.server.run(f"KILL CONNECTION {ours[int(luck * len(ours))]}")


@pytest.mark.thorough
async def test_a_database_that_only_reads_for_a_while_is_waited_for(
    careful_arena: MakeArena, careful: mariadb.Daemon
) -> None:
    async with careful_arena(manners=QUICK) as arena:
        async with busy(arena):
            await asyncio.sleep(1)
            careful.server.run("SET GLOBAL read_only = 1")
            await asyncio.sleep(LEASE * 0.6)
            careful.server.run("SET GLOBAL read_only = 0")
        await arena.settle()


async def test_commits_whose_answer_is_lost_are_neither_lost_nor_doubled(
    careful_arena: MakeArena, careful: mariadb.Daemon, careful_url: str
) -> None:
    async with proxied(careful_arena, careful, careful_url) as (arena, proxy):
        proxy.lost = 0.08
        async with busy(arena):
            pass
        proxy.lost = 0.0
        await arena.load.until_ended(30)  # also what was claimed and not heard of, with nobody restarted
        assert proxy.commits_lost > 5
        await arena.settle()


@pytest.mark.thorough
async def test_a_slow_database_loses_no_lease(
    careful_arena: MakeArena, careful: mariadb.Daemon, careful_url: str
) -> None:
    """A heartbeat of five statements takes seconds, and is in time all the same; work that is paid for is asked for once."""
    async with proxied(careful_arena, careful, careful_url, lease=SLOW_LEASE) as (arena, proxy):
        async with arena.checker.watching():
            await asyncio.gather(*(arena.load.order(user, images=3) for user in arena.load.users))
            proxy.delay = DELAY
            await arena.relay.until(lambda: len(arena.relay.journal.calls) >= SLOW_CALLS, SLOW_LEASE * 2)
            proxy.delay = (0.0, 0.0)
            await arena.load.until_ended(SLOW_LEASE * 2)
        assert not arena.fleet.events("rescued", "self_fenced")
        await arena.settle(most_calls=1)


@contextlib.asynccontextmanager
async def proxied(
    make: MakeArena, daemon: mariadb.Daemon, url: str, **options: object
) -> AsyncIterator[tuple[Arena, Proxy]]:
    """An arena whose servers reach the database through a proxy; the judge does not."""
    async with Proxy(daemon.server.port, random.Random(1)) as proxy:
        through = url.replace(f":{daemon.server.port}/", f":{proxy.port}/")
        async with make(url=through, books_url=url, manners=QUICK, **options) as arena:
            yield arena, proxy


async def test_rows_locked_in_the_opposite_order_cost_nobody_half_a_settle(
    careful_arena: MakeArena, careful: mariadb.Daemon, careful_url: str
) -> None:
    """Deadlocks and lock time-outs: a session of somebody else's locks the ledger's account, the batch and the slots."""
    name = careful_url.rpartition("/")[2]
    careful.server.run("SET GLOBAL innodb_lock_wait_timeout = 1")
    try:
        async with careful_arena(manners=QUICK) as arena:
            async with busy(arena):
                for number in range(4):
                    await asyncio.sleep(0.3)
                    await asyncio.to_thread(hold, careful, name, 1.4 if number % 2 else 0.3)
            await arena.settle()
    finally:
        careful.server.run("SET GLOBAL innodb_lock_wait_timeout = 50")


def hold(daemon: mariadb.Daemon, name: str, seconds: float) -> None:
    """Lock batches, then accounts, then slots; keep them for so long; the deadlock may be ours."""
    with contextlib.suppress(pymysql.OperationalError):
        daemon.server.run(
            "START TRANSACTION; SELECT id FROM batch_queues FOR UPDATE; SELECT user_id FROM credit_accounts FOR UPDATE;"
            f"SELECT slot_no FROM dispatch_slots FOR UPDATE; SELECT SLEEP({seconds}); ROLLBACK",
            name,
        )
