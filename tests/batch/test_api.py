"""Batches over HTTP: the main job, and every way in which it can be asked for wrongly."""

import asyncio
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchTask
from backend.images.models import Image
from tests.batch.books import assert_books_balance
from tests.fakes.pictures import jpeg, png
from tests.service import problem

Register = Callable[[str], Awaitable[httpx.AsyncClient]]
Files = list[tuple[str, tuple[str, bytes, str]]]


def files(*names: str, part: str = "images") -> Files:
    """One small image a name, each unlike the others."""
    return [(part, (name, jpeg(40 + n, 40), "image/jpeg")) for n, name in enumerate(names)]


async def ended(client: httpx.AsyncClient, app: FastAPI, queue_id: int) -> Any:
    """The batch once it has ended; waits on the change feed."""
    who = (await client.get("/api/auth/me")).json()["id"]
    with app.state.feed.subscribe(who, queue_id) as changes:
        async with asyncio.timeout(60):
            while True:
                queue = (await client.get(f"/api/batch/queues/{queue_id}")).json()
                if queue["status"] in ("completed", "failed", "cancelled"):
                    return queue
                await changes.next(30)


async def counts(session: AsyncSession) -> tuple[int, int, int]:
    return tuple(
        [await session.scalar(select(func.count()).select_from(t)) or 0 for t in (BatchQueue, BatchTask, Image)]
    )  # type: ignore[return-value]


@pytest.fixture
async def lin(register: Register) -> httpx.AsyncClient:
    return await register("lin")


async def test_the_main_job(app: FastAPI, lin: httpx.AsyncClient) -> None:
    config = (await lin.get("/api/batch/config")).json()
    assert (config["concurrency"], config["max_files"], config["max_file_bytes"]) == (3, 50, 10_485_760)
    assert config["models"][0]["id"] == config["default_model"]
    assert "非 AI" in config["models"][0]["name"]
    presets = (await lin.get("/api/batch/presets")).json()["items"]
    assert [preset["title"] for preset in presets] == ["高清增强", "艺术风格", "写实风格", "动漫风格", "水彩画风"]

    wish = {"prompt": presets[4]["content"], "batch_name": "夏季"}
    made = await lin.post("/api/batch/queues", files=files("照片.jpg", "a/b/c.jpg", "same.jpg"), data=wish)
    assert made.status_code == 201
    queue = made.json()
    assert made.headers["location"] == f"/api/batch/queues/{queue['id']}"
    assert (queue["batch_name"], queue["total_images"]) == ("夏季", 3)
    assert queue["credits_held"] + queue["credits_spent"] == 3

    queue = await ended(lin, app, queue["id"])
    assert (queue["status"], queue["completed_images"], queue["credits_spent"]) == ("completed", 3, 3)
    tasks = (await lin.get(f"/api/batch/queues/{queue['id']}/tasks")).json()["items"]
    assert [task["original_filename"] for task in tasks] == ["照片.jpg", "a/b/c.jpg", "same.jpg"]
    for task in tasks:
        shown = await lin.get(task["generated_image"]["url"])
        assert shown.headers["content-type"] == task["generated_image"]["mime_type"]
        assert (await lin.get(task["generated_image"]["thumbnail_url"])).status_code == 200

    answer = await lin.get(f"/api/batch/queues/{queue['id']}/archive")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert sorted(archive.namelist()) == ["a/b/c.jpg", "manifest.csv", "same.jpg", "照片.jpg"]
        assert archive.testzip() is None

    assert (await lin.get("/api/auth/me")).json()["credits"] == 47
    receipt = (await lin.get(f"/api/auth/credits?queue_id={queue['id']}")).json()["items"]
    assert sorted(line["kind"] for line in receipt) == ["capture"] * 3 + ["hold"] * 3
    await app.state.db.read(assert_books_balance)


