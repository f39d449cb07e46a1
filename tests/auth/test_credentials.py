"""What is sent to prove who one is: bearer tokens, API tokens, cookies, and what only looks like them."""

from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend import clock
from backend.auth import tokens
from backend.auth.models import AuthSession, AuthToken
from backend.db import Database, affected, utc_after
from tests.service import PASSWORD, SITE, Register, Visitor, access_token, problem

SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


async def me(client: httpx.AsyncClient, **headers: str) -> httpx.Response:
    return await client.get("/api/auth/me", headers=headers)


async def signed_in(client: httpx.AsyncClient, username: str = "lin") -> httpx.AsyncClient:
    answer = await client.post("/api/auth/session", json={"username": username, "password": PASSWORD})
    assert answer.status_code == 204
    return client


async def refused(client: httpx.AsyncClient, authorization: str | bytes) -> None:
    answer = await client.get("/api/auth/me", headers=[(b"authorization", _bytes(authorization))])
    assert problem(answer) == (401, "not_authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


async def test_nobody(client: httpx.AsyncClient) -> None:
    assert problem(await me(client)) == (401, "not_authenticated")


@pytest.mark.parametrize(
    "header",
    ["Basic x", "Bearer", "Bearer ", "Bearer  ", "Bearer a b", "Bearer\t", "Bearer é", b"Bearer \xff\xfe",
     "Bearer " + "x" * 100_000, "Bearer nb_", "Bearer nb_" + "x" * 43, "Bearer nb_" + "x" * 42 + "'", "Bearer e30.e30.", "Digest x", "",
     "nb_x", "Bearer null"],
)  # fmt: skip
async def test_no_credentials(client: httpx.AsyncClient, header: str | bytes) -> None:
    """A16"""
    await refused(client, header)


async def test_the_word_bearer_in_any_case_and_one_header_only(visitor: Visitor, register: Register) -> None:
    """A16"""
    await register("lin")
    token = await access_token(visitor(), "lin")
    assert (await me(visitor(), Authorization=f"bearer {token}")).status_code == 200
    assert (await me(visitor(), Authorization=f"BEARER {token}")).status_code == 200
    await refused(visitor(), f"Bearer  {token}")
    await refused(visitor(), f"Bearer {token} ".rstrip() + " x")
    twice = [("Authorization", f"Bearer {token}")] * 2
    assert problem(await visitor().get("/api/auth/me", headers=twice)) == (401, "not_authenticated")


@pytest.mark.parametrize("name", ["token", "access_token", "authorization", "api_key", "jwt"])
async def test_no_token_in_an_address(visitor: Visitor, register: Register, name: str) -> None:
    """A30"""
    await register("lin")
    token = await access_token(visitor(), "lin")
    assert problem(await visitor().get("/api/auth/me", params={name: token})) == (401, "not_authenticated")


@pytest.mark.parametrize(
    "header",
    ["X-User-Id", "X-Forwarded-User", "Remote-User", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override"],
)
async def test_no_other_header_is_believed(client: httpx.AsyncClient, header: str) -> None:
    """A38"""
    for value in ("1", "admin", "/api/health", "GET"):
        assert problem(await me(client, **{header: value})) == (401, "not_authenticated")


@pytest.mark.parametrize("changes", [{"sub": "999999"}, {"sub": "9" * 18}, {"ver": 1}, {"ver": -1}, {"typ": "refresh"}])
async def test_signed_by_us_and_still_no_good(
    app: FastAPI, register: Register, visitor: Visitor, changes: dict[str, Any]
) -> None:
    """A22, A24"""
    user_id = (await me(await register("lin"))).json()["id"]
    now = clock.now()
    claims = {"sub": str(user_id), "ver": 0, "typ": "access", "jti": "j", "iat": now, "exp": now + timedelta(hours=1)}
    secret = app.state.settings.jwt_secret
    assert (await me(visitor(token=jwt.encode(claims, secret)))).status_code == 200
    assert problem(await me(visitor(token=jwt.encode(claims | changes, secret)))) == (401, "not_authenticated")


async def test_roles_are_the_databases(visitor: Visitor, admin: httpx.AsyncClient, register: Register) -> None:
    """A25"""
    lin = await register("lin")
    user_id = (await me(lin)).json()["id"]
    assert problem(await lin.get("/api/admin/users")) == (403, "admin_only")
    await admin.patch(f"/api/admin/users/{user_id}", json={"role": "admin"})
    assert (await lin.get("/api/admin/users")).status_code == 200
    await admin.patch(f"/api/admin/users/{user_id}", json={"role": "user"})
    assert problem(await lin.get("/api/admin/users")) == (403, "admin_only")


async def test_a_disabled_user_is_nobody_at_once(
    visitor: Visitor, admin: httpx.AsyncClient, register: Register
) -> None:
    """A26"""
    lin = await register("lin")
    browser = await signed_in(visitor())
    program = visitor(token=(await lin.post("/api/auth/tokens", json={"name": "x"})).json()["token"])
    user_id = (await me(lin)).json()["id"]
    for client in (lin, browser, program):
        assert (await me(client)).status_code == 200
    await admin.patch(f"/api/admin/users/{user_id}", json={"is_active": False})
    for client in (lin, browser, program):
        assert problem(await me(client)) == (401, "not_authenticated")
    await admin.patch(f"/api/admin/users/{user_id}", json={"is_active": True})
    for client in (lin, browser):
        assert problem(await me(client)) == (401, "not_authenticated")
    assert (await me(program)).status_code == 200


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


@pytest.mark.parametrize("value", ["", "x", "x" * 43, "x" * 5000, '"' + "x" * 43 + '"', "' OR 1=1", "é" * 43])
async def test_no_session(client: httpx.AsyncClient, value: str) -> None:
    answer = await client.get("/api/auth/me", headers=[(b"cookie", b"sid=" + value.encode())])
    assert problem(answer) == (401, "not_authenticated")


async def test_a_bearer_token_wins_over_the_cookie(visitor: Visitor, register: Register) -> None:
    await register("lin")
    chen = await access_token(visitor(), "chen") if await register("chen") else ""
    browser = await signed_in(visitor(), "lin")
    assert (await me(browser, Authorization=f"Bearer {chen}")).json()["username"] == "chen"
    assert problem(await me(browser, Authorization="Bearer nonsense")) == (401, "not_authenticated")
    # with a bearer token no other site could have sent this, so its origin does not matter
    answer = await browser.post(
        "/api/auth/tokens",
        json={"name": "x"},
        headers={"Authorization": f"Bearer {chen}", "Origin": "https://other.test"},
    )
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-site"}, 403), ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example"}, 403), ({"Origin": f"{SITE}.evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Origin": SITE}, 201), ({"Sec-Fetch-Site": "cross-site", "Origin": SITE}, 403),
    ],
)  # fmt: skip
async def test_with_the_cookie_only_this_site_changes_things(
    client: httpx.AsyncClient, register: Register, headers: dict[str, str], status: int
) -> None:
    """A33"""
    await register("lin")
    await signed_in(client)
    answer = await client.post("/api/auth/tokens", json={"name": "x"}, headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert problem(answer) == (403, "cross_origin")
        assert (await client.get("/api/auth/tokens")).json()["items"] == []


async def test_signing_out_ends_the_session_on_the_server(
    client: httpx.AsyncClient, visitor: Visitor, register: Register
) -> None:
    await register("lin")
    await signed_in(client)
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
    there = await signed_in(visitor("2001:db8::1"))
    await signed_in(visitor(), "chen")
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
    await signed_in(client)
    await age(app.state.db, AuthSession, **values)
    assert problem(await me(client)) == (401, "not_authenticated")
    assert (await lin.get("/api/auth/sessions")).json()["items"] == []


async def test_last_seen_is_kept_to_the_minute(app: FastAPI, client: httpx.AsyncClient, register: Register) -> None:
    await register("lin")
    await signed_in(client)
    await age(app.state.db, AuthSession, last_seen_at=utc_after(-50))
    before = await seen(app.state.db)
    await me(client)
    assert await seen(app.state.db) == before
    await age(app.state.db, AuthSession, last_seen_at=utc_after(-70))
    before = await seen(app.state.db)
    await me(client)
    assert (await seen(app.state.db)) - before >= timedelta(seconds=60)


async def age(db: Database, table: type[AuthSession] | type[AuthToken], **values: Any) -> None:
    async def change(session: AsyncSession) -> None:
        assert await affected(session, update(table).values(**values))

    await db.write(change)


async def seen(db: Database) -> Any:
    async def look(session: AsyncSession) -> Any:
        return (await session.scalars(select(AuthSession.last_seen_at))).one()

    return await db.read(look)


async def test_only_so_many_sessions_are_kept(
    app: FastAPI, visitor: Visitor, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.auth.service.proofs.MOST_SESSIONS", 2)
    await register("lin")
    first, second, third = [await signed_in(visitor()) for _ in range(3)]
    assert problem(await me(first)) == (401, "not_authenticated")
    assert [(await me(client)).status_code for client in (second, third)] == [200, 200]


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
    await age(app.state.db, AuthToken, expires_at=utc_after(-1))
    assert problem(await me(program)) == (401, "not_authenticated")
    await age(app.state.db, AuthToken, expires_at=None)
    assert (await me(program)).status_code == 200
    assert (await lin.delete(f"/api/auth/tokens/{made['id']}")).status_code == 204
    assert problem(await me(program)) == (401, "not_authenticated")
    assert problem(await lin.delete(f"/api/auth/tokens/{made['id']}")) == (404, "not_found")


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "  "}, {"name": "x" * 101}, {"name": 5}, {"name": "x", "expires_in_days": 0}, {"name": "x\0"},
     {"name": "x", "expires_in_days": 3651}, {"name": "x", "expires_in_days": "7"}, {"name": "x", "expires_in_days": True},
     {"name": "x", "expires_in_days": 1.5}, {"name": "x", "user_id": 1}],
)  # fmt: skip
async def test_no_api_token_of_this(register: Register, body: dict[str, Any]) -> None:
    lin = await register("lin")
    assert problem(await lin.post("/api/auth/tokens", json=body)) == (422, "validation_failed")


async def test_only_so_many_api_tokens(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.auth.service.proofs.MOST_TOKENS", 2)
    lin = await register("lin")
    statuses = [(await lin.post("/api/auth/tokens", json={"name": "x"})).status_code for _ in range(3)]
    assert statuses == [201, 201, 409]


@pytest.mark.parametrize("token_id", ["0", "-1", "abc", "9223372036854775808", "1" + "0" * 30, "1.5", "%00", "１"])
async def test_odd_ids(register: Register, token_id: str) -> None:
    """D18"""
    lin = await register("lin")
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
