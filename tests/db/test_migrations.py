"""The migrations make what the models say, on each database, and can be taken back."""

from datetime import datetime
from functools import partial
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Boolean, Column, Connection, DateTime, Integer, LargeBinary, MetaData, inspect, select, text

from backend.db import migrate
from backend.db.migrate import in_transaction
from backend.models import Base


def differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


def columns(connection: Connection) -> set[str]:
    return {column["name"] for column in inspect(connection).get_columns("batch_tasks")}


def back_to_the_first(connection: Connection) -> None:
    migrate.downgrade(connection, "0001")


async def test_migrations_equal_models(database_url: str) -> None:
    assert await in_transaction(database_url, differences) == []


async def test_there_and_back_again(database_url: str) -> None:
    before = await in_transaction(database_url, columns)
    await in_transaction(database_url, back_to_the_first)
    assert before - await in_transaction(database_url, columns) == {"same_errors", "upstream_job"}
    await migrate.upgrade(database_url)
    assert await in_transaction(database_url, columns) == before
    assert await in_transaction(database_url, differences) == []


def filled(connection: Connection) -> None:
    """One row in every table of the schema as it is, whatever the models say."""
    metadata = MetaData()
    metadata.reflect(connection)
    made: dict[str, Any] = {}
    for table in metadata.sorted_tables:
        if table.name != "alembic_version":
            row = {column.name: value_for(column, made) for column in table.columns}
            connection.execute(table.insert().values(row))
            made |= {f"{table.name}.{name}": value for name, value in row.items()}


def value_for(column: Column[Any], made: dict[str, Any]) -> Any:
    """Something that this column takes; what another table's row is called where it points there."""
    for key in column.foreign_keys:
        return made.get(key.target_fullname)  # None: a row of the same table, which is not there yet
    if isinstance(column.type, DateTime):
        return datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001  the driver's own kind of time
    if isinstance(column.type, Boolean):
        return True
    if isinstance(column.type, Integer):
        return 7000 if column.primary_key and column.table.name != "dispatch_slots" else 11
    if isinstance(column.type, LargeBinary):
        return b"kept"
    text = f"{column.name} 留着"
    return text[: getattr(column.type, "length", None) or len(text)]


def rows(connection: Connection, columns: dict[str, list[str]] | None = None) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables; of those tables and columns only, where they are given."""
    metadata = MetaData()
    metadata.reflect(connection)
    tables = {table.name: table for table in metadata.sorted_tables if table.name != "alembic_version"}
    wanted = columns or {name: list(table.c.keys()) for name, table in tables.items()}
    return {
        name: [
            dict(row._mapping)
            for row in connection.execute(
                select(*(tables[name].c[each] for each in names)).order_by(*tables[name].primary_key)
            )
        ]
        for name, names in wanted.items()
    }


async def test_rows_of_the_first_version_are_kept_up_to_the_newest_and_back(empty_database_url: str) -> None:
    await migrate.upgrade(empty_database_url, "0001")
    await in_transaction(empty_database_url, filled)
    before = await in_transaction(empty_database_url, rows)
    assert [table for table, kept in before.items() if not kept] == []
    names = {table: list(kept[0]) for table, kept in before.items()}
    await migrate.upgrade(empty_database_url)
    assert await in_transaction(empty_database_url, partial(rows, columns=names)) == before
    assert await in_transaction(empty_database_url, differences) == []
    await in_transaction(empty_database_url, back_to_the_first)
    assert await in_transaction(empty_database_url, rows) == before


async def test_a_database_of_a_later_version_is_refused(empty_database_url: str) -> None:
    """After a step back to an older program: nothing is touched, and the words say why."""
    await migrate.upgrade(empty_database_url)
    later = text("UPDATE alembic_version SET version_num = '9999'")
    await in_transaction(empty_database_url, lambda connection: connection.execute(later))
    with pytest.raises(migrate.UnknownSchema, match="newer than this version"):
        await migrate.upgrade(empty_database_url)
