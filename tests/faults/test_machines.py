"""Several machines are one service: one limit, one administrator's word, one storage, whoever is asked.

On MariaDB each process has a data folder of its own and the images lie in a bucket; on SQLite they are processes of one
machine.
"""

import asyncio
import contextlib
import json
import time
import zipfile
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from typing import Any

import httpx
import pytest

from tests.faults import evidence
from tests.faults.arena import Arena
from tests.faults.books import LEFTOVERS
from tests.faults.conftest import MakeArena
from tests.faults.fleet import Member
from tests.faults.load import User
from tests.faults.upstream import Manners
from tests.s3 import Bucket

SLOW = Manners(quickest=0.4, slowest=0.6)
WAIT_SECONDS = 60.0
LEASE = 10.0
"""Nobody dies here: a busy machine alone must not make anybody stop its own calls."""
MakeMachines = Callable[..., contextlib.AbstractAsyncContextManager[Arena]]


@pytest.fixture
def make_machines(make_arena: MakeArena, database_kind: str, request: pytest.FixtureRequest) -> MakeMachines:
    """Two machines that serve and two that only work; on SQLite one process less, all on one machine."""

    def make(**options: object) -> contextlib.AbstractAsyncContextManager[Arena]:
        if database_kind == "sqlite":
            return make_arena(size=3, workers=1, lease=LEASE, **options)
        bucket: Bucket = request.getfixturevalue("bucket")
        return make_arena(size=4, workers=2, apart=True, lease=LEASE, **bucket.settings("images"), **options)

    return make


async def eventually(holds: Callable[[], Any]) -> float:
    """Wait until `holds()`; how many seconds that took."""
    began = time.monotonic()
    async with asyncio.timeout(WAIT_SECONDS):
        while not (await found if asyncio.iscoroutine(found := holds()) else found):
            await asyncio.sleep(0.02)
    return time.monotonic() - began


async def all_done(arena: Arena) -> None:
    """Wait until no image waits or runs."""
    await eventually(lambda: not arena.books.rows(LEFTOVERS["L1 every task has ended"]))


async def health(arena: Arena, member: Member) -> dict[str, Any]:
    answer = await arena.load.ask("", "GET", "/api/health", member=member)
    found: dict[str, Any] = answer.json()["dispatcher"]
    return found


@contextlib.asynccontextmanager
async def page(member: Member, user: User) -> AsyncIterator[list[tuple[str, dict[str, Any]]]]:
    """A page connected to `member`: what it is told, as it comes."""
    told: list[tuple[str, dict[str, Any]]] = []

    async def listen(answer: httpx.Response) -> None:
        name = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                told.append((name, json.loads(line.removeprefix("data: "))))

    async with (
        httpx.AsyncClient(trust_env=False, timeout=WAIT_SECONDS) as client,
        client.stream(
            "GET", member.url + "/api/batch/events", headers={"Authorization": f"Bearer {user.token}"}
        ) as answer,
    ):
        answer.raise_for_status()
        listening = asyncio.create_task(listen(answer))
        try:
            yield told
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def test_the_limit_is_one_for_all(make_machines: MakeMachines) -> None:
    """By the upstream's own count, while everybody takes orders; and it is used."""
    async with make_machines(manners=SLOW) as arena, arena.checker.watching():
        for number in range(4):
            server = arena.fleet.servers[number % 2]
            user = arena.load.users[number % 3]
            body = {"image_ids": user.images, "prompt": f"limit{number} x"}
            answer = await arena.load.ask(user.token, "POST", "/api/batch/queues", member=server, json=body)
            assert answer.status_code == 201, answer.text
        await all_done(arena)
        await arena.settle(most_calls=1)
        assert arena.relay.journal.most_open == arena.checker.limit


@pytest.mark.thorough
async def test_workers_go_on_where_servers_leave(make_machines: MakeMachines) -> None:
    """A stop of every server in the middle of the load: nobody who is left waits for anything."""
    async with make_machines(manners=SLOW) as arena, arena.checker.watching():
        promises = [await arena.load.order(images=6) for _ in range(3)]
        await asyncio.gather(*(server.terminate() for server in arena.fleet.servers))
        workers = {worker.pid for worker in arena.fleet.workers}
        ended = "SELECT COUNT(*) FROM batch_queues WHERE status = 'completed'"
        await eventually(lambda: arena.books.rows(ended) == [(len(promises),)])
        found = evidence.attempts(arena.fleet.passes(), arena.fleet.diary)
        assert {attempt.pid for attempt in found} & workers
        await arena.settle(most_calls=1)


