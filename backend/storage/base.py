"""What the service asks of a storage. Keys are made by the service (`u/7/ab12…`), never taken from a client."""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Protocol

PIECE = 256 * 1024
"""Bytes read at once when an object is streamed."""

FOLDERS = ("u/", "results/", "unfinished/")
"""Where uploads, results and what is being written lie."""

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")


class NotStored(Exception):
    """There are no bytes under this key."""


class Storage(Protocol):
    """Immutable objects: a key is written once and then only read or deleted. Every method raises StorageFull when there is
    no room, NotStored when there is nothing under the key."""

    async def put(self, key: str, source: Path) -> None:
        """Take over the file `source` (it is gone afterwards). Durable when this returns."""
        ...

    async def put_bytes(self, key: str, data: bytes) -> None:
        """Store `data`. Durable when this returns."""
        ...

    async def size(self, key: str) -> int:
        """How many bytes."""
        ...

    async def read(self, key: str) -> bytes:
        """All bytes."""
        ...

    def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` up to and without `end`, in pieces."""
        ...

    async def delete(self, key: str) -> None:
        """Forget the key; nothing happens when it is unknown."""
        ...

    def list(self, prefix: str) -> AsyncIterator[tuple[str, float]]:
        """All keys that begin with `prefix`, each with its age in seconds."""
        ...

    async def probe(self, size: int = 0) -> None:
        """Raises StorageFull or Unavailable when nothing can be written, or not as much as `size` bytes."""
        ...


async def ours(storage: Storage) -> AsyncIterator[tuple[str, float]]:
    """All keys that the service made, each with its age in seconds; what an operator laid beside them is not among them."""
    for folder in FOLDERS:
        async for key, age in storage.list(folder):
            if _is_key(key):
                yield key, age


def check_key(key: str) -> str:
    """The key itself. Raises ValueError for one that the service would never make: a mistake of ours, not of a client."""
    if not _is_key(key):
        raise ValueError(f"not a storage key: {key[:200]!r}")
    return key


def _is_key(key: str) -> bool:
    return len(key) <= 200 and _KEY.fullmatch(key) is not None
