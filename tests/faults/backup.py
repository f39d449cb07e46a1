"""A backup of the database by plain SQL, taken in one moment while the service runs, and put back over whatever is there."""

from contextlib import closing
from typing import Any

from tests.faults.books import Books

Dump = dict[str, list[tuple[Any, ...]]]


def dump(books: Books) -> Dump:
    """Every row of every table."""
    named = "SELECT name FROM sqlite_master WHERE type = 'table'" if books.is_sqlite else "SHOW TABLES"
    with books.look() as rows:
        return {table: rows(f"SELECT * FROM {table}") for (table,) in rows(named)}


def restore(books: Books, kept: Dump) -> None:
    """Exactly those rows, with the counters of that time: ids given since then will be given again."""
    off, empty, mark = (
        ("PRAGMA foreign_keys=OFF", "DELETE FROM", "?")
        if books.is_sqlite
        else (
            "SET FOREIGN_KEY_CHECKS=0",
            "TRUNCATE TABLE",
            "%s",
        )
    )
    with closing(books.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute(off)
        for table, rows in kept.items():
            cursor.execute(f"{empty} {table}")
            if rows:
                cursor.executemany(f"INSERT INTO {table} VALUES ({', '.join([mark] * len(rows[0]))})", rows)
        connection.commit()
