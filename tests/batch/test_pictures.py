"""What stands for a batch in a list."""

import httpx
import pytest
from fastapi import FastAPI

from tests.batch.test_api import Register, ended, files


@pytest.fixture
async def lin(register: Register) -> httpx.AsyncClient:
    return await register("lin")


async def test_covers_show_the_newest_results_of_the_first_four(
    app: FastAPI, lin: httpx.AsyncClient, register: Register
) -> None:
    names = [f"{number}.jpg" for number in range(6)]
    made = (await lin.post("/api/batch/queues", data={"prompt": "blue"}, files=files(*names))).json()
    await ended(lin, app, made["id"])
    tasks = (await lin.get(f"/api/batch/queues/{made['id']}/tasks")).json()["items"]
    edited = await lin.post(f"/api/batch/tasks/{tasks[1]['id']}/edit", json={"prompt": "red", "source": "original"})
    await ended(lin, app, made["id"])
    newest = (await lin.get(f"/api/batch/tasks/{edited.json()['id']}")).json()

    (cover,) = (await lin.get("/api/batch/covers", params={"queue_ids": made["id"]})).json()["items"]
    assert cover["queue_id"] == made["id"]
    expected = [tasks[0]["generated_image"], newest["generated_image"], *(t["generated_image"] for t in tasks[2:4])]
    assert cover["images"] == expected

    stranger = await register("mei")
    assert (await stranger.get("/api/batch/covers", params={"queue_ids": made["id"]})).json()["items"] == []


@pytest.mark.parametrize("asked", [{}, {"queue_ids": "0"}, {"queue_ids": "x"}, {"queue_ids": [1] * 101}])
async def test_covers_of_nothing_sensible_are_refused(lin: httpx.AsyncClient, asked: dict[str, object]) -> None:
    answer = await lin.get("/api/batch/covers", params=asked)  # type: ignore[arg-type]
    assert answer.status_code == 422
    assert answer.json()["code"] == "validation_failed"
