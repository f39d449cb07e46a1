"""What is tidied up by itself: old batches, old lines of the change feed, and stored objects that no row speaks of."""

import asyncio
import random
from dataclasses import replace

from backend import logs
from backend.batch.events import prune
from backend.batch.service.forgetting import Forgotten
from backend.batch.service.retention import Note, clean_part, would_clean
from backend.config import service as config
from backend.credits import service as credits
from backend.db import TROUBLE, Database
from backend.errors import AppError
from backend.images.ingest import Ingest

log = logs.get(__name__)

EVERY_SECONDS = 3600.0
EVENTS_KEPT_SECONDS = 24 * 3600.0
REQUESTS_KEPT_SECONDS = 7 * 24 * 3600.0


class Housekeeping:
    """`run` is the background task."""

    def __init__(self, db: Database, ingest: Ingest) -> None:
        self._db, self._ingest = db, ingest

    async def run(self) -> None:
        """Tidy up every hour, at no fixed minute, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS * random.uniform(0.5, 1.0))  # noqa: S311
            try:
                await self.tidy()
            except (*TROUBLE, AppError) as error:
                log.warning("housekeeping_failed", error=type(error).__name__)

    async def tidy(self) -> None:
        """Once."""
        days = (await self._db.read(config.read)).retention_days
        gone = await self.clean(days) if days else Forgotten()
        events = await self._db.write(prune, EVENTS_KEPT_SECONDS)
        await self._db.write(credits.forget_requests, REQUESTS_KEPT_SECONDS)
        strays = await self._ingest.sweep()
        log.info("housekeeping", queues=gone.queues, images=gone.images, bytes=gone.bytes, events=events, strays=strays)

    async def clean(self, older_than_days: int, note: Note | None = None) -> Forgotten:
        """Forget batches that ended, and unused uploads, older than that; rows first, then their files. `note` writes what
        went so far, in the transaction of each part."""
        gone, entry_id = Forgotten(), None
        while True:
            some, entry_id = await self._db.write(clean_part, older_than_days, gone, note, entry_id)
            if not some.queues and not some.images:
                return gone
            await self._ingest.delete(some.keys)
            gone += replace(some, keys=())  # those are gone by now; a cleaning of years would gather them all

    async def count(self, older_than_days: int) -> Forgotten:
        """What `clean` would forget; nothing is changed, and nobody waits for it."""
        return await self._db.read(would_clean, older_than_days)
