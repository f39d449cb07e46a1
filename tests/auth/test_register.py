"""Making an account."""

import asyncio

import httpx
import pytest

from backend.auth import service
from backend.auth.service import NewUser
from backend.db import Database
from backend.errors import EmailTaken, UsernameTaken
from tests.service import PASSWORD, Register, Visitor, problem


async def make(
    client: httpx.AsyncClient, username: object = "lin", password: object = PASSWORD, **more: object
) -> httpx.Response:
    return await client.post("/api/auth/register", json={"username": username, "password": password, **more})


async def test_a_new_user_has_a_name_and_the_credits_of_newcomers(client: httpx.AsyncClient) -> None:
    answer = await make(client, "小林林", email="lin@example.com")
    assert answer.status_code == 201
    body = answer.json()
    assert {**body, "id": 0, "created_at": ""} == {
        "id": 0, "username": "小林林", "email": "lin@example.com", "role": "user", "credits": 50, "created_at": "",
    }  # fmt: skip
    assert body["created_at"].endswith("Z")


async def test_the_grant_stands_in_the_ledger(register: Register) -> None:
    lin = await register("lin")
    [line] = (await lin.get("/api/auth/credits")).json()["items"]
    assert (line["kind"], line["delta"], line["balance"], line["queue_id"]) == ("grant", 50, 50, None)


@pytest.mark.parametrize(
    "password", ["with spaces \"and' quotes; 你好 🐱 " + "x" * 32, " " * 3 + "lead and trail" + " " * 3]
)
async def test_any_long_password_is_taken_as_it_is(client: httpx.AsyncClient, password: str) -> None:
    """A05"""
    assert (await make(client, password=password)).status_code == 201
    for offered, status in ((password, 204), (password.strip(), 401 if password != password.strip() else 204)):
        answer = await client.post("/api/auth/session", json={"username": "lin", "password": offered})
        assert answer.status_code == status


async def test_only_the_first_72_bytes_are_not_enough(client: httpx.AsyncClient) -> None:
    """A06"""
    await make(client, password="long-" * 14 + "xx" + "A")
    answer = await client.post("/api/auth/session", json={"username": "lin", "password": "long-" * 14 + "xx" + "B"})
    assert problem(answer) == (401, "invalid_credentials")


WEAK: list[str] = ["password", "12345678", "redneck1", "admin123", "lin-chen-1", "lin@example.com"]


async def test_weak(client: httpx.AsyncClient) -> None:
    """A08"""
    for password in WEAK:
        assert problem(await make(client, "Lin-Chen-1", password, email="Lin@example.com")) == (422, "weak_password")


LIKE_ADMIN: list[str] = ["ADMIN", "admin ", " admin", "ádmin", "ａdmin", "admin\u200b", "admin\0", "аdmin", "Admin"]


async def test_nobody_looks_like_admin(client: httpx.AsyncClient) -> None:
    """A09: the same on every database."""
    for username in LIKE_ADMIN:
        folds_to_it = username.lower() == "admin"
        assert problem(await make(client, username)) == (
            (409, "username_taken") if folds_to_it else (422, "validation_failed")
        )


BAD_ACCOUNTS: list[object] = [
    {}, [], "x", 1, None, {"username": "lin"}, {"username": "lin", "password": None},
    {"username": 12345, "password": PASSWORD}, {"username": "lin", "password": 12345678},
    {"username": "lin", "password": "short"}, {"username": "lin", "password": "x" * 129},
    {"username": "lin", "password": "nul\0inside it"}, {"username": "ab", "password": PASSWORD},
    {"username": "a" * 33, "password": PASSWORD}, {"username": "lin\r\nx", "password": PASSWORD},
    {"username": "<script>", "password": PASSWORD},
    {"username": "lin", "password": PASSWORD, "email": "no address"},
    {"username": "lin", "password": PASSWORD, "email": "a@b.cn\r\nBcc: c@d.cn"},
    {"username": "lin", "password": PASSWORD, "email": "x" * 10_000 + "@b.cn"},
    {"username": "lin", "password": PASSWORD, "role": "admin"},
    {"username": "lin", "password": PASSWORD, "credits": 10**9},
    {"username": "lin", "password": PASSWORD, "id": 1},
    {"username": "lin", "password": PASSWORD, "is_active": True},
]  # fmt: skip


