"""One's own account: password, ledger, upstream."""

from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.auth.models import UserUpstream
from backend.auth.own_upstream import KeyCipher
from tests.service import PASSWORD, Register, Visitor, problem

NEW = "another long phrase"
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}
UPSTREAM = {
    "provider": "openai-images",
    "base_url": "https://api.openai.com/v1/",
    "api_key": "sk-0123456789abcdef",
    "model": "gpt-image-1",
}


async def sign_in(client: httpx.AsyncClient, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/api/auth/session", json={"username": "lin", "password": password})


async def change(client: httpx.AsyncClient, current: object = PASSWORD, new: object = NEW) -> httpx.Response:
    body = {"current_password": current, "new_password": new}
    return await client.post("/api/auth/password", json=body, headers=SAME_SITE)


async def alive(*clients: httpx.AsyncClient) -> list[bool]:
    return [(await client.get("/api/auth/me")).status_code == 200 for client in clients]


async def test_a_new_password_ends_everything_else(visitor: Visitor, register: Register) -> None:
    """A28"""
    jwt, here, there = await register("lin"), visitor(), visitor()
    await sign_in(here)
    await sign_in(there)
    program = visitor(token=(await jwt.post("/api/auth/tokens", json={"name": "x"})).json()["token"])
    assert (await change(here)).status_code == 204
    assert await alive(here, there, jwt, program) == [True, False, False, True]
    assert problem(await sign_in(visitor())) == (401, "invalid_credentials")
    assert (await sign_in(visitor(), NEW)).status_code == 204


async def test_changed_by_token_the_token_itself_ends(visitor: Visitor, register: Register) -> None:
    jwt = await register("lin")
    assert (await change(jwt)).status_code == 204
    assert await alive(jwt) == [False]


async def test_no_change_without_the_current_password(client: httpx.AsyncClient, register: Register) -> None:
    """A28"""
    jwt = await register("lin")
    await sign_in(client)
    assert problem(await change(client, current="not this one")) == (401, "invalid_credentials")
    assert problem(await change(client, new="short")) == (422, "validation_failed")
    assert problem(await change(client, new="password123")) == (422, "weak_password")
    assert problem(await change(client, current=None)) == (422, "validation_failed")
    assert await alive(client, jwt) == [True, True]
    assert (await sign_in(client)).status_code == 204


async def test_me_cannot_be_changed(register: Register) -> None:
    """B10"""
    lin = await register("lin")
    for method in ("PATCH", "PUT", "POST"):
        answer = await lin.request(method, "/api/auth/me", json={"role": "admin", "credits": 10**6})
        assert problem(answer) == (405, "method_not_allowed")


async def test_the_ledger_is_ones_own(admin: httpx.AsyncClient, register: Register) -> None:
    lin, chen = await register("lin"), await register("chen")
    user_id = (await lin.get("/api/auth/me")).json()["id"]
    for delta in (5, -20, 100):
        await admin.post(f"/api/admin/users/{user_id}/credits", json={"delta": delta, "note": f"by {delta}"})
    items = (await lin.get("/api/auth/credits")).json()["items"]
    assert [(i["kind"], i["delta"], i["balance"], i["reason"]) for i in items] == [
        ("adjust", 100, 135, "by 100"), ("adjust", -20, 35, "by -20"), ("adjust", 5, 55, "by 5"), ("grant", 50, 50, "sign-up"),
    ]  # fmt: skip
    assert sum(i["delta"] for i in items) == (await lin.get("/api/auth/me")).json()["credits"] == 135
    assert len((await chen.get("/api/auth/credits")).json()["items"]) == 1
    first = (await lin.get("/api/auth/credits", params={"limit": 3})).json()
    rest = (await lin.get("/api/auth/credits", params={"cursor": first["next_cursor"]})).json()
    assert first["items"] + rest["items"] == items
    assert (await lin.get("/api/auth/credits", params={"queue_id": 1})).json()["items"] == []
    for queue_id in ("0", "x", 2**63, 10**30):
        assert problem(await lin.get("/api/auth/credits", params={"queue_id": queue_id}))[0] == 422
    # whatever else is asked for, it is still one's own
    assert (await chen.get("/api/auth/credits", params={"user_id": user_id, "all": 1})).json()["items"][0][
        "delta"
    ] == 50


async def test_an_upstream_of_ones_own(app: FastAPI, register: Register, admin: httpx.AsyncClient) -> None:
    """B13, B14"""
    lin, chen = await register("lin"), await register("chen")
    assert problem(await lin.get("/api/auth/upstream")) == (404, "not_found")
    answer = await lin.put("/api/auth/upstream", json=UPSTREAM)
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["key_hint"], shown["base_url"]) == ("cdef", "https://api.openai.com/v1")
    assert "0123456789" not in answer.text + (await lin.get("/api/auth/upstream")).text
    assert (await lin.get("/api/auth/upstream")).json() == shown
    assert problem(await chen.get("/api/auth/upstream")) == (404, "not_found")
    sealed = await app.state.db.read(sealed_key)
    assert "0123456789" not in sealed
    assert KeyCipher(app.state.settings.encryption_key).open(sealed) == UPSTREAM["api_key"]
    again = await lin.put(
        "/api/auth/upstream", json=UPSTREAM | {"model": "gpt-image-2", "api_key": "sk-fedcba9876543210"}
    )
    assert (again.json()["model"], again.json()["key_hint"], again.json()["created_at"]) == (
        "gpt-image-2",
        "3210",
        shown["created_at"],
    )
    assert (await lin.delete("/api/auth/upstream")).status_code == 204
    assert (await lin.delete("/api/auth/upstream")).status_code == 204
    assert problem(await lin.get("/api/auth/upstream")) == (404, "not_found")


async def sealed_key(session: AsyncSession) -> str:
    return (await session.scalars(select(UserUpstream.api_key_encrypted))).one()


PRIVATE_URLS: list[str] = [
    "http://127.0.0.1:3306", "https://localhost", "file:///etc/passwd", "https://u:p@example.com", "x",
    "https://" + "a" * 600,
]  # fmt: skip


async def test_an_upstream_must_be_public(register: Register) -> None:
    """D30"""
    lin = await register("lin")
    for url in PRIVATE_URLS:
        answer = await lin.put("/api/auth/upstream", json=UPSTREAM | {"base_url": url})
        assert problem(answer) == (422, "url_not_allowed")
        assert problem(await lin.get("/api/auth/upstream")) == (404, "not_found")


BAD_UPSTREAMS: list[dict[str, Any]] = [
    {"provider": "local"}, {"provider": "OpenAI"}, {"provider": None}, {"base_url": ""}, {"base_url": 5},
    {"api_key": "short"}, {"api_key": "with a space in it"}, {"api_key": "line\nbreak-in-it"},
    {"api_key": "x" * 501}, {"api_key": "钥匙钥匙钥匙钥匙"}, {"model": ""}, {"model": "x" * 101}, {"extra": 1},
]  # fmt: skip


async def test_no_upstream_of_this(register: Register) -> None:
    lin = await register("lin")
    for change in BAD_UPSTREAMS:
        answer = await lin.put("/api/auth/upstream", json=UPSTREAM | change)
        assert problem(answer) == (422, "validation_failed")
        assert UPSTREAM["api_key"] not in answer.text


async def test_an_address_never_comes_without_its_key(register: Register) -> None:
    """T6"""
    lin = await register("lin")
    for missing in sorted(UPSTREAM):
        body = {name: value for name, value in UPSTREAM.items() if name != missing}
        assert problem(await lin.put("/api/auth/upstream", json=body)) == (422, "validation_failed")