async def test_fifty_images_of_one_name_come_back_as_fifty(app: FastAPI, lin: httpx.AsyncClient) -> None:
    many = [("images", ("same.png", png(8 + n, 8), "image/png")) for n in range(50)]
    made = await lin.post("/api/batch/queues", files=many, data={"prompt": "高清增强"})
    assert made.status_code == 201
    queue = await ended(lin, app, made.json()["id"])
    assert queue["completed_images"] == 50
    answer = await lin.get(f"/api/batch/queues/{queue['id']}/archive")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert len({name.casefold() for name in archive.namelist()}) == 51
        assert {"same.png", "same (2).png", "same (50).png"} <= set(archive.namelist())


async def test_a_png_comes_back_as_a_png(app: FastAPI, lin: httpx.AsyncClient) -> None:
    given = [("images", (name, png(), "image/png")) for name in ("照片.png", "a/b/c.jpg")]
    made = await lin.post("/api/batch/queues", files=given, data={"prompt": "水彩"})
    queue = await ended(lin, app, made.json()["id"])
    answer = await lin.get(f"/api/batch/queues/{queue['id']}/archive")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert sorted(archive.namelist()) == ["a/b/c.png", "manifest.csv", "照片.png"]  # by what they are, not by name
        assert archive.read("照片.png").startswith(b"\x89PNG")


async def test_the_same_file_fifty_times_is_stored_once_and_edited_fifty_times(
    app: FastAPI, lin: httpx.AsyncClient
) -> None:
    same = [("images", ("same.png", png(), "image/png"))] * 50
    made = await lin.post("/api/batch/queues", files=same, data={"prompt": "x"})
    assert made.json()["total_images"] == 50
    tasks = (await lin.get(f"/api/batch/queues/{made.json()['id']}/tasks?limit=100")).json()["items"]
    assert len({task["original_image"]["id"] for task in tasks}) == 1


async def test_images_uploaded_before_make_a_batch_too(app: FastAPI, lin: httpx.AsyncClient) -> None:
    ids = []
    for name in ("a.png", "b.png"):
        answer = await lin.post("/api/batch/images", files={"file": (name, png(9, 9 + len(ids)), "image/png")})
        ids.append(answer.json()["id"])
    made = await lin.post("/api/batch/queues", json={"image_ids": ids, "prompt": "水彩画风"})
    assert made.status_code == 201
    assert (await ended(lin, app, made.json()["id"]))["completed_images"] == 2


WISH = {"prompt": "x"}
BIG = b"\xff\xd8\xff" + bytes(10 * 1024 * 1024 - 2)