async def test_no_account_of_this(client: httpx.AsyncClient) -> None:
    """A14, A42, D08"""
    for body in BAD_ACCOUNTS:
        answer = await client.post("/api/auth/register", json=body)
        assert problem(answer) == (422, "validation_failed")
        assert all(error["loc"] and error["msg"] and error["type"] for error in answer.json()["errors"])


async def test_a_text_has_characters_and_not_items(client: httpx.AsyncClient) -> None:
    for password, msg in (
        ("short", "should have at least 8 characters"),
        ("x" * 129, "should have at most 128 characters"),
    ):
        answer = await client.post("/api/auth/register", json={"username": "lin", "password": password})
        assert [error["msg"] for error in answer.json()["errors"]] == [msg]


HALF_CHARACTERS: list[bytes] = [
    rb'{"username":"lin","password":"\ud800 and more"}', rb'{"username":"\udc00\ud800x","password":"x"}',
]  # fmt: skip


async def test_half_characters(client: httpx.AsyncClient) -> None:
    """D09"""
    for text in HALF_CHARACTERS:
        answer = await client.post("/api/auth/register", content=text, headers={"Content-Type": "application/json"})
        assert problem(answer) == (422, "validation_failed")


async def test_an_error_never_repeats_what_was_sent(client: httpx.AsyncClient) -> None:
    """F2"""
    for body in (
        {"password": "Canary-9731"},
        {"username": "a b", "password": "Canary-9731"},
        {"username": "lin", "password": ["Canary-9731"]},
    ):
        for address in ("register", "session"):
            assert "Canary" not in (await client.post(f"/api/auth/{address}", json=body)).text
    assert "Canary" not in (await client.post("/api/auth/token", data={"password": "Canary-9731"})).text


async def test_a_name_or_an_address_belongs_to_one(client: httpx.AsyncClient) -> None:
    await make(client, "lin", email="lin@example.com")
    assert problem(await make(client, "LIN")) == (409, "username_taken")
    assert problem(await make(client, "lin2", email="LIN@Example.com")) == (409, "email_taken")
    assert (await make(client, "lin2", email=None)).status_code == 201
    assert (await make(client, "lin3")).status_code == 201


async def test_of_twenty_at_once_one_gets_the_name(visitor: Visitor) -> None:
    """A13"""
    answers = await asyncio.gather(*(make(visitor(f"192.0.2.{n}"), "lin") for n in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


async def test_the_same_within_the_database(database_url: str) -> None:
    """A13 without the service around it: here all twenty really race."""
    db = Database(database_url)
    made = await asyncio.gather(
        *(db.write(service.register, NewUser("lin", "hash", f"lin{n}@example.com")) for n in range(20)),
        return_exceptions=True,
    )
    mailed = await asyncio.gather(
        *(db.write(service.register, NewUser(f"lin{n}", "hash", "one@example.com")) for n in range(20)),
        return_exceptions=True,
    )
    await db.close()
    assert sorted(type(result).__name__ for result in made) == [UsernameTaken.__name__] * 19 + ["int"]
    assert sorted(type(result).__name__ for result in mailed) == [EmailTaken.__name__] * 19 + ["int"]


async def test_registration_can_be_closed(client: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    await admin.put("/api/admin/config", json={"registration_open": False})
    assert problem(await make(client)) == (403, "registration_closed")
    await admin.put("/api/admin/config", json={"registration_open": True, "signup_credits": 7})
    assert (await make(client)).json()["credits"] == 7


async def test_no_credits_for_newcomers_is_no_ledger_line(admin: httpx.AsyncClient, register: Register) -> None:
    await admin.put("/api/admin/config", json={"signup_credits": 0})
    lin = await register("lin")
    assert (await lin.get("/api/auth/me")).json()["credits"] == 0
    assert (await lin.get("/api/auth/credits")).json() == {"items": [], "next_cursor": None}
