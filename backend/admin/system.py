"""The machine and the room on it, as this process sees them."""

import asyncio
import os
import platform
import shutil

from backend import __version__
from backend.admin import queries
from backend.admin.schemas import DatabaseOut, ServerOut, StorageOut, SystemOut
from backend.db import Database
from backend.settings import Settings


async def look(db: Database, settings: Settings, *, https: bool) -> SystemOut:
    """Everything about this service that an operator asks for first. Raises Unavailable without a database."""
    database, images, size = await db.read(queries.stored)
    disk = None if settings.storage_url else await asyncio.to_thread(shutil.disk_usage, settings.data_dir)
    return SystemOut(
        version=__version__,
        https=https,
        server=ServerOut(python=platform.python_version(), cpus=_cpus(), memory_bytes=_memory()),
        database=DatabaseOut(kind=database.kind, version=database.version, bytes=database.bytes),
        storage=StorageOut(
            kind="s3" if settings.storage_url else "local",
            images=images,
            bytes=size,
            free_bytes=disk.free if disk else None,
            total_bytes=disk.total if disk else None,
        ),
    )


def _cpus() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not every system tells
        return None
