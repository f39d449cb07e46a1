"""What is tidied up by itself: old lines of the change feed, and stored objects that no row speaks of."""

import asyncio
import random

from backend import logs
from backend.batch.events import prune
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
            await self.tidy()

    async def tidy(self) -> None:
        """Once."""
        try:
            events = await self._db.write(prune, EVENTS_KEPT_SECONDS)
            objects = await self._ingest.sweep()
        except (*TROUBLE, AppError) as error:
            log.warning("housekeeping_failed", error=type(error).__name__)
        else:
            log.info("housekeeping", events=events, objects=objects)
