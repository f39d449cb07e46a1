"""The database: base and types for tables, transactions, migrations."""

from backend.db.base import Base
from backend.db.session import CommitUnknown, Database, announce
from backend.db.types import BigInt, Id, UtcDateTime, utc_after, utcnow

__all__ = ["Base", "BigInt", "CommitUnknown", "Database", "Id", "UtcDateTime", "announce", "utc_after", "utcnow"]
