"""A real HTTP/1.1 server on loopback, written out byte by byte so that it can misbehave in every way that is needed."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 429: "Too Many Requests", 500: "Internal Server Error"}
FOREVER = 3600.0


@dataclass(slots=True)
class Received:
    """One request as it arrived; `status` is None until an answer began. Times are `time.monotonic()`."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    started: float
    status: int | None = None
    finished: float | None = None
    cancelled: bool = False

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back, and how badly.

    `latency` passes before the first byte; `hang` never sends one. `chunked` sends no length; `content_length` lies
    about it. `drip` waits that long between pieces of `piece` bytes. After `cut_after` bytes of body the connection is
    reset; with `stall` the whole body is sent, but it is never said to be over and the connection stays open. `fin`
    closes the connection after the body, whatever length was promised.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    latency: float = 0.0
    hang: bool = False
    chunked: bool = False
    content_length: int | None = None
    drip: float = 0.0
    piece: int = 65536
    cut_after: int | None = None
    stall: bool = False
    fin: bool = False


def json_answer(value: Any, status: int = 200, /, **more: Any) -> Answer:
    """`value` as JSON; further arguments are `Answer`'s."""
    headers = {"content-type": "application/json", **more.pop("headers", {})}
    return Answer(status, json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"), headers, **more)


def html_answer(text: str, status: int = 200) -> Answer:
    return Answer(status, text.encode(), {"content-type": "text/html; charset=utf-8"})


def sse_answer(events: Iterable[Any], *, done: bool = True, **more: Any) -> Answer:
    """Server-sent events: strings go out as they are, everything else as JSON."""
    lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
    body = "".join(f"data: {line}\n\n" for line in [*lines, *(["[DONE]"] if done else [])])
    return Answer(200, body.encode(), {"content-type": "text/event-stream"}, chunked=True, **more)


Handler = Callable[[Received], Awaitable[Answer]]


class WireServer:
    """Serves `handler` on a free loopback port while it is entered; keeps a journal of all that came."""

    def __init__(self, handler: Handler | None = None, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self.in_flight = 0
        self.max_in_flight = 0
        self._handler = handler
        self._address = (host, port)
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()

    @property
    def port(self) -> int:
        assert self._server is not None, "enter the server first"
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def base_url(self) -> str:
        return f"http://{self._address[0]}:{self.port}"

    @property
    def netloc(self) -> str:
        return f"{self._address[0]}:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, *self._address)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._server is not None
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await self._server.wait_closed()

    async def until(self, holds: Callable[[], bool], timeout: float = 20.0) -> None:
        """Wait until `holds()`; it is asked again whenever a request begins or ends."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(holds)

    async def answer(self, request: Received) -> Answer:
        """What to send back: a subclass's own, or the handler's."""
        assert self._handler is not None
        return await self._handler(request)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        self.connections += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._talks.discard(talk)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection goes on."""
        request = await _read(reader)
        if request is None:
            return False
        self.requests.append(request)
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        await self._tell()
        gone = asyncio.create_task(_hangs_up(reader))
        work = asyncio.create_task(self._answered(request, writer))
        try:
            await asyncio.wait({gone, work}, return_when=asyncio.FIRST_COMPLETED)
            request.cancelled = request.finished is None and not work.done()
            return bool(work.done() and await work and not gone.done())
        finally:
            for task in (gone, work):
                task.cancel()
            await asyncio.gather(gone, work, return_exceptions=True)
            self._end(request)
            with contextlib.suppress(asyncio.CancelledError):
                await self._tell()

    async def _answered(self, request: Received, writer: asyncio.StreamWriter) -> bool:
        answer = await self.answer(request)
        await asyncio.sleep(FOREVER if answer.hang else answer.latency)
        request.status = answer.status
        # a client may send its next request as soon as it has the last byte, so this one is over just before
        return await _send(answer, writer, lambda: self._end(request))

    def _end(self, request: Received) -> None:
        if request.finished is None:
            request.finished = time.monotonic()
            self.in_flight -= 1

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


async def _read(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    lines = head.decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
    }
    started = time.monotonic()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, path, headers, body, started)


async def _hangs_up(reader: asyncio.StreamReader) -> None:
    """Ends when the client closes. It looks without reading: the bytes of a next request are not its own."""
    while not reader.at_eof():
        await asyncio.sleep(0.01)


async def _send(answer: Answer, writer: asyncio.StreamWriter, ending: Callable[[], None]) -> bool:
    """Write the answer; `ending` is called just before the bytes that let the client know it is complete."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    if answer.chunked:
        headers["transfer-encoding"] = "chunked"
    else:
        headers["content-length"] = str(len(answer.body) if answer.content_length is None else answer.content_length)
    head = [
        f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Answer')}",
        *(f"{k}: {v}" for k, v in headers.items()),
    ]
    body = answer.body if answer.cut_after is None else answer.body[: answer.cut_after]
    pieces = [body[start : start + answer.piece] for start in range(0, len(body), answer.piece)]
    last = b"" if answer.chunked or not pieces else pieces.pop()
    start = "\r\n".join([*head, "", ""]).encode("latin-1")
    if pieces:
        writer.write(start)
        start = b""
    for piece in pieces:
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if answer.chunked else piece)
        await writer.drain()
        await asyncio.sleep(answer.drip)
    if not answer.stall:
        ending()
    writer.write(start + last)
    if answer.chunked and not (answer.stall or answer.fin or answer.cut_after is not None):
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    if answer.cut_after is not None:
        writer.transport.abort()
        return False
    if answer.stall:
        await asyncio.sleep(FOREVER)
    return not answer.fin
