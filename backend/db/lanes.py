"""Where transactions run: on the caller's event loop with a pool of connections (MySQL), or in a thread (SQLite).

A SQLite driver for asyncio changes threads for every call: about four times a statement, ninety times a settle, and all
of it while the one writer's lock is held. Here a whole transaction changes threads once: its coroutine runs in a thread that
owns the connection, and there every call to SQLite is made at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

R = TypeVar("R")
Sessions = Callable[[], AsyncSession]
Work = Callable[[Sessions], Awaitable[R]]
_OPTIONS: dict[str, Any] = {"expire_on_commit": False, "autoflush": False}
"""Objects stay readable after their session is closed."""


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

    def __init__(self, make_engine: Callable[[], Engine], name: str) -> None:
        self._make_engine, self._name = make_engine, name
        self._thread: ThreadPoolExecutor | None = None
        self.waiting = 0

    async def run(self, work: Work[R]) -> R:
        if self._thread is None:
            self._engine = self._make_engine()
            self._thread = ThreadPoolExecutor(1, self._name)
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, copy_context().run, self._done, work)
        finally:
            self.waiting -= 1

    async def close(self) -> None:
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
            self._thread.shutdown()
            self._thread = None

    def _done(self, work: Work[R]) -> R:
        return _finished(work(lambda: InlineSession(self._engine)))


class Lanes:
    """Several lanes; work goes to the shortest."""

    def __init__(self, lanes: list[Lane]) -> None:
        self._lanes = lanes

    async def run(self, work: Work[R]) -> R:
        return await min(self._lanes, key=lambda lane: lane.waiting).run(work)

    async def close(self) -> None:
        for lane in self._lanes:
            await lane.close()


class InlineSession(AsyncSession):
    """A session as verbs expect it, whose calls are over when they return: nobody ever waits at an `await`.

    For a thread that may wait for a disk, which the service's event loop may not. `connection` and `stream` ask for a driver
    for asyncio, and are not to be had here.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(**_OPTIONS)
        self.sync_session.bind = engine  # the constructor takes engines of asyncio only

    async def execute(
        self, statement: Any, params: Any = None, *, execution_options: Any = None, **options: Any
    ) -> Any:
        """As inherited: with all rows of mapped tables read, so that what is executed next cannot change them."""
        execution_options = {**(execution_options or {}), "prebuffer_rows": True}
        return self.sync_session.execute(statement, params, execution_options=execution_options, **options)

    async def __aexit__(self, *_: object) -> None:
        self.sync_session.close()  # the inherited one does this in a task of its own


def sessions_of(engine: AsyncEngine) -> Sessions:
    """Sessions that wait for their database without a thread."""
    return async_sessionmaker(engine, **_OPTIONS)


def _finished(work: Awaitable[R]) -> R:
    """The result of a coroutine that never waits, so that no loop is needed to run it."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        return cast("R", end.value)
    steps.close()
    raise RuntimeError("a verb may await nothing but its session")
