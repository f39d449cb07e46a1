"""Databases for tests: each test has its own, and those that take `database_url` run on SQLite and on MariaDB.

`DATABASE=sqlite` (or `mariadb`) in the environment keeps to one of them while developing.
"""

import asyncio
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from backend.db import migrate
from tests import mariadb

KINDS = [kind for kind in ("sqlite", "mariadb") if os.environ.get("DATABASE", kind) == kind]
TEMPLATE = "template"

MakeDatabase = Callable[[], AbstractContextManager[str]]
_numbers = itertools.count(1)


@pytest.fixture(scope="session", params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """ "sqlite" or "mariadb": whatever takes it runs on both."""
    return str(request.param)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[mariadb.Server]:
    """The run's own MariaDB server, started when the first test asks for it."""
    with mariadb.running() as daemon:
        yield daemon.server


@pytest.fixture(scope="session")
def mariadb_template(mariadb_server: mariadb.Server) -> str:
    """The SQL that makes a migrated and seeded database's tables and rows once more."""
    mariadb_server.run(f"CREATE DATABASE {TEMPLATE} CHARACTER SET utf8mb4")
    _migrate(mariadb_server.url(TEMPLATE))
    return _copy_statements(mariadb_server)


@pytest.fixture
def empty_database_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    if database_kind == "sqlite":
        yield _sqlite_url(tmp_path / "empty.sqlite3")
        return
    server: mariadb.Server = request.getfixturevalue("mariadb_server")
    with _database(server) as name:
        yield server.url(name)


@pytest.fixture(scope="session")
def make_database(
    database_kind: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> MakeDatabase:
    """`with make_database() as url`: one more migrated and seeded database, copied from one that was migrated once."""
    if database_kind == "sqlite":
        template = tmp_path_factory.mktemp("databases") / f"{TEMPLATE}.sqlite3"
        _migrate(_sqlite_url(template))
        return partial(_copied_file, template)
    server: mariadb.Server = request.getfixturevalue("mariadb_server")
    return partial(_copied_tables, server, request.getfixturevalue("mariadb_template"))


@pytest.fixture
def database_url(make_database: MakeDatabase) -> Iterator[str]:
    """The URL of a migrated and seeded database of this test's own."""
    with make_database() as url:
        yield url


@contextmanager
def _copied_file(template: Path) -> Iterator[str]:
    path = template.with_name(f"{next(_numbers)}.sqlite3")
    shutil.copyfile(template, path)
    yield _sqlite_url(path)
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


@contextmanager
def _copied_tables(server: mariadb.Server, statements: str) -> Iterator[str]:
    with _database(server) as name:
        server.run(statements, name)
        yield server.url(name)


@contextmanager
def _database(server: mariadb.Server) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    server.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield name
    server.run(f"DROP DATABASE {name}")


def _copy_statements(server: mariadb.Server) -> str:
    """The SQL that makes the template's tables and rows once more: migrating takes ten times as long."""
    tables = [table for (table,) in server.run("SHOW TABLES", TEMPLATE)]
    create = [server.run(f"SHOW CREATE TABLE {table}", TEMPLATE)[0][1] for table in tables]
    fill = [f"INSERT INTO {table} SELECT * FROM {TEMPLATE}.{table}" for table in tables]
    return ";\n".join(["SET FOREIGN_KEY_CHECKS = 0", *create, *fill])


def _sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def _migrate(url: str) -> None:
    # in a thread: the browser tests keep a running event loop in this one
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, migrate.upgrade(url)).result()
