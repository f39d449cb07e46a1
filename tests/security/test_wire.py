"""What a stranger can do to the server before there is a request at all: over real sockets."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.cli import ending, protocol
from backend.cli.protocol import MOST_HEAD_BYTES, BoundedProtocol

PIECE = b"y" * 60_000


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Of a server that answers every request with "ok"."""
    async with serving(PlainTextResponse("ok")) as number:
        yield number


@pytest.fixture
async def reading_port() -> AsyncIterator[int]:
    """Of a server that reads a request to its end, and answers with the names of its headers."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await request.body()
        names = ", ".join(name.decode() for name, _ in request.headers.raw)
        await PlainTextResponse(f"<{names}>")(scope, receive, send)

    async with serving(app) as number:
        yield number


@contextlib.asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[int]:
    config = uvicorn.Config(app, http=BoundedProtocol, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await serving


async def answers(port: int, *pieces: bytes) -> bytes:
    """All that the server says until it closes the connection."""
    return await answers_on(*await asyncio.open_connection("127.0.0.1", port), *pieces)


async def answers_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *pieces: bytes) -> bytes:
    """As `answers`, on a connection that is open."""
    answer = b""
    try:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65536):
                answer += piece
    finally:
        writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return answer


async def talk_on(writer: asyncio.StreamWriter) -> None:
    """Send until the connection is gone."""
    while True:
        writer.write(PIECE)
        await writer.drain()


def refused(answer: bytes) -> None:
    """It is a problem document with the usual headers."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    for header in (b"content-type: application/problem+json", b"x-request-id: ", b"x-content-type-options: nosniff"):
        assert header in head.lower()
    assert b"connection: close" in head.lower()
    assert json.loads(body)["code"] == "malformed_request"


async def test_t20_many_large_headers_are_refused(port: int) -> None:
    read_before_refusal = MOST_HEAD_BYTES + 2 * len(PIECE)
    pieces = [b"X%d: %s\r\n" % (number, PIECE) for number in range(read_before_refusal // len(PIECE))]
    refused(await answers(port, b"GET / HTTP/1.1\r\nHost: x\r\n", *pieces))


async def test_t20_one_endless_header_is_refused(port: int) -> None:
    refused(await answers(port, b"GET / HTTP/1.1\r\nHost: x\r\nX: ", PIECE, PIECE, PIECE))


async def test_t20_the_next_request_has_a_bound_as_well(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\nok")).startswith(b"HTTP/1.1 200 ")
    refused(await answers_on(reader, writer, b"GET / HTTP/1.1\r\nX: ", PIECE, PIECE, PIECE, PIECE))


async def test_a_large_body_is_no_head(port: int) -> None:
    request = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (5 * len(PIECE))
    assert (await answers(port, request, *[PIECE] * 5)).startswith(b"HTTP/1.1 200 ")


CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "around",
    [
        [b"0\r\n", *(b"X%d: %s\r\n" % (number, PIECE) for number in range(8))],
        [b"0\r\nX: ", *[PIECE] * 8],
        [b"5;x=", *[PIECE] * 8],
    ],
    ids=["many trailers", "an endless trailer", "an endless extension of a chunk"],
)
async def test_t20_what_stands_around_a_body_has_a_bound(reading_port: int, around: list[bytes]) -> None:
    async with asyncio.timeout(10):
        refused(await answers(reading_port, CHUNKED, *around))


async def test_trailers_are_no_headers(reading_port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", reading_port)
    writer.write(CHUNKED + b"5\r\nhello\r\n")
    writer.write(b"0\r\nX-One: 1\r\nX-Two: 2\r\n\r\n")
    assert (await reader.readuntil(b">")).endswith(b"<host, transfer-encoding>")
    answer = await answers_on(reader, writer, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b"<host, connection>")


async def test_a_body_of_many_small_chunks_is_no_trailer(reading_port: int) -> None:
    request = CHUNKED.replace(b"Host: x", b"Host: x\r\nConnection: close")
    answer = await answers(reading_port, request, *[b"5\r\nhello\r\n" * 5_000] * 4, b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_s04_who_is_still_sending_hears_the_answer(port: int) -> None:
    pieces = 500  # far more than the sockets hold
    request = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (pieces * len(PIECE))
    answer = await answers(port, request, *[PIECE] * pieces)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"ok")


async def test_s04_nobody_is_listened_to_for_ever(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "MOST_SECONDS", 0.01)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000000000000\r\n\r\n")
    assert (await reader.read()).endswith(b"ok")
    with pytest.raises(ConnectionError):
        await talk_on(writer)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@pytest.mark.parametrize(
    "request_line",
    [
        b"FOO / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
    ],
)
async def test_c05_what_is_no_request_is_a_problem_too(port: int, request_line: bytes) -> None:
    refused(await answers(port, request_line))


async def test_s05_a_connection_that_says_nothing_is_closed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.01)
    assert await answers(port) == b""
    assert await answers(port, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""


async def test_a_websocket_is_not_spoken(port: int) -> None:
    request = (
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    assert (await reader.readuntil(b"\r\n\r\nok")).startswith(b"HTTP/1.1 200 ")
    writer.close()
    await writer.wait_closed()
