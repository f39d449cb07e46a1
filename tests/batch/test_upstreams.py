"""What upstreams say, and what becomes of batches, over real sockets: waits, pauses, looks, trials, standbys."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from fastapi import FastAPI

from backend.batch import policy
from backend.batch.recovery import Recovery
from backend.settings import Settings
from tests.batch.books import assert_books_balance
from tests.batch.upstreams import ended, look, ordered, paused, state, until, waits_are_over
from tests.fakes.relay import ImageRelay, completion, error
from tests.fakes.wire import Answer, Received, json_answer

Register = Callable[[str], Awaitable[httpx.AsyncClient]]
SLOW_DOWN = error(429, "Rate limit reached", "rate_limit_exceeded", retry_after="7")


@pytest.fixture
async def main() -> AsyncIterator[ImageRelay]:
    async with ImageRelay() as relay:
        yield relay


@pytest.fixture
async def backup() -> AsyncIterator[ImageRelay]:
    async with ImageRelay(key="sk-backup-9876543210fedcba") as relay:
        yield relay


@pytest.fixture
def settings(settings: Settings, main: ImageRelay, backup: ImageRelay, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Two upstreams; `safe` has a standby on the other one. Retries do not take long."""
    monkeypatch.setattr(policy, "BACKOFF_BASE", 0.02)
    upstreams = [
        {"name": name, "provider": "openai-chat", "base_url": relay.base_url, "api_key": relay.key}
        for name, relay in (("main", main), ("backup", backup))
    ]
    models = [
        {"id": "fast", "upstream": "main"},
        {"id": "other", "upstream": "backup", "credits": 5},
        {"id": "safe", "upstream": "main", "fallback": "other", "credits": 2, "aspect_ratios": ["1:1"]},
    ]
    update = {"ai_provider": "openai-chat", "ai_upstreams": json.dumps(upstreams), "ai_models": json.dumps(models)}
    return settings.model_copy(update=update)


@pytest.fixture
async def lin(register: Register) -> httpx.AsyncClient:
    return await register("lin")


async def one_at_a_time(admin: httpx.AsyncClient) -> None:
    assert (await admin.put("/api/admin/config", json={"concurrency": 1})).status_code == 200


def edits(relay: ImageRelay) -> list[Received]:
    return [request for request in relay.requests if request.method == "POST"]


def refusing(relay: ImageRelay, answer: Answer) -> None:
    """From now on every edit is answered so."""
    relay.default = lambda _request: answer  # type: ignore[method-assign]


async def test_a_wait_that_was_asked_for_is_kept_and_holds_no_slot(
    app: FastAPI, lin: httpx.AsyncClient, register: Register, admin: httpx.AsyncClient, main: ImageRelay
) -> None:
    await one_at_a_time(admin)
    main.script(SLOW_DOWN)
    queue_id = await ordered(lin, 2, model="fast")
    waiting = await until(lin, app, queue_id, lambda _, tasks: tasks[0]["error_code"])
    assert waiting["status"] == "processing"
    first = waiting["tasks"][0]
    assert (first["status"], first["error_code"], first["attempts"]) == ("pending", "upstream_rate_limited", 0)
    assert "Rate limit reached" in first["error_message"]
    assert first["next_attempt_at"] > first["started_at"]
    asked = await state(app, "main")
    assert asked.parked_until
    assert 7 <= (asked.parked_until - asked.updated_at).total_seconds() <= 9
    chen = await register("chen")
    other = await ended(chen, app, await ordered(chen, 2, model="other"))
    assert other["completed_images"] == 2
    # a slow machine may be here only after the seven seconds
    refused, *later = main.requests
    assert all(request.started - (refused.finished or 0) >= 7 for request in later)
    shown = (await admin.get("/api/admin/upstreams")).json()["items"][0]
    assert (shown["name"], shown["paused_reason"], shown["detail"]) == ("main", None, "Rate limit reached")
    await waits_are_over(app)
    assert (await ended(lin, app, queue_id))["completed_images"] == 2
    await app.state.db.read(assert_books_balance)


async def test_nothing_is_sent_before_the_time(app: FastAPI, lin: httpx.AsyncClient, main: ImageRelay) -> None:
    main.script(error(429, "slow", "rate_limit_exceeded", retry_after_ms="1200"))
    queue = await ended(lin, app, await ordered(lin, 1, model="fast"))
    assert queue["completed_images"] == 1
    first, second = main.requests
    assert second.started - first.started >= 1.2


async def test_a_longer_wait_is_not_cut_short_by_a_shorter_one(
    app: FastAPI, lin: httpx.AsyncClient, main: ImageRelay
) -> None:
    main.latency = 0.2
    main.script(error(429, "a", "rate_limit_exceeded", retry_after="600"), SLOW_DOWN)
    queue_id = await ordered(lin, 2, model="fast")
    await until(lin, app, queue_id, lambda _, tasks: all(task["error_code"] for task in tasks))
    asked = await state(app, "main")
    assert asked.parked_until
    assert (asked.parked_until - asked.updated_at).total_seconds() > 500


