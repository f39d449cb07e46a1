"""Work that an upstream has accepted under an id survives our own end: it is asked for again, not ordered again."""

import contextlib
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch import policy, runner
from backend.batch.lease import Lease
from backend.batch.models import BatchTask
from backend.settings import Settings
from backend.upstreams.dashscope import DashScope
from tests.batch.books import assert_books_balance
from tests.batch.upstreams import ended, look, ordered, paused
from tests.fakes.relay import ImageRelay
from tests.fakes.vendors import FakeDashScope
from tests.fakes.wire import Answer, Received
from tests.service import ADMIN_PASSWORD, SITE, access_token, running


@pytest.fixture
async def scope() -> AsyncIterator[FakeDashScope]:
    async with FakeDashScope() as scope:
        yield scope


@pytest.fixture
async def backup() -> AsyncIterator[ImageRelay]:
    async with ImageRelay(key="sk-backup-9876543210fedcba") as relay:
        yield relay


@pytest.fixture
def settings(settings: Settings, scope: FakeDashScope, backup: ImageRelay, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(DashScope, "first_poll_seconds", 0.01)
    upstream = {
        "name": "scope",
        "provider": "dashscope",
        "base_url": scope.base_url,
        "api_key": scope.key,
        "dialect": "dashscope-async",
    }
    standby = {"name": "backup", "provider": "openai-chat", "base_url": backup.base_url, "api_key": backup.key}
    models = [
        {"id": "qwen", "upstream": "scope"},
        {"id": "safe", "upstream": "scope", "fallback": "other"},
        {"id": "other", "upstream": "backup"},
    ]
    update = {
        "ai_provider": "dashscope",
        "ai_upstreams": json.dumps([upstream, standby]),
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


async def test_a_database_that_is_away_when_work_is_accepted_orders_nothing_twice(
    settings: Settings, scope: FakeDashScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id is only for our own end; without it the work is waited for all the same."""

    async def away(session: AsyncSession, lease: Lease, upstream_job: str) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(runner, "note_job", away)
    async with running(settings) as app, administrator(app) as client:
        queue = await ended(client, app, await ordered(client, 1))
        assert (queue["completed_images"], queue["credits_spent"]) == (1, 1)
        await app.state.db.read(assert_books_balance)
    assert [request.method for request in scope.requests].count("POST") == 1


async def test_what_was_accepted_is_not_ordered_again_from_a_standby(
    settings: Settings, scope: FakeDashScope, backup: ImageRelay
) -> None:
    """The key is rejected while the work is under way: it may be done and charged, so its result is waited for."""
    key = scope.key

    def lost(request: Received) -> Answer:
        if request.method == "POST":
            scope.key = "sk-rotated-by-the-vendor"
        return FakeDashScope.default(scope, request)

    scope.default = lost  # type: ignore[method-assign]
    async with running(settings) as app, administrator(app) as client:
        queue_id = await ordered(client, 1, model="safe")
        assert (await paused(client, app, queue_id))["paused_reason"] == "upstream_rejected_auth"
        assert await app.state.db.read(jobs) == ["task-0001"]
        scope.key = key
        await look(app)
        assert (await ended(client, app, queue_id))["completed_images"] == 1
        await app.state.db.read(assert_books_balance)
    assert [request.method for request in scope.requests].count("POST") == 1
    assert not backup.requests


async def test_a_standby_is_not_asked_for_another_s_work(
    settings: Settings, scope: FakeDashScope, backup: ImageRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "BACKOFF_BASE", 0.02)
    scope.states = ("FAILED",)
    async with running(settings) as app, administrator(app) as client:
        queue = await ended(client, app, await ordered(client, 1, model="safe"))
        assert (queue["completed_images"], len(backup.requests)) == (1, 1)
        assert await app.state.db.read(jobs) == [None]
        await app.state.db.read(assert_books_balance)
