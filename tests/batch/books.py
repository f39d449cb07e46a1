"""The books must balance: what every test of batches ends with."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import BatchQueue, BatchTask, DispatchSlot
from backend.credits.models import CreditAccount, CreditEntry


async def assert_books_balance(session: AsyncSession) -> None:
    """Accounts equal their ledger, holds equal open tasks, counters equal tasks, slots equal running tasks."""
    account, entry, task, queue, slot = CreditAccount, CreditEntry, BatchTask, BatchQueue, DispatchSlot
    for row in await session.scalars(select(account)):
        mine = (entry.user_id == row.user_id,)
        assert row.available >= 0
        assert row.available == (await session.scalar(select(func.sum(entry.delta)).where(*mine)) or 0)
        last = await session.scalar(select(entry.balance).where(*mine).order_by(entry.id.desc()).limit(1))
        assert row.available == (last or 0)
        opened = task.status.in_(("pending", "processing"))
        held = await session.scalar(select(func.sum(task.price)).where(task.user_id == row.user_id, opened))
        assert row.held == (held or 0)
    for each in await session.scalars(select(task)):
        lines = (await session.scalars(select(entry).where(entry.task_id == each.id).order_by(entry.id))).all()
        holds = [line for line in lines if line.phase == "hold"]
        ends = {line.charge_no: line.kind for line in lines if line.phase == "resolve"}
        assert [line.charge_no for line in holds] == list(range(1, each.charge_no + 1))
        assert all(line.amount == each.price for line in lines)
        wanted = {"completed": "capture", "failed": "release", "cancelled": "release"}.get(each.status)
        assert ends.get(each.charge_no) == wanted
        assert all(number in ends for number in range(1, each.charge_no))
    for row in await session.scalars(select(queue)):
        counted = dict(
            (
                await session.execute(
                    select(task.status, func.count()).where(task.queue_id == row.id).group_by(task.status)
                )
            ).all()
        )
        assert row.total_images == sum(counted.values())
        assert row.completed_images == counted.get("completed", 0)
        assert row.failed_images == counted.get("failed", 0)
        assert row.cancelled_images == counted.get("cancelled", 0)
        ended = sum(counted.get(word, 0) for word in ("completed", "failed", "cancelled"))
        assert (row.status in ("completed", "failed", "cancelled")) == (ended == row.total_images)
    running = set((await session.execute(select(task.id, task.attempt_token).where(task.status == "processing"))).all())
    taken = set(
        (await session.execute(select(slot.task_id, slot.attempt_token).where(slot.task_id.is_not(None)))).all()
    )
    assert {tuple(r) for r in running} == {tuple(t) for t in taken}
