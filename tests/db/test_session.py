"""What the callers of a transaction hear when the database is in trouble."""

import asyncio
import socket
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db import Database, engine
from backend.errors import Unavailable
from tests import mariadb


async def test_a_pool_that_stays_taken_is_a_database_that_does_not_answer(
    mariadb_server: mariadb.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that stands still holds every connection; whoever waits for one must hear what settles repeat on."""
    monkeypatch.setattr(engine, "POOL_SECONDS", 0.01)
    db = Database(mariadb_server.url("mysql"), pool_size=1)
    held, go = asyncio.Semaphore(0), asyncio.Event()

    async def look(session: AsyncSession) -> None:
        await session.execute(text("SELECT 1"))

    async def hold(session: AsyncSession) -> None:
        await look(session)
        held.release()
        await go.wait()

    holding = [asyncio.create_task(db.read(hold)) for _ in range(2)]
    try:
        for _ in holding:
            await held.acquire()
        for call in (db.read, db.write, db.write_known):
            with pytest.raises(Unavailable):
                await call(look)
    finally:
        go.set()
        await asyncio.gather(*holding)
        await db.close()


REFUSED, STOPPED = (1129, 1203, 1226), (1317, 1969)


@pytest.mark.parametrize("number", [*REFUSED, *STOPPED])
async def test_what_a_server_refuses_or_stops_is_tried_again(mariadb_server: mariadb.Server, number: int) -> None:
    """Too many connections of an account, a host that failed too often, a statement that was killed or took too long."""
    db = Database(mariadb_server.url("mysql"), pool_size=1)
    tries = 0

    async def look(session: AsyncSession) -> int:
        nonlocal tries
        tries += 1
        if tries == 1:
            await session.execute(text(f"SIGNAL SQLSTATE '70100' SET MYSQL_ERRNO = {number}"))
        return tries

    try:
        for call in (db.read, db.write, db.write_known):
            tries = 0
            assert await call(look) == 2
    finally:
        await db.close()


async def test_an_account_without_connections_left_is_a_database_that_does_not_answer(
    mariadb_server: mariadb.Server,
) -> None:
    mariadb_server.run("CREATE USER few@'127.0.0.1' IDENTIFIED BY 'few' WITH MAX_USER_CONNECTIONS 1")
    url = mariadb.Server(mariadb_server.port, "few", "few").url("information_schema")
    first, second = Database(url, pool_size=1), Database(url, pool_size=1)

    async def look(session: AsyncSession) -> None:
        await session.execute(text("SELECT 1"))

    try:
        await first.read(look)
        with pytest.raises(Unavailable):
            await second.read(look)
    finally:
        await first.close()
        await second.close()
        mariadb_server.run("DROP USER few@'127.0.0.1'")


async def test_a_server_that_vanishes_is_noticed_by_the_kernel(mariadb_server: mariadb.Server) -> None:
    pool = engine.mysql_engine(mariadb_server.url("mysql"), 1)
    try:
        async with pool.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            way = driver._writer.get_extra_info("socket")
            assert way.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            for name, value in (
                ("TCP_USER_TIMEOUT", 30_000),
                ("TCP_KEEPIDLE", 30),
                ("TCP_KEEPINTVL", 10),
                ("TCP_KEEPCNT", 3),
            ):
                if hasattr(socket, name):
                    assert way.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) == value, name
    finally:
        await pool.dispose()
