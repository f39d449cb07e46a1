"""A local folder as storage. A file appears under its key whole or not at all, and stays when the power fails."""

import asyncio
import contextlib
import errno
import os
import shutil
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from backend import failpoints
from backend.errors import StorageFull, Unavailable
from backend.storage.base import PIECE, NotStored, check_key

P = ParamSpec("P")
T = TypeVar("T")
UNFINISHED = "unfinished"
PLACE_TRIES = 5
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class LocalStorage:
    """Objects as files below `root`. Files being written lie in a folder of their own, which `list` shows too: what a crash
    left there is swept like any other object without an owner."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def put(self, key: str, source: Path) -> None:
        await on_disk(self._put, self._path(key), source)

    async def put_bytes(self, key: str, data: bytes) -> None:
        await on_disk(self._put_bytes, self._path(key), data)

    async def size(self, key: str) -> int:
        return (await on_disk(self._path(key).stat)).st_size

    async def read(self, key: str) -> bytes:
        return await on_disk(self._path(key).read_bytes)

    async def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        file = await on_disk(_open_at, self._path(key), start)
        try:
            left = end - start if end is not None else None
            while left is None or left > 0:
                piece = await on_disk(file.read, PIECE if left is None else min(PIECE, left))
                if not piece:
                    return
                if left is not None:
                    left -= len(piece)
                yield piece
        finally:
            file.close()

    async def delete(self, key: str) -> None:
        await on_disk(self._delete, self._path(key))

    async def list(self, prefix: str) -> AsyncIterator[tuple[str, float]]:
        folders = [self.root]
        while folders:
            inner, found = await on_disk(_entries, self.root, folders.pop(), prefix)
            folders += inner
            for entry in found:
                yield entry

    async def probe(self, size: int = 0) -> None:
        await on_disk(self._probe, size)

    def _path(self, key: str) -> Path:
        check_key(key)
        return self.root / key

    def _put(self, target: Path, source: Path) -> None:
        with source.open("rb") as file:
            os.fsync(file.fileno())
        try:
            _place(source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            with self._unfinished() as (path, copy):
                with source.open("rb") as file:
                    shutil.copyfileobj(file, copy, PIECE)
                _finish(path, copy, target)
            source.unlink()

    def _put_bytes(self, target: Path, data: bytes) -> None:
        with self._unfinished() as (path, file):
            file.write(data)
            _finish(path, file, target)

    def _delete(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # a folder that holds something stays
            for folder in path.parents[: len(path.relative_to(self.root).parts) - 1]:
                folder.rmdir()

    def _probe(self, size: int) -> None:
        with self._unfinished() as (_, file):
            found = os.fstatvfs(file.fileno())
            # asked before it is tried: whoever else writes there needs what little is left
            if found.f_blocks and found.f_bfree * found.f_frsize < size:
                raise OSError(errno.ENOSPC, "no room")
            for _ in range(0, max(size, PIECE), PIECE):
                file.write(bytes(PIECE))
            file.flush()
            os.fsync(file.fileno())

    @contextlib.contextmanager
    def _unfinished(self) -> Iterator[tuple[Path, BinaryIO]]:
        folder = self.root / UNFINISHED
        _make_folder(folder)
        path = folder / uuid.uuid4().hex
        try:
            with path.open("xb") as file:
                yield path, file
        finally:
            path.unlink(missing_ok=True)


def _open_at(path: Path, start: int) -> BinaryIO:
    file = path.open("rb")
    file.seek(start)
    return file


def _finish(path: Path, file: BinaryIO, target: Path) -> None:
    failpoints.hit("storage.writing")
    file.flush()
    os.fsync(file.fileno())
    failpoints.hit("storage.written")
    _place(path, target)
    failpoints.hit("storage.placed")


def _place(path: Path, target: Path) -> None:
    """Rename a finished file into place, where it stays."""
    for tried in range(PLACE_TRIES):
        try:
            _make_folder(target.parent)
            path.replace(target)
            break
        except FileNotFoundError:  # a delete may remove the empty folder before we are in it
            if tried + 1 == PLACE_TRIES or not path.exists():
                raise
    _sync_folder(target.parent)


def _make_folder(folder: Path) -> None:
    """Create a folder whose very existence lasts: each new one is written down in the folder above it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _entries(root: Path, folder: Path, prefix: str) -> tuple[list[Path], list[tuple[str, float]]]:
    """What is in one folder: folders that may hold more, and objects with their ages."""
    inner: list[Path] = []
    found: list[tuple[str, float]] = []
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            key = Path(entry.path).relative_to(root).as_posix()
            if entry.is_dir(follow_symlinks=False):
                if f"{key}/".startswith(prefix) or prefix.startswith(f"{key}/"):
                    inner.append(Path(entry.path))
            elif key.startswith(prefix):
                with contextlib.suppress(FileNotFoundError):
                    found.append((key, max(0.0, time.time() - entry.stat(follow_symlinks=False).st_mtime)))
    return inner, found


async def on_disk(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Work on files in a thread. Raises StorageFull, Unavailable, or NotStored for a file that is not there."""
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotStored(str(error.filename)) from error
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull from error
        raise Unavailable("The storage does not answer.") from error