@pytest.mark.parametrize(
    ("sent", "wish", "status", "code"),
    [
        ([], WISH, 415, "unsupported_media_type"),
        (files("a.jpg"), {"prompt": "   "}, 422, "validation_failed"),
        (files("a.jpg"), {"prompt": "字" * 4001}, 422, "validation_failed"),
        (files("a.jpg"), {}, 422, "validation_failed"),
        (files("a.jpg"), WISH | {"model": "no-such"}, 422, "validation_failed"),
        (files("a.jpg"), WISH | {"aspect_ratio": "7:7"}, 422, "validation_failed"),
        (files("a.jpg"), WISH | {"sample_first": "4"}, 422, "validation_failed"),
        (files("a.jpg"), WISH | {"sample_first": "one"}, 422, "validation_failed"),
        (files("a.jpg"), WISH | {"batch_name": "字" * 256}, 422, "validation_failed"),
        (files("a.jpg"), WISH | {"colour": "red"}, 422, "validation_failed"),
        (files("a.jpg", part="pictures"), WISH, 422, "validation_failed"),
        (files(*(f"{n}.jpg" for n in range(51))), WISH, 413, "too_many_files"),
        (files(*"abcd", part="reference_images") + files("x.jpg"), WISH, 413, "too_many_files"),
        ([("images", ("big.jpg", BIG, "image/jpeg"))], WISH, 413, "file_too_large"),
        ([("images", ("empty.png", b"", "image/png"))], WISH, 422, "unreadable_image"),
        ([("images", ("text.png", b"hello", "image/png"))], WISH, 415, "unsupported_image"),
        (
            [("images", ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"))],
            WISH,
            415,
            "unsupported_image",
        ),
        ([("images", ("cut.jpg", jpeg(400, 400)[:900], "image/jpeg"))], WISH, 422, "unreadable_image"),
    ],
)
async def test_a_bad_request_creates_nothing_and_charges_nothing(
    app: FastAPI, lin: httpx.AsyncClient, sent: Files, wish: dict[str, str], status: int, code: str
) -> None:
    answer = await lin.post("/api/batch/queues", files=sent or None, data=wish)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await app.state.db.read(counts) == (0, 0, 0)
    assert (await lin.get("/api/auth/me")).json()["credits"] == 50


async def test_no_files_at_all_is_said_of_images(lin: httpx.AsyncClient) -> None:
    answer = await lin.post("/api/batch/queues", files={"prompt": (None, "x")})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert answer.json()["errors"][0]["loc"] == ["body", "images"]
    answer = await lin.post("/api/batch/queues", json={"image_ids": [], "prompt": "x"})
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", "image_ids"])


async def test_a_bomb_is_refused_before_it_is_decoded(app: FastAPI, lin: httpx.AsyncClient) -> None:
    bomb = png(1, 1)
    bomb = bomb[:16] + (30_000).to_bytes(4, "big") * 2 + bomb[24:]
    answer = await lin.post("/api/batch/queues", files=[("images", ("bomb.png", bomb, "image/png"))], data=WISH)
    assert answer.status_code == 422
    assert answer.json()["code"] in ("image_too_many_pixels", "unreadable_image")
    assert await app.state.db.read(counts) == (0, 0, 0)


async def test_every_bad_file_is_named(app: FastAPI, lin: httpx.AsyncClient) -> None:
    sent = [
        *files("good.jpg"),
        ("images", ("cut.jpg", jpeg(400, 400)[:900], "image/jpeg")),
        ("images", ("text.png", b"hello", "image/png")),
    ]
    answer = await lin.post("/api/batch/queues", files=sent, data=WISH)
    assert answer.status_code == 422
    named = answer.json()["errors"]
    assert [item["loc"] for item in named] == [["body", "images", 1], ["body", "images", 2]]
    assert [item["type"] for item in named] == ["unreadable_image", "unsupported_image"]
    assert "cut.jpg" in named[0]["msg"]
    assert await app.state.db.read(counts) == (0, 0, 0)


async def test_a_body_that_stops_half_way_leaves_nothing(app: FastAPI, lin: httpx.AsyncClient) -> None:
    request = lin.build_request("POST", "/api/batch/queues", files=files("a.jpg", "b.jpg"), data=WISH)
    whole = await request.aread()
    kind = request.headers["content-type"]
    for body in (whole[: len(whole) // 2], whole[:-6]):
        answer = await lin.post("/api/batch/queues", content=body, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
    assert await app.state.db.read(counts) == (0, 0, 0)
    assert list(app.state.settings.scratch_dir.glob("*")) == []


async def test_too_few_credits_leave_no_files_behind(app: FastAPI, lin: httpx.AsyncClient) -> None:
    many = files(*(f"{n}.jpg" for n in range(30)))
    assert (await lin.post("/api/batch/queues", files=many, data=WISH)).status_code == 201
    before = await app.state.db.read(counts)
    more = [("images", (f"more{n}.png", png(20 + n, 20), "image/png")) for n in range(30)]
    answer = await lin.post("/api/batch/queues", files=more, data=WISH)
    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_credits")
    assert (answer.json()["required"], answer.json()["available"]) == (30, 20)
    assert (await app.state.db.read(counts))[0] == before[0]
    assert list(app.state.settings.scratch_dir.glob("*")) == []


async def test_an_idempotency_key_makes_a_repeat_harmless(app: FastAPI, lin: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "first-try"}
    first = await lin.post("/api/batch/queues", files=files("a.jpg"), data=WISH, headers=key)
    again = await lin.post("/api/batch/queues", files=files("a.jpg"), data=WISH, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["id"] == first.json()["id"]
    for other in (WISH | {"prompt": "y"}, WISH | {"batch_name": "z"}):
        answer = await lin.post("/api/batch/queues", files=files("a.jpg"), data=other, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    answer = await lin.post("/api/batch/queues", files=files("b.jpg"), data=WISH, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert (await lin.get("/api/auth/me")).json()["credits"] == 49


async def test_a_field_of_a_form_that_is_left_blank_is_not_given(lin: httpx.AsyncClient) -> None:
    blank = dict.fromkeys(("model", "batch_name", "aspect_ratio", "image_size", "sample_first"), "")
    made = await lin.post("/api/batch/queues", files=files("a.jpg"), data=WISH | blank)
    assert made.status_code == 201
    for wrong in ({"prompt": ""}, {"nonsense": ""}):
        answer = await lin.post("/api/batch/queues", files=files("a.jpg"), data=WISH | wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_a_strict_body_takes_no_number_for_another(lin: httpx.AsyncClient) -> None:
    for body in (
        '{"image_ids":["1"],"prompt":"x"}',
        '{"image_ids":[true],"prompt":"x"}',
        '{"image_ids":[1.0],"prompt":"x"}',
        '{"image_ids":[1],"prompt":"x","sample_first":"1"}',
        '{"image_ids":[1],"prompt":null}',
        '{"image_ids":[1e400],"prompt":"x"}',
        '{"image_ids":[NaN],"prompt":"x"}',
        '{"image_ids":[1],"prompt":"\\ud800"}',
        '{"image_ids":[1],"prompt":"a\\u0000b"}',
        '{"image_ids":[99999999999999999999],"prompt":"x"}',
    ):
        answer = await lin.post("/api/batch/queues", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), (body, answer.text)
        assert answer.json()["code"] in ("malformed_request", "validation_failed")


async def test_someone_elses_batch_images_and_tasks_do_not_exist(
    app: FastAPI, lin: httpx.AsyncClient, register: Register
) -> None:
    made = await lin.post("/api/batch/queues", files=files("a.jpg"), data=WISH)
    queue_id = made.json()["id"]
    await ended(lin, app, queue_id)
    task = (await lin.get(f"/api/batch/queues/{queue_id}/tasks")).json()["items"][0]
    image = task["original_image"]
    mallory = await register("mallory")
    paths = [
        ("GET", f"/api/batch/queues/{queue_id}"),
        ("GET", f"/api/batch/queues/{queue_id}/tasks"),
        ("GET", f"/api/batch/queues/{queue_id}/events"),
        ("GET", f"/api/batch/queues/{queue_id}/archive"),
        ("POST", f"/api/batch/queues/{queue_id}/cancel"),
        ("POST", f"/api/batch/queues/{queue_id}/retry"),
        ("DELETE", f"/api/batch/queues/{queue_id}"),
        ("GET", f"/api/batch/tasks/{task['id']}"),
        ("POST", f"/api/batch/tasks/{task['id']}/retry"),
        ("GET", image["url"]),
        ("GET", image["thumbnail_url"]),
        ("GET", task["generated_image"]["url"]),
    ]
    for method, path in paths:
        theirs = await mallory.request(method, path)
        never = await mallory.request(method, path.replace(f"/{path.split('/')[4]}", "/987654"))
        assert theirs.status_code == never.status_code == 404, path
        assert theirs.json() == never.json()
    answer = await mallory.post("/api/batch/queues", json={"image_ids": [image["id"]], "prompt": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await mallory.get("/api/batch/queues")).json()["items"] == []


async def test_without_credentials_everything_is_401(lin: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    image = (await lin.post("/api/batch/images", files={"file": ("a.png", png(), "image/png")})).json()
    for path in (image["url"], image["thumbnail_url"], "/api/batch/config", "/api/batch/queues", "/api/batch/events"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_lists_are_paged_filtered_and_searched(app: FastAPI, lin: httpx.AsyncClient) -> None:
    for name in ("春", "夏 100%", "秋_"):
        answer = await lin.post("/api/batch/queues", files=files("a.jpg"), data=WISH | {"batch_name": name})
        await ended(lin, app, answer.json()["id"])
    first = (await lin.get("/api/batch/queues?limit=2")).json()
    rest = (await lin.get(f"/api/batch/queues?limit=2&cursor={first['next_cursor']}")).json()
    names = [queue["batch_name"] for queue in first["items"] + rest["items"]]
    assert names == ["秋_", "夏 100%", "春"]
    assert rest["next_cursor"] is None
    for text, found in (("%", ["夏 100%"]), ("_", ["秋_"]), ("春", ["春"]), ("X", names)):
        answer = await lin.get("/api/batch/queues", params={"q": text})
        assert [queue["batch_name"] for queue in answer.json()["items"]] == found
    assert (await lin.get("/api/batch/queues?status=failed")).json()["items"] == []
    for query in ("cursor=x", "cursor=WzFd%00", "limit=0", "limit=101", "status=odd", "limit=1e9"):
        assert (await lin.get(f"/api/batch/queues?{query}")).status_code == 422


async def test_an_unchanged_batch_is_304(app: FastAPI, lin: httpx.AsyncClient) -> None:
    made = await lin.post("/api/batch/queues", files=files("a.jpg"), data=WISH)
    await ended(lin, app, made.json()["id"])
    path = f"/api/batch/queues/{made.json()['id']}"
    answer = await lin.get(path)
    again = await lin.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await lin.patch(path, json={"batch_name": "another"})
    assert (await lin.get(path, headers={"If-None-Match": answer.headers["etag"]})).status_code == 200


async def test_estimate(lin: httpx.AsyncClient) -> None:
    model = (await lin.get("/api/batch/config")).json()["default_model"]
    answer = await lin.post("/api/batch/queues/estimate", json={"model": model, "count": 7})
    assert answer.json() == {"credits": 7, "available": 50, "seconds": None}
    assert (await lin.post("/api/batch/queues/estimate", json={"model": "x", "count": 7})).status_code == 422
    assert (await lin.post("/api/batch/queues/estimate", json={"model": model, "count": 0})).status_code == 422


async def test_an_edit_the_newest_version_is_in_the_archive(app: FastAPI, lin: httpx.AsyncClient) -> None:
    made = await lin.post("/api/batch/queues", files=files("a.jpg"), data=WISH)
    queue_id = made.json()["id"]
    await ended(lin, app, queue_id)
    task = (await lin.get(f"/api/batch/queues/{queue_id}/tasks")).json()["items"][0]
    edit = {"prompt": "黑白", "source": "generated"}
    key = {"Idempotency-Key": "k"}
    child = (await lin.post(f"/api/batch/tasks/{task['id']}/edit", json=edit, headers=key)).json()
    again = await lin.post(f"/api/batch/tasks/{task['id']}/edit", json=edit, headers=key)
    assert (again.status_code, again.json()["id"]) == (201, child["id"])
    other = await lin.post(f"/api/batch/tasks/{task['id']}/edit", json=edit | {"prompt": "x"}, headers=key)
    assert problem(other) == (422, "idempotency_mismatch")
    assert (child["parent_task_id"], child["queue_id"]) == (task["id"], queue_id)
    assert child["status"] in ("pending", "processing", "completed")  # a free slot does not wait for us to look
    queue = await ended(lin, app, queue_id)
    assert (queue["total_images"], queue["completed_images"]) == (2, 2)
    child = (await lin.get(f"/api/batch/tasks/{child['id']}")).json()
    newest = await lin.get(child["generated_image"]["url"])
    answer = await lin.get(f"/api/batch/queues/{queue_id}/archive")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        [name] = [name for name in archive.namelist() if name != "manifest.csv"]
        assert archive.read(name) == newest.content
    chosen = await lin.get(f"/api/batch/queues/{queue_id}/archive?task_ids={task['id']}")
    with zipfile.ZipFile(io.BytesIO(chosen.content)) as archive:
        assert len(archive.namelist()) == 2
    assert (await lin.get(f"/api/batch/queues/{queue_id}/archive?task_ids=987654")).status_code == 404
    assert (await lin.get(f"/api/batch/queues/{queue_id}/archive?task_ids=x")).status_code == 422


async def test_a_deleted_batch_takes_its_files_along(app: FastAPI, lin: httpx.AsyncClient) -> None:
    made = await lin.post("/api/batch/queues", files=files("a.jpg"), data=WISH)
    path = f"/api/batch/queues/{made.json()['id']}"
    await ended(lin, app, made.json()["id"])
    image = (await lin.get(f"{path}/tasks")).json()["items"][0]["generated_image"]
    assert (await lin.delete(path)).status_code == 204
    assert (await lin.get(path)).status_code == 404
    assert (await lin.get(image["url"])).status_code == 404
    assert [key async for key, _ in app.state.storage.list("")] == []
    assert await app.state.db.read(counts) == (0, 0, 0)


async def test_control_over_http(app: FastAPI, lin: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    await admin.post("/api/admin/batch/pause")
    made = await lin.post("/api/batch/queues", files=files("a.jpg", "b.jpg"), data=WISH)
    path = f"/api/batch/queues/{made.json()['id']}"
    assert (await lin.get(path)).json()["paused_reason"] == "admin"
    assert (await lin.post(f"{path}/pause")).json()["status"] == "paused"
    assert (await lin.post(f"{path}/pause")).json()["code"] == "invalid_state"
    assert (await lin.post(f"{path}/resume")).json()["status"] == "pending"
    assert (await lin.delete(path)).json()["code"] == "invalid_state"
    assert (await lin.get(f"{path}/archive")).json()["code"] == "nothing_to_download"
    cancelled = (await lin.post(f"{path}/cancel")).json()
    assert (cancelled["status"], cancelled["credits_released"]) == ("cancelled", 2)
    assert (await lin.post(f"{path}/cancel")).json()["status"] == "cancelled"
    assert (await lin.get("/api/auth/me")).json()["credits"] == 50
    await app.state.db.read(assert_books_balance)


async def test_changes_are_told_as_they_happen(app: FastAPI, lin: httpx.AsyncClient) -> None:
    from backend.batch.stream import Listener, listen

    who = (await lin.get("/api/auth/me")).json()["id"]

    async def allowed() -> None:
        return None

    stream = listen(app.state.db, app.state.feed, Listener(who, None, None, allowed))
    seen: dict[str, list[Any]] = {"queue": [], "task": []}
    made = await lin.post("/api/batch/queues", files=files("a.jpg", "b.jpg"), data=WISH)
    async with asyncio.timeout(60):
        async for piece in stream:
            lines = dict(line.split(": ", 1) for line in piece.decode().strip().splitlines() if ": " in line)
            if lines.get("event") in seen:
                seen[lines["event"]].append(json.loads(lines["data"]))
                assert int(lines["id"]) > 0
            if seen["queue"] and seen["queue"][-1]["status"] == "completed":
                break
    await stream.aclose()  # type: ignore[attr-defined]
    assert seen["queue"][-1]["id"] == made.json()["id"]
    assert {task["status"] for task in seen["task"]} >= {"completed"}
    assert len({task["id"] for task in seen["task"]}) == 2