@pytest.mark.parametrize(
    ("answer", "calls", "code", "words"),
    [
        (json_answer(completion("I'd rather write a poem.")), 2, "no_image_returned", "poem"),
        (json_answer(completion("This violates our content policy.")), 2, "safety_blocked", "content policy"),
        (Answer(body=b'{"choices": [', cut_after=5), 2, "upstream_timeout", "broke"),
        (error(503, "overloaded"), 3, "upstream_unavailable", "overloaded"),
        (error(400, "no", "content_policy_violation"), 1, "safety_blocked", "no"),
        (error(400, "strange", "invalid_value"), 1, "upstream_bad_request", "strange"),
    ],
    ids=["no image", "refusal", "cut off", "503", "policy", "bad request"],
)
async def test_an_image_that_fails_says_why_and_is_not_charged(
    app: FastAPI, lin: httpx.AsyncClient, main: ImageRelay, answer: Answer, calls: int, code: str, words: str
) -> None:
    refusing(main, answer)
    queue = await ended(lin, app, await ordered(lin, 1, model="fast"))
    (task,) = queue["tasks"]
    assert (queue["status"], task["error_code"]) == ("failed", code)
    assert words in task["error_message"]
    assert len(edits(main)) == calls
    assert queue["credits_spent"] == queue["credits_held"] == 0
    await app.state.db.read(assert_books_balance)


async def test_too_fast_without_a_time_costs_no_attempt(app: FastAPI, lin: httpx.AsyncClient, main: ImageRelay) -> None:
    main.script(*[error(429, "too fast")] * 5)
    queue = await ended(lin, app, await ordered(lin, 1, model="fast"))
    assert queue["completed_images"] == 1
    assert (queue["tasks"][0]["attempts"], len(edits(main))) == (1, 6)
    await app.state.db.read(assert_books_balance)


async def test_a_rejected_key_pauses_and_one_look_resumes(
    app: FastAPI, lin: httpx.AsyncClient, admin: httpx.AsyncClient, main: ImageRelay
) -> None:
    key, main.key = main.key, "sk-rotated-by-the-operator"
    queue_id = await ordered(lin, 5, model="fast")
    queue = await paused(lin, app, queue_id)
    assert (queue["paused_reason"], queue["failed_images"], queue["credits_held"]) == ("upstream_rejected_auth", 0, 5)
    assert {task["next_attempt_at"] for task in queue["tasks"]} == {None}
    alert = (await admin.get("/api/admin/upstreams")).json()["items"][0]
    assert (alert["name"], alert["kind"]) == ("main", "openai-chat")
    assert (alert["paused_reason"], alert["detail"]) == ("upstream_rejected_auth", "Incorrect API key provided")

    # new work for it waits, too, and says so
    late = await lin.get(f"/api/batch/queues/{await ordered(lin, 1, model='fast')}")
    assert (late.json()["status"], late.json()["paused_reason"]) == ("paused", "upstream_rejected_auth")

    before = len(main.requests)
    await look(app)
    assert [request.method for request in main.requests[before:]] == ["GET"]
    assert (await state(app, "main")).paused_reason == "upstream_rejected_auth"

    main.key = key
    await look(app)
    assert (await ended(lin, app, queue_id))["completed_images"] == 5
    assert (await ended(lin, app, late.json()["id"]))["completed_images"] == 1
    assert (await admin.get("/api/admin/upstreams")).json()["items"][0]["paused_reason"] is None
    await app.state.db.read(assert_books_balance)


async def test_of_many_processes_one_looks_and_later_each_time(
    app: FastAPI, lin: httpx.AsyncClient, main: ImageRelay
) -> None:
    key, main.key = main.key, "sk-rotated-by-the-operator"
    await paused(lin, app, await ordered(lin, 1, model="fast"))
    others = [Recovery(app.state.db, app.state.switchboard) for _ in range(4)]
    gaps = []
    for _ in range(6):
        before = len(main.requests)
        await asyncio.gather(look(app), *(each.look() for each in others))
        assert len(main.requests) == before + 1
        found = await state(app, "main")
        assert found.parked_until
        gaps.append(round((found.parked_until - found.updated_at).total_seconds() / 60))
    assert gaps == [2, 4, 8, 15, 15, 15]
    main.key = key


async def test_an_empty_account_is_tried_with_one_image_at_a_time(
    app: FastAPI, lin: httpx.AsyncClient, main: ImageRelay
) -> None:
    good = main.default
    refusing(main, error(402, "Insufficient credits"))
    queue_id = await ordered(lin, 6, model="fast")
    assert (await paused(lin, app, queue_id))["paused_reason"] == "upstream_quota"
    before = len(main.requests)
    await look(app)
    await main.until(lambda: len(main.requests) == before + 1 and main.in_flight == 0)
    queue = await paused(lin, app, queue_id)
    assert (queue["completed_images"], len(main.requests)) == (0, before + 1)
    main.default = good  # type: ignore[method-assign]
    await look(app)
    assert (await ended(lin, app, queue_id))["completed_images"] == 6
    assert all(request.method == "POST" for request in main.requests)
    await app.state.db.read(assert_books_balance)


