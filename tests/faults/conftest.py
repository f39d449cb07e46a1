"""What the faults need: a server to fork from, and MariaDB as careful about durability as a real one."""

import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from tests import mariadb
from tests.databases import KINDS
from tests.faults.arena import THOROUGH, Arena, arena
from tests.faults.fleet import Zygote

MakeArena = Callable[..., AbstractAsyncContextManager[Arena]]
SIZES = {"sqlite": 2, "mariadb": 4}
CAREFUL = ("--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=96M", "--innodb-log-file-size=32M")
"""Options of a server that keeps what it has committed, even when it is killed."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is marked `thorough` is for those who ask for it."""
    if THOROUGH:
        return
    kept = [item for item in items if item.get_closest_marker("thorough") is None]
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("thorough")])
    items[:] = kept


@pytest.fixture(scope="session", params=KINDS if THOROUGH else KINDS[-1:])
def database_kind(request: pytest.FixtureRequest) -> str:
    """The short run takes the database that several machines share, where a scenario does not ask for both; the thorough
    one takes both everywhere."""
    return str(request.param)


@pytest.fixture(scope="session")
async def zygote() -> AsyncIterator[Zygote]:
    async with Zygote() as zygote:
        yield zygote


@pytest.fixture
def make_arena(zygote: Zygote, tmp_path: Path, database_url: str, database_kind: str) -> MakeArena:
    """`async with make_arena(manners=…) as arena`: servers on this test's database, two on SQLite, four on MariaDB."""
    return partial(_arena, zygote, tmp_path, database_url, SIZES[database_kind])


@contextlib.asynccontextmanager
async def _arena(
    zygote: Zygote, folder: Path, database_url: str, usual: int, **options: object
) -> AsyncIterator[Arena]:
    async with arena(zygote, folder, database_url, **({"size": usual} | options)) as made:  # type: ignore[arg-type]
        yield made


@pytest.fixture(scope="session")
def careful() -> Iterator[mariadb.Daemon]:
    """A MariaDB that keeps what it has committed, even when it is killed."""
    with mariadb.running(*CAREFUL) as daemon:
        yield daemon


@pytest.fixture
async def careful_url(careful: mariadb.Daemon) -> AsyncIterator[str]:
    """A database of this test's own on it, and an account that may do no more than the service's."""
    name = f"careful_{secrets.token_hex(4)}"
    server = careful.server
    server.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    server.run(f"CREATE USER IF NOT EXISTS 'app'@'127.0.0.1' IDENTIFIED BY '{server.password}'")
    server.run(f"GRANT ALL PRIVILEGES ON {name}.* TO 'app'@'127.0.0.1'")
    yield mariadb.Server(server.port, server.password, "app").url(name)
    server.run(f"DROP DATABASE {name}")


@pytest.fixture
def careful_arena(zygote: Zygote, tmp_path: Path, careful_url: str) -> MakeArena:
    """Four servers on the careful MariaDB; `url=` goes another way to it."""

    def make(url: str = careful_url, **options: object) -> AbstractAsyncContextManager[Arena]:
        return _arena(zygote, tmp_path, url, 4, **options)

    return make
