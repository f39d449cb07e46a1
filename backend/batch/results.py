"""The bytes of a task: its source made ready to leave the house, its result proved and stored under a key of the attempt.

A result's key names the attempt, so two attempts of one task can never overwrite each other.
"""

import asyncio
import hashlib
from collections.abc import Iterable
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
PROBE_MOST = 64 * 1024 * 1024
"""No more bytes than these are tried at once."""
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif", "image/avif": "avif"}


class NotRead(UpstreamError):
    """One image's bytes cannot be read though the storage is well: no upstream's fault, and to wait for ever does not help."""

    def __init__(self) -> None:
        super().__init__(Outcome.BACKOFF, "An original image cannot be read.", error_code="internal")


class ResultStore:
    """Reads sources and keeps results; remembers when the storage was in trouble, and what did not fit."""

    def __init__(self, storage: Storage, *, max_pixels: int) -> None:
        self._storage, self._max_pixels = storage, max_pixels
        self._state: State = "ok"
        self._unfit: dict[str, int] = {}

    @property
    def state(self) -> State:
        """What the last call to the storage found; until `has_room` finds it well nothing should be claimed."""
        return self._state

    async def has_room(self) -> bool:
        """True, unless a call to the storage failed and one more try fails too, with as many bytes as did not fit. A smaller
        one would let images be made, and paid for, that cannot be stored."""
        if self._state != "ok":
            try:
                await self._prove(min(PROBE_MOST, sum(self._unfit.values())))
            except Unavailable:
                return False
            self._unfit.clear()
            self._well()
        return True

    async def prepared(self, key: str, max_edge: int) -> SourceImage:
        """The image under `key`, upright, sRGB, without metadata, at most `max_edge` pixels long. Raises UpstreamError for what
        is wrong with this image (NotRead among it), Unavailable for what is wrong with the storage."""
        try:
            data = await self._read(key)
            return await imaging.prepare(data, max_edge)
        except NotStored as error:
            raise UpstreamError(Outcome.INPUT, "The original image is no longer there.") from error
        except Unavailable:
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
        await self._store(stem, {key: data, thumbnail_key: proved.thumbnail})
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
        await self._delete((result.storage_key, result.thumbnail_key))

    async def _read(self, key: str) -> bytes:
        try:
            return await self._storage.read(key)
        except Unavailable as error:
            log.warning("image_not_read", key=key, error=type(error).__name__)
        await self._prove()
        try:
            return await self._storage.read(key)  # what was wrong may have passed
        except Unavailable as error:
            log.error("image_not_read_twice", key=key, error=type(error).__name__)
            raise NotRead from error

    async def _prove(self, size: int = 0) -> None:
        """Raises StorageFull or Unavailable, and remembers it, when the storage itself is in trouble."""
        try:
            await self._storage.probe(size)
        except Unavailable as error:
            self._in_trouble(error)
            raise

    async def _store(self, name: str, objects: dict[str, bytes]) -> None:
        """Bytes that an upstream was paid for are not thrown away because a disk was full for a moment."""
        until, pause = clock.monotonic() + STORE_SECONDS, 0.5
        while True:
            try:
                await self._put(objects)
            except Unavailable as error:
                self._in_trouble(error)
                if full := isinstance(error, StorageFull):
                    self._unfit[name] = sum(map(len, objects.values()))
                if clock.monotonic() + pause > until:
                    if full:  # whichever did fit would take the last room from others until it is swept
                        await self._delete(objects)
                    raise
                await asyncio.sleep(pause)
                pause = min(8.0, pause * 2)
            else:
                self._unfit.pop(name, None)
                if not self._unfit:  # a small one may fit where others do not
                    self._well()
                return

    async def _put(self, objects: dict[str, bytes]) -> None:
        """All of them; when one cannot be stored, the others have ended, too."""
        puts = (self._storage.put_bytes(key, data) for key, data in objects.items())
        for end in await asyncio.gather(*puts, return_exceptions=True):
            if end is not None:
                raise end

    async def _delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            try:
                await self._storage.delete(key)
            except Unavailable as error:
                log.warning("result_not_discarded", key=key, error=type(error).__name__)

    def _in_trouble(self, error: Unavailable) -> None:
        now: State = "full" if isinstance(error, StorageFull) else "unavailable"
        if now != self._state:
            log.error("storage_in_trouble", state=now)
        self._state = now

    def _well(self) -> None:
        if self._state != "ok":
            log.info("storage_well_again")
        self._state = "ok"
