"""An S3 bucket as storage. Credentials, region and endpoint come from the usual `AWS_…` variables."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import ObjectStore

from backend.errors import Unavailable
from backend.storage.base import PIECE, NotStored, check_key

PROBE = "probe"


class S3Storage:
    """Objects in whatever obstore reaches."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, key: str, source: Path) -> None:
        with _faults(check_key(key)):
            await obstore.put_async(self._store, key, source)
        await asyncio.to_thread(source.unlink)

    async def put_bytes(self, key: str, data: bytes) -> None:
        with _faults(check_key(key)):
            await obstore.put_async(self._store, key, data)

    async def size(self, key: str) -> int:
        with _faults(check_key(key)):
            return (await obstore.head_async(self._store, key))["size"]

    async def read(self, key: str) -> bytes:
        with _faults(check_key(key)):
            return bytes(await (await obstore.get_async(self._store, key)).bytes_async())

    async def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        size = await self.size(key)
        end = size if end is None else min(end, size)
        if start >= end:
            return
        with _faults(key):
            result = await obstore.get_async(self._store, key, options={"range": (start, end)})
            async for piece in result.stream(min_chunk_size=PIECE):
                yield bytes(piece)

    async def delete(self, key: str) -> None:
        try:
            with _faults(check_key(key)):
                await obstore.delete_async(self._store, key)
        except NotStored:
            return

    async def list(self, prefix: str) -> AsyncIterator[tuple[str, float]]:
        folder = prefix.rpartition("/")[0] or None
        with _faults(prefix):
            async for page in obstore.list(self._store, folder):
                now = datetime.now(UTC)
                for meta in page:
                    if meta["path"].startswith(prefix):
                        yield meta["path"], max(0.0, (now - meta["last_modified"]).total_seconds())

    async def probe(self) -> None:
        await self.put_bytes(PROBE, b"")


@contextmanager
def _faults(key: str) -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        raise NotStored(key) from error
    except (BaseError, OSError) as error:
        raise Unavailable("The storage does not answer.") from error
