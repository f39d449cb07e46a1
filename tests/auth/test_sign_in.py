"""Proving who one is with a password, and being turned away."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import jwt
import pytest
from fastapi import FastAPI
from limits import RateLimitItemPerHour, RateLimitItemPerMinute

from backend.auth.accounts import Accounts
from backend.auth.throttle import Limits, Throttle
from backend.settings import Settings
from tests.service import PASSWORD, Register, Visitor, problem, running

WRONG = "not the one at all"


async def by_form(client: httpx.AsyncClient, username: str, password: str, **more: str) -> httpx.Response:
    return await client.post("/api/auth/token", data={"username": username, "password": password, **more})


async def by_json(client: httpx.AsyncClient, username: str, password: str, **headers: str) -> httpx.Response:
    account = {"username": username, "password": password}
    return await client.post("/api/auth/session", json=account, headers=headers)


async def test_an_access_token_is_what_swagger_expects(client: httpx.AsyncClient, register: Register) -> None:
    await register("lin")
    answer = await by_form(client, "LIN", PASSWORD, grant_type="password", scope="", client_id="x", client_secret="y")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in"}
    assert body["token_type"] == "bearer"
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == body["expires_in"]
    assert "role" not in claims
    me = await client.get("/api/auth/me", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert me.json()["username"] == "lin"
    assert answer.headers["cache-control"] == "no-store"


async def test_which_part_was_wrong_is_not_told(client: httpx.AsyncClient, register: Register) -> None:
    """A01"""
    await register("lin")
    for way in (by_form, by_json):
        wrong, unknown = await way(client, "lin", WRONG), await way(client, "nobody", WRONG)
        assert problem(wrong) == problem(unknown) == (401, "invalid_credentials")
        assert wrong.content == unknown.content
        assert wrong.headers["www-authenticate"] == "Bearer"


async def test_grant_type_may_be_left_out(client: httpx.AsyncClient, register: Register) -> None:
    await register("lin")
    for grant in ["", "password"]:
        assert (await by_form(client, "lin", PASSWORD, grant_type=grant)).status_code == 200
        assert problem(await by_form(client, "lin", PASSWORD, grant_type="client_credentials"))[0] == 422


async def test_huge_offers_are_not_hashed(client: httpx.AsyncClient) -> None:
    """A04"""
    for username, password in (("lin", "x" * 10**6), ("x" * 10**6, PASSWORD)):
        assert problem(await by_json(client, username, password)) == (413, "body_too_large")
    for username, password in (("lin", "x" * 129), ("x" * 129, PASSWORD)):
        assert problem(await by_form(client, username, password)) == (422, "validation_failed")


ODD_FORMS: list[bytes] = [b"username=lin&password=%ff%fe%00", b"username=%00&password=x", b"", b"&&&", b"username=lin"]


async def test_odd_forms(client: httpx.AsyncClient) -> None:
    for content in ODD_FORMS:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await client.post("/api/auth/token", content=content, headers=headers)
        assert answer.status_code in {401, 422}


STRANGE_NAMES: list[str] = ["' OR '1'='1", "admin'--", "%", "_____", "\\", "0", "ＡＤＭＩＮ", "💥"]


async def test_no_name_is_more_than_a_name(client: httpx.AsyncClient) -> None:
    for name in STRANGE_NAMES:
        assert problem(await by_json(client, name, WRONG)) == (401, "invalid_credentials")


async def test_a_disabled_account_is_told_so_only_with_the_password(
    client: httpx.AsyncClient, admin: httpx.AsyncClient, register: Register
) -> None:
    user_id = (await (await register("lin")).get("/api/auth/me")).json()["id"]
    await admin.patch(f"/api/admin/users/{user_id}", json={"is_active": False})
    for way in (by_form, by_json):
        assert problem(await way(client, "lin", PASSWORD)) == (403, "account_disabled")
        assert problem(await way(client, "lin", WRONG)) == (401, "invalid_credentials")


OTHER_SITES: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
    {"Origin": "null"},
]  # fmt: skip


async def test_no_other_site_signs_anyone_in(client: httpx.AsyncClient, register: Register) -> None:
    await register("lin")
    for headers in OTHER_SITES:
        answer = await client.post("/api/auth/session", json={"username": "lin", "password": PASSWORD}, headers=headers)
        assert problem(answer) == (403, "cross_origin")
        assert "set-cookie" not in answer.headers


NOT_JSON: list[str | None] = ["text/plain", "application/jsonx-text", None]


async def test_only_json_is_json(client: httpx.AsyncClient) -> None:
    """A33, D24"""
    for kind in NOT_JSON:
        headers = {"Content-Type": kind} if kind else {}
        body = b'{"username":"admin","password":"x"}'
        assert (await client.post("/api/auth/session", content=body, headers=headers)).status_code in {415, 422}


@pytest.fixture
async def strict(settings: Settings) -> AsyncIterator[FastAPI]:
    """A service with small numbers for its limits."""
    async with running(settings) as app:
        limits = Limits(
            failures_per_name=RateLimitItemPerMinute(5, 5),
            failures_per_address=RateLimitItemPerMinute(8, 5),
            registrations_per_address=RateLimitItemPerHour(3),
        )
        app.state.accounts = Accounts(app.state.db, app.state.settings, Throttle(limits))
        yield app


def of(app: FastAPI, address: str = "192.0.2.1", **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://photos.test", headers=headers)


async def test_guessing_is_limited_and_headers_do_not_help(strict: FastAPI) -> None:
    """A10, A12"""
    async with of(strict) as attacker, of(strict, "198.51.100.9") as owner:
        await owner.post("/api/auth/register", json={"username": "lin", "password": PASSWORD})
        answers = [await by_json(attacker, "lin", WRONG, **{"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(12)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 7
        assert problem(answers[-1]) == (429, "rate_limited")
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 301
        assert problem(await by_json(attacker, "lin", PASSWORD)) == (429, "rate_limited")
        assert (await by_json(owner, "lin", PASSWORD)).status_code == 204
        # other spellings of the name are the same name; other names are counted together
        assert problem(await by_form(attacker, "LIN", WRONG))[0] == 429
        others = [(await by_form(attacker, f"user{n}", WRONG)).status_code for n in range(5)]
        assert others == [401] * 3 + [429] * 2


async def test_a_wrong_current_password_counts_too(strict: FastAPI) -> None:
    async with of(strict) as lin:
        await lin.post("/api/auth/register", json={"username": "lin", "password": PASSWORD})
        await by_json(lin, "lin", PASSWORD)
        change = {"current_password": WRONG, "new_password": "another long phrase"}
        answers = [
            await lin.post("/api/auth/password", json=change, headers={"Sec-Fetch-Site": "same-origin"})
            for _ in range(7)
        ]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2


async def test_an_address_makes_only_so_many_accounts(strict: FastAPI) -> None:
    async with of(strict) as one, of(strict, "198.51.100.9") as other:
        statuses = []
        for n in range(5):
            await one.post(
                "/api/auth/register", json={"username": f"user{n}", "password": "password"}
            )  # refused: not counted
            answer = await one.post("/api/auth/register", json={"username": f"user{n}", "password": PASSWORD})
            statuses.append(answer.status_code)
        assert statuses == [201] * 3 + [429] * 2
        answer = await other.post("/api/auth/register", json={"username": "user9", "password": PASSWORD})
        assert answer.status_code == 201


async def test_many_right_passwords_at_once_are_all_right(visitor: Visitor, register: Register) -> None:
    await register("lin")
    answers = await asyncio.gather(*(by_form(visitor(), "lin", PASSWORD) for _ in range(25)))
    assert {answer.status_code for answer in answers} == {200}


async def test_the_first_administrator(client: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    me = (await admin.get("/api/auth/me")).json()
    assert (me["username"], me["role"], me["credits"]) == ("admin", "admin", 50)
