"""Browsers: the cookie, where one is signed in, and how that ends."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.auth import tokens
from backend.auth.models import AuthSession
from backend.db import Database, affected, utc_after
from tests.service import PASSWORD, SITE, Register, Visitor, problem, sign_in

SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


async def me(client: httpx.AsyncClient, **headers: str) -> httpx.Response:
    return await client.get("/api/auth/me", headers=headers)


async def test_the_cookie_cannot_be_read_or_sent_elsewhere(client: httpx.AsyncClient, register: Register) -> None:
    """A33"""
    await register("lin")
    answer = await client.post("/api/auth/session", json={"username": "lin", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    name, *flags = (part.strip() for part in cookie.split(";"))
    assert name.startswith("sid=")
    assert {"HttpOnly", "SameSite=lax", "Path=/", f"Max-Age={tokens.SESSION_SECONDS}"} <= set(flags)
    assert "Domain" not in cookie
    assert "Secure" not in flags
    assert (await me(client)).json()["username"] == "lin"


async def test_over_https_the_cookie_is_bound_to_the_host(visitor: Visitor, register: Register) -> None:
    await register("lin")
    client = visitor(site="https://photos.test")
    answer = await client.post("/api/auth/session", json={"username": "lin", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-sid=")
    assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert (await me(client)).json()["username"] == "lin"


BAD_COOKIES: list[str] = ["", "x", "x" * 43, "x" * 5000, '"' + "x" * 43 + '"', "' OR 1=1", "é" * 43]


async def test_no_session(client: httpx.AsyncClient) -> None:
    for value in BAD_COOKIES:
        answer = await client.get("/api/auth/me", headers=[(b"cookie", b"sid=" + value.encode())])
        assert problem(answer) == (401, "not_authenticated")


ORIGINS: list[tuple[dict[str, str], int]] = [
    ({}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Origin": "null"}, 403), ({"Origin": "https://evil.example"}, 403),
    ({"Origin": f"{SITE}.evil.example"}, 403), ({"Sec-Fetch-Site": "same-origin"}, 201),
    ({"Origin": SITE}, 201), ({"Sec-Fetch-Site": "cross-site", "Origin": SITE}, 403),
]  # fmt: skip


async def test_with_the_cookie_only_this_site_changes_things(client: httpx.AsyncClient, register: Register) -> None:
    """A33"""
    await register("lin")
    await sign_in(client)
    made = 0
    for headers, status in ORIGINS:
        answer = await client.post("/api/auth/tokens", json={"name": "x"}, headers=headers)
        assert answer.status_code == status
        if status == 403:
            assert problem(answer) == (403, "cross_origin")
        made += status == 201
        assert len((await client.get("/api/auth/tokens")).json()["items"]) == made


async def test_signing_out_ends_the_session_on_the_server(
    client: httpx.AsyncClient, visitor: Visitor, register: Register
) -> None:
    await register("lin")
    await sign_in(client)
    value = client.cookies["sid"]
    answer = await client.delete("/api/auth/session", headers=SAME_SITE)
    assert answer.status_code == 204
    assert any(c.startswith('sid="";') and "Max-Age=0" in c for c in answer.headers.get_list("set-cookie"))
    assert "sid" not in client.cookies
    stolen = visitor()
    stolen.cookies.set("sid", value)
    assert problem(await me(stolen)) == (401, "not_authenticated")


async def test_where_one_is_signed_in(visitor: Visitor, register: Register) -> None:
    lin, chen = await register("lin"), await register("chen")
    here = visitor("192.0.2.5")
    await here.post(
        "/api/auth/session", json={"username": "lin", "password": PASSWORD}, headers={"User-Agent": "Browser/1"}
    )
    there = await sign_in(visitor("2001:db8::1"))
    await sign_in(visitor(), "chen")
    listed = (await here.get("/api/auth/sessions")).json()["items"]
    assert [(s["address"], s["current"]) for s in listed] == [("2001:db8::1", False), ("192.0.2.5", True)]
    assert listed[1]["user_agent"] == "Browser/1"
    assert [s["current"] for s in (await lin.get("/api/auth/sessions")).json()["items"]] == [False, False]
    other = listed[0]["id"]
    assert problem(await chen.delete(f"/api/auth/sessions/{other}")) == (404, "not_found")
    assert (await here.delete(f"/api/auth/sessions/{other}", headers=SAME_SITE)).status_code == 204
    assert problem(await me(there)) == (401, "not_authenticated")
    assert problem(await lin.delete(f"/api/auth/sessions/{other}")) == (404, "not_found")
    assert (await me(here)).status_code == 200


@pytest.mark.parametrize(
    "values",
    [{"expires_at": utc_after(-1)}, {"last_seen_at": utc_after(-tokens.IDLE_SECONDS - 1)}],
    ids=["older than any session", "unused for too long"],
)
async def test_sessions_end_by_themselves(
    app: FastAPI, client: httpx.AsyncClient, register: Register, values: dict[str, Any]
) -> None:
    lin = await register("lin")
    await sign_in(client)
    await age(app.state.db, **values)
    assert problem(await me(client)) == (401, "not_authenticated")
    assert (await lin.get("/api/auth/sessions")).json()["items"] == []


async def test_last_seen_is_kept_to_the_minute(app: FastAPI, client: httpx.AsyncClient, register: Register) -> None:
    await register("lin")
    await sign_in(client)
    await age(app.state.db, last_seen_at=utc_after(-50))
    before = await seen(app.state.db)
    await me(client)
    assert await seen(app.state.db) == before
    await age(app.state.db, last_seen_at=utc_after(-70))
    before = await seen(app.state.db)
    await me(client)
    assert (await seen(app.state.db)) - before >= timedelta(seconds=60)


async def seen(db: Database) -> Any:
    async def look(session: AsyncSession) -> Any:
        return (await session.scalars(select(AuthSession.last_seen_at))).one()

    return await db.read(look)


async def test_only_so_many_sessions_are_kept(
    app: FastAPI, visitor: Visitor, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.auth.service.proofs.MOST_SESSIONS", 2)
    await register("lin")
    first, second, third = [await sign_in(visitor()) for _ in range(3)]
    assert problem(await me(first)) == (401, "not_authenticated")
    assert [(await me(client)).status_code for client in (second, third)] == [200, 200]


async def age(db: Database, **values: Any) -> None:
    async def change(session: AsyncSession) -> None:
        assert await affected(session, update(AuthSession).values(**values))

    await db.write(change)
