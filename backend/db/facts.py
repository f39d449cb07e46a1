"""What the database says of itself."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """Which database it is, its version, and the bytes of its tables (indexes included)."""

    kind: Literal["sqlite", "mariadb", "mysql"]
    version: str
    bytes: int


async def read(session: AsyncSession) -> DatabaseFacts:
    """As the server (or the library) tells it now."""
    if session.get_bind().dialect.name == "sqlite":
        version = await session.scalar(text("SELECT sqlite_version()"))
        pages = await session.scalar(text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"))
        return DatabaseFacts("sqlite", str(version), int(pages or 0))
    version = str(await session.scalar(text("SELECT version()")))
    size = await session.scalar(
        text("SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE table_schema = DATABASE()")
    )
    return DatabaseFacts("mariadb" if "mariadb" in version.lower() else "mysql", version.split("-")[0], int(size or 0))
