"""Reference images, options and samples, from the request to what the upstream receives."""

import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image

from backend.settings import Settings
from tests.batch.books import assert_books_balance
from tests.batch.upstreams import ended, until
from tests.fakes.pictures import jpeg
from tests.fakes.relay import ImageRelay, sent_images
from tests.service import problem

Register = Callable[[str], Awaitable[httpx.AsyncClient]]
Part = tuple[str, tuple[str, bytes, str]]


@pytest.fixture
async def relay() -> AsyncIterator[ImageRelay]:
    async with ImageRelay() as relay:
        yield relay


@pytest.fixture
def settings(settings: Settings, relay: ImageRelay) -> Settings:
    models = [
        {"id": "many", "aspect_ratios": ["1:1", "16:9"], "sizes": ["1K", "2K"]},
        {"id": "two", "max_references": 2},
        {"id": "none", "max_references": 0},
    ]
    update = {
        "ai_provider": "openai-chat",
        "ai_api_base_url": relay.base_url,
        "ai_api_key": relay.key,
        "ai_models": json.dumps(models),
    }
    return settings.model_copy(update=update)


@pytest.fixture
async def lin(register: Register) -> httpx.AsyncClient:
    return await register("lin")


def parts(name: str, *widths: int) -> list[Part]:
    """Images told apart by how wide they are."""
    return [(name, (f"{width}.jpg", jpeg(width, 40), "image/jpeg")) for width in widths]


def widths(relay: ImageRelay) -> list[list[int]]:
    """How wide the images of each edit are, in the order of the wire."""
    return sorted([Image.open(io.BytesIO(data)).width for data in sent_images(one)] for one in relay.requests)


async def uploaded(client: httpx.AsyncClient, *of: int) -> list[int]:
    ids = []
    for _, file in parts("file", *of):
        answer = await client.post("/api/batch/images", files={"file": file})
        assert answer.status_code == 201, answer.text
        ids.append(int(answer.json()["id"]))
    return ids


async def made(answer: httpx.Response) -> int:
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def test_references_go_with_every_image_and_before_it(
    app: FastAPI, lin: httpx.AsyncClient, relay: ImageRelay
) -> None:
    sent = [*parts("images", 50, 51), *parts("reference_images", 90, 70, 80)]
    data = {"prompt": "x", "model": "many", "aspect_ratio": "16:9", "image_size": "2K"}
    queue_id = await made(await lin.post("/api/batch/queues", files=sent, data=data))
    assert (await ended(lin, app, queue_id))["completed_images"] == 2
    assert widths(relay) == [[90, 70, 80, 50], [90, 70, 80, 51]]
    for request in relay.requests:
        body = request.json()
        assert body["image_config"] == {"aspect_ratio": "16:9", "image_size": "2K"}
        assert "Edit the last image" in body["messages"][0]["content"][0]["text"]


async def test_references_by_id(app: FastAPI, lin: httpx.AsyncClient, relay: ImageRelay) -> None:
    image, *references = await uploaded(lin, 50, 60, 70)
    body = {"image_ids": [image], "reference_image_ids": references, "prompt": "x", "model": "two"}
    assert (await ended(lin, app, await made(await lin.post("/api/batch/queues", json=body))))["completed_images"] == 1
    assert widths(relay) == [[60, 70, 50]]


@pytest.mark.parametrize(("model", "count"), [("none", 1), ("two", 3)])
async def test_a_model_that_does_not_take_them_says_so(
    app: FastAPI, lin: httpx.AsyncClient, model: str, count: int
) -> None:
    sent = [*parts("images", 50), *parts("reference_images", *range(60, 60 + count))]
    by_file = await lin.post("/api/batch/queues", files=sent, data={"prompt": "x", "model": model})
    image, *references = await uploaded(lin, 50, *range(60, 60 + count))
    body = {"image_ids": [image], "reference_image_ids": references, "prompt": "x", "model": model}
    by_id = await lin.post("/api/batch/queues", json=body)
    for answer, field in ((by_file, "reference_images"), (by_id, "reference_image_ids")):
        assert problem(answer) == (422, "validation_failed")
        assert answer.json()["errors"][0]["loc"] == ["body", field]
    assert (await lin.get("/api/batch/queues")).json()["items"] == []
    await app.state.db.read(assert_books_balance)


