"""The bytes of a task: its source made ready to leave the house, its result proved and stored under a key of the attempt.

A result's key names the attempt, so two attempts of one task can never overwrite each other.
"""

import asyncio
import hashlib
from typing import Literal

from backend import clock, failpoints, logs
from backend.batch.lease import Lease
from backend.batch.outcomes import Delivered
from backend.errors import AppError, StorageFull, Unavailable
from backend.images import imaging
from backend.storage import NotStored, Storage
from backend.upstreams.base import Outcome, SourceImage, UpstreamError

log = logs.get(__name__)

State = Literal["ok", "full", "unavailable"]
STORE_SECONDS = 60.0
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif", "image/avif": "avif"}


class ResultStore:
    """Reads sources and keeps results; remembers when the storage was in trouble."""

    def __init__(self, storage: Storage, *, max_pixels: int) -> None:
        self._storage, self._max_pixels = storage, max_pixels
        self._state: State = "ok"

    @property
    def state(self) -> State:
        """What the last call to the storage found; until `has_room` finds it well nothing should be claimed."""
        return self._state

    async def has_room(self) -> bool:
        """True, unless a call to the storage failed and one more try fails too."""
        if self._state != "ok":
            try:
                await self._storage.probe()
            except Unavailable as error:
                self._in_trouble(error)
                return False
            self._well()
        return True

    async def prepared(self, key: str, max_edge: int) -> SourceImage:
        """The image under `key`, upright, sRGB, without metadata, at most `max_edge` pixels long."""
        try:
            data = await self._storage.read(key)
            return await imaging.prepare(data, max_edge)
        except NotStored as error:
            raise UpstreamError(Outcome.INPUT, "The original image is no longer there.") from error
        except Unavailable as error:
            self._in_trouble(error)
            raise
        except AppError as error:
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
        failpoints.hit("results.proved", task=lease.task_id)
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
            except Unavailable as error:
                self._in_trouble(error)
                if clock.monotonic() + pause > until:
                    raise
                await asyncio.sleep(pause)
                pause = min(8.0, pause * 2)
            else:
                self._well()
                return

    def _in_trouble(self, error: Unavailable) -> None:
        now: State = "full" if isinstance(error, StorageFull) else "unavailable"
        if now != self._state:
            log.error("storage_in_trouble", state=now)
        self._state = now

    def _well(self) -> None:
        if self._state != "ok":
            log.info("storage_well_again")
        self._state = "ok"
