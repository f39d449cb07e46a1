"""Keeps this process's leases alive, stops the attempts whose lease or owner says so, and takes back abandoned ones.

An attempt that has begun to settle is never stopped: its own settle frees the slot, and that must not look like a loss.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from enum import StrEnum

from backend import clock, failpoints, logs
from backend.batch.lease import Lease
from backend.batch.outcomes import Outcome, Rescued
from backend.batch.owners import Owners
from backend.batch.service import audit, leases
from backend.batch.service.settle import settle, take_back_stranded
from backend.db import TROUBLE, Database
from backend.errors import Unavailable

log = logs.get(__name__)

CANCEL_LOOK_SECONDS = 0.5
CANCEL_WAIT_SECONDS = 3.0
RESCUE_DELAY = (1 / 12, 1 / 2)
"""How long what was taken back from a live owner waits, in leases."""
STRANDED_LEASES = 2


class Stop(StrEnum):
    """Why an attempt was told to stop. `LOST`: its lease is gone; `FENCED`: it may be, nobody could be asked."""

    CANCELLED = "cancelled"
    LOST = "lost"
    FENCED = "fenced"
    SHUTDOWN = "shutdown"


@dataclass(slots=True)
class Attempt:
    """One running attempt. `renewed` is when its lease was last known to stand; `stopped` is set before its work is
    cancelled, so that whoever waits for it knows why; `over` is set when it is settled."""

    task_id: int
    work: asyncio.Task[Outcome]
    renewed: float
    over: asyncio.Event = field(default_factory=asyncio.Event)
    settling: bool = False
    stopped: Stop | None = None

    @property
    def running(self) -> bool:
        """Whether there is still something to stop."""
        return not self.settling and self.stopped is None and not self.work.done()

    def stop(self, why: Stop) -> None:
        if self.running:
            self.stopped = why
            self.work.cancel()


class Keeper:
    """`run` is the background task; `tracking` wraps each attempt."""

    def __init__(self, db: Database, owners: Owners, *, lease_seconds: float, max_rescues: int) -> None:
        self._db, self._owners = db, owners
        self._lease, self._max_rescues = lease_seconds, max_rescues
        self._attempts: dict[str, Attempt] = {}
        self._stranded: dict[tuple[int, str | None], float] = {}
        self._busy = asyncio.Event()
        self._ending = False
        self._contact_since = clock.monotonic()

    @property
    def owner(self) -> str:
        return self._owners.me

    @contextlib.asynccontextmanager
    async def tracking(self, lease: Lease, work: asyncio.Task[Outcome]) -> AsyncIterator[Attempt]:
        """Renew the lease while this is open, and stop `work` when it is lost or to be cancelled."""
        attempt = self._attempts[lease.token] = Attempt(lease.task_id, work, clock.monotonic())
        self._busy.set()
        if self._ending:  # claimed while the process was told to end
            attempt.stop(Stop.SHUTDOWN)
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
        """The process is to end: stop every attempt that has not begun to settle, and whatever is begun from now on."""
        self._ending = True
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
            started, known = clock.monotonic(), set(self._attempts)
            try:
                standing = await self._db.write(leases.beat, self.owner, known, self._lease)
            except TROUBLE as error:
                self._lost_contact("beat_failed", error)
                continue
            failpoints.hit("keeper.beat", began=started)
            self._apply(standing, known, started)  # the start: the lease runs from before the answer came

    async def _looks(self) -> None:
        """What was cancelled through another process is stopped within a second, not only with the next beat."""
        while True:
            await self._busy.wait()
            await asyncio.sleep(CANCEL_LOOK_SECONDS)
            if not self._attempts:
                self._busy.clear()
                continue
            try:
                self._apply(await self._db.read(leases.held, self.owner))
            except TROUBLE as error:
                self._lost_contact("look_failed", error)

    def _apply(self, standing: list[leases.Held], renewed: Collection[str] = (), at: float = 0.0) -> None:
        """What was found to stand. Of the leases that were to be `renewed` (`at` that time) a missing one is lost; others may
        have been claimed meanwhile."""
        by_token = {held.token: held for held in standing}
        for token, attempt in list(self._attempts.items()):
            held = by_token.get(token)
            if held is None and token in renewed and attempt.running:
                log.warning("lease_lost", task_id=attempt.task_id)
                attempt.stop(Stop.LOST)
            if held is not None and token in renewed:
                attempt.renewed = at
            if held is not None and held.cancel:
                attempt.stop(Stop.CANCELLED)

    async def _fence(self) -> None:
        """Without a beat for three quarters of a lease we may be taken for dead: stop before anyone repeats our work."""
        while True:
            await asyncio.sleep(self._lease / 12)
            latest = clock.monotonic() - 0.75 * self._lease
            stale = [each for each in self._attempts.values() if each.renewed < latest and each.running]
            if stale:
                log.error("self_fenced", attempts=len(stale))
            for attempt in stale:
                attempt.stop(Stop.FENCED)

    async def _rescues(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 4 * random.uniform(0.8, 1.2))  # noqa: S311
            # an outage runs every lease out at once: only who has been in touch for longer than a lease may judge
            in_touch = clock.monotonic() - self._contact_since >= 1.25 * self._lease
            try:
                await self._rescue(expired_too=in_touch)
                if in_touch:
                    await self._rescue_stranded()
            except TROUBLE as error:
                self._lost_contact("rescue_failed", error)

    async def _rescue(self, *, expired_too: bool) -> int:
        asked = clock.monotonic()
        owners = [owner for owner in await self._db.read(leases.owners) if owner != self.owner]
        dead = await asyncio.to_thread(self._owners.dead, owners)
        found = await self._db.read(leases.abandoned, dead, expired_too=expired_too)
        if clock.monotonic() - asked > self._lease / 4:  # the database stood still: nobody could renew anything
            self._contact_since = clock.monotonic()
            found = [each for each in found if each.owner_dead]
        taken = [await self._take_back(each.lease, owner_dead=each.owner_dead) for each in found]
        if dead:  # whoever is forgotten is not known to be dead any more
            left = await self._db.read(leases.owners)
            await asyncio.to_thread(self._owners.forget, [owner for owner in dead if owner not in left])
        return sum(taken)

    async def _rescue_stranded(self) -> None:
        """Take back running tasks that no slot has spoken of for two leases. Whoever still worked on one has missed its
        slot by then and stopped."""
        now, known = clock.monotonic(), self._stranded
        if await self._db.read(leases.any_broken):
            log.error("broken_slots_freed", slots=await self._db.write(leases.free_broken))
        self._stranded = {each: known.get(each, now) for each in await self._db.read(audit.stranded)}
        for (task_id, token), since in self._stranded.items():
            if now - since >= STRANDED_LEASES * self._lease:
                outcome = Rescued(0.0, self._max_rescues, owner_dead=True)
                async with _on_its_own(task_id):
                    result = await self._db.write_known(take_back_stranded, task_id, token, outcome)
                    log.warning("rescued_without_slot", task_id=task_id, result=result.value)

    async def _take_back(self, lease: Lease, *, owner_dead: bool) -> bool:
        delay = 0.0 if owner_dead else self._lease * random.uniform(*RESCUE_DELAY)  # noqa: S311
        failpoints.hit("keeper.rescuing", task=lease.task_id, owner_dead=owner_dead)
        outcome = Rescued(delay, self._max_rescues, owner_dead)
        async with _on_its_own(lease.task_id):
            result = await self._db.write_known(settle, lease, outcome)
            log.warning("rescued", task_id=lease.task_id, owner_dead=owner_dead, result=result.value)
            return True
        return False

    def _lost_contact(self, event: str, error: Exception) -> None:
        self._contact_since = clock.monotonic()
        log.warning(event, error=type(error).__name__)


@contextlib.asynccontextmanager
async def _on_its_own(task_id: int) -> AsyncIterator[None]:
    """A take-back that its own rows refuse (books changed by hand) keeps no other from being taken back; only what ails the
    database is everyone's."""
    try:
        yield
    except (Unavailable, OSError):
        raise
    except Exception as error:
        log.error("not_taken_back", task_id=task_id, exc_info=error)