async def test_an_administrators_word_reaches_all(make_machines: MakeMachines) -> None:
    """Said to one, true for all: by what the others tell, and by what the upstream sees."""
    async with make_machines(manners=SLOW) as arena, arena.checker.watching():
        one, *others = arena.fleet.members
        for number in range(4):
            await arena.load.order(images=6, user=arena.load.users[number % 3])

        async def all_say(**wanted: object) -> bool:
            told = [await health(arena, member) for member in others]
            return all(each[name] == value for each in told for name, value in wanted.items())

        async def change(limit: int) -> tuple[float, float]:
            await arena.load.admin("PUT", "/config", member=one, json={"concurrency": limit})
            since = time.monotonic()
            print(f"limit {limit} seen by all after {await eventually(lambda: all_say(concurrency=limit)):.2f} s")
            await asyncio.sleep(1.5)
            return since, time.monotonic()

        limits = [(*await change(limit), limit) for limit in (1, 3, 2)]
        await arena.load.admin("POST", "/batch/pause", member=one)
        print(f"paused, seen by all after {await eventually(lambda: all_say(status='paused')):.2f} s")
        await eventually(lambda: not arena.books.rows(LEFTOVERS["L2 no slot is taken"]))
        asked = len(arena.relay.journal.calls)
        await asyncio.sleep(2.0)
        assert len(arena.relay.journal.calls) == asked, "somebody has not heard of the pause"
        await arena.load.admin("POST", "/batch/resume", member=others[0])
        print(f"going on after {await eventually(lambda: len(arena.relay.journal.calls) > asked):.2f} s")
        await eventually(lambda: all_say(status="running"))
        await all_done(arena)
        found = evidence.attempts(arena.fleet.passes(), arena.fleet.diary)
        assert evidence.on_closed_slots(found, limits) == []
        await arena.load.admin("PUT", "/config", member=one, json={"concurrency": 3})
        await arena.settle()


async def test_a_page_hears_of_what_another_process_settles(make_machines: MakeMachines) -> None:
    async with make_machines(manners=SLOW) as arena, arena.checker.watching():
        user = arena.load.users[0]
        first, second = arena.fleet.servers
        async with page(second, user) as told:
            body = {"image_ids": user.images, "prompt": "elsewhere x"}
            await arena.load.ask(user.token, "POST", "/api/batch/queues", member=first, json=body)
            await eventually(lambda: [state for name, state in told if name == "queue" and state["completed_at"]])
            heard = {state["id"] for name, state in told if name == "task" and state["status"] == "completed"}
        found = evidence.attempts(arena.fleet.passes(), arena.fleet.diary)
        assert heard == {attempt.task for attempt in found}
        assert [attempt for attempt in found if attempt.pid != second.pid]
        await arena.settle(most_calls=1)


async def test_what_one_took_in_another_serves(make_machines: MakeMachines) -> None:
    """Uploads, results, thumbnails and archives lie where all of them look."""
    async with make_machines() as arena, arena.checker.watching():
        user = arena.load.users[0]
        _, second = arena.fleet.servers
        promise = await arena.load.order(user, images=3)
        await arena.load.until_ended(WAIT_SECONDS)
        tasks = await arena.load.ask(user.token, "GET", f"/api/batch/queues/{promise.queue_id}/tasks", member=second)
        for task in tasks.json()["items"]:
            for side in ("original_image", "generated_image"):
                for url in (task[side]["url"], task[side]["thumbnail_url"]):
                    answer = await arena.load.ask(user.token, "GET", url, member=second)
                    assert answer.status_code == 200, url
                    assert answer.headers["content-type"].startswith("image/")
        answer = await arena.load.ask(user.token, "GET", f"/api/batch/queues/{promise.queue_id}/archive", member=second)
        with zipfile.ZipFile(BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            assert len([name for name in archive.namelist() if name.endswith((".png", ".jpg"))]) == promise.images
        await arena.settle()


async def test_a_cancel_at_one_stops_the_call_of_another(make_machines: MakeMachines) -> None:
    async with make_machines(manners=Manners(quickest=60, slowest=60)) as arena, arena.checker.watching():
        user = arena.load.users[0]
        promise = await arena.load.order(user, images=1)
        await eventually(lambda: arena.relay.open_calls() == 1)
        (attempt,) = evidence.attempts(arena.fleet.passes(), arena.fleet.diary)
        other = next(server for server in arena.fleet.servers if server.pid != attempt.pid)
        await arena.load.ask(user.token, "POST", f"/api/batch/queues/{promise.queue_id}/cancel", member=other)
        promise.cancelled_at = time.monotonic()
        print(f"hung up after {await eventually(lambda: arena.relay.open_calls() == 0):.2f} s")
        (queue,) = await arena.load.until_ended(WAIT_SECONDS)
        assert queue["status"] == "cancelled"
        await arena.settle(most_calls=1, grace=1.0)
