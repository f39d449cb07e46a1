"""Stands between the service and its MariaDB: delays statements, and loses the answers to commits."""

import asyncio
import contextlib
import random
from types import TracebackType
from typing import Self

QUERY = 0x03
HEADER = 4


class Proxy:
    """Speaks enough of MySQL's protocol to tell one command from the next. `delay` seconds, between the least and the
    most, pass before each is sent on; of the answers to COMMIT a share of `lost` is never given: the connection ends instead,
    after the server has committed."""

    def __init__(self, port: int, rng: random.Random) -> None:
        self._target, self._rng = port, rng
        self.delay = (0.0, 0.0)
        self.lost = 0.0
        self.commits_lost = 0
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            answers, commands = await asyncio.open_connection("127.0.0.1", self._target)
            losing = asyncio.Event()
            back = asyncio.create_task(_answers(answers, writer, losing))
            try:
                await self._commands(reader, commands, losing)
            finally:
                back.cancel()
                await asyncio.gather(back, return_exceptions=True)
                commands.close()
        self._talks.discard(talk)
        writer.close()

    async def _commands(
        self, reader: asyncio.StreamReader, commands: asyncio.StreamWriter, losing: asyncio.Event
    ) -> None:
        while True:
            head = await reader.readexactly(HEADER)
            body = await reader.readexactly(int.from_bytes(head[:3], "little"))
            if self.delay[1] and body[:1] == bytes([QUERY]):
                await asyncio.sleep(self._rng.uniform(*self.delay))
            if body[1:7].upper() == b"COMMIT" and self._rng.random() < self.lost:
                losing.set()
                self.commits_lost += 1
            commands.write(head + body)
            await commands.drain()


async def _answers(answers: asyncio.StreamReader, writer: asyncio.StreamWriter, losing: asyncio.Event) -> None:
    while piece := await answers.read(65536):
        if losing.is_set():
            break  # the server has answered, so it has committed; nobody hears of it
        writer.write(piece)
        await writer.drain()
    writer.close()
