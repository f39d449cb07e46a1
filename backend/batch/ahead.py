"""Inputs made ready before their turn: while every slot waits for its upstream, the images that come next are decoded, turned
upright and encoded, so that a slot that falls free waits for nothing but its claim."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence

from backend import logs
from backend.db import TROUBLE
from backend.upstreams.base import SourceImage

log = logs.get(__name__)

Wanted = tuple[str, int]
"""A storage key, and the longest edge that the model takes."""


class Ahead:
    """At most `most` inputs wait here; what is not taken makes room for what comes next."""

    def __init__(
        self,
        upcoming: Callable[[int], Awaitable[Sequence[Wanted]]],
        prepare: Callable[[str, int], Awaitable[SourceImage]],
        *,
        most: int,
    ) -> None:
        self._upcoming, self._prepare, self._most = upcoming, prepare, most
        self._at_work = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._ready: dict[Wanted, asyncio.Task[SourceImage]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def take(self, key: str, max_edge: int) -> SourceImage:
        """The input, ready or made now. Raises as `prepare` does."""
        waiting = self._ready.pop((key, max_edge), None)
        return await (waiting or self._prepare(key, max_edge))

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """A slot is taken. Unless it waits for its upstream, nothing is made ready: that would only be in its way."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """This slot waits for its upstream: a good moment to make the next inputs ready."""
        self._count(-1)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self._count(1)

    def _count(self, by: int) -> None:
        self._at_work += by
        if self._at_work:
            self._quiet.clear()
        else:
            self._quiet.set()

    async def close(self) -> None:
        """Stop, and forget what was made ready."""
        tasks = [*self._ready.values(), *([self._looking] if self._looking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._ready.clear()

    async def _look(self) -> None:
        await self._quiet.wait()
        try:
            wanted = list(dict.fromkeys(await self._upcoming(self._most)))
        except TROUBLE as error:
            log.debug("nothing_made_ready", error=type(error).__name__)
            return
        for stale in [each for each in self._ready if each not in wanted]:
            self._ready.pop(stale).cancel()
        for each in wanted:
            await self._quiet.wait()
            if each not in self._ready:
                task = self._ready[each] = asyncio.create_task(self._made(*each))
                task.add_done_callback(_seen)
                await asyncio.wait({task})  # one after another: what is in work now goes before what comes next

    async def _made(self, key: str, max_edge: int) -> SourceImage:
        return await self._prepare(key, max_edge)


def _seen(task: asyncio.Task[SourceImage]) -> None:
    """An input that could not be made is whoever takes it's to hear of, and nobody's when it is not taken."""
    if not task.cancelled():
        task.exception()
