"""Presets: everyone reads the active ones, administrators write them."""

from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.presets.models import PresetPrompt
from tests.service import Register, problem

PRESET = {
    "title": "铅笔素描",
    "content": "把这张图片画成铅笔素描",
    "category": "风格",
    "sort_order": 5,
    "is_active": True,
}
SEEDED = ["高清增强", "艺术风格", "写实风格", "动漫风格", "水彩画风"]


async def offered(client: httpx.AsyncClient) -> list[str]:
    page = (await client.get("/api/batch/presets")).json()
    assert page["next_cursor"] is None
    return [item["title"] for item in page["items"]]


async def test_five_are_there_from_the_start(register: Register) -> None:
    lin = await register("lin")
    assert await offered(lin) == SEEDED
    first = (await lin.get("/api/batch/presets")).json()["items"][0]
    assert set(first) == {"id", "title", "content", "category", "sort_order"}


async def test_they_are_offered_in_pages(admin: httpx.AsyncClient, register: Register) -> None:
    lin = await register("lin")
    await admin.put("/api/admin/presets/2", json={"is_active": False})
    await admin.put("/api/admin/presets/4", json={"sort_order": 30})  # the same place as another has
    whole = await offered(lin)
    for limit in (1, 2, 3, 4):
        seen, query = [], {"limit": str(limit)}
        while True:
            page = (await lin.get("/api/batch/presets", params=query)).json()
            assert 0 < len(page["items"]) <= limit
            seen += [item["title"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert seen == whole
    for wrong in ("cursor=x", "cursor=WzFd", "limit=0", "limit=101", "limit=x"):
        assert problem(await lin.get(f"/api/batch/presets?{wrong}")) == (422, "validation_failed"), wrong


async def test_from_made_to_deleted(admin: httpx.AsyncClient, register: Register) -> None:
    lin = await register("lin")
    answer = await admin.post("/api/admin/presets", json=PRESET)
    assert answer.status_code == 201
    made = answer.json()
    assert made == PRESET | {"id": made["id"]}
    assert await offered(lin) == ["铅笔素描", *SEEDED]
    address = f"/api/admin/presets/{made['id']}"
    assert (await admin.put(address, json={"is_active": False})).json() == made | {"is_active": False}
    assert await offered(lin) == SEEDED
    whole = PRESET | {"title": "Pencil", "sort_order": 45}
    assert (await admin.put(address, json=whole)).json() == whole | {"id": made["id"]}
    assert await offered(lin) == [*SEEDED[:4], "Pencil", SEEDED[4]]
    assert (await admin.put(address, json={})).json()["title"] == "Pencil"
    assert (await admin.delete(address)).status_code == 204
    assert await offered(lin) == SEEDED
    for answer in (
        await admin.put(address, json={"title": "x"}),
        await admin.put(address, json={}),
        await admin.delete(address),
    ):
        assert problem(answer) == (404, "not_found")


async def test_what_is_left_out_has_a_default_and_spaces_around_go(admin: httpx.AsyncClient) -> None:
    made = (await admin.post("/api/admin/presets", json={"title": " a ", "content": "\n b \n"})).json()
    assert made == {"id": made["id"], "title": "a", "content": "b", "category": "", "sort_order": 0, "is_active": True}


SCRIPTS: list[str] = ["👨‍👩‍👧‍👦 family", "e" + "\u0301" * 90, "<b>&amp;</b>", "كتابة", "🇨🇳"]


async def test_any_script_comes_back_as_it_went(admin: httpx.AsyncClient) -> None:
    """D12"""
    for text in SCRIPTS:
        if not text.isprintable():
            assert problem(await admin.post("/api/admin/presets", json={"title": text, "content": "x"}))[0] == 422
            title = "x"
        else:
            title = text
        made = (await admin.post("/api/admin/presets", json={"title": title, "content": text})).json()
        assert (made["title"], made["content"]) == (title, text)


BAD_PRESETS: list[dict[str, Any]] = [
    {"title": ""}, {"title": "   "}, {"title": "x" * 101}, {"title": "two\nlines"}, {"title": None},
    {"title": 5}, {"title": "a\0b"}, {"content": ""}, {"content": " \n\t "}, {"content": "x" * 4001},
    {"content": None}, {"content": ["x"]}, {"content": "a\0b"}, {"category": "x" * 51}, {"category": None},
    {"category": "a\tb"}, {"sort_order": -1}, {"sort_order": 1_000_001}, {"sort_order": "5"},
    {"sort_order": True}, {"sort_order": 1.5}, {"sort_order": 10**30}, {"sort_order": None}, {"is_active": 1},
    {"is_active": "true"}, {"is_active": None}, {"id": 5}, {"tittle": "x"},
]  # fmt: skip


async def test_no_preset_of_this(admin: httpx.AsyncClient) -> None:
    """D05-D17"""
    preset_id = (await admin.get("/api/admin/presets")).json()["items"][0]["id"]
    for change in BAD_PRESETS:
        for answer in (
            await admin.post("/api/admin/presets", json=PRESET | change),
            await admin.put(f"/api/admin/presets/{preset_id}", json=change),
        ):
            assert problem(answer) == (422, "validation_failed")
        assert len((await admin.get("/api/admin/presets")).json()["items"]) == len(SEEDED)


async def test_the_longest_fits(admin: httpx.AsyncClient) -> None:
    """D13"""
    longest = PRESET | {"title": "题" * 100, "content": "𠮷" * 4000, "category": "类" * 50}
    made = (await admin.post("/api/admin/presets", json=longest)).json()
    assert made == longest | {"id": made["id"]}


async def test_pages_in_sort_order_even_of_what_operators_wrote_by_hand(app: FastAPI, admin: httpx.AsyncClient) -> None:
    async def by_hand(session: AsyncSession) -> None:
        await session.execute(insert(PresetPrompt).values(title="by hand", content="x", sort_order=-7))

    await app.state.db.write(by_hand)
    titles: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (
            await admin.get("/api/admin/presets", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        titles += [item["title"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert titles == ["by hand", *SEEDED]
