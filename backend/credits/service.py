"""Every movement of credits: one guarded UPDATE of the account, and one line in the ledger for each task it concerns.

Order in a transaction, everywhere: slot, task, account, batch, ledger. So the account is changed here first and the ledger
is written after it.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Select, Update, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.credits.models import CreditAccount, CreditEntry, CreditRequest
from backend.db import Prepared, affected, utc_after
from backend.errors import BalanceTooLow, IdempotencyMismatch, InsufficientCredits, NotFound


class Resolution(StrEnum):
    """How a held charge ends: earned, or given back."""

    CAPTURE = "capture"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Charge:
    """The price of one image, held when its work was ordered. `charge_no` counts how often this task was ordered."""

    task_id: int
    queue_id: int
    charge_no: int
    price: int


class BrokenBooks(RuntimeError):
    """An account does not hold what the ledger says it holds. Never papered over: the transaction is abandoned."""


async def open_account(session: AsyncSession, user_id: int, amount: int) -> None:
    """Open a user's account with `amount` credits to start with."""
    session.add(CreditAccount(user_id=user_id, available=amount, held=0, spent=0))
    await session.flush()
    if amount:
        session.add(_line(user_id, "grant", amount, amount, amount, reason="sign-up"))
        await session.flush()


async def once(
    session: AsyncSession, user_id: int, key: str, meaning: Sequence[object], act: Callable[[], Awaitable[int]]
) -> int:
    """What `act` answers; when the user made this very request before, what it answered then. Two at once take turns.

    `meaning` is all that the request asks for. Raises IdempotencyMismatch when the key was another request's.
    """
    digest, done = digest_of(meaning), CreditRequest
    await session.execute(select(CreditAccount.user_id).where(CreditAccount.user_id == user_id).with_for_update())
    mine = (done.user_id == user_id, done.idempotency_key == key)
    before = (await session.execute(select(done.request_digest, done.answer).where(*mine))).first()
    if before is None:
        answer = await act()
        session.add(done(user_id=user_id, idempotency_key=key, request_digest=digest, answer=answer))
        await session.flush()
        return answer
    if before.request_digest != digest:
        raise IdempotencyMismatch
    return int(before.answer)


def digest_of(meaning: object) -> str:
    """SHA-256 over what a request means, not how it was spelt on the wire."""
    return hashlib.sha256(json.dumps(meaning, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


async def forget_requests(session: AsyncSession, older_than_seconds: float) -> int:
    """Delete old answers; nobody repeats a request after that long. Answers how many."""
    return await affected(
        session, delete(CreditRequest).where(CreditRequest.created_at < utc_after(-older_than_seconds))
    )


async def adjust(session: AsyncSession, user_id: int, delta: int, reason: str) -> int:
    """An administrator gives (or takes, `delta` < 0) credits; answers the new balance.

    Raises BalanceTooLow when that would go below zero, NotFound when there is no such account.
    """
    account = update(CreditAccount).where(CreditAccount.user_id == user_id)
    changed = await affected(
        session, account.where(CreditAccount.available + delta >= 0).values(available=CreditAccount.available + delta)
    )
    if changed != 1:
        available = await balance(session, user_id)
        raise BalanceTooLow(available=available)
    after = await balance(session, user_id)
    session.add(_line(user_id, "adjust", delta, abs(delta), after, reason=reason))
    await session.flush()
    return after


async def balance(session: AsyncSession, user_id: int) -> int:
    """Credits that the user can spend. Raises NotFound when there is no such account."""
    available: int | None = await session.scalar(*_available(user_id=user_id))
    if available is None:
        raise NotFound
    return available


async def set_aside(session: AsyncSession, user_id: int, amount: int) -> None:
    """Move `amount` from available to held, or raise InsufficientCredits and change nothing."""
    changed = await affected(
        session,
        update(CreditAccount)
        .where(CreditAccount.user_id == user_id, CreditAccount.available >= amount)
        .values(available=CreditAccount.available - amount, held=CreditAccount.held + amount),
    )
    if changed != 1:
        available = await balance(session, user_id)
        raise InsufficientCredits(
            f"This needs {amount} credits; you have {available}.", required=amount, available=available
        )


async def record_holds(session: AsyncSession, user_id: int, charges: Sequence[Charge], reason: str = "") -> None:
    """Write the ledger lines of charges whose sum was set aside in this transaction."""
    left = await balance(session, user_id) + sum(charge.price for charge in charges)
    lines = []
    for charge in charges:
        left -= charge.price
        lines.append(_charge_line(user_id, charge, "hold", -charge.price, left, reason))
    await session.execute(_LINES, lines)


async def resolve(
    session: AsyncSession,
    user_id: int,
    charges: Sequence[Charge],
    resolution: Resolution,
    *,
    reason: str = "",
    attempt_token: str | None = None,
) -> None:
    """End held charges: capture what was delivered, release what was not. Locks the account, not yet the ledger's rows.

    A second resolution of the same charge fails on the ledger's unique key and undoes the transaction.
    """
    total = sum(charge.price for charge in charges)
    given_back = total if resolution is Resolution.RELEASE else 0
    moved = {"total": total, "given_back": given_back, "earned": total - given_back}
    if await affected(session, *_take_from_held(user_id=user_id, **moved)) != 1:
        raise BrokenBooks(f"user {user_id} does not hold {total} credits")
    left = await balance(session, user_id) - given_back
    lines = []
    for charge in charges:
        back = charge.price if given_back else 0
        left += back
        line = _charge_line(user_id, charge, resolution.value, back, left, reason)
        lines.append(line | {"attempt_token": attempt_token})
    await session.execute(_LINES, lines)


@Prepared
def _take_from_held(user_id: int, total: int, given_back: int, earned: int) -> Update:
    account = CreditAccount
    return (
        update(account)
        .where(account.user_id == user_id, account.held >= total)
        .values(held=account.held - total, available=account.available + given_back, spent=account.spent + earned)
    )


@Prepared
def _available(user_id: int) -> Select[int]:
    return select(CreditAccount.available).where(CreditAccount.user_id == user_id)


_LINES = insert(CreditEntry)


def _charge_line(
    user_id: int, charge: Charge, kind: str, delta: int, balance_after: int, reason: str
) -> dict[str, object]:
    return {
        "user_id": user_id,
        "kind": kind,
        "phase": "hold" if kind == "hold" else "resolve",
        "delta": delta,
        "amount": charge.price,
        "balance": balance_after,
        "queue_id": charge.queue_id,
        "task_id": charge.task_id,
        "charge_no": charge.charge_no,
        "reason": reason,
    }


def _line(user_id: int, kind: str, delta: int, amount: int, balance_after: int, *, reason: str) -> CreditEntry:
    return CreditEntry(user_id=user_id, kind=kind, delta=delta, amount=amount, balance=balance_after, reason=reason)
