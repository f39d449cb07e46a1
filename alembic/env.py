"""Alembic's entry: runs migrations on the connection that `backend.db.migrate` hands over, or writes them as SQL."""

import asyncio

from sqlalchemy import Connection

from alembic import context
from backend.db.migrate import in_transaction
from backend.models import Base
from backend.settings import Settings


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True if connection.dialect.name == "sqlite" else None,
        transaction_per_migration=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    context.configure(
        dialect_name=context.config.attributes.get("dialect", "mysql"),
        target_metadata=Base.metadata,
        literal_binds=True,
    )
    with context.begin_transaction():
        context.run_migrations()
elif (handed_over := context.config.attributes.get("connection")) is not None:
    _run(handed_over)
else:
    asyncio.run(in_transaction(Settings().resolved_database_url, _run))
