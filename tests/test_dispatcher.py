"""The pump by itself: jobs are numbers, and the test decides when each one ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.dispatcher import Dispatcher, Nothing


class Works:
    """A line of jobs; each runs until it is let go."""

    def __init__(self, jobs: int, slots: int = 100) -> None:
        self.waiting = list(range(jobs))
        self.slots = slots
        self.running: dict[int, asyncio.Event] = {}
        self.most = 0
        self.claims = 0
        self.changed = asyncio.Condition()
        self.answer = Nothing()

    async def claim(self) -> int | Nothing:
        self.claims += 1
        if not self.waiting or len(self.running) >= self.slots:
            return self.answer
        job = self.waiting.pop(0)
        self.running[job] = asyncio.Event()
        self.most = max(self.most, len(self.running))
        return job

    async def run(self, job: int) -> None:
        async with self.changed:
            self.changed.notify_all()
        await self.running[job].wait()
        del self.running[job]
        async with self.changed:
            self.changed.notify_all()

    async def probe(self) -> bool:
        return bool(self.waiting)

    async def until(self, running: int) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.running) == running)

    def let_go(self) -> None:
        next(iter(self.running.values())).set()


@asynccontextmanager
async def pumping(works: Works, at_most: int = 10) -> AsyncIterator[Dispatcher[int]]:
    dispatcher: Dispatcher[int] = Dispatcher(works.claim, works.run, works.probe, at_most=at_most)
    task = asyncio.create_task(dispatcher.serve())
    try:
        async with asyncio.timeout(30):
            yield dispatcher
            for event in works.running.values():
                event.set()
            works.waiting.clear()
            await dispatcher.finish()
            await task
    finally:
        task.cancel()


async def test_it_runs_as_many_as_there_is_room_for_and_no_more() -> None:
    works = Works(20)
    async with pumping(works, at_most=4):
        await works.until(4)
        for _ in range(16):
            works.let_go()
            await works.until(3)
            await works.until(4)
    assert works.most == 4


async def test_a_free_place_is_filled_at_once_without_a_probe() -> None:
    works = Works(3, slots=1)
    async with pumping(works) as dispatcher:
        for left in (2, 1, 0):
            await works.until(1)
            assert len(works.waiting) == left
            works.let_go()
            await works.until(0)
            dispatcher.wake()


async def test_it_sleeps_while_there_is_nothing_and_wakes_when_told() -> None:
    works = Works(0)
    async with pumping(works) as dispatcher:
        while not works.claims:
            await asyncio.sleep(0)
        asked = works.claims
        for _ in range(100):
            await asyncio.sleep(0)
        assert works.claims == asked
        works.waiting.append(1)
        dispatcher.wake()
        await works.until(1)


async def test_work_that_falls_due_is_claimed_then() -> None:
    works = Works(0)
    works.answer = Nothing(due_in=0.05)
    async with pumping(works):
        while not works.claims:
            await asyncio.sleep(0)
        works.waiting.append(1)
        await works.until(1)


async def test_a_drain_claims_nothing_more_and_waits_for_what_runs() -> None:
    works = Works(5)
    async with pumping(works, at_most=2) as dispatcher:
        await works.until(2)
        assert not await dispatcher.drain(0.01)
        assert dispatcher.status == "draining"
        works.let_go()
        await works.until(1)
        works.let_go()
        assert await dispatcher.drain(10)
        assert len(works.waiting) == 3


class Slowly(Works):
    """The claims of the jobs from `slow` on are on their way until `go`."""

    def __init__(self, jobs: int, slow: int) -> None:
        super().__init__(jobs)
        self.slow = slow
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def claim(self) -> int | Nothing:
        if self.waiting and self.waiting[0] >= self.slow:
            self.asked.set()
            await self.go.wait()
        return await super().claim()


async def test_a_drain_waits_for_a_claim_under_way_and_for_its_job() -> None:
    works = Slowly(1, slow=0)
    async with pumping(works) as dispatcher:
        await works.asked.wait()
        drained = asyncio.create_task(dispatcher.drain(10))
        works.go.set()
        await works.until(1)
        assert not drained.done()
        works.let_go()
        assert await drained
        assert dispatcher.in_flight == 0


async def test_a_drain_whose_time_ends_in_a_claim_says_so_and_its_job_is_finished() -> None:
    works = Slowly(2, slow=1)
    async with pumping(works) as dispatcher:
        await works.until(1)
        await works.asked.wait()
        drained = asyncio.create_task(dispatcher.drain(0.05))
        works.let_go()
        assert not await drained
        finished = asyncio.create_task(dispatcher.finish())
        works.go.set()
        await works.until(1)
        assert not finished.done()
        works.let_go()
        await finished


async def test_a_job_that_raises_leaves_its_place_free() -> None:
    works = Works(1)

    async def broken(job: int) -> None:
        del works.running[job]
        raise RuntimeError(job)

    dispatcher: Dispatcher[int] = Dispatcher(works.claim, broken, works.probe, at_most=1)
    task = asyncio.create_task(dispatcher.serve())
    async with asyncio.timeout(30):
        while works.waiting or dispatcher.in_flight:
            await asyncio.sleep(0)
        await dispatcher.finish()
        await task


async def test_paused_is_said() -> None:
    works = Works(0)
    works.answer = Nothing(paused=True)
    async with pumping(works) as dispatcher:
        while not works.claims:
            await asyncio.sleep(0)
        assert dispatcher.status == "paused"
        works.answer = Nothing()
        dispatcher.wake()
        while dispatcher.status != "running":
            await asyncio.sleep(0)
