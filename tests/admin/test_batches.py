"""Everybody's batches: looked at, stopped, and the dispatcher held."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from tests.fakes.pictures import jpeg
from tests.service import Register, problem

BATCH = "/api/admin/batch"


async def make(client: httpx.AsyncClient, name: str, *, images: int = 2, prompt: str = "水彩画风") -> int:
    files = [("images", (f"{name}-{n}.jpg", jpeg(32, 32 + n), "image/jpeg")) for n in range(images)]
    answer = await client.post("/api/batch/queues", data={"prompt": prompt, "batch_name": name}, files=files)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def finished(app: FastAPI, client: httpx.AsyncClient, queue_id: int) -> int:
    """The same batch, once it has ended."""
    user_id = (await client.get("/api/auth/me")).json()["id"]
    with app.state.feed.subscribe(user_id, queue_id) as changes:
        async with asyncio.timeout(60):
            while (await client.get(f"/api/batch/queues/{queue_id}")).json()["completed_at"] is None:
                await changes.next(30)
    return queue_id


@pytest.fixture
async def held(admin: httpx.AsyncClient) -> httpx.AsyncClient:
    """The administrator, with the dispatcher held: what is made in the test stays as it is."""
    assert (await admin.post(f"{BATCH}/pause")).json() == {"status": "paused"}
    return admin


async def names(client: httpx.AsyncClient, **params: object) -> list[str]:
    answer = await client.get(f"{BATCH}/queues", params={**params})
    assert answer.status_code == 200, answer.text
    return [queue["batch_name"] for queue in answer.json()["items"]]


async def test_everybodys_batches(held: httpx.AsyncClient, register: Register) -> None:
    lin, chen = await register("lin"), await register("chen")
    await make(lin, "summer 100%", prompt="sunny")
    await make(chen, "winter_1")
    last = await make(lin, "autumn")
    chens_id = (await chen.get("/api/auth/me")).json()["id"]
    [newest, *_] = (await held.get(f"{BATCH}/queues")).json()["items"]
    own = (await lin.get(f"/api/batch/queues/{last}")).json()
    assert newest == own | {"username": "lin", "user_id": newest["user_id"]}
    assert newest["paused_reason"] == "admin"
    assert await names(held) == ["autumn", "winter_1", "summer 100%"]
    assert await names(held, user_id=chens_id) == ["winter_1"]
    assert await names(held, q="SUN") == ["summer 100%"]
    assert await names(held, q="%") == ["summer 100%"]
    assert await names(held, q="_") == ["winter_1"]
    assert await names(held, status="pending") == ["autumn", "winter_1", "summer 100%"]
    assert await names(held, status="failed") == []
    first = (await held.get(f"{BATCH}/queues", params={"limit": 2})).json()
    assert await names(held, cursor=first["next_cursor"]) == ["summer 100%"]
    for params in (
        {"status": "done"},
        {"status": "PENDING"},
        {"user_id": 0},
        {"user_id": "x"},
        {"user_id": 2**63},
        {"q": "x" * 201},
    ):
        assert problem(await held.get(f"{BATCH}/queues", params=params)) == (422, "validation_failed")


async def test_everybodys_images(held: httpx.AsyncClient, register: Register) -> None:
    lin, chen = await register("lin"), await register("chen")
    queue_id = await make(lin, "summer", prompt="sunny")
    await make(chen, "winter", images=1)
    chens_id = (await chen.get("/api/auth/me")).json()["id"]

    async def files(**params: object) -> list[str]:
        items = (await held.get(f"{BATCH}/tasks", params={**params})).json()["items"]
        return [item["original_filename"] for item in items]

    assert await files() == ["winter-0.jpg", "summer-1.jpg", "summer-0.jpg"]
    assert await files(user_id=chens_id) == ["winter-0.jpg"]
    assert await files(q="R-1") == ["summer-1.jpg"]
    assert await files(q="sunny") == ["summer-1.jpg", "summer-0.jpg"]
    assert await files(q="%") == []
    assert await files(status="completed") == []
    first = (await held.get(f"{BATCH}/tasks", params={"limit": 2})).json()
    assert await files(cursor=first["next_cursor"]) == ["summer-0.jpg"]
    task = first["items"][1]
    assert (task["username"], task["batch_name"], task["queue_id"]) == ("lin", "summer", queue_id)
    assert task == (await lin.get(f"/api/batch/tasks/{task['id']}")).json() | {
        name: task[name] for name in ("username", "batch_name", "user_id")
    }
    # an administrator may look at the image itself; another user may not
    assert (await held.get(task["original_image"]["url"])).status_code == 200
    assert problem(await chen.get(task["original_image"]["url"])) == (404, "not_found")


async def test_anybodys_batch_is_stopped_and_paid_back(held: httpx.AsyncClient, register: Register) -> None:
    lin = await register("lin")
    queue_id = await make(lin, "summer", images=3)
    assert (await lin.get("/api/auth/me")).json()["credits"] == 47
    for _ in range(2):
        stopped = await held.post(f"{BATCH}/queues/{queue_id}/cancel")
        assert (stopped.status_code, stopped.json()["status"], stopped.json()["username"]) == (200, "cancelled", "lin")
    assert (await lin.get("/api/auth/me")).json()["credits"] == 50
    assert (
        sum(
            line["delta"]
            for line in (await lin.get("/api/auth/credits", params={"queue_id": queue_id})).json()["items"]
        )
        == 0
    )
    assert problem(await held.post(f"{BATCH}/queues/999999/cancel")) == (404, "not_found")
    actions = [(entry["action"], entry["target"]) for entry in (await held.get("/api/admin/audit")).json()["items"]]
    assert actions == [("batch.cancel", f"queue {queue_id}"), ("batch.pause", "dispatcher")]


async def test_why_a_batch_was_stopped_stands_in_the_audit_log(held: httpx.AsyncClient, register: Register) -> None:
    queue_id = await make(await register("lin"), "summer", images=1)
    url = f"{BATCH}/queues/{queue_id}/cancel"
    refused = await held.post(url, json={"note": "x" * 501})
    assert problem(refused) == (422, "validation_failed")
    assert refused.json()["errors"][0]["loc"] == ["body", "note"]
    for note in (" out of paper ", "said again"):
        assert (await held.post(url, json={"note": note})).json()["status"] == "cancelled"
    entries = (await held.get("/api/admin/audit")).json()["items"]
    assert [entry["detail"] for entry in entries if entry["action"] == "batch.cancel"] == [{"note": "out of paper"}]


async def test_held_nothing_starts_and_released_it_goes_on(
    app: FastAPI, held: httpx.AsyncClient, register: Register
) -> None:
    lin = await register("lin")
    queue_id = await make(lin, "summer", images=1)
    assert (await held.post(f"{BATCH}/pause")).json() == {"status": "paused"}
    assert (await held.get("/api/health")).json()["dispatcher"]["status"] == "paused"
    assert (await lin.get(f"/api/batch/queues/{queue_id}")).json()["started_at"] is None
    assert (await held.post(f"{BATCH}/resume")).json() == {"status": "running"}
    assert (await held.get("/api/health")).json()["dispatcher"]["status"] == "running"
    queue = (await lin.get(f"/api/batch/queues/{await finished(app, lin, queue_id)}")).json()
    assert (queue["status"], queue["paused_reason"]) == ("completed", None)
    actions = [entry["action"] for entry in (await held.get("/api/admin/audit")).json()["items"]]
    assert actions == ["batch.resume", "batch.pause"]
    assert problem(await held.post(f"{BATCH}/queues/{queue_id}/cancel")) == (409, "invalid_state")


async def test_who_changed_what_in_pages(admin: httpx.AsyncClient) -> None:
    for n in range(5):
        await admin.put("/api/admin/config", json={"signup_credits": n})
    first = (await admin.get("/api/admin/audit", params={"limit": 3})).json()
    rest = (await admin.get("/api/admin/audit", params={"cursor": first["next_cursor"]})).json()
    assert [e["detail"]["signup_credits"]["to"] for e in first["items"] + rest["items"]] == [4, 3, 2, 1, 0]
    assert rest["next_cursor"] is None
