"""An S3 bucket (or whatever speaks its protocol) as storage.

An object is written by one PUT: it is there whole or not at all, and a process that dies leaves no hidden parts behind. It
is read in ranges, so a slow reader of ours holds no connection open over there. Every call has a deadline.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, S3Store

from backend import logs
from backend.errors import StorageFull, Unavailable
from backend.settings import Settings
from backend.storage.base import NotStored, check_key

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

log = logs.get(__name__)

PROBE = "probe"
MIB = 1024 * 1024
RANGE = 4 * MIB
"""Bytes asked for at once when an object is streamed."""
MOST_BYTES = 512 * MIB
"""Nothing that the service stores is larger; what claims to be is not read."""
LEAST_SECONDS, MOST_SECONDS = 15.0, 60.0
SLOWEST = 1 * MIB
"""Bytes a second that the way to the bucket must carry."""
PAGE = 1000

CLIENT: "ClientConfig" = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=MOST_SECONDS)}
RETRY: "RetryConfig" = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=LEAST_SECONDS),
    "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=2), "base": 2},
}
_NO_ROOM = ("507 ", "StorageFull", "QuotaExceeded", "QuotaExceed", "InsufficientStorage")
"""How servers say that nothing more fits; S3 itself is never full."""
_NO_BUCKET = "NoSuchBucket"


class S3Storage:
    """Objects in whatever obstore reaches."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, key: str, source: Path) -> None:
        size = (await asyncio.to_thread(source.stat)).st_size
        await self._put(key, source, size)
        await asyncio.to_thread(source.unlink)

    async def put_bytes(self, key: str, data: bytes) -> None:
        await self._put(key, data, len(data))

    async def size(self, key: str) -> int:
        async with _asked(key):
            return (await obstore.head_async(self._store, key))["size"]

    async def read(self, key: str) -> bytes:
        async with _asked(key):
            found = await obstore.get_async(self._store, key)
        size = found.meta["size"]
        if size > MOST_BYTES:
            log.error("object_too_large", key=key, bytes=size)
            raise Unavailable("The storage holds something larger than anything this service stores.")
        async with _asked(key, size):
            return bytes(await found.bytes_async())

    async def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        size = await self.size(key)
        end = size if end is None else min(end, size)
        while start < end:
            upto = min(start + RANGE, end)
            async with _asked(key, RANGE):
                piece = bytes(await obstore.get_range_async(self._store, key, start=start, end=upto))
            yield piece
            start = upto

    async def delete(self, key: str) -> None:
        try:
            async with _asked(key):
                await obstore.delete_async(self._store, key)
        except NotStored:
            return

    async def list(self, prefix: str) -> AsyncIterator[tuple[str, float]]:
        pages = aiter(obstore.list(self._store, prefix.rpartition("/")[0] or None, chunk_size=PAGE))
        while True:
            try:
                async with _asked(PROBE):
                    page = await anext(pages)
            except StopAsyncIteration:
                return
            now = datetime.now(UTC)
            for meta in page:
                if meta["path"].startswith(prefix):
                    yield meta["path"], max(0.0, (now - meta["last_modified"]).total_seconds())

    async def probe(self, size: int = 0) -> None:
        if size:
            await self.put_bytes(PROBE, bytes(size))
        await self.put_bytes(PROBE, b"")  # gives back what the first one took
        try:
            await self.read(PROBE)
        except NotStored as error:
            raise Unavailable("The storage does not keep anything.") from error

    async def _put(self, key: str, source: Path | bytes, size: int) -> None:
        try:
            async with _asked(key, size):
                await obstore.put_async(self._store, key, source, use_multipart=False)
        except NotStored as error:
            raise Unavailable("The storage does not take anything.") from error


def open_bucket(settings: Settings) -> S3Storage:
    """The bucket at STORAGE_URL; nothing is asked of it yet. What the settings leave open, such as a machine's own role, is
    found where AWS's own programs look. Raises ValueError for what is no address of a bucket."""
    given: dict[str, str | bool] = {
        "access_key_id": settings.aws_access_key_id,
        "secret_access_key": settings.aws_secret_access_key,
        "session_token": settings.aws_session_token,
        "region": settings.aws_region,
        "endpoint": settings.aws_endpoint_url,
        "virtual_hosted_style_request": settings.aws_virtual_hosted_style_request,
    }
    # what is ours is deleted one by one; not everything that speaks S3 can delete many at once
    config: S3Config = {"disable_bulk_delete": True, **{name: value for name, value in given.items() if value}}  # type: ignore[typeddict-item]
    client: ClientConfig = {**CLIENT, "allow_http": settings.aws_endpoint_url.startswith("http://")}
    try:
        return S3Storage(
            S3Store.from_url(settings.storage_url, config=config, client_options=client, retry_config=RETRY)
        )
    except BaseError as error:
        raise ValueError(f"STORAGE_URL: {_said(error)}") from error


@asynccontextmanager
async def _asked(key: str, size: int = 0) -> AsyncIterator[None]:
    """One call about `key` that moves `size` bytes. Raises ValueError, NotStored, StorageFull, Unavailable."""
    check_key(key)
    try:
        async with asyncio.timeout(min(MOST_SECONDS, LEAST_SECONDS + size / SLOWEST)):
            yield
    except FileNotFoundError as error:
        if _NO_BUCKET in str(error):
            raise Unavailable("The storage's bucket is not there.") from error
        raise NotStored(key) from error
    except (BaseError, OSError) as error:
        log.warning("storage_trouble", error=type(error).__name__, said=_said(error))
        if any(word in str(error) for word in _NO_ROOM):
            raise StorageFull from error
        raise Unavailable("The storage does not answer.") from error


def _said(error: Exception) -> str:
    """The server's own words, on one line; requests are signed in their headers, so no address in them gives a key away."""
    return " ".join(str(error).split())[:300]
