"""What differs between SQLite and MySQL/MariaDB: how to connect, and how their faults are named."""

import asyncio
import socket
import sqlite3
from enum import Enum, auto
from functools import partial
from typing import Any, NamedTuple, cast

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from backend.db.lanes import Lane, Lanes, Place, Pool

SQLITE_BUSY_SECONDS = 30
SQLITE_READERS = 3
CONNECT_SECONDS = 5
POOL_SECONDS = 30.0
RECYCLE_SECONDS = 1800  # below any sane wait_timeout

# deadlock, lock wait timeout, record changed since last read (snapshot isolation), serialization failure
_CONFLICTS = {1213, 1205, 1020, 3572}
# server gone, lost, refused, shutting down, killed, read-only failover, too many connections, out-of-sync packets
_GONE = {2002, 2003, 2006, 2013, 2014, 2055, 1053, 1927, 1077, 1290, 1040, 1152, 1158, 1159, 1160, 1161, 4031}
# too many connections of this account (1203, 1226) or failed ones of this host (1129)
_REFUSED = {1203, 1226, 1129}
# one statement was killed, or ran for longer than a server allows: when that was a COMMIT, nobody knows what became of it
_STOPPED = {1317, 1969, 3024}
_LOST = _GONE | _REFUSED | _STOPPED
_FULL = {1021, 1114}

# a server that vanishes says nothing; the kernel would wait a quarter of an hour for its answer, or two hours
_WATCH = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (
            ("TCP_USER_TIMEOUT", 30_000),
            ("TCP_KEEPIDLE", 30),
            ("TCP_KEEPINTVL", 10),
            ("TCP_KEEPCNT", 3),
        )
        if hasattr(socket, name)
    ),
]


class Fault(Enum):
    """What a database error means for the transaction it ended."""

    CONFLICT = auto()  # nothing was written; run it again
    LOST = auto()  # the connection is gone, or its answer: run it again, unless it was the commit
    FULL = auto()  # no space
    OTHER = auto()  # ours to mend


class Places(NamedTuple):
    """Where transactions that write run, and those that only read (the same on MySQL)."""

    writer: Place
    reader: Place


def open_places(url: str, pool_size: int) -> Places:
    """Places for `url`; nothing is connected yet. SQLite has one writer at a time, so all of ours take turns in one lane."""
    if not url.startswith("sqlite"):
        pool = Pool(mysql_engine(url, pool_size))
        return Places(pool, pool)
    readers = [Lane(partial(sqlite_engine, url, "BEGIN"), f"sqlite-reader-{n}") for n in range(SQLITE_READERS)]
    return Places(Lane(partial(sqlite_engine, url, "BEGIN IMMEDIATE"), "sqlite-writer"), Lanes(readers))


def mysql_engine(url: str, pool_size: int) -> AsyncEngine:
    """READ COMMITTED: gap locks and snapshots of REPEATABLE READ make claims fail that could succeed."""

    async def connect(**where: Any) -> Any:
        # the driver's own time limit ends with TCP: whatever accepts us and then says nothing would hold us for ever
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await cast("Any", engine.dialect.dbapi).aiomysql.connect(**where)
        _watch(connection)
        return connection

    engine = create_async_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_recycle=RECYCLE_SECONDS,
        pool_timeout=POOL_SECONDS,
        pool_reset_on_return=None,  # a session ends its transaction itself; asking for that twice is a round trip
        connect_args={"async_creator_fn": connect, "charset": "utf8mb4", "local_infile": False},
    )
    return engine


def _watch(connection: Any) -> None:
    """Let the kernel notice within a minute that the other side of a new connection is gone."""
    way = connection._writer.get_extra_info("socket")
    if way is not None and way.family in (socket.AF_INET, socket.AF_INET6):
        for option in _WATCH:
            way.setsockopt(*option)


def sqlite_engine(url: str, begin: str) -> Engine:
    """One connection whose calls block the thread that makes them; every transaction starts with `begin`."""
    where = make_url(url).set(drivername="sqlite")

    def connect() -> sqlite3.Connection:
        # no isolation level: the driver must not begin transactions of its own
        return sqlite3.connect(
            where.database or "", timeout=SQLITE_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )

    engine = create_engine(where, creator=connect, pool_size=1, max_overflow=0)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # NORMAL may roll back a committed settle when the power fails
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def fault_of(error: BaseException) -> Fault:
    """Name the fault behind an exception of the driver."""
    if isinstance(error, OSError):
        return Fault.LOST
    if not isinstance(error, DBAPIError):
        return Fault.OTHER
    original = error.orig
    args = getattr(original, "args", ())
    number = args[0] if args and isinstance(args[0], int) else None
    message = str(original).lower()
    if number in _CONFLICTS or "database is locked" in message or "table is locked" in message:
        return Fault.CONFLICT
    if number in _FULL or "database or disk is full" in message or "disk i/o error" in message:
        return Fault.FULL
    if error.connection_invalidated or number in _LOST or isinstance(original, OSError) or "closed" in message:
        return Fault.LOST
    return Fault.OTHER
