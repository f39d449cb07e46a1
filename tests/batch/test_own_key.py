"""A user's own upstream: used for that user's batches alone, at no credits, and its key nowhere but in the call."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.auth.models import UserUpstream
from backend.batch import policy
from backend.models import Base
from backend.settings import Settings
from tests.batch.books import assert_books_balance
from tests.batch.upstreams import ended, look, ordered, paused
from tests.fakes.relay import ImageRelay, error
from tests.fakes.wire import html_answer
from tests.service import problem

Register = Callable[[str], Awaitable[httpx.AsyncClient]]
SYSTEM_KEY = "sk-system-5ca1ab1e0ddba11c0ffee"
OWN_KEY = "own+key/Zx81QpLm47Rt90Vw=tail"


@pytest.fixture
async def system() -> AsyncIterator[ImageRelay]:
    async with ImageRelay(key=SYSTEM_KEY) as relay:
        yield relay


@pytest.fixture
async def own() -> AsyncIterator[ImageRelay]:
    async with ImageRelay(key=OWN_KEY) as relay:
        yield relay


@pytest.fixture
def settings(settings: Settings, system: ImageRelay, own: ImageRelay, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(policy, "BACKOFF_BASE", 0.02)
    return settings.model_copy(
        update={
            "ai_provider": "openai-chat",
            "ai_api_base_url": system.base_url,
            "ai_api_key": SYSTEM_KEY,
            "upstream_allowed_hosts": (own.netloc,),
        }
    )


async def set_own(client: httpx.AsyncClient, relay: ImageRelay, **changes: str) -> None:
    wanted = {
        "provider": "openai-chat",
        "base_url": f"{relay.base_url}/v1",
        "api_key": OWN_KEY,
        "model": "fake-image-model",
    }
    answer = await client.put("/api/auth/upstream", json=wanted | changes)
    assert answer.status_code == 200, answer.text


@pytest.fixture
async def lin(register: Register, own: ImageRelay) -> httpx.AsyncClient:
    """Somebody with an upstream of their own."""
    lin = await register("lin")
    await set_own(lin, own)
    return lin


async def balance(client: httpx.AsyncClient) -> Any:
    return (await client.get("/api/auth/me")).json()["credits"]


async def test_it_is_offered_to_its_user_alone_and_first(lin: httpx.AsyncClient, register: Register) -> None:
    config = (await lin.get("/api/batch/config")).json()
    mine = config["models"][0]
    assert (config["default_model"], mine["id"], mine["name"]) == ("own", "own", "fake-image-model")
    assert (mine["provider"], mine["credits"]) == ("own", 0)
    assert len(config["models"]) > 1
    chen = await register("chen")
    others = (await chen.get("/api/batch/config")).json()
    assert "own" not in {model["id"] for model in others["models"]} | {others["default_model"]}
    answer = await chen.post("/api/batch/queues/estimate", json={"model": "own", "count": 1})
    assert problem(answer) == (422, "validation_failed")


async def test_a_model_that_is_known_brings_its_options(lin: httpx.AsyncClient, own: ImageRelay) -> None:
    await set_own(lin, own, provider="gemini", model="gemini-3-pro-image")
    mine = (await lin.get("/api/batch/config")).json()["models"][0]
    assert mine["name"] == "Nano Banana Pro"
    assert "4K" in mine["sizes"]
    assert "21:9" in mine["aspect_ratios"]


async def test_its_batches_cost_nothing_and_go_nowhere_else(
    app: FastAPI, lin: httpx.AsyncClient, register: Register, own: ImageRelay, system: ImageRelay
) -> None:
    before = await balance(lin)
    chen = await register("chen")
    mine, theirs = await asyncio.gather(ordered(lin, 3), ordered(chen, 2))
    queue = await ended(lin, app, mine)
    assert (queue["completed_images"], queue["credits_spent"], queue["model"]) == (3, 0, "own")
    assert await balance(lin) == before
    assert (await ended(chen, app, theirs))["credits_spent"] == 2
    assert {request.headers["authorization"] for request in own.requests} == {f"Bearer {OWN_KEY}"}
    assert {request.headers["authorization"] for request in system.requests} == {f"Bearer {SYSTEM_KEY}"}
    assert (len(own.requests), len(system.requests)) == (3, 2)
    assert all(request.json()["model"] == "fake-image-model" for request in own.requests)
    lines = (await lin.get("/api/auth/credits", params={"queue_id": mine})).json()["items"]
    assert sorted((line["kind"], line["delta"]) for line in lines) == [("capture", 0)] * 3 + [("hold", 0)] * 3
    await app.state.db.read(assert_books_balance)


async def test_it_works_without_any_credits(app: FastAPI, lin: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    who = (await lin.get("/api/auth/me")).json()
    gift = {"delta": -who["credits"], "note": ""}
    assert (await admin.post(f"/api/admin/users/{who['id']}/credits", json=gift)).status_code == 200
    assert (await ended(lin, app, await ordered(lin, 1)))["completed_images"] == 1
    system_model = (await lin.get("/api/batch/config")).json()["models"][1]["id"]
    answer = await lin.post("/api/batch/queues/estimate", json={"model": system_model, "count": 1})
    assert answer.json()["credits"] == 1


async def test_the_operators_models_stay_at_their_price(
    app: FastAPI, lin: httpx.AsyncClient, own: ImageRelay, system: ImageRelay
) -> None:
    system_model = (await lin.get("/api/batch/config")).json()["models"][1]["id"]
    queue = await ended(lin, app, await ordered(lin, 1, model=system_model))
    assert (queue["credits_spent"], len(system.requests), len(own.requests)) == (1, 1, 0)


async def test_a_rejected_own_key_stops_only_its_own_batches_until_it_is_changed(
    app: FastAPI, lin: httpx.AsyncClient, register: Register, own: ImageRelay
) -> None:
    await set_own(lin, own, api_key="sk-a-wrong-key-0000")
    wang = await register("wang")
    await set_own(wang, own)
    mine, theirs = await ordered(lin, 2), await ordered(wang, 2)
    queue = await paused(lin, app, mine)
    assert (queue["paused_reason"], queue["failed_images"]) == ("upstream_rejected_auth", 0)
    assert (await ended(wang, app, theirs))["completed_images"] == 2
    chen = await register("chen")
    assert (await ended(chen, app, await ordered(chen, 1)))["completed_images"] == 1
    await set_own(lin, own)
    await app.state.recovery.look()
    assert (await ended(lin, app, mine))["completed_images"] == 2
    await app.state.db.read(assert_books_balance)


async def test_a_look_at_an_own_upstream_uses_its_own_key(
    app: FastAPI, lin: httpx.AsyncClient, own: ImageRelay
) -> None:
    own.key = "sk-rotated-elsewhere"
    mine = await ordered(lin, 1)
    await paused(lin, app, mine)
    own.key = OWN_KEY
    await look(app)
    assert (await ended(lin, app, mine))["completed_images"] == 1
    assert [request.method for request in own.requests] == ["POST", "GET", "POST"]


async def test_removing_it_ends_what_waits_for_it(
    app: FastAPI, lin: httpx.AsyncClient, own: ImageRelay, system: ImageRelay
) -> None:
    own.key = "sk-rotated-elsewhere"
    mine = await ordered(lin, 3)
    await paused(lin, app, mine)
    assert (await lin.delete("/api/auth/upstream")).status_code == 204
    await app.state.recovery.look()
    queue = await ended(lin, app, mine)
    assert (queue["status"], queue["failed_images"], queue["credits_spent"]) == ("failed", 3, 0)
    assert {task["error_code"] for task in queue["tasks"]} == {"upstream_rejected_auth"}
    assert "removed" in queue["tasks"][0]["error_message"]
    assert not system.requests
    answer = await lin.post(
        f"/api/batch/tasks/{queue['tasks'][0]['id']}/edit", json={"prompt": "x", "source": "original"}
    )
    assert problem(answer) == (422, "validation_failed")
    await app.state.db.read(assert_books_balance)


async def test_the_test_says_what_came_back(lin: httpx.AsyncClient, own: ImageRelay, register: Register) -> None:
    answer = await lin.post("/api/auth/upstream/test")
    assert answer.status_code == 200
    found = answer.json()
    assert (found["ok"], found["code"], found["models"]) == (True, None, ["fake-image-model"])
    assert found["seconds"] >= 0
    await set_own(lin, own, model="another-model")
    assert "another-model" in (await lin.post("/api/auth/upstream/test")).json()["detail"]
    own.script(error(402, "Insufficient credits"))
    found = (await lin.post("/api/auth/upstream/test")).json()
    assert (found["ok"], found["code"], found["detail"]) == (False, "upstream_quota", "Insufficient credits")
    own.script(error(404, "no such page"))
    found = (await lin.post("/api/auth/upstream/test")).json()
    assert (found["ok"], "lists no models" in found["detail"]) == (True, True)
    own.script(html_answer("<h1>Sign in</h1>"))
    found = (await lin.post("/api/auth/upstream/test")).json()
    assert (found["ok"], "wrong base URL?" in found["detail"]) == (False, True)
    assert {request.method for request in own.requests} == {"GET"}
    chen = await register("chen")
    assert problem(await chen.post("/api/auth/upstream/test")) == (404, "not_found")


async def test_the_test_is_no_way_to_knock_at_doors(app: FastAPI, lin: httpx.AsyncClient, system: ImageRelay) -> None:
    """What was stored before the operator closed an address is not called any more; and calls are counted."""

    async def move(session: AsyncSession) -> None:
        await session.execute(update(UserUpstream).values(base_url=f"{system.base_url}/v1"))

    await app.state.db.write(move)
    answers = [await lin.post("/api/auth/upstream/test") for _ in range(11)]
    assert {answer.json()["code"] for answer in answers[:10]} == {"blocked_address"}
    assert problem(answers[10]) == (429, "rate_limited")
    assert int(answers[10].headers["retry-after"]) >= 1
    assert not system.requests
    mine = await ordered(lin, 1)
    assert (await paused(lin, app, mine))["paused_reason"] == "upstream_rejected_auth"
    assert not system.requests


async def test_a_key_sealed_with_another_secret_is_said_to_be_lost(app: FastAPI, lin: httpx.AsyncClient) -> None:
    async def spoil(session: AsyncSession) -> None:
        await session.execute(update(UserUpstream).values(api_key_encrypted="gAAAAA-not-ours"))

    await app.state.db.write(spoil)
    found = (await lin.post("/api/auth/upstream/test")).json()
    assert (found["ok"], found["code"]) == (False, "upstream_rejected_auth")
    assert "set it again" in found["detail"]


async def everything(session: AsyncSession) -> str:
    """Every value of every table."""
    rows = [row for table in Base.metadata.sorted_tables for row in (await session.execute(select(table))).all()]
    rows += (await session.execute(text("SELECT * FROM alembic_version"))).all()
    return repr(rows)


def pieces(key: str, size: int = 5) -> set[str]:
    """All parts of a key that say more than its last four characters."""
    return {key[start : start + size] for start in range(len(key) - size + 1)}


async def test_no_part_of_a_key_is_stored_logged_or_shown(
    app: FastAPI,
    lin: httpx.AsyncClient,
    register: Register,
    admin: httpx.AsyncClient,
    own: ImageRelay,
    system: ImageRelay,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Both upstreams quote the key in all the ways that upstreams do."""

    def quoting(key: str) -> str:
        return f"Incorrect API key provided: {key}. Got Bearer {key}, {key[:9]}***{key[-4:]}, {key[3:20]}"

    own.default = lambda _: error(401, quoting(OWN_KEY), "invalid_api_key")  # type: ignore[method-assign]
    system.default = lambda _: error(401, quoting(SYSTEM_KEY), "invalid_api_key")  # type: ignore[method-assign]
    own.script(error(400, quoting(OWN_KEY), "invalid_value"))
    chen = await register("chen")
    shown = [await lin.get(f"/api/batch/queues/{await ordered(lin, 1)}")]
    await ended(lin, app, shown[0].json()["id"])
    for client in (lin, chen):
        queue_id = await ordered(client, 1)
        await paused(client, app, queue_id)
        shown.append(await client.get(f"/api/batch/queues/{queue_id}/tasks"))
    await look(app)
    shown += [await lin.post("/api/auth/upstream/test"), await lin.get("/api/auth/upstream")]
    shown += [await lin.put("/api/auth/upstream", json={"api_key": OWN_KEY, "provider": OWN_KEY})]
    shown += [
        await lin.get(f"/api/batch/queues/{shown[0].json()['id']}/tasks"),
        await admin.get("/api/admin/upstreams"),
    ]
    shown += [await admin.get("/api/admin/batch/tasks")]
    told = "".join(answer.text for answer in shown)
    assert "Incorrect API key provided" in told
    output = capfd.readouterr()
    assert "upstream_error" in output.out + output.err
    stored = await app.state.db.read(everything)
    for place, content in (("answers", told), ("log", output.out + output.err), ("database", stored)):
        for key in (OWN_KEY, SYSTEM_KEY):
            assert not [piece for piece in pieces(key) if piece in content], place
