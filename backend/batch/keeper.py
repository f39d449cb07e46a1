"""Keeps this process's leases alive, stops the attempts whose lease or owner says so, and takes back abandoned ones.

An attempt that has begun to settle is never stopped: its own settle frees the slot, and that must not look like a loss.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from enum import StrEnum

from backend import clock, logs
from backend.batch.lease import Lease
from backend.batch.outcomes import Outcome, Rescued
from backend.batch.owners import Owners
from backend.batch.service import leases
from backend.batch.service.settle import settle
from backend.db import TROUBLE, Database

log = logs.get(__name__)

CANCEL_LOOK_SECONDS = 1.0
CANCEL_WAIT_SECONDS = 3.0
RESCUE_DELAY = (5.0, 30.0)


class Stop(StrEnum):
    """Why an attempt was told to stop."""

    CANCELLED = "cancelled"
    LOST = "lost"
    SHUTDOWN = "shutdown"


@dataclass(slots=True)
class Attempt:
    """One running attempt. `stopped` is set before its work is cancelled, so that whoever waits for it knows why; `over` is
    set when it is settled."""

    task_id: int
    work: asyncio.Task[Outcome]
    over: asyncio.Event = field(default_factory=asyncio.Event)
    settling: bool = False
    stopped: Stop | None = None

    def stop(self, why: Stop) -> None:
        if not self.settling and self.stopped is None and not self.work.done():
            self.stopped = why
            self.work.cancel()


class Keeper:
    """`run` is the background task; `tracking` wraps each attempt."""

    def __init__(self, db: Database, owners: Owners, *, lease_seconds: float, max_rescues: int) -> None:
        self._db, self._owners = db, owners
        self._lease, self._max_rescues = lease_seconds, max_rescues
        self._attempts: dict[str, Attempt] = {}
        self._busy = asyncio.Event()
        self._last_beat = self._contact_since = clock.monotonic()

    @property
    def owner(self) -> str:
        return self._owners.me

    @contextlib.asynccontextmanager
    async def tracking(self, lease: Lease, work: asyncio.Task[Outcome]) -> AsyncIterator[Attempt]:
        """Renew the lease while this is open, and stop `work` when it is lost or to be cancelled."""
        if not self._attempts:
            self._last_beat = clock.monotonic()
        attempt = self._attempts[lease.token] = Attempt(lease.task_id, work)
        self._busy.set()
        try:
            yield attempt
        finally:
            del self._attempts[lease.token]
            attempt.over.set()

    async def stop_tasks(self, task_ids: Collection[int]) -> None:
        """Stop these tasks' attempts here and wait a moment for them to be settled. Other processes find out by looking."""
        stopped = [attempt for attempt in self._attempts.values() if attempt.task_id in task_ids]
        for attempt in stopped:
            attempt.stop(Stop.CANCELLED)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CANCEL_WAIT_SECONDS):
                for attempt in stopped:
                    await attempt.over.wait()

    def stop_all(self) -> None:
        """The process is to end: stop every attempt that has not begun to settle."""
        for attempt in list(self._attempts.values()):
            attempt.stop(Stop.SHUTDOWN)

    async def run(self) -> None:
        """Beat, look for cancellations, fence ourselves and rescue, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beats())
            group.create_task(self._looks())
            group.create_task(self._fence())
            group.create_task(self._rescues())

    async def rescue_dead(self) -> int:
        """Take back what dead processes of this host were working on; answers how many. For the start."""
        return await self._rescue(expired_too=False)

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 6)
            if not self._attempts:
                continue
            started = clock.monotonic()
            try:
                standing = await self._db.write(leases.beat, self.owner, self._lease)
            except TROUBLE as error:
                self._lost_contact("beat_failed", error)
                continue
            self._last_beat = started  # the start: the lease runs from before the answer came
            self._apply(standing)

    async def _looks(self) -> None:
        """What was cancelled through another process is stopped within a second, not only with the next beat."""
        while True:
            await self._busy.wait()
            await asyncio.sleep(CANCEL_LOOK_SECONDS)
            if not self._attempts:
                self._busy.clear()
                continue
            try:
                self._apply(await self._db.read(leases.held, self.owner), losses=False)
            except TROUBLE as error:
                self._lost_contact("look_failed", error)

    def _apply(self, standing: list[leases.Held], *, losses: bool = True) -> None:
        by_token = {held.token: held for held in standing}
        for token, attempt in list(self._attempts.items()):
            held = by_token.get(token)
            if held is None and losses:
                log.warning("lease_lost")
                attempt.stop(Stop.LOST)
            elif held is not None and held.cancel:
                attempt.stop(Stop.CANCELLED)

    async def _fence(self) -> None:
        """Without a beat for three quarters of a lease we may be taken for dead: stop before anyone repeats our work."""
        while True:
            await asyncio.sleep(self._lease / 12)
            if self._attempts and clock.monotonic() - self._last_beat > 0.75 * self._lease:
                log.error("self_fenced", attempts=len(self._attempts))
                for attempt in list(self._attempts.values()):
                    attempt.stop(Stop.LOST)

    async def _rescues(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 4 * random.uniform(0.8, 1.2))  # noqa: S311
            # an outage runs every lease out at once: only who has been in touch for longer than a lease may judge
            in_touch = clock.monotonic() - self._contact_since >= 1.25 * self._lease
            try:
                await self._rescue(expired_too=in_touch)
            except TROUBLE as error:
                self._lost_contact("rescue_failed", error)

    async def _rescue(self, *, expired_too: bool) -> int:
        owners = [owner for owner in await self._db.read(leases.owners) if owner != self.owner]
        dead = await asyncio.to_thread(self._owners.dead, owners)
        found = await self._db.read(leases.abandoned, dead, expired_too=expired_too)
        for abandoned in found:
            await self._take_back(abandoned.lease, owner_dead=abandoned.owner_dead)
        await asyncio.to_thread(self._owners.forget, dead)
        return len(found)

    async def _take_back(self, lease: Lease, *, owner_dead: bool) -> None:
        delay = 0.0 if owner_dead else random.uniform(*RESCUE_DELAY)  # noqa: S311
        outcome = Rescued(delay, self._max_rescues, owner_dead)
        result = await self._db.write_known(settle, lease, outcome)
        log.warning("rescued", task_id=lease.task_id, owner_dead=owner_dead, result=result.value)

    def _lost_contact(self, event: str, error: Exception) -> None:
        self._contact_since = clock.monotonic()
        log.warning(event, error=type(error).__name__)
