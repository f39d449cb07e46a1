"""A file's way in: written down beside while it is hashed, proved to be an image, kept once.

Nothing of it is in the storage before it is proved, and no transaction is open while a disk works.
"""

import asyncio
import contextlib
import hashlib
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from backend import logs
from backend.db import Database
from backend.errors import (
    AppError,
    FileTooLarge,
    QueueFull,
    StorageFull,
    Unavailable,
    UnreadableImage,
    ValidationFailed,
)
from backend.images import imaging, names, queries, service
from backend.images.models import Image
from backend.images.service import Objects, Upload
from backend.settings import Settings
from backend.storage import Storage, on_disk, ours
from backend.web.multipart import FilePart, read_multipart

log = logs.get(__name__)

WRITE_AT_ONCE = 1024 * 1024
STRAY_SECONDS = 24 * 3600.0
SWEEP_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that is proved to be an image and lies in the scratch folder."""

    path: Path
    filename: str
    size_bytes: int
    sha256: str
    facts: imaging.Facts
    thumbnail: bytes = field(repr=False)


class Ingest:
    """Takes files in for the users of one service."""

    def __init__(self, db: Database, storage: Storage, settings: Settings) -> None:
        self._db, self._storage = db, storage
        self._scratch = settings.scratch_dir
        self._most_unused = settings.max_unused_uploads_per_user
        self._most_bytes, self._most_pixels = settings.batch_max_file_bytes, settings.image_max_pixels

    async def take(self, user_id: int, body: AsyncIterator[bytes], content_type: str) -> tuple[Image, bool]:
        """The image in the part `file` of a multipart body, and whether it is new. Raises QueueFull when the user has too many
        that nothing uses."""
        async with contextlib.AsyncExitStack() as files:
            staged = None
            async for part in read_multipart(body, content_type, max_files=1):
                if not isinstance(part, FilePart) or part.name != "file":
                    raise _wrong(part.name, "not expected here; the file belongs into `file`", "extra_forbidden")
                staged = await files.enter_async_context(self.staged(part.filename, part.chunks()))
            if staged is None:
                raise _wrong("file", "a file is needed", "missing")
            return await self.adopt(user_id, staged, most_unused=self._most_unused)

    @contextlib.asynccontextmanager
    async def staged(self, filename: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[Staged]:
        """The file, proved; it lies in the scratch folder while this is open and not adopted. Raises FileTooLarge,
        UnsupportedImage, UnreadableImage or ImageTooManyPixels, each naming the file."""
        path = self._scratch / uuid.uuid4().hex
        shown = names.clean(filename)
        try:
            size, digest = await self._write(path, shown, chunks)
            examined = await self._examine(path, shown, size)
            name = names.clean(filename, examined.facts.mime_type)
            yield Staged(path, name, size, digest, examined.facts, examined.thumbnail)
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def adopt(self, user_id: int, staged: Staged, *, most_unused: int | None = None) -> tuple[Image, bool]:
        """Keep a staged file: its row, and whether that is new. The same bytes under the same name are the same row; under
        another name they are a new row, and stored once. Raises QueueFull when `most_unused` of the user's are unused."""
        facts = staged.facts
        upload = Upload(
            user_id, staged.filename, facts.mime_type, facts.width, facts.height, staged.size_bytes, staged.sha256
        )
        recorded = await self._db.write_known(service.record, upload, None, most_unused)
        if recorded is None:
            own = await self._store(user_id, staged)
            try:
                recorded = await self._db.write_known(service.record, upload, own, most_unused)
            except QueueFull:  # others of the user's were quicker
                await self.delete((own.storage_key, own.thumbnail_key))
                raise
            assert recorded is not None
            if recorded.image.storage_key != own.storage_key:
                await self.delete((own.storage_key, own.thumbnail_key))
        return recorded.image, recorded.new

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete objects that no row speaks of any more. What cannot be deleted now is swept later."""
        for key in keys:
            try:
                await self._storage.delete(key)
            except (Unavailable, StorageFull) as error:
                log.warning("object_not_deleted", key=key, error=type(error).__name__)

    async def sweep(self, older_than: float = STRAY_SECONDS) -> int:
        """Delete our own objects and scratch files that a crash left behind: those without a row, `older_than` seconds old.
        Answers how many there were."""
        swept = await asyncio.to_thread(_sweep_folder, self._scratch, older_than)
        batch: list[str] = []
        async for key, age in ours(self._storage):
            if age > older_than:
                batch.append(key)
            if len(batch) >= SWEEP_AT_ONCE:
                swept += await self._sweep(batch)
                batch = []
        return swept + await self._sweep(batch)

    async def _sweep(self, keys: list[str]) -> int:
        owned = await self._db.read(queries.owned_keys, keys) if keys else set()
        strays = [key for key in keys if key not in owned]
        await self.delete(strays)
        return len(strays)

    async def _store(self, user_id: int, staged: Staged) -> Objects:
        folder = f"u/{user_id}/{uuid.uuid4().hex}"
        own = Objects(f"{folder}/original", f"{folder}/thumbnail.webp")
        await self._storage.put_bytes(own.thumbnail_key, staged.thumbnail)
        try:
            await self._storage.put(own.storage_key, staged.path)
        except AppError:
            await self.delete((own.thumbnail_key,))
            raise
        return own

    async def _write(self, path: Path, shown: str, chunks: AsyncIterator[bytes]) -> tuple[int, str]:
        """Write the file down; answers its size and SHA-256."""
        file, digest, size = await on_disk(_create, path), hashlib.sha256(), 0
        pending = bytearray()

        def flush() -> None:
            digest.update(pending)
            with memoryview(pending) as data:
                written = 0
                while written < len(data):  # a disk that is nearly full takes a part, and says so with the next
                    written += file.write(data[written:])
            pending.clear()

        try:
            async for piece in chunks:
                size += len(piece)
                if size > self._most_bytes:
                    raise FileTooLarge(
                        f"{shown} is too large; a file may have at most {self._most_bytes:,} bytes.",
                        filename=shown,
                        limit=self._most_bytes,
                    )
                pending += piece
                if len(pending) >= WRITE_AT_ONCE:
                    await on_disk(flush)
            await on_disk(flush)
        finally:
            file.close()
        return size, digest.hexdigest()

    async def _examine(self, path: Path, shown: str, size: int) -> imaging.Examined:
        if not size:
            raise UnreadableImage(f"{shown}: The file is empty.")
        try:
            return await imaging.examine(path, self._most_pixels)
        except AppError as error:
            raise type(error)(f"{shown}: {error.detail}") from error


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb", buffering=0)


def _sweep_folder(folder: Path, older_than: float) -> int:
    swept = 0
    for path in folder.glob("*"):
        with contextlib.suppress(OSError):
            if path.is_file() and time.time() - path.stat().st_mtime > older_than:
                path.unlink()
                swept += 1
    return swept


def _wrong(name: str, msg: str, kind: str) -> ValidationFailed:
    return ValidationFailed(errors=[{"loc": ["body", name], "msg": msg, "type": kind}])
