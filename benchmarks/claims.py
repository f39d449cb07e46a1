"""How much work the queue can hand out: claims per second, each with its settle, when an image takes no time.

`python -m benchmarks.claims [--processes 1 4 8] [--seconds 8] [--databases sqlite mariadb]`

No upstream and no images: a claimed task is held for 20 ms and settled as delivered, at most ten at once over all processes.
The service's own dispatcher, claim and settle, with every commit on the disk before it counts. Real work takes seconds an
image, so ten places need a few claims a second; this is the distance to the limit.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backend.batch.lease import Lease
from backend.batch.outcomes import Delivered
from backend.batch.service import WORK
from backend.batch.service.claim import claim, set_concurrency
from backend.batch.service.settle import Settled, settle
from backend.batch.service.submit import Order, submit
from backend.batch.service.turns import anything_due
from backend.db import Database, migrate
from backend.dispatcher import Dispatcher, Nothing
from tests import mariadb
from tests.batch.conftest import MODEL, WISH, add_images, add_user

HOLD_SECONDS = 0.02
SLOTS = 10
LEASE_SECONDS = 60.0
USERS, BATCH = 20, 50
ENOUGH_A_SECOND = 400
"""Tasks made for each second of a run: more than can be claimed."""
DURABLE = ("--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=256M")


class Hand:
    """One process: claims and settles, and remembers how long each claim took."""

    def __init__(self, url: str) -> None:
        self.db, self.owner = Database(url), uuid.uuid4().hex
        self.took: list[float] = []
        self.settled = 0
        self._numbers = itertools.count()
        self.dispatcher = Dispatcher(self._claim, self._run, self._probe, at_most=SLOTS)
        self.db.on(WORK, self.dispatcher.wake)

    async def _claim(self) -> Lease | Nothing:
        began = time.perf_counter()
        got = await self.db.write(claim, self.owner, LEASE_SECONDS)
        if isinstance(got, Lease):
            self.took.append(time.perf_counter() - began)
        return got

    async def _run(self, lease: Lease) -> None:
        await asyncio.sleep(HOLD_SECONDS)
        key = f"results/{self.owner}/{next(self._numbers)}"
        result = Delivered(key, f"{key}.t", "image/png", 1, 1, 1, "0" * 64)
        if await self.db.write_known(settle, lease, result) is Settled.DONE:
            self.settled += 1

    async def _probe(self) -> bool:
        return await self.db.read(anything_due)


async def work(url: str, seconds: float) -> None:
    """In a process of its own: say `ready`, wait for a line, work for so long, say what was done."""
    hand = Hand(url)
    await hand.db.ping()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    before = time.process_time()
    serving = asyncio.create_task(hand.dispatcher.serve())
    await asyncio.sleep(seconds)
    settled, took, cpu = hand.settled, list(hand.took), time.process_time() - before
    await hand.dispatcher.drain(LEASE_SECONDS)
    await serving
    await hand.dispatcher.finish()  # a claim may have been under way
    await hand.db.close()
    print(json.dumps({"settled": settled, "took": took, "cpu": cpu}), flush=True)


async def fill(url: str, tasks: int) -> None:
    """Users with batches that wait, and all slots open."""
    await migrate.upgrade(url)
    db = Database(url)
    users = [await db.write(add_user, 10 * tasks) for _ in range(USERS)]
    for number in range(tasks // BATCH):
        user_id = users[number % USERS]
        images = await db.write(add_images, user_id, BATCH)
        order = Order(user_id, WISH, MODEL, images, [], f"k{number}", "d", 10 * tasks)
        await db.write(submit, order)
    await db.write(set_concurrency, SLOTS)
    await db.close()


async def measure(url: str, processes: int, seconds: float) -> tuple[float, float, list[float]]:
    """Settled tasks a second, processor seconds of ours for each, and how long the claims took."""
    await fill(url, int(ENOUGH_A_SECOND * seconds))
    command = [sys.executable, "-m", "benchmarks.claims", "--work", url, "--seconds", str(seconds)]
    pipes: dict[str, Any] = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE, "limit": 1 << 24}
    hands = [await asyncio.create_subprocess_exec(*command, **pipes) for _ in range(processes)]
    for hand in hands:
        assert hand.stdout
        assert await hand.stdout.readline() == b"ready\n"
    said = [json.loads(out) for out, _ in await asyncio.gather(*(hand.communicate(b"go\n") for hand in hands))]
    settled = sum(each["settled"] for each in said)
    cpu = sum(each["cpu"] for each in said) / max(1, settled)
    return settled / seconds, cpu, [took for each in said for took in each["took"]]


@contextlib.contextmanager
def database(kind: str) -> Iterator[str]:
    """An empty one."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'claims.sqlite3'}"
        return
    with mariadb.running(*DURABLE) as daemon:
        daemon.server.run("CREATE DATABASE claims CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        yield daemon.server.url("claims")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--databases", nargs="+", choices=["sqlite", "mariadb"], default=["mariadb", "sqlite"])
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        asyncio.run(work(options.work, options.seconds))
        return
    for kind in options.databases:
        alone = None
        for processes in options.processes:
            with database(kind) as url:
                rate, cpu, took = asyncio.run(measure(url, processes, options.seconds))
            alone = alone or rate
            cuts = [1000 * each for each in statistics.quantiles(took, n=100)]
            print(
                f"{kind}, {processes} processes: {rate:.0f} claims/s, {rate / alone:.2f} x the first;"
                f" {1000 * cpu:.0f} ms of processor each;"
                f" a claim takes {cuts[49]:.0f} ms (median), {cuts[98]:.0f} ms (p99)"
            )


if __name__ == "__main__":
    main()
