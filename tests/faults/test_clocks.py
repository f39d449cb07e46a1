"""F12: wall clocks that are an hour off, and a database server whose clock is set while work goes on."""

import asyncio
import time
from pathlib import Path

import pytest

from tests import mariadb
from tests.faults import broken, trials
from tests.faults.arena import arena
from tests.faults.conftest import SIZES
from tests.faults.fleet import Zygote
from tests.faults.upstream import Manners
from tests.machine import lacks

LIBRARY = "usr/lib/*/faketime/libfaketime.so.1"
HOUR = 3600
STEP = 10
"""Seconds that the database's clock is set forward and back: five leases."""


@pytest.mark.thorough
async def test_processes_whose_clocks_are_an_hour_off(tmp_path: Path, database_url: str, database_kind: str) -> None:
    """One is an hour ahead, another an hour behind: what two processes compare is the database's time."""
    tree = broken.tree(tmp_path / "tree", broken.WALL_CLOCK)
    async with Zygote(tree) as zygote, arena(zygote, tmp_path, database_url, size=SIZES[database_kind]) as made:
        for member, off in zip(made.fleet.members, (HOUR, -HOUR), strict=False):
            await member.kill()
            await member.start(CLOCK_OFF=str(off))
        await trials.calm(made)


@pytest.mark.thorough
async def test_a_database_whose_clock_is_set_forward_and_back(zygote: Zygote, tmp_path: Path) -> None:
    """Forward, every lease runs out at once: that costs work, and nothing else. Back, what was to wait waits longer."""
    library = next(Path("/").glob(LIBRARY), None) or lacks("libfaketime")
    clock = tmp_path / "clock"
    clock.write_text("+0")
    faked = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with mariadb.running(**faked) as daemon:
        daemon.server.run("CREATE DATABASE clocks CHARACTER SET utf8mb4")
        url = daemon.server.url("clocks")
        async with arena(zygote, tmp_path / "run", url, size=2, manners=Manners(0.3, 0.8)) as made:
            made.checker.forced = True  # a lease that ran out by the database's clock is still beaten for
            async with made.checker.watching():
                orders = asyncio.create_task(made.load.run(6))
                for off in (STEP, 0):
                    await asyncio.sleep(1)
                    clock.write_text(f"+{off}")
                    await asyncio.to_thread(until_off, daemon, off)
                await orders
                await made.load.until_ended(60)
            await made.settle()


def until_off(daemon: mariadb.Daemon, off: int) -> None:
    """Wait until the server's clock shows it: it looks at its file every second."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        shown = daemon.server.run("SELECT UNIX_TIMESTAMP()")[0][0]
        if abs(shown - time.time() - off) < STEP / 2:
            return
        time.sleep(0.1)
    raise TimeoutError("the server's clock was not set")
