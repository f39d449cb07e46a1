"""Personal API tokens."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.auth.models import AuthToken
from backend.db import Database, affected, utc_after
from tests.service import Register, Visitor, problem


async def me(client: httpx.AsyncClient, **headers: str) -> httpx.Response:
    return await client.get("/api/auth/me", headers=headers)


async def test_an_api_token_is_shown_once(app: FastAPI, visitor: Visitor, register: Register) -> None:
    lin = await register("lin")
    answer = await lin.post("/api/auth/tokens", json={"name": "  nightly "})
    assert answer.status_code == 201
    made = answer.json()
    assert made["token"].startswith("nb_")
    assert (made["name"], made["expires_at"], made["last_used_at"]) == ("nightly", None, None)
    assert made["hint"] == made["token"][:7]
    program = visitor(token=made["token"])
    assert (await me(program)).json()["username"] == "lin"
    [listed] = (await program.get("/api/auth/tokens")).json()["items"]
    assert "token" not in listed
    assert listed["last_used_at"] is not None
    assert made["token"] not in await stored(app.state.db)


async def stored(db: Database) -> str:
    async def look(session: AsyncSession) -> str:
        token = (await session.scalars(select(AuthToken))).one()
        return repr({column.name: getattr(token, column.name) for column in AuthToken.__table__.columns})

    return await db.read(look)


async def test_an_api_token_ends_when_it_was_to_or_is_deleted(
    app: FastAPI, visitor: Visitor, register: Register
) -> None:
    lin, chen = await register("lin"), await register("chen")
    made = (await lin.post("/api/auth/tokens", json={"name": "x", "expires_in_days": 1})).json()
    program = visitor(token=made["token"])
    assert (await me(program)).status_code == 200
    assert problem(await chen.delete(f"/api/auth/tokens/{made['id']}")) == (404, "not_found")
    await age(app.state.db, expires_at=utc_after(-1))
    assert problem(await me(program)) == (401, "not_authenticated")
    await age(app.state.db, expires_at=None)
    assert (await me(program)).status_code == 200
    assert (await lin.delete(f"/api/auth/tokens/{made['id']}")).status_code == 204
    assert problem(await me(program)) == (401, "not_authenticated")
    assert problem(await lin.delete(f"/api/auth/tokens/{made['id']}")) == (404, "not_found")


BAD_TOKENS: list[dict[str, Any]] = [
    {}, {"name": ""}, {"name": "  "}, {"name": "x" * 101}, {"name": 5}, {"name": "x", "expires_in_days": 0},
    {"name": "x\0"}, {"name": "x", "expires_in_days": 3651}, {"name": "x", "expires_in_days": "7"},
    {"name": "x", "expires_in_days": True}, {"name": "x", "expires_in_days": 1.5}, {"name": "x", "user_id": 1},
]  # fmt: skip


async def test_no_api_token_of_this(register: Register) -> None:
    lin = await register("lin")
    for body in BAD_TOKENS:
        assert problem(await lin.post("/api/auth/tokens", json=body)) == (422, "validation_failed")


async def test_only_so_many_api_tokens(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.auth.service.proofs.MOST_TOKENS", 2)
    lin = await register("lin")
    statuses = [(await lin.post("/api/auth/tokens", json={"name": "x"})).status_code for _ in range(3)]
    assert statuses == [201, 201, 409]


ODD_IDS: list[str] = ["0", "-1", "abc", "9223372036854775808", "1" + "0" * 30, "1.5", "%00", "１"]


async def test_odd_ids(register: Register) -> None:
    """D18"""
    lin = await register("lin")
    for token_id in ODD_IDS:
        assert (await lin.delete(f"/api/auth/tokens/{token_id}")).status_code in {404, 422}


async def test_a_list_in_pages(register: Register) -> None:
    lin = await register("lin")
    made = [(await lin.post("/api/auth/tokens", json={"name": str(n)})).json()["id"] for n in range(5)]
    got: list[int] = []
    cursor: str | None = None
    for _ in range(10):
        page = (await lin.get("/api/auth/tokens", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        got += [item["id"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert got == made[::-1]
    for params in (
        {"cursor": "!"},
        {"cursor": "x" * 300},
        {"limit": 0},
        {"limit": 101},
        {"limit": "x"},
        {"cursor": "WyJhIl0"},
    ):
        assert problem(await lin.get("/api/auth/tokens", params=params)) == (422, "validation_failed")


async def age(db: Database, **values: Any) -> None:
    async def change(session: AsyncSession) -> None:
        assert await affected(session, update(AuthToken).values(**values))

    await db.write(change)
