"""F19: a hundred thousand images wait, of one user or of two hundred. A claim is still served by its index alone."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.lease import Lease
from backend.batch.service.claim import claim, ensure_slots
from backend.batch.service.turns import oldest_due, waiting_lanes
from backend.db import Database

WAITING = 100_000
LONG_AGO = "'2026-01-01 00:00:00.000'"


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def fill(session: AsyncSession, users: int) -> None:
    """So many users with one batch each, all of its images waiting."""
    people = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {users}) SELECT"
    shares = (
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {min(WAITING // users, 500)}) SELECT"
    )
    statements = [
        f"""INSERT INTO users (id, username, username_key, password_hash, role, is_active, token_version, created_at)
            {people} i, i, i, 'x', 'user', 1, 0, {LONG_AGO} FROM n""",
        "INSERT INTO credit_accounts (user_id, available, held, spent) SELECT id, 0, 0, 0 FROM users",
        f"""INSERT INTO batch_queues (id, user_id, batch_name, prompt, model, sample_first, status, cancel_requested,
              total_images, completed_images, failed_images, cancelled_images, credits_held, credits_spent,
              credits_released, idempotency_key, request_digest, version, created_at)
            SELECT id, id, '', 'x', 'm', 0, 'pending', 0, {WAITING // users}, 0, 0, 0, 0, 0, 0, id, 'x', 1, {LONG_AGO}
            FROM users""",
        *[
            f"""INSERT INTO batch_tasks (queue_id, user_id, position, original_filename, prompt, model, upstream, price,
                  charge_no, status, claimable, run_at, attempts, ambiguous_attempts, soft_attempts, same_errors, rescues,
                  retry_count, cancel_requested, version, created_at)
                {shares} q.id, q.user_id, n.i, 'a.png', 'x', 'm', 'main', 1, 1, 'pending', 1, {LONG_AGO}, 0, 0, 0, 0, 0, 0,
                  0, 1, {LONG_AGO} FROM batch_queues q CROSS JOIN n"""
        ]
        * (WAITING // users // min(WAITING // users, 500)),
    ]
    for statement in statements:
        await session.execute(text(statement))


async def plan(session: AsyncSession, query: Select[*tuple[object, ...]]) -> str:
    dialect = session.get_bind().dialect
    sql = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    await session.execute(text("ANALYZE" if dialect.name == "sqlite" else "ANALYZE TABLE batch_tasks"))
    explain = "EXPLAIN QUERY PLAN" if dialect.name == "sqlite" else "EXPLAIN"
    return str((await session.execute(text(f"{explain} {sql}"))).all())


@pytest.mark.parametrize("users", [1, 200])
async def test_a_claim_among_a_hundred_thousand_reads_its_index_and_sorts_nothing(db: Database, users: int) -> None:
    await db.write(fill, users)
    await db.write(ensure_slots, 10)
    picked = await db.write(plan, oldest_due(1, "main"))
    lanes = await db.write(plan, waiting_lanes())
    for shown in (picked, lanes):
        assert "ix_claim" in shown
        assert "filesort" not in shown
        assert "TEMP B-TREE" not in shown
    found = [await db.write(claim, "me", 60.0) for _ in range(3)]
    assert all(isinstance(each, Lease) for each in found)
