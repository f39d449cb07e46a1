"""Brings upstreams that are down up again by itself: one cheap look at a time, at growing intervals, by one process.

A rejected key is proved by a call that bills nothing. An empty account is not: there one waiting image is sent alone, and
its success brings the upstream up (`settle` sees to that).
"""

import asyncio
import random

from backend import logs
from backend.batch.service import recovery
from backend.batch.service.recovery import Due, Intervals
from backend.batch.service.upstreams import bring_up
from backend.batch.states import PausedReason
from backend.batch.switchboard import NotConnected, Switchboard
from backend.db import TROUBLE, Database
from backend.upstreams.base import UpstreamError

log = logs.get(__name__)

LOOK_SECONDS = 5.0
PROBE_DEADLINE = 30.0
LOOKS_AT_ONCE = 10


class Recovery:
    """`run` is the background task."""

    def __init__(self, db: Database, switchboard: Switchboard, intervals: Intervals | None = None) -> None:
        self._db, self._switchboard = db, switchboard
        self._intervals = intervals or Intervals()

    async def run(self) -> None:
        """Look for what is due every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311
            try:
                await self.look()
            except TROUBLE as error:
                log.warning("recovery_failed", error=type(error).__name__)

    async def look(self) -> None:
        """Once: whatever is due now."""
        if not await self._db.read(recovery.any_down):
            return
        await self._db.write(recovery.free_changed)
        gate, due = asyncio.Semaphore(LOOKS_AT_ONCE), await self._db.write(recovery.due, self._intervals)

        async def turn(which: Due) -> None:
            async with gate:
                if await self._db.write(recovery.take_turn, which, self._intervals):
                    await self._try(which)

        # one that hangs, perhaps a user's own, does not keep the others down
        for error in await asyncio.gather(*(turn(which) for which in due), return_exceptions=True):
            if isinstance(error, BaseException):
                raise error

    async def _try(self, which: Due) -> None:
        if which.reason is PausedReason.QUOTA:
            if await self._db.write(recovery.start_trial, which.upstream):
                log.info("upstream_on_trial", upstream=which.upstream)
                return
        elif (wrong := await self._wrong_with(which.upstream)) is not None:
            await self._db.write(recovery.note, which.upstream, wrong)
            log.info("upstream_still_down", upstream=which.upstream, detail=wrong)
            return
        await self._db.write(bring_up, which.upstream)
        log.info("upstream_up", upstream=which.upstream)

    async def _wrong_with(self, lane: str) -> str | None:
        """What a look at the upstream finds wrong; None when it is well, or gone: then its images fail, each saying so."""
        try:
            async with asyncio.timeout(PROBE_DEADLINE), self._switchboard.connected(lane) as upstream:
                await upstream.probe()
        except UpstreamError as error:
            return error.detail or error.error_code
        except TimeoutError:
            return f"no answer within {PROBE_DEADLINE:g} seconds"
        except NotConnected:
            return None
        return None
