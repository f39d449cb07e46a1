"""Batches, their images' tasks, the slots that bound how many run at once, and the feed of changes."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from backend.db import Base, BigInt, CreatedAt, Id, UpdatedAt, UtcDateTime
from backend.db.base import PLAIN_OPTIONS, TABLE_OPTIONS


class BatchQueue(Base):
    """One batch: up to 50 images and one prompt. The counters change only together with the tasks they count."""

    __tablename__ = "batch_queues"
    __table_args__ = (
        UniqueConstraint("user_id", "idempotency_key"),
        Index("ix_batch_queues_user_id_id", "user_id", "id"),
        Index("ix_batch_queues_status_id", "status", "id"),
        Index("ix_batch_queues_status_completed_at", "status", "completed_at"),
        TABLE_OPTIONS,
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(BigInt, ForeignKey("users.id", ondelete="CASCADE"))
    batch_name: Mapped[str] = mapped_column(String(255), default="")
    prompt: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(String(100))
    aspect_ratio: Mapped[str | None] = mapped_column(String(16))
    image_size: Mapped[str | None] = mapped_column(String(16))
    sample_first: Mapped[int] = mapped_column(SmallInteger, default=0)
    status: Mapped[str] = mapped_column(String(20))
    paused_reason: Mapped[str | None] = mapped_column(String(40))
    cancel_requested: Mapped[bool] = mapped_column(Boolean, default=False)
    total_images: Mapped[int] = mapped_column()
    completed_images: Mapped[int] = mapped_column(default=0)
    failed_images: Mapped[int] = mapped_column(default=0)
    cancelled_images: Mapped[int] = mapped_column(default=0)
    credits_held: Mapped[int] = mapped_column(BigInteger, default=0)
    credits_spent: Mapped[int] = mapped_column(BigInteger, default=0)
    credits_released: Mapped[int] = mapped_column(BigInteger, default=0)
    # the client's Idempotency-Key, or one we made: creating the same batch twice is impossible
    idempotency_key: Mapped[str] = mapped_column(String(255))
    request_digest: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(BigInteger, default=1)
    created_at: Mapped[CreatedAt]
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BatchReference(Base):
    """An image shown to the model beside every image of a batch."""

    __tablename__ = "batch_references"
    __table_args__ = PLAIN_OPTIONS

    queue_id: Mapped[int] = mapped_column(BigInt, ForeignKey("batch_queues.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    image_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("images.id", ondelete="SET NULL"), index=True)


class BatchTask(Base):
    """One image of a batch on its way through an upstream.

    `attempt_token` names the attempt under way and is the fence on every terminal write; `settled_token` names the attempt
    that won and is never cleared while its result stands. `claimable` is false while the batch is paused or waits for approval.
    """

    __tablename__ = "batch_tasks"
    __table_args__ = (
        # equality, equality, equality, equality, then exactly the ORDER BY of the claim
        Index("ix_claim", "status", "claimable", "user_id", "upstream", "run_at", "id"),
        Index("ix_batch_tasks_queue_id_position", "queue_id", "position", "id"),
        Index("ix_batch_tasks_queue_id_status", "queue_id", "status"),
        # what administrators look at every few seconds: the newest with a status, and all that ended lately
        Index("ix_batch_tasks_status_id", "status", "id"),
        Index("ix_batch_tasks_status_completed_at", "status", "completed_at", "started_at", "error_code"),
        TABLE_OPTIONS,
    )

    id: Mapped[Id]
    queue_id: Mapped[int] = mapped_column(BigInt, ForeignKey("batch_queues.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(BigInt, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    parent_task_id: Mapped[int | None] = mapped_column(
        BigInt, ForeignKey("batch_tasks.id", ondelete="SET NULL"), index=True
    )
    position: Mapped[int] = mapped_column()
    original_filename: Mapped[str] = mapped_column(String(512))
    prompt: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(String(100))
    upstream: Mapped[str] = mapped_column(String(64))
    original_image_id: Mapped[int | None] = mapped_column(
        BigInt, ForeignKey("images.id", ondelete="SET NULL"), index=True
    )
    generated_image_id: Mapped[int | None] = mapped_column(
        BigInt, ForeignKey("images.id", ondelete="SET NULL"), index=True
    )
    price: Mapped[int] = mapped_column()
    charge_no: Mapped[int] = mapped_column(SmallInteger, default=1)
    status: Mapped[str] = mapped_column(String(12), default="pending")
    claimable: Mapped[bool] = mapped_column(Boolean, default=True)
    run_at: Mapped[CreatedAt]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    # attempts whose outcome is unknown, and refusals without a reason: each has a small budget of its own
    ambiguous_attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    soft_attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    # attempts in a row that ended with `error_code`
    same_errors: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    # the upstream's own id for work that it has accepted: to be asked for, not to be ordered again
    upstream_job: Mapped[str | None] = mapped_column(String(200))
    rescues: Mapped[int] = mapped_column(SmallInteger, default=0)
    retry_count: Mapped[int] = mapped_column(default=0)
    attempt_token: Mapped[str | None] = mapped_column(String(32))
    settled_token: Mapped[str | None] = mapped_column(String(32))
    cancel_requested: Mapped[bool] = mapped_column(Boolean, default=False)
    error_code: Mapped[str | None] = mapped_column(String(40))
    error_message: Mapped[str | None] = mapped_column(String(1000))
    version: Mapped[int] = mapped_column(BigInteger, default=1)
    created_at: Mapped[CreatedAt]
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DispatchSlot(Base):
    """A place for one running task, in all processes together. A row that is held cannot drift as a counter does."""

    __tablename__ = "dispatch_slots"
    __table_args__ = PLAIN_OPTIONS

    slot_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    enabled: Mapped[bool] = mapped_column(Boolean, default=False)
    task_id: Mapped[int | None] = mapped_column(BigInt, unique=True)
    user_id: Mapped[int | None] = mapped_column(BigInt)
    attempt_token: Mapped[str | None] = mapped_column(String(32))
    owner: Mapped[str | None] = mapped_column(String(32), index=True)
    lease_expires: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fence: Mapped[int] = mapped_column(BigInteger, default=0)


class UpstreamState(Base):
    """An upstream that must be left alone: until `parked_until`, or, with a reason, until somebody or a look at it frees it.

    With a reason, `parked_until` is when to look next, `probes` counts the looks, and `trial_task_id` is the one image that
    may be tried meanwhile.
    """

    __tablename__ = "upstream_states"
    __table_args__ = PLAIN_OPTIONS

    upstream: Mapped[str] = mapped_column(String(64), primary_key=True)
    paused_reason: Mapped[str | None] = mapped_column(String(40))
    parked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    probes: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    trial_task_id: Mapped[int | None] = mapped_column(BigInt)
    detail: Mapped[str] = mapped_column(String(1000), default="")
    updated_at: Mapped[UpdatedAt]


class BatchEvent(Base):
    """The change feed: a row of a batch or task changed in the transaction that wrote this."""

    __tablename__ = "batch_events"
    __table_args__ = (Index("ix_batch_events_created_at", "created_at"), TABLE_OPTIONS)

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(BigInt)
    queue_id: Mapped[int] = mapped_column(BigInt)
    task_id: Mapped[int | None] = mapped_column(BigInt)
    created_at: Mapped[CreatedAt]
