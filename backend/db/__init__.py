"""The database: base and types for tables, transactions, migrations."""

from backend.db.base import Base
from backend.db.session import TROUBLE, CommitUnknown, Database, affected, announce
from backend.db.statements import Prepared
from backend.db.types import BigInt, CreatedAt, Id, UpdatedAt, UtcDateTime, millis, utc_after, utcnow

__all__ = [
    "TROUBLE",
    "Base",
    "BigInt",
    "CommitUnknown",
    "CreatedAt",
    "Database",
    "Id",
    "Prepared",
    "UpdatedAt",
    "UtcDateTime",
    "affected",
    "announce",
    "millis",
    "utc_after",
    "utcnow",
]
