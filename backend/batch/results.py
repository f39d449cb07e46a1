"""The bytes of a task: its source made ready to leave the house, its result proved and stored under a key of the attempt.

A result's key names the attempt, so two attempts of one task can never overwrite each other.
"""

import asyncio
import hashlib

from backend import clock, logs
from backend.batch.lease import Lease
from backend.batch.outcomes import Delivered
from backend.errors import AppError, StorageFull, Unavailable
from backend.images import imaging
from backend.storage import NotStored, Storage
from backend.upstreams.base import Outcome, SourceImage, UpstreamError

log = logs.get(__name__)

STORE_SECONDS = 60.0
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif", "image/avif": "avif"}


class ResultStore:
    """Reads sources and keeps results; remembers when there was no room."""

    def __init__(self, storage: Storage, *, max_pixels: int) -> None:
        self._storage, self._max_pixels = storage, max_pixels
        self._full = False

    @property
    def full(self) -> bool:
        """Whether the last write found no room; until `has_room` says otherwise nothing should be claimed."""
        return self._full

    async def has_room(self) -> bool:
        """True, unless a write failed and one more try fails too."""
        if self._full:
            try:
                await self._storage.probe()
            except (StorageFull, Unavailable):
                return False
            self._full = False
            log.info("storage_has_room_again")
        return True

    async def prepared(self, key: str, max_edge: int) -> SourceImage:
        """The image under `key`, upright, sRGB, without metadata, at most `max_edge` pixels long."""
        try:
            data = await self._storage.read(key)
            return await imaging.prepare(data, max_edge)
        except NotStored as error:
            raise UpstreamError(Outcome.INPUT, "The original image is no longer there.") from error
        except AppError as error:
            if isinstance(error, StorageFull | Unavailable):
                raise
            raise UpstreamError(Outcome.INPUT, error.detail) from error

    async def keep(self, lease: Lease, data: bytes) -> Delivered:
        """Prove that `data` is an image and store it with a thumbnail. Raises UpstreamError when it is not one, StorageFull or
        Unavailable when it cannot be stored within a minute."""
        try:
            proved = await imaging.examine_bytes(data, self._max_pixels)
        except AppError as error:
            raise UpstreamError(
                Outcome.BACKOFF, error.detail, error_code="unreadable_result", max_retries=1, billed=True
            ) from error
        facts = proved.facts
        # few folders: making one is another wait for the disk
        stem = f"results/{lease.task_id % 100:02}/{lease.task_id}-{lease.token}"
        key, thumbnail_key = f"{stem}.{EXTENSIONS.get(facts.mime_type, 'bin')}", f"{stem}.thumbnail.webp"
        await self._store({key: data, thumbnail_key: proved.thumbnail})
        digest = await asyncio.to_thread(hashlib.sha256, data)
        return Delivered(
            storage_key=key,
            thumbnail_key=thumbnail_key,
            mime_type=facts.mime_type,
            width=facts.width,
            height=facts.height,
            size_bytes=len(data),
            sha256=digest.hexdigest(),
        )

    async def discard(self, result: Delivered) -> None:
        """Delete a result that lost its race. What cannot be deleted now is swept later."""
        for key in (result.storage_key, result.thumbnail_key):
            try:
                await self._storage.delete(key)
            except Unavailable as error:
                log.warning("result_not_discarded", key=key, error=type(error).__name__)

    async def _store(self, objects: dict[str, bytes]) -> None:
        """Bytes that an upstream was paid for are not thrown away because a disk was full for a moment."""
        until, pause = clock.monotonic() + STORE_SECONDS, 0.5
        while True:
            try:
                await asyncio.gather(*(self._storage.put_bytes(key, data) for key, data in objects.items()))
            except (StorageFull, Unavailable):
                self._full = True
                if clock.monotonic() + pause > until:
                    raise
                await asyncio.sleep(pause)
                pause = min(8.0, pause * 2)
            else:
                self._full = False
                return
