"""What is tidied up by itself: old batches, old lines of the change feed, and stored objects that no row speaks of."""

import asyncio
import random

from backend import logs
from backend.batch.events import prune
from backend.batch.service.forgetting import Forgotten
from backend.batch.service.retention import clean, would_clean
from backend.config import service as config
from backend.db import TROUBLE, Database
from backend.errors import AppError
from backend.images.ingest import Ingest

log = logs.get(__name__)

EVERY_SECONDS = 3600.0
EVENTS_KEPT_SECONDS = 24 * 3600.0


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
        strays = await self._ingest.sweep()
        log.info("housekeeping", queues=gone.queues, images=gone.images, bytes=gone.bytes, events=events, strays=strays)

    async def clean(self, older_than_days: int, *, dry_run: bool = False) -> Forgotten:
        """Forget batches that ended, and unused uploads, older than that; rows first, then their files. A dry run only
        counts."""
        if dry_run:
            return await self._db.write(would_clean, older_than_days)
        gone = Forgotten()
        while True:
            some = await self._db.write(clean, older_than_days)
            if not some.queues and not some.images:
                return gone
            await self._ingest.delete(some.keys)
            gone += some
