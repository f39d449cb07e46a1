"""L3, L4, L6, F19: nothing is idle while work waits, nobody waits for ever, and a service at rest costs nothing."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import mariadb
from tests.faults import evidence
from tests.faults.arena import LIMIT
from tests.faults.conftest import MakeArena
from tests.faults.fleet import Member
from tests.faults.upstream import Manners

STEADY = Manners(quickest=2.0, slowest=2.0)
REST_SECONDS = 9.0
QUERIES_A_SECOND = 2.0


@pytest.mark.thorough
async def test_slots_are_in_use_while_work_waits_and_every_user_is_served_in_turn(make_arena: MakeArena) -> None:
    async with make_arena(manners=STEADY, users=6) as arena:
        await arena.load.admin("POST", "/batch/pause")
        for user in arena.load.users:
            await arena.load.order(user, images=2)
        async with arena.checker.watching():
            await arena.load.admin("POST", "/batch/resume")
            await arena.load.until_ended(60)
        found = evidence.attempts(arena.fleet.passes(), arena.fleet.diary)
        assert evidence.share_in_use(found, LIMIT) >= 0.9
        owners = dict(arena.books.rows("SELECT id, user_id FROM batch_tasks"))
        assert len({owners[each.task] for each in found[:6]}) == 6
        await arena.checker.final(most_calls=1)


@pytest.mark.thorough
async def test_a_service_at_rest_asks_little_and_keeps_nothing(
    careful_arena: MakeArena, careful: mariadb.Daemon
) -> None:
    async with careful_arena(manners=Manners(0.05, 0.1), lease=60.0) as arena:
        await arena.load.run(2)
        await arena.load.until_ended(30)
        await asyncio.sleep(1)
        before, open_before = questions(careful), descriptors(arena.fleet.members)
        await asyncio.sleep(REST_SECONDS)
        asked = (questions(careful) - before - 1) / REST_SECONDS / len(arena.fleet.members)
        assert asked < QUERIES_A_SECOND
        assert descriptors(arena.fleet.members) <= open_before
        await arena.settle()


def questions(daemon: mariadb.Daemon) -> int:
    """Statements that the server was asked since it started; reading this is one."""
    return int(daemon.server.run("SHOW GLOBAL STATUS LIKE 'Questions'")[0][1])


def descriptors(members: Sequence[Member]) -> int:
    """Open files of all processes together."""
    return sum(len(list(Path(f"/proc/{member.pid}/fd").iterdir())) for member in members)
