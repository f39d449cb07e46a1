"""The declarative base: naming of constraints and what every table has in common."""

from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

PLAIN_OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    # binary comparison, as SQLite does it: `ADMIN` and `ádmin` are not `admin`; names are folded by the application
    "mysql_collate": "utf8mb4_bin",
}

# for tables counted by an `id`: one once given is never given again, so the ledger may outlive what it speaks of
TABLE_OPTIONS: dict[str, Any] = {**PLAIN_OPTIONS, "sqlite_autoincrement": True}


class Base(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(naming_convention=NAMING)
    __table_args__: Any = TABLE_OPTIONS
