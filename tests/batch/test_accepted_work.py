"""Work that an upstream has accepted under an id survives our own end: it is asked for again, not ordered again."""

import contextlib
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchTask
from backend.settings import Settings
from backend.upstreams.dashscope import DashScope
from tests.batch.books import assert_books_balance
from tests.batch.upstreams import ended, ordered
from tests.fakes.vendors import FakeDashScope
from tests.service import ADMIN_PASSWORD, SITE, access_token, running


@pytest.fixture
async def scope() -> AsyncIterator[FakeDashScope]:
    async with FakeDashScope() as scope:
        yield scope


@pytest.fixture
def settings(settings: Settings, scope: FakeDashScope, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(DashScope, "first_poll_seconds", 0.01)
    upstream = {
        "name": "scope",
        "provider": "dashscope",
        "base_url": scope.base_url,
        "api_key": scope.key,
        "dialect": "dashscope-async",
    }
    models = [{"id": "qwen", "upstream": "scope"}]
    update = {
        "ai_provider": "dashscope",
        "ai_upstreams": json.dumps([upstream]),
        "ai_models": json.dumps(models),
        "upstream_allowed_hosts": (scope.netloc,),
        "drain_seconds": 0.0,
    }
    return settings.model_copy(update=update)


@contextlib.asynccontextmanager
async def administrator(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=("192.0.2.1", 50000))
    async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
        client.headers["Authorization"] = f"Bearer {await access_token(client, 'admin', ADMIN_PASSWORD)}"
        yield client


async def jobs(session: AsyncSession) -> list[str | None]:
    return list(await session.scalars(select(BatchTask.upstream_job)))


async def test_a_restart_orders_nothing_twice(settings: Settings, scope: FakeDashScope) -> None:
    scope.states = ("RUNNING",)
    async with running(settings) as app, administrator(app) as client:
        queue_id = await ordered(client, 1)
        await scope.until(lambda: len(scope.requests) >= 3)
        assert await app.state.db.read(jobs) == ["task-0001"]
    scope.states = ("SUCCEEDED",)
    async with running(settings) as app, administrator(app) as client:
        queue = await ended(client, app, queue_id)
        assert (queue["status"], queue["completed_images"], queue["credits_spent"]) == ("completed", 1, 1)
        await app.state.db.read(assert_books_balance)
    assert [request.method for request in scope.requests].count("POST") == 1