async def test_an_administrator_may_say_that_it_is_well(
    app: FastAPI, lin: httpx.AsyncClient, admin: httpx.AsyncClient, main: ImageRelay
) -> None:
    key, main.key = main.key, "sk-rotated-by-the-operator"
    queue_id = await ordered(lin, 2, model="fast")
    await paused(lin, app, queue_id)
    main.key = key
    for _ in range(2):
        answer = await admin.post("/api/admin/upstreams/main/resume")
        assert (answer.status_code, answer.json()["paused_reason"]) == (200, None)
    assert (await ended(lin, app, queue_id))["completed_images"] == 2
    audit = (await admin.get("/api/admin/audit")).json()["items"]
    assert [(line["action"], line["target"]) for line in audit] == [("upstream.resume", "upstream main")]
    assert (await admin.post("/api/admin/upstreams/nothing/resume")).status_code == 404
    assert (await lin.get("/api/admin/upstreams")).status_code == 403


async def test_a_batch_that_its_owner_paused_stays_paused(
    app: FastAPI, lin: httpx.AsyncClient, main: ImageRelay
) -> None:
    key, main.key = main.key, "sk-rotated-by-the-operator"
    mine, theirs = await ordered(lin, 1, model="other"), await ordered(lin, 2, model="fast")
    await ended(lin, app, mine)
    await paused(lin, app, theirs)
    main.key = key
    await look(app)
    await ended(lin, app, theirs)
    main.latency = 0.3
    third = await ordered(lin, 5, model="fast")
    assert (await lin.post(f"/api/batch/queues/{third}/pause")).json()["paused_reason"] == "user"
    main.key = "sk-rotated-by-the-operator"
    fourth = await ordered(lin, 1, model="fast")
    await paused(lin, app, fourth)
    main.key = key
    await look(app)
    await ended(lin, app, fourth)
    assert (await lin.get(f"/api/batch/queues/{third}")).json()["paused_reason"] == "user"


async def test_when_its_upstream_is_down_a_standby_does_the_work_at_the_price_agreed(
    app: FastAPI, lin: httpx.AsyncClient, main: ImageRelay, backup: ImageRelay
) -> None:
    main.key = "sk-rotated-by-the-operator"
    queue = await ended(lin, app, await ordered(lin, 4, model="safe", aspect_ratio="1:1"))
    assert (queue["completed_images"], queue["credits_spent"], queue["model"]) == (4, 8, "safe")
    assert {task["model"] for task in queue["tasks"]} == {"other"}
    assert len(edits(backup)) == 4
    assert all("image_config" not in request.json() for request in edits(backup)), "an option that it does not have"
    # the next batch does not even ask
    calls = len(main.requests)
    assert (await ended(lin, app, await ordered(lin, 1, model="safe")))["completed_images"] == 1
    assert len(main.requests) == calls
    await app.state.db.read(assert_books_balance)


async def test_when_attempts_are_spent_the_standby_tries(
    app: FastAPI, lin: httpx.AsyncClient, main: ImageRelay, backup: ImageRelay
) -> None:
    refusing(main, error(503, "overloaded"))
    queue = await ended(lin, app, await ordered(lin, 1, model="safe"))
    assert (queue["completed_images"], len(edits(main)), len(edits(backup))) == (1, 3, 1)
    refusing(backup, error(503, "overloaded, too"))
    queue = await ended(lin, app, await ordered(lin, 1, model="safe"))
    assert (queue["tasks"][0]["error_code"], queue["tasks"][0]["error_message"]) == (
        "upstream_unavailable",
        "overloaded, too",
    )
    await app.state.db.read(assert_books_balance)


async def test_what_may_have_been_done_is_not_done_elsewhere(
    app: FastAPI, lin: httpx.AsyncClient, main: ImageRelay, backup: ImageRelay
) -> None:
    refusing(main, error(503, "overloaded"))
    main.script(Answer(body=b'{"choices": [', cut_after=5))
    queue = await ended(lin, app, await ordered(lin, 1, model="safe"))
    assert queue["tasks"][0]["error_code"] == "upstream_unavailable"
    assert not backup.requests


async def test_with_both_down_everything_waits(
    app: FastAPI, lin: httpx.AsyncClient, main: ImageRelay, backup: ImageRelay
) -> None:
    keys = main.key, backup.key
    main.key = backup.key = "sk-rotated-by-the-operator"
    queue_id = await ordered(lin, 3, model="safe")
    queue = await paused(lin, app, queue_id)
    assert (queue["paused_reason"], queue["failed_images"]) == ("upstream_rejected_auth", 0)
    main.key, backup.key = keys
    await look(app)
    assert (await ended(lin, app, queue_id))["completed_images"] == 3
    await app.state.db.read(assert_books_balance)
