"""The whole service in this process, spoken to over HTTP: `client` is a stranger, `register` makes users, `admin` is one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from fastapi import FastAPI

from backend.settings import Settings

ADMIN_PASSWORD = "correct horse battery"
PASSWORD = "a long enough phrase"
SITE = "http://photos.test"

Register = Callable[[str], Awaitable[httpx.AsyncClient]]
Visitor = Callable[..., httpx.AsyncClient]


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application between its start and its stop, both in one task, as a server has it."""
    from backend.app import create_app  # only those who ask for the whole service load it

    app = create_app(settings)
    started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()

    async def live() -> None:
        async with app.router.lifespan_context(app):
            started.set_result(None)
            await stop.wait()

    life = asyncio.create_task(live())
    await asyncio.wait([life, started], return_when=asyncio.FIRST_COMPLETED)
    if life.done():
        life.result()
    try:
        yield app
    finally:
        stop.set()
        await life


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    """A running service with a database of its own, on each kind of database."""
    async with running(settings) as app:
        yield app


@pytest.fixture
async def visitor(app: FastAPI) -> AsyncIterator[Visitor]:
    """`visitor(address="192.0.2.7", token="…")`: one more client, with a cookie jar of its own."""
    made: list[httpx.AsyncClient] = []

    def visit(address: str = "192.0.2.1", token: str | None = None, site: str = SITE) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app, client=(address, 50000))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        made.append(httpx.AsyncClient(transport=transport, base_url=site, headers=headers))
        return made[-1]

    yield visit
    for client in made:
        await client.aclose()


@pytest.fixture
def client(visitor: Visitor) -> httpx.AsyncClient:
    """Somebody without credentials."""
    return visitor()


@pytest.fixture
def register(visitor: Visitor) -> Register:
    """`await register("lin")`: a new user's client, signed in by bearer token."""

    async def make(username: str) -> httpx.AsyncClient:
        account = {"username": username, "password": PASSWORD}
        made = await visitor().post("/api/auth/register", json=account)
        assert made.status_code == 201, made.text
        return visitor(token=await access_token(visitor(), username))

    return make


@pytest.fixture
async def admin(visitor: Visitor) -> httpx.AsyncClient:
    """The first administrator, signed in by bearer token."""
    return visitor(token=await access_token(visitor(), "admin", ADMIN_PASSWORD))


async def access_token(client: httpx.AsyncClient, username: str, password: str = PASSWORD) -> str:
    """A JWT for this user."""
    answer = await client.post("/api/auth/token", data={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def sign_in(client: httpx.AsyncClient, username: str = "lin", password: str = PASSWORD) -> httpx.AsyncClient:
    """The client, with a session cookie in its jar from now on."""
    answer = await client.post("/api/auth/session", json={"username": username, "password": password})
    assert answer.status_code == 204, answer.text
    return client


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and `code` of an error, after a look at the rest of the document."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["title"]
    assert body["detail"]
    return answer.status_code, body["code"]
