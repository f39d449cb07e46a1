"""Reading accounts and the ledger."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.credits.models import CreditAccount, CreditEntry


async def list_entries(
    session: AsyncSession, user_id: int, queue_id: int | None, limit: int, before: tuple[int, ...] | None
) -> Sequence[CreditEntry]:
    """Up to `limit` lines of a user's ledger (of one batch), newest first, older than the line `before`."""
    entry = CreditEntry
    query = select(entry).where(entry.user_id == user_id).order_by(entry.id.desc()).limit(limit)
    if queue_id is not None:
        query = query.where(entry.queue_id == queue_id)
    if before is not None:
        query = query.where(entry.id < before[0])
    return (await session.scalars(query)).all()


async def balances(session: AsyncSession, user_ids: Collection[int]) -> Mapping[int, int]:
    """The spendable credits of each of these users that has an account."""
    account = CreditAccount
    rows = await session.execute(select(account.user_id, account.available).where(account.user_id.in_(user_ids)))
    return {user_id: available for user_id, available in rows}
