"""The migrations make what the models say, on each database, and can be taken back."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import create_async_engine

from backend.db import migrate
from backend.models import Base


def differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


def columns(connection: Connection, table: str) -> set[str]:
    return {column["name"] for column in inspect(connection).get_columns(table)}


async def test_migrations_equal_models(database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_there_and_back_again(database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        before = await connection.run_sync(columns, "batch_tasks")
        await connection.run_sync(migrate.downgrade, "0001")
        assert before - await connection.run_sync(columns, "batch_tasks") == {"same_errors", "upstream_job"}
    await migrate.upgrade(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(columns, "batch_tasks") == before
        assert await connection.run_sync(differences) == []
    await engine.dispose()
