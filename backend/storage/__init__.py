"""Where bytes lie: one interface over a local folder and S3."""

from backend.storage.base import NotStored, Storage
from backend.storage.local import LocalStorage

__all__ = ["LocalStorage", "NotStored", "Storage"]
