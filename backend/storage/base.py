"""What the service asks of a storage. Keys are made by the service (`u/7/ab12…`), never taken from a client."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol


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

    def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to and without `end`, in pieces."""
        ...

    async def delete(self, key: str) -> None:
        """Forget the key; nothing happens when it is unknown."""
        ...

    def list(self, prefix: str) -> AsyncIterator[tuple[str, float]]:
        """All keys that begin with `prefix`, each with its age in seconds."""
        ...

    async def probe(self) -> None:
        """Raises StorageFull or Unavailable when nothing can be written."""
        ...
