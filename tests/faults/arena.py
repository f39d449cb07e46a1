"""One run put together: an upstream, servers, users and the judge, all on one seed."""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.books import LEFTOVERS, Books
from tests.faults.checker import Checker
from tests.faults.fleet import Fleet, Zygote
from tests.faults.load import Load
from tests.faults.upstream import FaultyRelay, Manners

THOROUGH = os.environ.get("FAULTS") == "all"
"""`FAULTS=all`, and so `make chaos`: every scenario at full length on both databases, which takes
twenty minutes. `make test` takes four or five: one scenario of each kind."""
LEASE = 2.0
LIMIT = 3
MAX_RETRIES = 2
MAX_RESCUES = 50
"""Kills are the point here; only the poison task has fewer."""


@dataclass(slots=True)
class Arena:
    """Everything in one hand. `settle` ends the run: faults over, all work done, everything judged."""

    seed: int
    rng: random.Random
    relay: FaultyRelay
    fleet: Fleet
    load: Load
    books: Books
    checker: Checker

    async def settle(self, *, most_calls: int | None = None, seconds: float = 60, grace: float = 2.0) -> None:
        """Everybody anew without failpoints, a well-behaved upstream; wait for every batch, then judge."""
        self.relay.manners = Manners(self.relay.manners.quickest, self.relay.manners.slowest)
        await self.fleet.restart()
        await self.load.until_ended(seconds)
        await self._until_nothing_waits(seconds)
        most = most_calls if most_calls is not None else MAX_RETRIES + 1 + MAX_RESCUES
        await self.checker.final(most_calls=most, grace=grace)

    async def _until_nothing_waits(self, seconds: float) -> None:
        """Also for orders whose answer nobody was to hear: whoever took them died of it. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while await asyncio.to_thread(self.books.rows, LEFTOVERS["L1 every task has ended"]):
                await asyncio.sleep(0.1)


def seed() -> int:
    """The run's seed: FAULTS_SEED, or a new one, which is printed."""
    chosen = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"FAULTS_SEED={chosen}")
    return chosen


@contextlib.asynccontextmanager
async def arena(
    zygote: Zygote,
    folder: Path,
    database_url: str,
    *,
    size: int,
    manners: Manners | None = None,
    users: int = 3,
    limit: int = LIMIT,
    lease: float = LEASE,
    apart: bool = False,
    books_url: str | None = None,
    **settings: object,
) -> AsyncIterator[Arena]:
    """`size` servers with users, at an upstream with these manners. The judge may have a way of its own to the database."""
    number = seed()
    rng = random.Random(number)
    books = Books(books_url or database_url)
    async with FaultyRelay(rng, manners) as relay:
        defaults = {
            "ai_provider": "openai-chat",
            "ai_api_base_url": relay.base_url,
            "ai_api_key": relay.key,
            "lease_seconds": lease,
            "max_rescues": MAX_RESCUES,
            "drain_seconds": 5,
            "max_pending_per_user": 100_000,
        }
        fleet = Fleet(zygote, folder, database_url, size, apart=apart, **(defaults | settings))
        async with fleet, Load(fleet, rng, users=users) as load:
            if limit != LIMIT:
                await load.admin("PUT", "/config", json={"concurrency": limit})
            checker = Checker(books, fleet, relay, load, lease=lease, limit=limit)
            yield Arena(number, rng, relay, fleet, load, books, checker)
