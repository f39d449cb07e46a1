"""Credits: one account a user, and an append-only ledger that answers for every one of them."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db import Base, BigInt, CreatedAt, Id, UtcDateTime
from backend.db.base import PLAIN_OPTIONS, TABLE_OPTIONS


class CreditAccount(Base):
    """`available` can be spent, `held` is set aside for images under way, `spent` was earned by delivered ones."""

    __tablename__ = "credit_accounts"
    __table_args__ = (
        CheckConstraint("available >= 0", name="available"),
        CheckConstraint("held >= 0", name="held"),
        CheckConstraint("spent >= 0", name="spent"),
        PLAIN_OPTIONS,
    )

    user_id: Mapped[int] = mapped_column(BigInt, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    available: Mapped[int] = mapped_column(BigInteger, default=0)
    held: Mapped[int] = mapped_column(BigInteger, default=0)
    spent: Mapped[int] = mapped_column(BigInteger, default=0)
    # the dispatcher's turn-taking: whoever was served longest ago goes next. It stands here because a claim may lock this
    # row in the one lock order (slot, task, account, batch, ledger); on `users` it would meet the foreign keys' locks
    last_served_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CreditEntry(Base):
    """One line of the ledger, never changed. `delta` is what it did to `available`, `balance` what was there after.

    A charge of a task (its `charge_no`-th: a retry by its user is charged anew) has one line of phase `hold` and at most one
    of phase `resolve`; the unique key is the last line of defence against doing either twice. The ids are not foreign keys:
    the ledger outlives the batches it speaks of.
    """

    __tablename__ = "credit_entries"
    __table_args__ = (
        UniqueConstraint("task_id", "charge_no", "phase"),
        Index("ix_credit_entries_user_id_id", "user_id", "id"),
        Index("ix_credit_entries_queue_id_id", "queue_id", "id"),
        TABLE_OPTIONS,
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(BigInt, ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(8))  # grant | hold | capture | release | adjust
    phase: Mapped[str | None] = mapped_column(String(8))  # hold | resolve, of a task's charge
    delta: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[int] = mapped_column(BigInteger)
    balance: Mapped[int] = mapped_column(BigInteger)
    queue_id: Mapped[int | None] = mapped_column(BigInt)
    task_id: Mapped[int | None] = mapped_column(BigInt)
    charge_no: Mapped[int | None] = mapped_column(SmallInteger)
    attempt_token: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[CreatedAt]


class CreditRequest(Base):
    """A request that moved credits and was answered: the same one again is answered from here, and moves nothing."""

    __tablename__ = "credit_requests"
    __table_args__ = PLAIN_OPTIONS

    # of whoever asked, which may be an administrator
    user_id: Mapped[int] = mapped_column(BigInt, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_digest: Mapped[str] = mapped_column(String(64))
    answer: Mapped[int] = mapped_column(BigInt)
    created_at: Mapped[CreatedAt] = mapped_column(index=True)
