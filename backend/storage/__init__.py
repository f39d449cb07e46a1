"""Where bytes lie: one interface over a local folder and S3."""

from pathlib import Path

from obstore.store import S3Store

from backend.settings import Settings
from backend.storage.base import NotStored, Storage, check_key
from backend.storage.local import LocalStorage, on_disk
from backend.storage.s3 import S3Storage

__all__ = ["LocalStorage", "NotStored", "S3Storage", "Storage", "check_key", "on_disk", "open_storage"]

LOCAL_FOLDER = Path("uploads") / "batch"


def open_storage(settings: Settings) -> Storage:
    """The storage that the settings name; nothing is created or connected yet. Raises ValueError for an unknown scheme."""
    if not settings.storage_url:
        return LocalStorage(settings.data_dir / LOCAL_FOLDER)
    if settings.storage_url.startswith("s3://"):
        return S3Storage(S3Store.from_url(settings.storage_url))
    raise ValueError("STORAGE_URL must be empty or s3://bucket/prefix")
