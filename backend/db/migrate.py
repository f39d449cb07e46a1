"""Brings a database up to date at start, safely when several processes start at once.

Only one process migrates at a time: a named lock on MySQL/MariaDB, a file lock beside the SQLite file; the others wait and
then find nothing to do.
"""

import asyncio
import fcntl
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO, TypeVar

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from alembic import command
from backend import logs
from backend.db.engine import mysql_engine, sqlite_engine
from backend.errors import Unavailable

log = logs.get(__name__)

LOCK_SECONDS = 120
OURS = frozenset({"users", "images", "batch_queues", "system_config"})
"""Tables that tell a database of this service, or of the one before it."""
R = TypeVar("R")
_PACKAGE = Path(__file__).resolve().parent.parent


class UnknownSchema(Unavailable):
    """The database holds tables that this version does not know; nothing was changed."""


async def upgrade(url: str, revision: str = "head") -> None:
    """Create or upgrade every table. Raises UnknownSchema when the database is not ours or is newer than this version,
    Unavailable when it cannot be used, ValueError when `url` is no address of one."""
    _check_url(url)

    def work(connection: Connection) -> None:
        _check(connection)
        _run(connection, revision)

    try:
        async with _only_one(url):
            await in_transaction(url, work)
    except TimeoutError as error:
        raise Unavailable("The database server does not answer; check DATABASE_URL.") from error
    except DBAPIError as error:
        # the driver's own words: they name user, host and table, and never the password
        said = getattr(error.orig, "args", ())
        reason = str(said[-1] if said else error.orig).strip().partition("\n")[0]
        raise Unavailable(f"The database cannot be used: {reason}") from error


async def in_transaction(url: str, work: Callable[[Connection], R]) -> R:
    """What `work` answers, in a transaction on a connection of its own."""
    if url.startswith("sqlite"):
        engine = sqlite_engine(url, "BEGIN IMMEDIATE")
        try:
            with engine.begin() as connection:
                return work(connection)
        finally:
            engine.dispose()
    server = mysql_engine(url, pool_size=1)
    try:
        async with server.begin() as far:
            return await far.run_sync(work)
    finally:
        await server.dispose()


def _check_url(url: str) -> None:
    """ValueError says what is wrong without repeating any of it: a password may be at the wrong place."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("DATABASE_URL cannot be read; it is mysql+aiomysql://user:password@host:port/name") from None
    if not parsed.database:
        raise ValueError("DATABASE_URL names no database; it ends in /name")


def as_sql() -> str:
    """All migrations as one SQL text for the `mysql` client."""
    out = io.StringIO()
    config = _config(out)
    config.attributes["dialect"] = "mysql"
    command.upgrade(config, "head", sql=True)
    return "SET NAMES utf8mb4;\n\n" + out.getvalue()


def downgrade(connection: Connection, revision: str) -> None:
    """Take a database back to `revision` (for tests of the migrations)."""
    config = _config()
    config.attributes["connection"] = connection
    command.downgrade(config, revision)


def _config(out: TextIO | None = None) -> Config:
    packaged = _PACKAGE / "_alembic"
    config = Config(output_buffer=out) if out else Config()
    config.set_main_option("script_location", str(packaged if packaged.is_dir() else _PACKAGE.parent / "alembic"))
    return config


def _run(connection: Connection, revision: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _check(connection: Connection) -> None:
    tables = set(inspect(connection).get_table_names())
    versioned = "alembic_version" in tables
    current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() if versioned else None
    if current is None and (foreign := sorted(tables & OURS)):
        raise UnknownSchema(
            f"The database already has a table {foreign[0]}, and no revision in alembic_version says that this service made "
            "it. Use an empty database (an old one can be imported from there), or restore a backup."
        )
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        raise UnknownSchema(f"The database is at revision {current}, which is newer than this version of the service.")


@asynccontextmanager
async def _only_one(url: str) -> AsyncIterator[None]:
    if url.startswith("sqlite"):
        path = Path(make_url(url).database or "")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(f"{path.name}.migrate.lock").open("w") as lock:
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
            yield
        return
    engine = mysql_engine(url, pool_size=1)
    try:
        async with engine.connect() as connection:
            name = {"name": f"nano-banana-migrate-{engine.url.database}"[:64], "seconds": LOCK_SECONDS}
            if (await connection.execute(text("SELECT GET_LOCK(:name, :seconds)"), name)).scalar() != 1:
                raise Unavailable("Another process has been migrating the database for too long.")
            try:
                yield
            finally:
                await connection.execute(text("SELECT RELEASE_LOCK(:name)"), name)
    finally:
        await engine.dispose()
