"""What can be wrong with an installation, looked at one thing at a time."""

import shutil
from dataclasses import dataclass

from backend import logs
from backend.db import TROUBLE, Database
from backend.errors import AppError
from backend.settings import Settings
from backend.storage import open_storage
from backend.upstreams.registry import Registry

log = logs.get(__name__)

LOW_DISK_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    well: bool
    text: str


async def examine(settings: Settings) -> list[Finding]:
    """Every check, whatever the others found."""
    return [await _database(settings), await _storage(settings), _disk(settings), await _upstreams(settings)]


async def _database(settings: Settings) -> Finding:
    db = Database(settings.resolved_database_url)
    try:
        await db.ping()
    except TROUBLE as error:
        return Finding(
            "database", False, f"does not answer ({type(error).__name__}); check DATABASE_URL and the server"
        )
    finally:
        await db.close()
    return Finding("database", True, "SQLite in the data folder" if settings.is_sqlite else "MySQL/MariaDB answers")


async def _storage(settings: Settings) -> Finding:
    try:
        await open_storage(settings).probe()
    except AppError as error:
        return Finding("storage", False, f"cannot be written: {error.detail}")
    return Finding("storage", True, "can be written")


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.data_dir).free
    text = f"{free / 1024**3:.1f} GiB free in {settings.data_dir}"
    return Finding("disk", free >= LOW_DISK_BYTES, text if free >= LOW_DISK_BYTES else f"{text}; make room")


async def _upstreams(settings: Settings) -> Finding:
    registry = Registry.from_settings(settings)
    names = ", ".join(f"{upstream.name} ({upstream.kind})" for upstream in registry.upstreams)
    await registry.aclose()
    return Finding("upstreams", True, f"configured: {names}; models: {', '.join(m.id for m in registry.models)}")
