"""The settings that administrators change while the service runs."""

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import DispatchSlot
from backend.config.models import SystemConfig
from backend.db import affected
from backend.settings import Settings
from tests.service import ADMIN_PASSWORD, access_token, problem, running

CONFIG = "/api/admin/config"
DEFAULTS = {"concurrency": 3, "max_retries": 2, "signup_credits": 50, "registration_open": True, "retention_days": 30}


async def open_slots(app: FastAPI) -> int:
    async def count(session: AsyncSession) -> int:
        return await session.scalar(select(func.count()).where(DispatchSlot.enabled)) or 0

    return int(await app.state.db.read(count))


async def test_defaults_and_any_subset(admin: httpx.AsyncClient) -> None:
    assert (await admin.get(CONFIG)).json() == DEFAULTS
    assert (await admin.put(CONFIG, json={"max_retries": 0, "retention_days": 0})).json() == DEFAULTS | {
        "max_retries": 0,
        "retention_days": 0,
    }
    assert (await admin.put(CONFIG, json={})).json() == (await admin.get(CONFIG)).json()
    assert (await admin.put(CONFIG, json=DEFAULTS)).json() == DEFAULTS


async def test_concurrency_takes_hold(app: FastAPI, admin: httpx.AsyncClient) -> None:
    """L01, L04"""
    assert await open_slots(app) == 3
    for concurrency in [1, 10]:
        assert (await admin.put(CONFIG, json={"concurrency": concurrency})).status_code == 200
        assert await open_slots(app) == concurrency
        assert (await admin.get("/api/batch/config")).json()["concurrency"] == concurrency


BAD_CONCURRENCY: list[str] = [
    "0", "11", "-1", "1.5", "3.0", '"5"', "true", "null", '"abc"', "NaN", "Infinity", "-Infinity", "1e400",
    "1e1", "[]", "{}", "1e30", "1" + "0" * 30,
]  # fmt: skip


async def test_no_concurrency(app: FastAPI, admin: httpx.AsyncClient) -> None:
    """L02, D02"""
    for text in BAD_CONCURRENCY:
        body = f'{{"concurrency": {text}}}'.encode()
        answer = await admin.put(CONFIG, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in {400, 422}
        problem(answer)
        assert (await admin.get(CONFIG)).json() == DEFAULTS
        assert await open_slots(app) == 3


BAD_SETTINGS: list[dict[str, Any]] = [
    {"max_retries": -1}, {"max_retries": 6}, {"max_retries": "2"}, {"signup_credits": -1},
    {"signup_credits": 10**12}, {"signup_credits": 1.5}, {"registration_open": 1},
    {"registration_open": "false"}, {"registration_open": None}, {"retention_days": -1},
    {"retention_days": 10**9}, {"concurency": 5}, {"dispatch_paused": True},
    {"concurrency": 5, "max_retries": 9},
]  # fmt: skip


async def test_no_setting(app: FastAPI, admin: httpx.AsyncClient) -> None:
    """L16, D06"""
    for change in BAD_SETTINGS:
        assert problem(await admin.put(CONFIG, json=change)) == (422, "validation_failed")
        assert (await admin.get(CONFIG)).json() == DEFAULTS
        assert await open_slots(app) == 3


async def test_two_administrators_at_once_agree_in_the_end(app: FastAPI, admin: httpx.AsyncClient) -> None:
    """L05, L06"""
    answers = await asyncio.gather(*(admin.put(CONFIG, json={"concurrency": 1 + n % 10}) for n in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert await open_slots(app) == (await admin.get(CONFIG)).json()["concurrency"]


async def test_a_setting_outlives_a_restart_and_a_spoilt_one_is_replaced(settings: Settings) -> None:
    """L08, L09"""

    async def spoil(session: AsyncSession) -> None:
        row = SystemConfig.config_key == "max_retries"
        await affected(session, update(SystemConfig).where(row).values(config_value="'abc'"))

    async with running(settings) as app:
        async with client_of(app) as client:
            client.headers["Authorization"] = f"Bearer {await access_token(client, 'admin', ADMIN_PASSWORD)}"
            await client.put(CONFIG, json={"concurrency": 7, "max_retries": 4})
        await app.state.db.write(spoil)
    async with running(settings) as app, client_of(app) as client:
        client.headers["Authorization"] = f"Bearer {await access_token(client, 'admin', ADMIN_PASSWORD)}"
        assert (await client.get(CONFIG)).json() == DEFAULTS | {"concurrency": 7}
        assert await open_slots(app) == 7


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://photos.test")


async def test_what_changed_is_written_down(admin: httpx.AsyncClient) -> None:
    await admin.put(CONFIG, json={"concurrency": 5, "max_retries": 2})
    await admin.put(CONFIG, json={"concurrency": 5})
    [entry] = (await admin.get("/api/admin/audit")).json()["items"]
    assert (entry["actor"], entry["action"], entry["target"]) == ("admin", "config.change", "config")
    assert entry["detail"] == {"concurrency": {"from": 3, "to": 5}}


async def test_cleanup_counts_first_and_then_deletes(admin: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    body = {"older_than_days": 0, "dry_run": True}
    nothing = {"queues": 0, "tasks": 0, "images": 0, "bytes": 0}
    answer = await admin.post("/api/admin/cleanup", json=body)
    assert (answer.status_code, answer.json()) == (200, nothing)
    answer = await admin.post("/api/admin/cleanup", json={"older_than_days": 0})
    assert (answer.status_code, answer.json()) == (200, nothing)
    [entry] = (await admin.get("/api/admin/audit")).json()["items"]
    assert (entry["action"], entry["detail"]) == ("cleanup", {"older_than_days": 0} | nothing)
    for bad in ({}, {"older_than_days": -1}, {"older_than_days": "30"}, {"older_than_days": 30, "dry_run": None}):
        assert (await admin.post("/api/admin/cleanup", json=bad)).status_code == 422
