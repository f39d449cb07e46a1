"""B02, B17: nobody but an administrator gets as far as the administrators' routes."""

import httpx
from fastapi import FastAPI
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.admin.deps import AdminRoute
from backend.admin.router import router
from backend.auth.models import User
from backend.db import affected
from tests.service import Register, problem

ROUTES = sorted((method, route.path) for route in router.routes for method in route.methods)  # type: ignore[attr-defined]


def test_every_route_is_behind_the_door(app: FastAPI) -> None:
    assert len(ROUTES) >= 15
    assert all(isinstance(route, AdminRoute) for route in router.routes)
    documented = {path for path in app.openapi()["paths"] if path.startswith("/api/admin/")}
    assert {f"/api{path}" for _, path in ROUTES} | {"/api/admin/panel"} >= documented


async def test_not_for_users_or_strangers(client: httpx.AsyncClient, register: Register) -> None:
    """B02: also before a body is looked at."""
    lin = await register("lin")
    for method, path in ROUTES:
        for number in ("1", "0", "x"):
            address = "/api" + path.replace("{preset_id}", number).replace("{user_id}", number).replace(
                "{queue_id}", number
            )
            for body in (b"", b"{", b'{"nonsense": true}', b"null"):
                headers = {"Content-Type": "application/json"}
                assert problem(await lin.request(method, address, content=body, headers=headers)) == (403, "admin_only")
                assert problem(await client.request(method, address, content=body, headers=headers)) == (
                    401,
                    "not_authenticated",
                )


DETOURS: list[str] = [
    "//api/admin/users", "/api//admin/users", "/api/admin//users", "/api/ADMIN/users", "/api/%61dmin/users",
    "/api/admin/users/", "/api/..;/admin/users", "/api/%2e%2e/api/admin/users", "/api/admin/users%00",
    "/api/admin/%2e/users",
]  # fmt: skip


async def test_no_way_around(client: httpx.AsyncClient, register: Register) -> None:
    """B17"""
    lin = await register("lin")
    for path in DETOURS:
        for asker in (lin, client):
            answer = await asker.get(httpx.URL("http://photos.test", raw_path=path.encode()))
            the_page = answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
            assert the_page or answer.status_code in {307, 401, 403, 404}
            assert '"items"' not in answer.text


async def test_a_role_that_is_none_opens_nothing(app: FastAPI, register: Register) -> None:
    lin = await register("lin")
    user_id = (await lin.get("/api/auth/me")).json()["id"]
    await set_role(app, user_id, "Admin")
    assert problem(await lin.get("/api/admin/users")) == (403, "admin_only")


async def set_role(app: FastAPI, user_id: int, role: str) -> None:
    async def by_hand(session: AsyncSession) -> None:
        await affected(session, update(User).where(User.id == user_id).values(role=role))

    await app.state.db.write(by_hand)
