"""The database read from outside: every invariant is a query whose rows are violations.

One consistent look, by plain drivers and plain SQL: none of the service's own code judges itself.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql

OPEN = "('pending', 'processing')"
FINAL = "('completed', 'failed', 'cancelled')"

INVARIANTS = {
    "S1 available is what the ledger adds up to, and nothing is below zero": """
        SELECT a.user_id, a.available, a.held, a.spent, e.total FROM credit_accounts a
        LEFT JOIN (SELECT user_id, SUM(delta) AS total FROM credit_entries GROUP BY user_id) e ON e.user_id = a.user_id
        WHERE a.available <> COALESCE(e.total, 0) OR a.available < 0 OR a.held < 0 OR a.spent < 0""",
    "S1 available + held + spent is all that was given": """
        SELECT a.user_id, a.available, a.held, a.spent, e.given FROM credit_accounts a
        LEFT JOIN (SELECT user_id, SUM(delta) AS given FROM credit_entries
                   WHERE kind IN ('grant', 'adjust') GROUP BY user_id) e ON e.user_id = a.user_id
        WHERE a.available + a.held + a.spent <> COALESCE(e.given, 0)""",
    "S2 held is the price of what is open": f"""
        SELECT a.user_id, a.held, t.price FROM credit_accounts a
        LEFT JOIN (SELECT user_id, SUM(price) AS price FROM batch_tasks
                   WHERE status IN {OPEN} GROUP BY user_id) t ON t.user_id = a.user_id
        WHERE a.held <> COALESCE(t.price, 0)""",
    "S2 spent is what was captured": """
        SELECT a.user_id, a.spent, e.captured FROM credit_accounts a
        LEFT JOIN (SELECT user_id, SUM(amount) AS captured FROM credit_entries
                   WHERE kind = 'capture' GROUP BY user_id) e ON e.user_id = a.user_id
        WHERE a.spent <> COALESCE(e.captured, 0)""",
    "S3 every charge of a task is held exactly once, at its price": """
        SELECT t.id, t.charge_no, COUNT(e.id) AS holds FROM batch_tasks t
        LEFT JOIN credit_entries e ON e.task_id = t.id AND e.phase = 'hold' AND e.amount = t.price AND e.delta = -t.price
        GROUP BY t.id, t.charge_no HAVING COUNT(e.id) <> t.charge_no""",
    "S3 no charge is held or resolved twice": """
        SELECT task_id, charge_no, phase, COUNT(*) AS times FROM credit_entries
        WHERE task_id IS NOT NULL GROUP BY task_id, charge_no, phase HAVING COUNT(*) > 1""",
    "S3 the last charge is resolved if and only if the task has ended, and as it ended": f"""
        SELECT t.id, t.status, t.charge_no, e.kind FROM batch_tasks t
        LEFT JOIN credit_entries e ON e.task_id = t.id AND e.charge_no = t.charge_no AND e.phase = 'resolve'
        WHERE (t.status IN {OPEN} AND e.id IS NOT NULL)
           OR (t.status = 'completed' AND (e.kind IS NULL OR e.kind <> 'capture'))
           OR (t.status IN ('failed', 'cancelled') AND (e.kind IS NULL OR e.kind <> 'release'))""",
    "S3 every earlier charge is resolved": """
        SELECT h.task_id, h.charge_no FROM credit_entries h
        JOIN batch_tasks t ON t.id = h.task_id AND h.charge_no < t.charge_no
        LEFT JOIN credit_entries e ON e.task_id = h.task_id AND e.charge_no = h.charge_no AND e.phase = 'resolve'
        WHERE h.phase = 'hold' AND e.id IS NULL""",
    "S3 charges of tasks that are gone are resolved": """
        SELECT h.task_id, h.charge_no FROM credit_entries h
        LEFT JOIN batch_tasks t ON t.id = h.task_id
        LEFT JOIN credit_entries e ON e.task_id = h.task_id AND e.charge_no = h.charge_no AND e.phase = 'resolve'
        WHERE h.phase = 'hold' AND t.id IS NULL AND e.id IS NULL""",
    "S4 counters are what they count": """
        SELECT q.id, q.status, q.total_images, q.completed_images, q.failed_images, q.cancelled_images FROM batch_queues q
        LEFT JOIN (SELECT queue_id, COUNT(*) AS total,
                          SUM(CASE WHEN status = 'completed' THEN 1 ELSE 0 END) AS completed,
                          SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END) AS failed,
                          SUM(CASE WHEN status = 'cancelled' THEN 1 ELSE 0 END) AS cancelled
                   FROM batch_tasks GROUP BY queue_id) t ON t.queue_id = q.id
        WHERE q.total_images <> COALESCE(t.total, 0) OR q.completed_images <> COALESCE(t.completed, 0)
           OR q.failed_images <> COALESCE(t.failed, 0) OR q.cancelled_images <> COALESCE(t.cancelled, 0)""",
    "S4 a batch has ended if and only if all its tasks have": f"""
        SELECT q.id, q.status, q.completed_at, t.open FROM batch_queues q
        LEFT JOIN (SELECT queue_id, SUM(CASE WHEN status IN {OPEN} THEN 1 ELSE 0 END) AS open
                   FROM batch_tasks GROUP BY queue_id) t ON t.queue_id = q.id
        WHERE (q.status IN {FINAL}) <> (COALESCE(t.open, 0) = 0)
           OR (q.status IN {FINAL}) <> (q.completed_at IS NOT NULL)""",
    "S4 a batch's credits are those of its ledger": """
        SELECT q.id, q.credits_held, q.credits_spent, q.credits_released FROM batch_queues q
        LEFT JOIN (SELECT queue_id, SUM(CASE WHEN kind = 'hold' THEN amount ELSE 0 END) AS ordered,
                          SUM(CASE WHEN kind = 'capture' THEN amount ELSE 0 END) AS spent,
                          SUM(CASE WHEN kind = 'release' THEN amount ELSE 0 END) AS released
                   FROM credit_entries GROUP BY queue_id) e ON e.queue_id = q.id
        WHERE q.credits_spent <> COALESCE(e.spent, 0) OR q.credits_released <> COALESCE(e.released, 0)
           OR q.credits_held <> COALESCE(e.ordered - e.spent - e.released, 0)""",
    "S5 a taken slot's task is running under the slot's token, or is gone": """
        SELECT s.slot_no, s.task_id, t.status FROM dispatch_slots s JOIN batch_tasks t ON t.id = s.task_id
        WHERE t.status <> 'processing' OR t.attempt_token <> s.attempt_token""",
    "S5 a running task has its slot": """
        SELECT t.id, t.attempt_token FROM batch_tasks t
        LEFT JOIN dispatch_slots s ON s.task_id = t.id AND s.attempt_token = t.attempt_token
        WHERE t.status = 'processing' AND s.slot_no IS NULL""",
    "S5 no task is in two slots, and there are ten": """
        SELECT COUNT(*) AS slots, COUNT(task_id) AS taken, COUNT(DISTINCT task_id) AS tasks FROM dispatch_slots
        HAVING COUNT(*) <> 10 OR COUNT(task_id) <> COUNT(DISTINCT task_id)""",
    "S8 a delivered task names the attempt that won, which is the one that was paid": """
        SELECT t.id, t.settled_token, t.attempt_token, i.storage_key, e.attempt_token AS paid FROM batch_tasks t
        LEFT JOIN images i ON i.id = t.generated_image_id
        LEFT JOIN credit_entries e ON e.task_id = t.id AND e.charge_no = t.charge_no AND e.phase = 'resolve'
        WHERE t.status = 'completed' AND (t.settled_token IS NULL OR t.attempt_token IS NOT NULL OR i.id IS NULL
              OR i.storage_key NOT LIKE CONCAT('%', t.settled_token, '%')
              OR e.attempt_token IS NULL OR e.attempt_token <> t.settled_token)""",
    "S9 what was not delivered shows no result": """
        SELECT id, status FROM batch_tasks WHERE status <> 'completed' AND generated_image_id IS NOT NULL""",
    "S9 no two tasks show the same result": """
        SELECT generated_image_id, COUNT(*) AS times FROM batch_tasks WHERE generated_image_id IS NOT NULL
        GROUP BY generated_image_id HAVING COUNT(*) > 1""",
    "S12 an edit is ordered once, however often it was asked for": """
        SELECT user_id, prompt, COUNT(*) AS times FROM batch_tasks WHERE parent_task_id IS NOT NULL
        GROUP BY user_id, prompt HAVING COUNT(*) > 1""",
}

LEFTOVERS = {
    "L1 every task has ended": f"SELECT id, status, claimable, run_at FROM batch_tasks WHERE status IN {OPEN}",
    "L2 no slot is taken": "SELECT slot_no, task_id, owner FROM dispatch_slots WHERE task_id IS NOT NULL",
    "S2 nothing is held": "SELECT user_id, held FROM credit_accounts WHERE held <> 0",
}


class Books:
    """The database at `url`, for reading; `write` is what an operator does by hand."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    @property
    def is_sqlite(self) -> bool:
        return self._url.scheme.startswith("sqlite")

    def violations(self, *, at_rest: bool) -> list[str]:
        """Every broken invariant in one consistent look; `at_rest` also what must be true when all work is done."""
        queries = INVARIANTS | (LEFTOVERS if at_rest else {})
        with self.look() as rows:
            found = {name: rows(sql) for name, sql in queries.items()}
        return [f"{name}: {len(bad)} rows, such as {bad[:3]}" for name, bad in found.items() if bad]

    def ended(self) -> dict[tuple[int, int], tuple[str, str]]:
        """How each charge of each task ended, and by which attempt: what must never change."""
        sql = f"""SELECT id, charge_no, status, COALESCE(settled_token, '') FROM batch_tasks WHERE status IN {FINAL}"""
        with self.look() as rows:
            return {(task, charge): (status, token) for task, charge, status, token in rows(sql)}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.look() as rows:
            return rows(sql)

    @contextmanager
    def look(self) -> Iterator[Any]:
        """`rows(sql)` inside one snapshot."""
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            if self.is_sqlite:
                connection.create_function("CONCAT", -1, lambda *parts: "".join(map(str, parts)))
                cursor.execute("BEGIN")
            else:
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")

            def rows(sql: str) -> list[tuple[Any, ...]]:
                cursor.execute(sql)
                return [tuple(row) for row in cursor.fetchall()]

            yield rows
            connection.rollback()

    def write(self, *statements: str) -> None:
        """In one transaction."""
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE" if self.is_sqlite else "START TRANSACTION")
            for statement in statements:
                cursor.execute(statement)
            connection.commit()

    def refuses(self, statement: str) -> bool:
        """Whether the database itself refuses this; it is never kept."""
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE" if self.is_sqlite else "START TRANSACTION")
            try:
                cursor.execute(statement)
            except (sqlite3.IntegrityError, pymysql.IntegrityError):
                return True
            finally:
                connection.rollback()
            return False

    def connect(self) -> Any:
        if self.is_sqlite:
            connection = sqlite3.connect(self._url.path.removeprefix("/"), timeout=30, isolation_level=None)
            connection.execute("PRAGMA foreign_keys=ON")
            return connection
        return pymysql.connect(
            host=self._url.hostname,
            port=self._url.port or 3306,
            user=self._url.username,
            password=unquote(self._url.password or ""),
            database=self._url.path.lstrip("/"),
            charset="utf8mb4",
        )
