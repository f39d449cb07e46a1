"""The words a batch and a task can be in, and how a batch's word follows from its counters."""

from dataclasses import dataclass
from enum import StrEnum


class TaskStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class QueueStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    PAUSED = "paused"
    AWAITING_APPROVAL = "awaiting_approval"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PausedReason(StrEnum):
    USER = "user"
    ADMIN = "admin"
    REJECTED_AUTH = "upstream_rejected_auth"
    QUOTA = "upstream_quota"
    UNAVAILABLE = "upstream_unavailable"


BY_UPSTREAM = (PausedReason.REJECTED_AUTH, PausedReason.QUOTA, PausedReason.UNAVAILABLE)
OPEN = (TaskStatus.PENDING, TaskStatus.PROCESSING)
ACTIVE = (QueueStatus.PENDING, QueueStatus.PROCESSING)
FINAL = frozenset({QueueStatus.COMPLETED, QueueStatus.FAILED, QueueStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class Counters:
    """How many images of a batch there are, and how many ended in each way."""

    total: int
    completed: int
    failed: int
    cancelled: int

    @property
    def all_ended(self) -> bool:
        return self.completed + self.failed + self.cancelled >= self.total


def status_after(
    now: QueueStatus, counters: Counters, *, started: bool, cancel_requested: bool, samples_done: bool
) -> QueueStatus:
    """The status of a batch once its counters have changed.

    `failed` means that not one image succeeded; a batch is `cancelled` when its owner stopped it before it was all
    delivered. Being paused or waiting for approval ends only by somebody's word, or when nothing is left to do.
    """
    if counters.all_ended:
        if counters.cancelled and (cancel_requested or not (counters.completed or counters.failed)):
            return QueueStatus.CANCELLED
        return QueueStatus.COMPLETED if counters.completed else QueueStatus.FAILED
    if now is QueueStatus.PAUSED:
        return now
    if samples_done:
        return QueueStatus.AWAITING_APPROVAL
    return QueueStatus.PROCESSING if started else QueueStatus.PENDING
