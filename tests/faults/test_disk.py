"""F10: no room for results, for the database, for what is being uploaded; and room again."""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx

from backend.db import migrate
from tests.fakes.pictures import jpeg
from tests.faults.arena import LEASE, Arena, arena
from tests.faults.fleet import Zygote
from tests.faults.upstream import Manners
from tests.machine import lacks

QUICK = Manners(quickest=0.05, slowest=0.2)
SIZE = "6m"


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own at `folder`, with very little room. Only root can make one."""
    if os.geteuid() != 0:
        lacks("root's rights, to mount a small disk")
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave no byte free; the file to delete afterwards."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(65536))
    with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(512))
    return filler


async def healths(made: Arena) -> list[tuple[int, str]]:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        answers = [await client.get(member.url + "/api/health") for member in made.fleet.members]
    return [(answer.status_code, answer.json()["storage"]) for answer in answers]


async def until(made: Arena, wanted: tuple[int, str], *, everyone: bool) -> None:
    async with asyncio.timeout(20):
        while not (all if everyone else any)(each == wanted for each in await healths(made)):
            await asyncio.sleep(0.1)


async def url_in(folder: Path) -> str:
    url = f"sqlite:///{folder / 'full.sqlite3'}"
    await migrate.upgrade(url)
    return url


async def test_results_without_room_wait_for_it(zygote: Zygote, tmp_path: Path) -> None:
    """Nothing is captured that is not stored, nothing that was paid for is thrown away, and nobody restarts anything."""
    with small_disk(tmp_path / "data" / "uploads") as disk:
        async with arena(zygote, tmp_path, await url_in(tmp_path), size=2, manners=QUICK) as made:
            await made.load.order(images=2)
            await made.load.until_ended(30)
            filler = await asyncio.to_thread(fill, disk)
            async with made.checker.watching():
                promise = await made.load.order(images=3)
                await until(made, (503, "full"), everyone=False)
                captured = f"SELECT id FROM credit_entries WHERE kind = 'capture' AND queue_id = {promise.queue_id}"
                assert not made.books.rows(captured)
                filler.unlink()
                await made.load.until_ended(60)
            await until(made, (200, "ok"), everyone=True)
            assert len(made.books.rows(captured)) == 3
            await made.settle(most_calls=3)


async def test_an_upload_without_room_is_refused_and_leaves_nothing(zygote: Zygote, tmp_path: Path) -> None:
    with small_disk(tmp_path / "data" / "tmp") as disk:
        async with arena(zygote, tmp_path, await url_in(tmp_path), size=2, manners=QUICK) as made:
            filler = await asyncio.to_thread(fill, disk)
            user, member = made.load.users[0], made.fleet.members[0]
            files = {"file": ("new.jpg", jpeg(320, 240), "image/jpeg")}
            headers = {"Authorization": f"Bearer {user.token}"}
            async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
                refused = await client.post(member.url + "/api/batch/images", files=files, headers=headers)
                assert (refused.status_code, refused.json()["code"]) == (503, "storage_full")
                filler.unlink()
                taken = await client.post(member.url + "/api/batch/images", files=files, headers=headers)
            assert taken.status_code == 201
            await made.load.order()
            await made.load.until_ended(30)
            await made.settle()


async def test_a_database_without_room_loses_nothing(zygote: Zygote, tmp_path: Path) -> None:
    """SQLite's own disk: what was answered meanwhile is kept and settled once there is room."""
    with small_disk(tmp_path / "small") as disk:
        async with arena(zygote, tmp_path, await url_in(disk), size=2, manners=QUICK) as made:
            async with made.checker.watching():
                await asyncio.gather(*(made.load.order(images=6) for _ in range(3)))
                await made.relay.until(lambda: made.relay.in_flight >= 3)
                filler = await asyncio.to_thread(fill, disk)
                await asyncio.sleep(LEASE * 1.5)
                filler.unlink()
                await made.load.until_ended(60)
            await made.settle()
