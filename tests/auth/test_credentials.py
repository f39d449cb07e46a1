"""Who is asking, by whatever was sent: good tokens, bad ones, and what only looks like them."""

from datetime import timedelta
from typing import Any

import httpx
import jwt
from fastapi import FastAPI

from backend import clock
from tests.service import Register, Visitor, access_token, problem, sign_in


async def me(client: httpx.AsyncClient, **headers: str) -> httpx.Response:
    return await client.get("/api/auth/me", headers=headers)


async def refused(client: httpx.AsyncClient, authorization: str | bytes) -> None:
    answer = await client.get("/api/auth/me", headers=[(b"authorization", _bytes(authorization))])
    assert problem(answer) == (401, "not_authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


async def test_nobody(client: httpx.AsyncClient) -> None:
    assert problem(await me(client)) == (401, "not_authenticated")


BAD_HEADERS: list[str | bytes] = [
    "Basic x", "Bearer", "Bearer ", "Bearer  ", "Bearer a b", "Bearer\t", "Bearer é", b"Bearer \xff\xfe",
    "Bearer " + "x" * 100_000, "Bearer nb_", "Bearer nb_" + "x" * 43, "Bearer nb_" + "x" * 42 + "'",
    "Bearer e30.e30.", "Digest x", "", "nb_x", "Bearer null",
]  # fmt: skip


async def test_no_credentials(client: httpx.AsyncClient) -> None:
    """A16"""
    for header in BAD_HEADERS:
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


PARAMETERS: list[str] = ["token", "access_token", "authorization", "api_key", "jwt"]


async def test_no_token_in_an_address(visitor: Visitor, register: Register) -> None:
    """A30"""
    await register("lin")
    token = await access_token(visitor(), "lin")
    for name in PARAMETERS:
        assert problem(await visitor().get("/api/auth/me", params={name: token})) == (401, "not_authenticated")


OTHER_HEADERS: list[str] = [
    "X-User-Id", "X-Forwarded-User", "Remote-User", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override",
]  # fmt: skip


async def test_no_other_header_is_believed(client: httpx.AsyncClient) -> None:
    """A38"""
    for header in OTHER_HEADERS:
        for value in ("1", "admin", "/api/health", "GET"):
            assert problem(await me(client, **{header: value})) == (401, "not_authenticated")


BAD_CLAIMS: list[dict[str, Any]] = [{"sub": "999999"}, {"sub": "9" * 18}, {"ver": 1}, {"ver": -1}, {"typ": "refresh"}]


async def test_signed_by_us_and_still_no_good(app: FastAPI, register: Register, visitor: Visitor) -> None:
    """A22, A24"""
    user_id = (await me(await register("lin"))).json()["id"]
    now = clock.now()
    claims = {"sub": str(user_id), "ver": 0, "typ": "access", "jti": "j", "iat": now, "exp": now + timedelta(hours=1)}
    secret = app.state.settings.jwt_secret
    for changes in BAD_CLAIMS:
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
    browser = await sign_in(visitor())
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


async def test_a_bearer_token_wins_over_the_cookie(visitor: Visitor, register: Register) -> None:
    await register("lin")
    chen = await access_token(visitor(), "chen") if await register("chen") else ""
    browser = await sign_in(visitor(), "lin")
    assert (await me(browser, Authorization=f"Bearer {chen}")).json()["username"] == "chen"
    assert problem(await me(browser, Authorization="Bearer nonsense")) == (401, "not_authenticated")
    # with a bearer token no other site could have sent this, so its origin does not matter
    answer = await browser.post(
        "/api/auth/tokens",
        json={"name": "x"},
        headers={"Authorization": f"Bearer {chen}", "Origin": "https://other.test"},
    )
    assert answer.status_code == 201
