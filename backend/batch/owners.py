"""Who is alive on this host: every process holds a lock on a file of its own, and the kernel lets go of it when it dies."""

import fcntl
import os
import uuid
from collections.abc import Iterable
from pathlib import Path


class Owners:
    """`me` is made when the process starts (never a host name or a process id: those come again)."""

    def __init__(self, folder: Path) -> None:
        self.me = uuid.uuid4().hex
        self._folder = folder
        self._mine: int | None = None

    def enter(self) -> None:
        """Take the lock that says that this process lives."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._mine = os.open(self._path(self.me), os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._mine, fcntl.LOCK_EX)

    def leave(self) -> None:
        """The process ends and holds nothing any more."""
        if self._mine is not None:
            self._path(self.me).unlink(missing_ok=True)
            os.close(self._mine)
            self._mine = None

    def dead(self, owners: Iterable[str]) -> list[str]:
        """Those whose file is here and whose lock is free. An owner without a file lives elsewhere, for all we know."""
        return [owner for owner in owners if self._is_dead(owner)]

    def forget(self, owners: Iterable[str]) -> None:
        """Remove the files of dead owners that hold nothing any more."""
        for owner in owners:
            self._path(owner).unlink(missing_ok=True)

    def _is_dead(self, owner: str) -> bool:
        try:
            handle = os.open(self._path(owner), os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            return True
        finally:
            os.close(handle)

    def _path(self, owner: str) -> Path:
        return self._folder / f"{owner}.lock"
