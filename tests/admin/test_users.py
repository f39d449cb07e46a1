"""Users, as administrators see and change them."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from backend.auth import service as auth
from backend.db import Database
from backend.errors import LastAdmin, NotFound, UsernameTaken, WeakPassword
from tests.service import PASSWORD, Register, Visitor, access_token, problem

USERS = "/api/admin/users"


async def id_of(client: httpx.AsyncClient) -> int:
    return int((await client.get("/api/auth/me")).json()["id"])


async def test_everyone_with_their_credits(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, register: Register
) -> None:
    await register("lin")
    account = {"username": "小陈陈", "password": PASSWORD, "email": "Chen@example.com"}
    await client.post("/api/auth/register", json=account)
    answer = await admin.get(USERS)
    items = answer.json()["items"]
    assert [item["username"] for item in items] == ["小陈陈", "lin", "admin"]
    assert items[0] == {
        "id": items[0]["id"], "username": "小陈陈", "email": "Chen@example.com", "role": "user", "is_active": True, "credits": 50,
        "created_at": items[0]["created_at"],
    }  # fmt: skip
    assert "argon2" not in answer.text
    first = (await admin.get(USERS, params={"limit": 2})).json()
    rest = (await admin.get(USERS, params={"cursor": first["next_cursor"]})).json()
    assert first["items"] + rest["items"] == items


SEARCHES: list[tuple[str, list[str]]] = [
    ("LI", ["linux", "lin_x"]), ("n_x", ["lin_x"]), ("_", ["lin_x"]), ("%", []), ("\\", []), ("%%%", []),
    ("陈", ["小陈陈"]), ("CHEN@", ["小陈陈"]), ("", ["小陈陈", "linux", "lin_x", "admin"]), ("' OR 1=1 --", []),
]  # fmt: skip


async def test_search_is_literal(admin: httpx.AsyncClient, client: httpx.AsyncClient, register: Register) -> None:
    """D21, T23"""
    await register("lin_x")
    await register("linux")
    for q, found in SEARCHES:
        await client.post(
            "/api/auth/register", json={"username": "小陈陈", "password": PASSWORD, "email": "chen@example.com"}
        )
        items = (await admin.get(USERS, params={"q": q})).json()["items"]
        assert [item["username"] for item in items] == found
        assert problem(await admin.get(USERS, params={"q": "x" * 201})) == (422, "validation_failed")


async def test_credits_are_given_and_taken(admin: httpx.AsyncClient, register: Register) -> None:
    """E16"""
    lin = await register("lin")
    user_id = await id_of(lin)
    address = f"{USERS}/{user_id}/credits"
    answer = await admin.post(address, json={"delta": 100, "note": "autumn catalogue"})
    assert (answer.status_code, answer.json()["credits"], answer.json()["id"]) == (200, 150, user_id)
    assert (await admin.post(address, json={"delta": -150})).json()["credits"] == 0
    refused = await admin.post(address, json={"delta": -1, "note": "too much"})
    assert problem(refused) == (409, "insufficient_credits")
    assert [i["delta"] for i in (await lin.get("/api/auth/credits")).json()["items"]] == [-150, 100, 50]
    entries = (await admin.get("/api/admin/audit")).json()["items"]
    assert [(e["action"], e["target"], e["detail"]["delta"]) for e in entries] == [
        ("user.credits", f"user {user_id}", -150), ("user.credits", f"user {user_id}", 100),
    ]  # fmt: skip
    assert problem(await admin.post(f"{USERS}/999999/credits", json={"delta": 1})) == (404, "not_found")


async def test_the_same_gift_again_gives_nothing(admin: httpx.AsyncClient, register: Register) -> None:
    """E17"""
    address = f"{USERS}/{await id_of(await register('lin'))}/credits"
    key, gift = {"Idempotency-Key": "k"}, {"delta": 100, "note": "autumn catalogue"}
    answers = await asyncio.gather(*(admin.post(address, json=gift, headers=key) for _ in range(5)))
    assert [(answer.status_code, answer.json()["credits"]) for answer in answers] == [(200, 150)] * 5
    other = await admin.post(address, json=gift | {"delta": 10}, headers=key)
    assert problem(other) == (422, "idempotency_mismatch")
    assert problem(await admin.post(address, json=gift, headers={"Idempotency-Key": "no key"})) == (
        422,
        "validation_failed",
    )
    assert (await admin.post(address, json=gift)).json()["credits"] == 250
    assert len((await admin.get("/api/admin/audit")).json()["items"]) == 2


BAD_DELTAS: list[str] = [
    "0", "1.5", "NaN", '"100"', "1e9", "null", "true", "2147483648", "-2147483648", "9223372036854775808",
    "1" + "0" * 30, "[]",
]  # fmt: skip


async def test_no_credits_of_this(admin: httpx.AsyncClient, register: Register) -> None:
    """E14"""
    lin = await register("lin")
    for text in BAD_DELTAS:
        body = f'{{"delta": {text}, "note": "x"}}'.encode()
        answer = await admin.post(
            f"{USERS}/{await id_of(lin)}/credits", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in {400, 422}
        problem(answer)
        assert (await lin.get("/api/auth/me")).json()["credits"] == 50


BAD_GIFTS: list[dict[str, Any]] = [
    {}, {"delta": 1, "note": None}, {"delta": 1, "note": "x" * 501}, {"delta": 1, "note": "x\0"},
    {"delta": 1, "x": 1},
]  # fmt: skip


async def test_no_gift_of_this(admin: httpx.AsyncClient, register: Register) -> None:
    user_id = await id_of(await register("lin"))
    for body in BAD_GIFTS:
        assert problem(await admin.post(f"{USERS}/{user_id}/credits", json=body)) == (422, "validation_failed")


async def test_gifts_at_once_add_up(admin: httpx.AsyncClient, register: Register) -> None:
    """E13"""
    lin = await register("lin")
    address = f"{USERS}/{await id_of(lin)}/credits"
    answers = await asyncio.gather(*(admin.post(address, json={"delta": delta}) for delta in [7, -20] * 10))
    done = sum([7, -20][n % 2] for n, answer in enumerate(answers) if answer.status_code == 200)
    ledger = (await lin.get("/api/auth/credits", params={"limit": 100})).json()["items"]
    credits = (await lin.get("/api/auth/me")).json()["credits"]
    assert credits == 50 + done == sum(line["delta"] for line in ledger) >= 0
    assert {answer.status_code for answer in answers} <= {200, 409}


async def test_a_user_becomes_administrator_and_back(admin: httpx.AsyncClient, register: Register) -> None:
    lin = await register("lin")
    address = f"{USERS}/{await id_of(lin)}"
    assert (await admin.patch(address, json={"role": "admin"})).json()["role"] == "admin"
    assert (await lin.get(USERS)).status_code == 200
    assert (await admin.patch(address, json={"role": "user", "is_active": False})).json()["is_active"] is False
    assert (await admin.patch(address, json={})).status_code == 200
    details = [entry["detail"] for entry in (await admin.get("/api/admin/audit")).json()["items"]]
    assert details == [{"role": "user", "is_active": False}, {"role": "admin"}]


BAD_CHANGES: list[dict[str, Any]] = [
    {"role": "root"}, {"role": None}, {"role": 1}, {"is_active": "no"}, {"is_active": 0}, {"is_active": None},
    {"password_hash": "x"}, {"credits": 5}, {"id": 1}, {"username": "x"},
]  # fmt: skip


async def test_nothing_else_can_be_changed(admin: httpx.AsyncClient, register: Register) -> None:
    """B10"""
    user_id = await id_of(await register("lin"))
    for body in BAD_CHANGES:
        assert problem(await admin.patch(f"{USERS}/{user_id}", json=body)) == (422, "validation_failed")


async def test_nobody_there(admin: httpx.AsyncClient) -> None:
    for body in ({"role": "user"}, {"is_active": False}, {}):
        assert problem(await admin.patch(f"{USERS}/999999", json=body)) == (404, "not_found")


@pytest.mark.parametrize("body", [{"role": "user"}, {"is_active": False}, {"role": "user", "is_active": True}])
async def test_the_last_administrator_stays(admin: httpx.AsyncClient, register: Register, body: dict[str, Any]) -> None:
    """A37"""
    own = f"{USERS}/{await id_of(admin)}"
    assert problem(await admin.patch(own, json=body)) == (409, "last_admin")
    lin = await register("lin")
    lins = f"{USERS}/{await id_of(lin)}"
    await admin.patch(lins, json={"role": "admin"})
    await admin.patch(lins, json={"is_active": False})
    assert problem(await admin.patch(own, json=body)) == (409, "last_admin")
    await admin.patch(lins, json={"is_active": True})
    assert (await admin.patch(own, json=body)).status_code == 200


async def test_two_administrators_cannot_demote_each_other(database_url: str) -> None:
    """A37, in the database itself, where they really race; ten times over."""
    db = Database(database_url)
    left = await db.write(auth.create_user, auth.NewUser("first", "hash", role="admin"))
    for n in range(10):
        other = await db.write(auth.create_user, auth.NewUser(f"other{n}", "hash", role="admin"))
        results = await asyncio.gather(
            db.write(auth.change_account, left, role="user", is_active=None),
            db.write(auth.change_account, other, role=None, is_active=False),
            return_exceptions=True,
        )
        assert [type(result) for result in results if result is not None] == [LastAdmin]
        left = left if isinstance(results[0], LastAdmin) else other
    await db.close()


async def test_many_processes_start_and_one_makes_the_first_administrator(database_url: str) -> None:
    """A36"""
    processes = [Database(database_url, pool_size=1) for _ in range(5)]
    made = await asyncio.gather(*(auth.first_admin(db, "Boss", PASSWORD) for db in processes))
    assert sorted(made) == [False] * 4 + [True]
    assert not await auth.first_admin(processes[0], "another", PASSWORD)
    for db in processes:
        await db.close()


async def test_an_operator_makes_administrators(app: FastAPI, visitor: Visitor, register: Register) -> None:
    lin = await register("lin")
    with pytest.raises(WeakPassword):
        await auth.make_admin(app.state.db, "lin", "password")
    with pytest.raises(ValueError, match="8 to 128"):
        await auth.make_admin(app.state.db, "lin", "short")
    with pytest.raises(ValueError, match="characters"):
        await auth.make_admin(app.state.db, "no name", PASSWORD)
    await auth.make_admin(app.state.db, "LIN", "quite another phrase")
    assert problem(await lin.get("/api/auth/me")) == (401, "not_authenticated")
    again = visitor(token=await access_token(visitor(), "lin", "quite another phrase"))
    assert (await again.get(USERS)).status_code == 200
    await auth.make_admin(app.state.db, "chen", PASSWORD)
    chen = visitor(token=await access_token(visitor(), "chen"))
    assert (await chen.get("/api/auth/me")).json()["role"] == "admin"


async def test_the_first_administrators_name_may_belong_to_nobody_else(database_url: str) -> None:
    db = Database(database_url)
    await db.write(auth.create_user, auth.NewUser("Boss", "hash"))
    with pytest.raises(UsernameTaken):
        await auth.first_admin(db, "boss", PASSWORD)
    with pytest.raises(NotFound):
        await db.write(auth.change_account, 999999, role="admin", is_active=None)
    await db.close()
