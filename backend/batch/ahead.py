"""Inputs made ready before their turn: while every slot waits for its upstream, the images that come next are decoded, turned
upright and encoded, so that a slot that falls free waits for nothing but its claim."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

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
        self._ready: dict[Wanted, asyncio.Task[SourceImage]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def take(self, key: str, max_edge: int) -> SourceImage:
        """The input, ready or made now. Raises as `prepare` does."""
        waiting = self._ready.pop((key, max_edge), None)
        return await (waiting or self._prepare(key, max_edge))

    def look(self) -> None:
        """This is a good moment to make the next ones ready."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())

    async def close(self) -> None:
        """Stop, and forget what was made ready."""
        tasks = [*self._ready.values(), *([self._looking] if self._looking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._ready.clear()

    async def _look(self) -> None:
        try:
            wanted = list(dict.fromkeys(await self._upcoming(self._most)))
        except TROUBLE as error:
            log.debug("nothing_made_ready", error=type(error).__name__)
            return
        for stale in [each for each in self._ready if each not in wanted]:
            self._ready.pop(stale).cancel()
        for each in wanted:
            if each not in self._ready:
                task = self._ready[each] = asyncio.create_task(self._made(*each))
                await asyncio.wait({task})  # one after another: what is in work now goes before what comes next

    async def _made(self, key: str, max_edge: int) -> SourceImage:
        return await self._prepare(key, max_edge)
