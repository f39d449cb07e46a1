"""`make chaos`: kills for as long as it is told, then judges. `python -m tests.faults.chaos --help` says what it takes."""

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.db import migrate
from tests import mariadb
from tests.faults.arena import arena
from tests.faults.conftest import CAREFUL, SIZES
from tests.faults.fleet import Zygote
from tests.faults.killer import Killer
from tests.faults.upstream import Manners

MANNERS = Manners(quickest=0.05, slowest=0.3, refusals=0.03, failures=0.01, limits=0.02, garbage=0.02, truncated=0.01)
SETTLE_SECONDS = 300.0


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database that keeps what it has committed."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'chaos.sqlite3'}"
        return
    with mariadb.running(*CAREFUL) as daemon:
        daemon.server.run("CREATE DATABASE chaos CHARACTER SET utf8mb4")
        yield daemon.server.url("chaos")


async def kill(url: str, folder: Path, *, size: int, kills: int, seconds: float) -> dict[str, int]:
    """Kill until there were so many deaths or the time is over; raises what the judge finds. The deaths by point."""
    until = time.monotonic() + seconds
    async with Zygote() as zygote, arena(zygote, folder, url, size=size, manners=MANNERS) as made:
        killer = Killer(made)
        async with made.checker.watching():
            await killer.run(lambda deaths: sum(deaths.values()) >= kills or time.monotonic() > until)
        deaths = killer.deaths()
        await made.settle(seconds=SETTLE_SECONDS)
        tasks = made.books.rows("SELECT status, COUNT(*) FROM batch_tasks GROUP BY status ORDER BY status")
        print(f"calls: {len(made.relay.journal.calls)}, looks: {made.checker.looks}, tasks: {dict(tasks)}")
    return deaths


def main() -> None:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "mariadb"], nargs="+", default=["sqlite", "mariadb"])
    parser.add_argument("--kills", type=int, default=1000, help="deaths at the points K0 to K12, on each database")
    parser.add_argument("--minutes", type=float, default=60, help="at most so long on each database")
    parser.add_argument("--seed", type=int, help="the seed that an earlier run printed")
    options = parser.parse_args()
    if options.seed is not None:
        os.environ["FAULTS_SEED"] = str(options.seed)
    for kind in options.database:
        folder = Path(tempfile.mkdtemp(prefix=f"nano-chaos-{kind}-"))
        began = time.monotonic()
        with database(kind, folder) as url:
            asyncio.run(migrate.upgrade(url))
            run = folder / "run"
            deaths = asyncio.run(kill(url, run, size=SIZES[kind], kills=options.kills, seconds=options.minutes * 60))
        print(f"{kind}: {sum(deaths.values())} kills in {time.monotonic() - began:.0f} s, every invariant holds")
        for point, times in deaths.items():
            print(f"  {times:6} {point}")
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
