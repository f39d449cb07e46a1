"""A process that dies in the middle of a batch: what was in flight is in work again, and every image is delivered once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.pictures import jpeg
from tests.fakes.relay import ImageRelay
from tests.processes import Server

IMAGES = 8


@pytest.fixture
async def relay() -> AsyncIterator[ImageRelay]:
    async with ImageRelay(latency=0.5) as relay:
        yield relay


@pytest.fixture
async def server(tmp_path: Path, database_url: str, relay: ImageRelay) -> AsyncIterator[Server]:
    async with Server(
        tmp_path,
        database_url=database_url,
        jwt_secret="0123456789abcdef" * 4,
        encryption_key="fedcba9876543210" * 4,
        ai_provider="openai-chat",
        ai_api_base_url=relay.base_url,
        ai_api_key=relay.key,
    ) as server:
        yield server


async def order(server: Server, count: int = IMAGES) -> int:
    files = [("images", ("same.jpg", jpeg(64 + n, 64), "image/jpeg")) for n in range(count)]
    answer = await server.client.post("/api/batch/queues", files=files, data={"prompt": "x"})
    answer.raise_for_status()
    return int(answer.json()["id"])


async def until_in_flight(relay: ImageRelay, count: int) -> None:
    async with asyncio.timeout(60):
        while relay.in_flight < count:
            await asyncio.sleep(0.01)


async def test_kill_9_in_mid_batch_loses_nothing_and_charges_once(server: Server, relay: ImageRelay) -> None:
    before = (await server.get("/api/auth/me"))["credits"]
    queue_id = await order(server)
    await until_in_flight(relay, 3)
    await server.kill()
    await server.start()
    queue = await server.until_ended(queue_id)
    assert (queue["status"], queue["completed_images"]) == ("completed", IMAGES)
    tasks = (await server.get(f"/api/batch/queues/{queue_id}/tasks?limit=100"))["items"]
    assert all(task["attempts"] == 1 for task in tasks)
    results = [task["generated_image"]["id"] for task in tasks]
    assert len(set(results)) == IMAGES
    ledger = (await server.get(f"/api/auth/credits?queue_id={queue_id}&limit=100"))["items"]
    assert sorted(line["kind"] for line in ledger) == ["capture"] * IMAGES + ["hold"] * IMAGES
    assert (await server.get("/api/auth/me"))["credits"] == before - IMAGES
    assert IMAGES <= len(relay.requests) <= IMAGES + 3


async def test_a_dead_owner_of_this_host_is_rescued_at_the_start(server: Server, relay: ImageRelay) -> None:
    await order(server)
    await until_in_flight(relay, 3)
    await server.kill()
    calls = len(relay.requests)
    await server.start()
    assert '"rescued": 3' in server.log.read_text()
    async with asyncio.timeout(10):
        while len(relay.requests) < calls + 3:
            await asyncio.sleep(0.01)


async def test_a_signal_lets_what_is_in_flight_finish(server: Server, relay: ImageRelay) -> None:
    queue_id = await order(server)
    await until_in_flight(relay, 3)
    assert await server.terminate() == 0
    assert len(relay.requests) == 3
    await server.start()
    queue = await server.until_ended(queue_id)
    assert queue["completed_images"] == IMAGES
    assert len(relay.requests) == IMAGES
