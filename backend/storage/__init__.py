"""Where bytes lie: one interface over a local folder and S3."""

from pathlib import Path

from backend.settings import Settings
from backend.storage.base import NotStored, Storage, check_key, ours
from backend.storage.local import LocalStorage, on_disk
from backend.storage.s3 import S3Storage, open_bucket

__all__ = ["LocalStorage", "NotStored", "S3Storage", "Storage", "check_key", "on_disk", "open_storage", "ours"]

LOCAL_FOLDER = Path("uploads") / "batch"


def open_storage(settings: Settings) -> Storage:
    """The storage that the settings name; nothing is created or connected yet. Raises ValueError for what is no
    address of one."""
    if not settings.storage_url:
        return LocalStorage(settings.data_dir / LOCAL_FOLDER)
    if settings.storage_url.startswith("s3://"):
        return open_bucket(settings)
    raise ValueError("STORAGE_URL must be empty or s3://bucket/prefix")
