"""Bodies that nobody should read to their end, and requests that are not what they look like."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Message

from backend.errors import MalformedRequest
from backend.web.arrival import SLOWEST, Arrival, Limit
from tests.service import Register, problem, sign_in

PIECE = b"[" * 65536
PIECES = 5000

OPEN = ("/api/auth/register", "/api/auth/session", "/api/auth/token")
SIGNED_IN = (
    "/api/auth/password",
    "/api/auth/tokens",
    "/api/batch/queues",
    "/api/batch/queues/estimate",
    "/api/batch/queues/1/approve",
    "/api/batch/tasks/1/edit",
)


class Flood:
    """A body without a length that goes on and on; `read` counts its bytes that somebody took."""

    def __init__(self) -> None:
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(PIECES):
            self.read += len(PIECE)
            yield PIECE


def kind_of(path: str) -> str:
    return "application/x-www-form-urlencoded" if path.endswith("/token") else "application/json"


@pytest.mark.parametrize("path", [*OPEN, *SIGNED_IN])
async def test_c05_s04_a_body_without_length_ends_at_the_limit(
    client: httpx.AsyncClient, register: Register, path: str
) -> None:
    who = client if path in OPEN else await register("lin")
    flood = Flood()
    answer = await who.post(path, content=flood.__aiter__(), headers={"Content-Type": kind_of(path)})
    assert problem(answer) == (413, "body_too_large")
    assert answer.headers["connection"] == "close"
    assert flood.read <= 5 * len(PIECE)


@pytest.mark.parametrize("path", ["/api/batch/queues", "/api/auth/tokens", "/api/admin/presets", "/api/nothing"])
async def test_c04_nothing_is_read_of_a_stranger(client: httpx.AsyncClient, path: str) -> None:
    flood = Flood()
    answer = await client.post(path, content=flood.__aiter__(), headers={"Content-Type": "application/json"})
    assert problem(answer) == (401, "not_authenticated")
    assert answer.headers["connection"] == "close"
    assert flood.read == 0


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/admin/presets", (403, "admin_only")),
        ("/api/auth/me", (405, "method_not_allowed")),
        ("/api/nothing", (404, "not_found")),
        ("/", (405, "method_not_allowed")),
    ],
)
async def test_s04_a_body_that_nobody_wants_is_not_swallowed(
    register: Register, path: str, expected: tuple[int, str]
) -> None:
    lin, flood = await register("lin"), Flood()
    answer = await lin.post(path, content=flood.__aiter__(), headers={"Content-Type": "application/json"})
    assert problem(answer) == expected
    assert answer.headers["connection"] == "close"
    assert flood.read == 0


async def test_an_answer_after_the_whole_body_keeps_the_connection(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/auth/session", json={"username": "nobody", "password": "wrong horse"})
    assert problem(answer) == (401, "invalid_credentials")
    assert "connection" not in answer.headers


async def test_c10_a_body_that_stops_arriving_is_given_up() -> None:
    async def silence() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    with pytest.raises(MalformedRequest):
        await Arrival(silence, Limit(10), 0.001, expected=True).receive()


@pytest.mark.parametrize(("piece", "whole"), [(1, False), (SLOWEST * 50, True)])
async def test_c10_a_body_that_drips_is_given_up(piece: int, whole: bool) -> None:
    now = 0.0

    async def receive() -> Message:
        nonlocal now
        await asyncio.sleep(0)
        now += 50
        return {"type": "http.request", "body": bytes(piece), "more_body": True}

    arrival = Arrival(receive, Limit(SLOWEST * 1000), 60, expected=True, clock=lambda: now)
    with contextlib.nullcontext() if whole else pytest.raises(MalformedRequest):
        for _ in range(5):
            await arrival.receive()


async def test_the_end_of_a_connection_may_take_as_long_as_it_likes() -> None:
    left = asyncio.Event()

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    arrival = Arrival(receive, Limit(10), 0, expected=False)
    waiting = asyncio.create_task(arrival.receive())
    left.set()
    assert await waiting == {"type": "http.disconnect"}


async def test_d26_allow_names_every_method(register: Register) -> None:
    lin = await register("lin")
    for path, methods in {
        "/api/batch/queues": {"GET", "POST"},
        "/api/batch/queues/1": {"GET", "PATCH", "DELETE"},
        "/api/batch/images/1": {"GET", "HEAD"},
        "/api/health": {"GET", "HEAD"},
        "/api/auth/session": {"POST", "DELETE"},
    }.items():
        answer = await lin.put(path)
        assert problem(answer) == (405, "method_not_allowed")
        assert set(answer.headers["allow"].split(", ")) == methods


async def test_b18_no_redirect_to_a_host_of_the_askers_choice(register: Register) -> None:
    lin = await register("lin")
    for path in ("/api/batch/queues/", "/api/health/", "/api/auth/me/"):
        answer = await lin.get(path, headers={"Host": "evil.example"})
        assert problem(answer) == (404, "not_found")
        assert "location" not in answer.headers


async def test_b18_two_hosts_are_none(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/health", headers=[("Host", "photos.test"), ("Host", "evil.example")])
    assert problem(answer) == (400, "malformed_request")


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site"])
async def test_a33_an_origin_is_named_once(client: httpx.AsyncClient, register: Register, header: str) -> None:
    await register("lin")
    lin = await sign_in(client)
    own = {"Origin": "http://photos.test", "Sec-Fetch-Site": "same-origin"}[header]
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}[header]
    answer = await lin.delete("/api/auth/session", headers=[(header, own), (header, foreign)])
    assert problem(answer) == (403, "cross_origin")
