"""Looks at upstreams that are down."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import UpstreamState
from backend.batch.recovery import Recovery
from backend.batch.service import recovery
from backend.batch.service.recovery import Intervals
from backend.batch.states import PausedReason
from backend.db import Database, utc_after


class Together:
    """Upstreams that answer only once each of them is asked."""

    def __init__(self, count: int) -> None:
        self._all = asyncio.Barrier(count)

    @contextlib.asynccontextmanager
    async def connected(self, _lane: str) -> AsyncIterator["Together"]:
        yield self

    async def probe(self) -> None:
        await self._all.wait()


async def down(session: AsyncSession, *names: str) -> None:
    reason = PausedReason.REJECTED_AUTH
    session.add_all(UpstreamState(upstream=name, paused_reason=reason, parked_until=utc_after(-1)) for name in names)


async def test_one_that_hangs_does_not_keep_the_others_from_being_looked_at(db: Database) -> None:
    await db.write(down, "main", "theirs")
    async with asyncio.timeout(20):
        await Recovery(db, cast("Any", Together(2))).look()
    assert not await db.read(recovery.any_down)


async def test_a_key_that_nobody_ever_mends_is_looked_at_for_ever_by_one_at_a_time(db: Database) -> None:
    await db.write(down, "main")
    often = update(UpstreamState).values(probes=32_767)
    await db.write(lambda session: session.execute(often))
    [due] = await db.write(recovery.due, Intervals())
    assert [await db.write(recovery.take_turn, due, Intervals()) for _ in range(2)] == [True, False]
