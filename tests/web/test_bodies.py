"""JSON that a route reads by itself is judged as that of every other route."""

import json

import httpx
import pytest

from tests.service import Register, problem

ROUTES = (("/api/batch/queues", {"image_ids": [1]}), ("/api/batch/tasks/1/edit", {"source": "original"}))


@pytest.fixture
async def lin(register: Register) -> httpx.AsyncClient:
    return await register("lin")


async def test_half_a_character_is_a_value_that_is_not_valid(lin: httpx.AsyncClient) -> None:
    for path, fields in ROUTES:
        body = json.dumps(fields | {"prompt": "a\ud800"})
        answer = await lin.post(path, content=body, headers={"Content-Type": "application/json"})
        assert problem(answer) == (422, "validation_failed"), path
        assert answer.json()["errors"][0]["loc"] == ["body", "prompt"]


@pytest.mark.parametrize("body", ["{", '{"prompt":"\\ud8"}', "[" * 100_000, b'{"prompt":"\xff"}', "1" * 5000 + "]"])
async def test_what_is_no_json_is_malformed(lin: httpx.AsyncClient, body: str | bytes) -> None:
    for path, _ in ROUTES:
        answer = await lin.post(path, content=body, headers={"Content-Type": "application/json"})
        assert problem(answer) == (400, "malformed_request"), path
