"""The pump: claims a job, runs it, at most so many at once, and claims the next the moment there is room for it.

It knows nothing of what a job is. `claim` answers a job or `Nothing`, `run` does the
job, `probe` looks cheaply for work; none of the three raises.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Generic, TypeVar

from backend import logs

log = logs.get(__name__)

PROBE_SECONDS, PROBE_MOST = 1.0, 3.0


@dataclass(frozen=True, slots=True)
class Nothing:
    """The answer of a claim that found no job: `due_in` seconds from now there may be one, if that is known."""

    due_in: float | None = None
    paused: bool = False


Job = TypeVar("Job")


class Dispatcher(Generic[Job]):
    """At most `at_most` jobs at once in this process; how many there are in all processes is `claim`'s business.

    It sleeps until it is woken, until something is due, or until its next probe for work that other processes left.
    """

    def __init__(
        self,
        claim: Callable[[], Awaitable[Job | Nothing]],
        run: Callable[[Job], Coroutine[None, None, None]],
        probe: Callable[[], Awaitable[bool]],
        *,
        at_most: int,
    ) -> None:
        self._claim, self._run, self._probe = claim, run, probe
        self._room = asyncio.Semaphore(at_most)
        self._wake = asyncio.Event()
        self._jobs: set[asyncio.Task[None]] = set()
        self._claiming = asyncio.Lock()
        self._draining = False
        self._paused = False

    @property
    def in_flight(self) -> int:
        """Jobs under way in this process."""
        return len(self._jobs)

    @property
    def status(self) -> str:
        """`running`, `paused` (an administrator holds it) or `draining`."""
        if self._draining:
            return "draining"
        return "paused" if self._paused else "running"

    def wake(self) -> None:
        """There may be something to claim."""
        self._wake.set()

    async def serve(self) -> None:
        """Pump until `drain`."""
        while not self._draining:
            async with self._room:  # wait for room before asking for work, and give it back at once
                pass
            if self._draining:
                return
            self._wake.clear()
            nothing = await self._fill()
            if nothing is not None:
                await self._sleep(nothing)

    async def drain(self, seconds: float) -> bool:
        """Claim nothing more and wait up to `seconds` for what is under way; whether all of it ended."""
        try:
            async with asyncio.timeout(seconds):
                await self.finish()
        except TimeoutError:
            return False
        return True

    async def finish(self) -> None:
        """Wait for every job without a limit: after `drain`, and after whoever owns the jobs told them to stop."""
        self._draining = True
        self._wake.set()
        async with self._claiming:  # a claim under way may yet bring one more, and what is claimed must be run
            pass
        while self._jobs:
            await asyncio.wait(self._jobs)

    async def _fill(self) -> Nothing | None:
        """Claim until there is no room or no work; answers what the last claim found instead of work."""
        while not self._draining and not self._room.locked():
            async with self._claiming:
                got = await self._claim()
                self._paused = isinstance(got, Nothing) and got.paused
                if isinstance(got, Nothing):
                    return got
                await self._start(got)
        return None

    async def _start(self, job: Job) -> None:
        await self._room.acquire()
        task = asyncio.create_task(self._run(job))
        self._jobs.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._jobs.discard(task)
        self._room.release()
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("job_crashed", exc_info=error)

    async def _sleep(self, nothing: Nothing) -> None:
        """Until woken, until the next job is due, or until a probe finds that another process left work."""
        probe_every, due_in = PROBE_SECONDS, nothing.due_in
        while not self._wake.is_set():
            pause = probe_every * random.uniform(0.9, 1.1)  # noqa: S311
            if due_in is not None:
                pause = min(pause, due_in)
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                if due_in is not None and (due_in := due_in - pause) <= 0:
                    return
                if await self._probe():
                    return
                probe_every = min(PROBE_MOST, probe_every * 1.5)
