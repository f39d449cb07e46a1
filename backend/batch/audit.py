"""The audit: do database and storage agree? It says what does not, and never puts money or results right by itself.

What it finds is somebody's doing: a restored backup, rows or files changed by hand. What a crash leaves behind is taken back
by the keeper and by housekeeping, and is gone before anybody would have to act.
"""

import asyncio
import random
from collections.abc import Collection
from dataclasses import dataclass, field

from backend import logs
from backend.batch.service import audit
from backend.batch.service.audit import Finding, Oddity, StoredImage
from backend.config import service as config
from backend.db import TROUBLE, Database
from backend.errors import AppError
from backend.images import queries as images
from backend.storage import NotStored, Storage, ours

log = logs.get(__name__)

FIRST_SECONDS, EVERY_SECONDS = 3.0, 300.0
TURN = "audit"
FILES_MOST = 20_000
FILES_AT_ONCE = 200
IMAGES_MOST = 300
"""Images whose files are looked for in one audit: the newest first, and the next older ones in the next."""
LOOKS_AT_ONCE = 8
UNDER_WAY_SECONDS = 600.0
"""A file may be that old before its row is written, while the database is away; and housekeeping's turn comes after a day."""
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Report:
    """What one audit found. `files` and `images` were looked at; `young` files have no image yet."""

    findings: tuple[Finding, ...]
    files: int = 0
    images: int = 0
    young: int = 0


@dataclass(slots=True)
class _Files:
    """Files that no image speaks of: those that should have one by now, and how many are still young."""

    seen: int = 0
    young: int = 0
    strays: list[str] = field(default_factory=list)


class Audit:
    """`run` is the background task: at the start, and then every few minutes by one of all processes."""

    def __init__(self, db: Database, storage: Storage) -> None:
        self._db, self._storage = db, storage
        self._looked_down_to: int | None = None

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.sleep(FIRST_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311
        mine = True  # who starts may have been given another database
        while True:
            try:
                if mine:
                    _tell(await self.look())
                await asyncio.sleep(EVERY_SECONDS * random.uniform(0.9, 1.1))  # noqa: S311
                mine = await self._db.write(config.take_turn, TURN, EVERY_SECONDS * 0.8)
            except (*TROUBLE, AppError) as error:
                log.warning("audit_failed", error=type(error).__name__)
                await asyncio.sleep(EVERY_SECONDS)

    async def look(self, images_most: int | None = None) -> Report:
        """Once. Raises what the database and the storage raise."""
        most = images_most or IMAGES_MOST
        findings = await self._db.read(audit.disagreements)
        some = await self._db.read(audit.images_before, self._looked_down_to, most)
        self._looked_down_to = some[-1].id if len(some) == most else None
        missing = await self._without_file(some)
        files = await self._files()
        for oddity, things in ((Oddity.IMAGE_WITHOUT_FILE, missing), (Oddity.FILE_WITHOUT_IMAGE, files.strays)):
            if things:
                findings.append(Finding(oddity, tuple(things[: audit.MOST])))
        return Report(tuple(findings), files.seen, len(some), files.young)

    async def _without_file(self, some: Collection[StoredImage]) -> list[int]:
        gate = asyncio.Semaphore(LOOKS_AT_ONCE)

        async def lacks(image: StoredImage) -> bool:
            async with gate:
                try:
                    for key in image.keys:
                        await self._storage.size(key)
                except NotStored:
                    return True
                return False

        lacking = await asyncio.gather(*(lacks(image) for image in some))
        suspects = [image.id for image, lost in zip(some, lacking, strict=True) if lost]
        # rows go before their files, so one that was deleted meanwhile is no loss
        return await self._db.read(audit.still_there, suspects) if suspects else []

    async def _files(self) -> _Files:
        found = _Files()
        batch: dict[str, float] = {}
        async for key, age in ours(self._storage):
            batch[key] = age
            found.seen += 1
            if len(batch) >= FILES_AT_ONCE:
                await self._weigh(batch, found)
                batch = {}
            if found.seen >= FILES_MOST:
                break
        await self._weigh(batch, found)
        return found

    async def _weigh(self, batch: dict[str, float], found: _Files) -> None:
        owned = await self._db.read(images.owned_keys, list(batch)) if batch else set()
        for key, age in batch.items():
            if key not in owned and age < UNDER_WAY_SECONDS:
                found.young += 1
            elif key not in owned:
                found.strays.append(key)


def _tell(report: Report) -> None:
    """One line in the log: how many of each, and a few of them by name."""
    counts = {finding.oddity.value: len(finding.things) for finding in report.findings}
    shown = {finding.oddity.value: list(finding.things[:SHOWN]) for finding in report.findings}
    say = log.error if report.findings else log.info
    say("audit", files=report.files, images=report.images, young_files=report.young, found=counts, such_as=shown)