async def test_no_model_takes_more_than_three(lin: httpx.AsyncClient) -> None:
    sent = [*parts("images", 50), *parts("reference_images", 60, 61, 62, 63)]
    answer = await lin.post("/api/batch/queues", files=sent, data={"prompt": "x", "model": "many"})
    assert problem(answer) == (413, "too_many_files")
    image, *references = await uploaded(lin, 50, 60, 61, 62, 63)
    body = {"image_ids": [image], "reference_image_ids": references, "prompt": "x", "model": "many"}
    answer = await lin.post("/api/batch/queues", json=body)
    assert problem(answer) == (422, "validation_failed")
    assert answer.json()["errors"][0]["loc"] == ["body", "reference_image_ids"]


async def test_somebody_elses_image_is_no_reference(lin: httpx.AsyncClient, register: Register) -> None:
    chen = await register("chen")
    (theirs,) = await uploaded(chen, 60)
    (mine,) = await uploaded(lin, 50)
    body = {"image_ids": [mine], "reference_image_ids": [theirs], "prompt": "x", "model": "many"}
    assert problem(await lin.post("/api/batch/queues", json=body)) == (404, "not_found")


async def test_samples_come_first_and_the_rest_waits_for_a_word(
    app: FastAPI, lin: httpx.AsyncClient, relay: ImageRelay
) -> None:
    data = {"prompt": "first try", "model": "many", "sample_first": "1"}
    queue_id = await made(await lin.post("/api/batch/queues", files=parts("images", 50, 51, 52), data=data))
    queue = await until(lin, app, queue_id, lambda queue, _: queue["status"] == "awaiting_approval")
    assert (queue["completed_images"], queue["credits_spent"], queue["credits_held"]) == (1, 1, 2)
    assert len(relay.requests) == 1
    answer = await lin.post(f"/api/batch/queues/{queue_id}/approve", json={"prompt": "a better one"})
    assert (answer.status_code, answer.json()["prompt"]) == (200, "a better one")
    queue = await ended(lin, app, queue_id)
    assert (queue["completed_images"], queue["credits_spent"]) == (3, 3)
    asked = [request.json()["messages"][0]["content"][0]["text"] for request in relay.requests]
    assert asked == ["first try", "a better one", "a better one"]
    assert problem(await lin.post(f"/api/batch/queues/{queue_id}/approve")) == (409, "invalid_state")


async def test_who_does_not_like_the_samples_gets_the_rest_back(app: FastAPI, lin: httpx.AsyncClient) -> None:
    data = {"prompt": "x", "model": "many", "sample_first": "2"}
    queue_id = await made(await lin.post("/api/batch/queues", files=parts("images", 50, 51, 52, 53), data=data))
    await until(lin, app, queue_id, lambda queue, _: queue["status"] == "awaiting_approval")
    queue = (await lin.post(f"/api/batch/queues/{queue_id}/cancel")).json()
    assert (queue["status"], queue["credits_spent"], queue["credits_released"]) == ("cancelled", 2, 2)
    await app.state.db.read(assert_books_balance)


async def test_a_batch_says_what_is_needed_to_make_it_again(
    app: FastAPI, lin: httpx.AsyncClient, register: Register
) -> None:
    sent = [*parts("images", 50), *parts("reference_images", 90, 70)]
    data = {"prompt": "x", "model": "many", "aspect_ratio": "16:9", "image_size": "2K"}
    queue_id = await made(await lin.post("/api/batch/queues", files=sent, data=data))
    queue = await ended(lin, app, queue_id)
    assert (queue["aspect_ratio"], queue["image_size"]) == ("16:9", "2K")
    path = f"/api/batch/queues/{queue_id}/references"
    assert [image["width"] for image in (await lin.get(path)).json()["items"]] == [90, 70]
    stranger = await register("mei")
    assert (await stranger.get(path)).status_code == 404
