"""How the service did lately: counted right, within the window, and through indexes only."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.admin import queries
from backend.batch.models import BatchQueue, BatchTask
from backend.db import utc_after
from tests.admin.test_batches import finished, make
from tests.service import Register, problem

STATS, LATENCY = "/api/admin/batch/stats", "/api/admin/batch/latency"
DAY = 24 * 3600.0


async def fail(session: AsyncSession, task_id: int, code: str | None, seconds: float) -> None:
    """By hand: this image failed just now, after so many seconds."""
    values = {"status": "failed", "error_code": code, "started_at": utc_after(-seconds), "completed_at": utc_after(0)}
    await session.execute(update(BatchTask).where(BatchTask.id == task_id).values(**values))


async def took(session: AsyncSession, queue_id: int, seconds: float) -> None:
    values = {"started_at": utc_after(-seconds), "completed_at": utc_after(0)}
    await session.execute(update(BatchTask).where(BatchTask.queue_id == queue_id).values(**values))


async def long_ago(session: AsyncSession, queue_id: int, days: float) -> None:
    then = utc_after(-days * DAY)
    await session.execute(update(BatchQueue).where(BatchQueue.id == queue_id).values(completed_at=then))
    await session.execute(
        update(BatchTask).where(BatchTask.queue_id == queue_id).values(started_at=then, completed_at=then)
    )


def summed(points: list[dict[str, Any]], name: str) -> int:
    return sum(point[name] for point in points)


async def test_an_empty_service(admin: httpx.AsyncClient) -> None:
    stats = (await admin.get(STATS)).json()
    assert set(stats) == {
        "queues_by_status", "tasks_by_status", "total_images", "completed_images", "failed_images", "in_flight",
        "throughput", "latency_seconds", "errors_by_code", "credits",
    }  # fmt: skip
    assert set(stats["queues_by_status"]) == {
        "pending", "processing", "paused", "awaiting_approval", "completed", "failed", "cancelled",
    }  # fmt: skip
    assert set(stats["tasks_by_status"]) == {"pending", "processing", "completed", "failed", "cancelled"}
    assert stats["latency_seconds"] == {"p50": None, "p95": None}
    assert stats["credits"] == {"held": 0, "spent": 0, "released": 0}
    assert stats["errors_by_code"] == {}
    assert {(point["completed"], point["failed"]) for point in stats["throughput"]} == {(0, 0)}


@pytest.mark.parametrize(("days", "step"), [(1, 900), (7, 3600), (30, 6 * 3600), (90, 24 * 3600)])
async def test_the_window_is_whole_steps_without_a_gap(admin: httpx.AsyncClient, days: int, step: int) -> None:
    for address, points in ((STATS, "throughput"), (LATENCY, "items")):
        answer = (await admin.get(address, params={"days": days})).json()[points]
        times = [datetime.fromisoformat(point["time"]) for point in answer]
        assert {(later - sooner).total_seconds() for sooner, later in pairwise(times)} == {step}
        assert times[0].timestamp() % step == 0
        assert times[0] <= datetime.now(UTC) - timedelta(days=days) < times[0] + timedelta(seconds=2 * step)
        assert times[-1] <= datetime.now(UTC) < times[-1] + timedelta(seconds=2 * step)


async def test_what_is_open_and_what_ended(app: FastAPI, admin: httpx.AsyncClient, register: Register) -> None:
    lin = await register("lin")
    done = await finished(app, lin, await make(lin, "done", images=3))
    await admin.post("/api/admin/batch/pause")
    await make(lin, "waiting", images=2)
    stopped = await make(lin, "stopped", images=4)
    await lin.post(f"/api/batch/queues/{stopped}/cancel")
    await app.state.db.write(took, done, 7.0)
    stats = (await admin.get(STATS)).json()
    open_and_ended = {"pending": 2, "processing": 0, "completed": 3, "failed": 0, "cancelled": 4}
    assert stats["tasks_by_status"] == open_and_ended
    assert (stats["total_images"], stats["completed_images"], stats["failed_images"]) == (9, 3, 0)
    assert {status: count for status, count in stats["queues_by_status"].items() if count} == {
        "pending": 1, "completed": 1, "cancelled": 1,
    }  # fmt: skip
    assert stats["credits"] == {"held": 2, "spent": 3, "released": 4}
    assert stats["in_flight"] == 0
    assert (summed(stats["throughput"], "completed"), summed(stats["throughput"], "failed")) == (3, 0)
    assert stats["latency_seconds"] == {"p50": 7.0, "p95": 7.0}
    points = (await admin.get(LATENCY)).json()["items"]
    assert [(point["p50"], point["p95"]) for point in points if point["p50"] is not None] == [(7.0, 7.0)]


async def test_errors_by_code_and_percentiles(app: FastAPI, admin: httpx.AsyncClient, register: Register) -> None:
    lin = await register("lin")
    queue_id = await finished(app, lin, await make(lin, "mixed", images=20))
    tasks = (await lin.get(f"/api/batch/queues/{queue_id}/tasks", params={"limit": 100})).json()["items"]
    await app.state.db.write(took, queue_id, 2.0)
    for task, code in zip(tasks, ["upstream_timeout", "safety_blocked", "upstream_timeout", None], strict=False):
        await app.state.db.write(fail, task["id"], code, 90.0)
    stats = (await admin.get(STATS, params={"days": 1})).json()
    assert list(stats["errors_by_code"].items()) == [("upstream_timeout", 2), ("internal", 1), ("safety_blocked", 1)]
    assert (summed(stats["throughput"], "completed"), summed(stats["throughput"], "failed")) == (16, 4)
    # failed ones say nothing of how long an image takes
    assert stats["latency_seconds"] == {"p50": 2.0, "p95": 2.0}


async def test_what_ended_before_the_window_is_left_out(
    app: FastAPI, admin: httpx.AsyncClient, register: Register
) -> None:
    lin = await register("lin")
    for age in (3.0, 20.0):
        await app.state.db.write(long_ago, await finished(app, lin, await make(lin, "old")), age)
    for days, images in ((1, 0), (7, 2), (30, 4)):
        stats = (await admin.get(STATS, params={"days": days})).json()
        assert (stats["total_images"], summed(stats["throughput"], "completed")) == (images, images)
        assert stats["credits"]["spent"] == images


async def test_no_window_of_this(admin: httpx.AsyncClient) -> None:
    for days in ("0", "91", "-1", "1.5", "x", "", "+7", "9" * 30):
        for address in (STATS, LATENCY):
            assert problem(await admin.get(address, params={"days": days})) == (422, "validation_failed")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_panel_that_refreshes_reads_no_table_from_end_to_end(app: FastAPI) -> None:
    """Also with a million old images, what is asked for every few seconds goes by an index. (MariaDB plans by how full the
    tables are, so there it is no proof.)"""
    which = queries.AnyTaskFilter(status="failed", user_id=None, text=None)  # type: ignore[arg-type]
    stats, latency = [await app.state.db.read(plans, verb, 7) for verb in (queries.stats, queries.latency)]
    [newest, *rest] = await app.state.db.read(plans, queries.list_tasks, which, 20, None)
    assert not [plan for plan in (*stats, *latency, newest, *rest) if "SCAN batch_" in str(plan)]
    assert "ix_batch_tasks_status_id" in str(newest)
    assert "ORDER BY" not in str(newest)


async def plans(session: AsyncSession, verb: Any, *arguments: Any) -> list[list[str]]:
    """SQLite's plan for each statement that `verb` runs."""
    connection = session.sync_session.connection()
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    await verb(session, *arguments)
    event.remove(connection, "before_cursor_execute", note)
    found = []
    for statement, parameters in statements:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        found.append([str(row[3]) for row in rows])
    assert found
    return found
