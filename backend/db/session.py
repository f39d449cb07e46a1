"""Transactions: one short function each, committed here and nowhere else.

A verb is `async def verb(session, …)`. `Database.write(verb, …)` runs it in one transaction and commits; when the database
reports a conflict (deadlock, lock timeout, busy) or the connection is lost before the commit, the whole function runs
again from its start, so a verb must do nothing outside the database. `Database.read` is the same for verbs that only read.

A caller's cancellation never reaches a database call: the transaction runs in a task of its own, which `close` awaits.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy import CursorResult, UpdateBase, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoPlace
from sqlalchemy.ext.asyncio import AsyncSession

from backend import failpoints, logs
from backend.db.engine import Fault, fault_of, open_places
from backend.db.lanes import Sessions
from backend.errors import StorageFull, Unavailable

log = logs.get(__name__)

MAX_TRIES = 12
TROUBLE = (DBAPIError, OSError, Unavailable)
"""What a background task must outlive: whatever `read` and `write` raise when the database is in trouble."""
_TOPICS = "topics"


class CommitUnknown(Unavailable):
    """The database was lost while it committed; whether it did is not known."""


P = ParamSpec("P")
R = TypeVar("R")
Verb = Callable[Concatenate[AsyncSession, P], Awaitable[R]]


def announce(session: AsyncSession, topic: str) -> None:
    """Tell the listeners of `topic` once this transaction is committed (and not at all if it is not)."""
    session.info.setdefault(_TOPICS, set()).add(topic)


async def affected(session: AsyncSession, change: UpdateBase, values: Mapping[str, Any] | None = None) -> int:
    """Run an UPDATE or DELETE and answer how many rows it matched (not: changed), on every database."""
    result = await session.execute(change, values, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount


class Database:
    """One database: its engines, its transactions, and who wants to hear of commits."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self._places = open_places(url, pool_size)
        self._listeners: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)
        self._running: set[asyncio.Task[Any]] = set()

    def on(self, topic: str, listener: Callable[[], None]) -> None:
        """Call `listener` after every commit that announced `topic`."""
        self._listeners[topic].append(listener)

    async def read(self, verb: Verb[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a verb that only reads. Raises Unavailable when the database does not answer."""
        return await self._shielded(self._repeat(self._read_once, verb, args, kwargs, repeatable=True))

    async def write(self, verb: Verb[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a verb and commit. Raises CommitUnknown when the answer to the commit was lost."""
        return await self._shielded(self._repeat(self._write_once, verb, args, kwargs, repeatable=False))

    async def write_known(self, verb: Verb[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """As `write`, for verbs that recognise their own earlier success: a lost commit is simply asked again."""
        return await self._shielded(self._repeat(self._write_once, verb, args, kwargs, repeatable=True))

    async def ping(self) -> None:
        """Raises Unavailable when the database does not answer."""

        async def select_one(session: AsyncSession) -> None:
            await session.execute(text("SELECT 1"))

        await self._shielded(self._read_once(select_one, (), {}))

    async def close(self) -> None:
        """Wait for transactions under way, then close every connection."""
        while self._running:
            await asyncio.wait(self._running)
        for place in set(self._places):
            await place.close()

    async def _shielded(self, work: Coroutine[Any, Any, R]) -> R:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("transaction_failed", error=type(error).__name__)

    async def _repeat(
        self, once: Callable[..., Awaitable[R]], verb: Verb[P, R], args: Any, kwargs: Any, *, repeatable: bool
    ) -> R:
        for attempt in range(1, MAX_TRIES + 1):
            try:
                return await once(verb, args, kwargs)
            except CommitUnknown:
                if not repeatable or attempt == MAX_TRIES:
                    raise
            except NoPlace as error:  # every connection was taken for as long as anybody should wait
                raise Unavailable("The database does not answer.") from error
            except (DBAPIError, OSError) as error:
                fault = fault_of(error)
                if fault is Fault.FULL:
                    raise StorageFull("The database's disk is full.") from error
                if fault is Fault.OTHER:
                    raise
                if attempt == MAX_TRIES or (fault is Fault.LOST and attempt >= 3):
                    raise Unavailable("The database does not answer.") from error
            await asyncio.sleep(random.uniform(0.005, min(0.2, 0.01 * 2**attempt)))  # noqa: S311  full jitter
        raise AssertionError("unreachable")

    async def _read_once(self, verb: Verb[P, R], args: Any, kwargs: Any) -> R:
        async def reading(sessions: Sessions) -> R:
            async with sessions() as session:
                return await verb(session, *args, **kwargs)

        return await self._places.reader.run(reading)

    async def _write_once(self, verb: Verb[P, R], args: Any, kwargs: Any) -> R:
        async def writing(sessions: Sessions) -> tuple[R, set[str]]:
            async with sessions() as session:
                result = await verb(session, *args, **kwargs)
                await session.flush()
                failpoints.hit("db.before_commit", verb=verb.__name__)
                try:
                    await session.commit()
                except (DBAPIError, OSError) as error:
                    if fault_of(error) is Fault.LOST:
                        raise CommitUnknown from error
                    raise
                failpoints.hit("db.after_commit", verb=verb.__name__)
                return result, session.info.get(_TOPICS, set())

        result, topics = await self._places.writer.run(writing)
        for topic in topics:
            for listener in self._listeners[topic]:
                listener()
        return result
