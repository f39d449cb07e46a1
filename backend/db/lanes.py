"""Where transactions run: on the caller's event loop with a pool of connections (MySQL), or in a thread (SQLite).

A SQLite driver for asyncio changes threads for every call: about four times a statement, ninety times a settle, and all
of it while the one writer's lock is held. Here a whole transaction changes threads once: its coroutine runs on the event
loop of a thread that owns the connection, and there every call to SQLite is made at once.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Protocol, TypeVar

import aiosqlite
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

R = TypeVar("R")
Sessions = async_sessionmaker[AsyncSession]
Work = Callable[[Sessions], Awaitable[R]]


class Place(Protocol):
    """Somewhere to run transactions."""

    async def run(self, work: Work[R]) -> R: ...

    async def close(self) -> None: ...


class Pool:
    """On the caller's own loop, as many at once as the engine has connections."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._sessions = sessions_of(engine)

    async def run(self, work: Work[R]) -> R:
        return await work(self._sessions)

    async def close(self) -> None:
        await self._engine.dispose()


class Lane:
    """One after another, in a thread of its own."""

    def __init__(self, make_engine: Callable[[], AsyncEngine], name: str) -> None:
        self._make_engine, self._name = make_engine, name
        self._started = False
        self.waiting = 0

    async def run(self, work: Work[R]) -> R:
        if not self._started:
            self._start()
        self.waiting += 1
        try:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._work(work), self._loop))
        finally:
            self.waiting -= 1

    async def close(self) -> None:
        if self._started:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._engine.dispose(), self._loop))
            self._loop.call_soon_threadsafe(self._loop.stop)
            await asyncio.to_thread(self._thread.join)
            self._loop.close()
            self._started = False

    def _start(self) -> None:
        self._engine = self._make_engine()
        self._sessions = sessions_of(self._engine)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
        self._thread.start()
        self._started = True

    async def _work(self, work: Work[R]) -> R:
        return await work(self._sessions)


class Lanes:
    """Several lanes; work goes to the shortest."""

    def __init__(self, lanes: list[Lane]) -> None:
        self._lanes = lanes

    async def run(self, work: Work[R]) -> R:
        return await min(self._lanes, key=lambda lane: lane.waiting).run(work)

    async def close(self) -> None:
        for lane in self._lanes:
            await lane.close()


class InlineConnection(aiosqlite.Connection):
    """A connection as SQLAlchemy's driver expects it, whose calls are made at once on the thread that awaits them.

    For a thread that may wait for a disk, which the service's event loop may not.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connect, iter_chunk_size=64)

    def __await__(self) -> Generator[Any, None, "InlineConnection"]:
        return self._opened().__await__()

    async def _opened(self) -> "InlineConnection":
        self._connection = self._connector()
        return self

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._connection is None:
            raise ValueError("Connection closed")
        return fn(*args, **kwargs)

    async def close(self) -> None:
        self.stop()

    def stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def sessions_of(engine: AsyncEngine) -> Sessions:
    """Sessions whose objects stay readable after they are closed."""
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=False)
