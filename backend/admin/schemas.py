"""What administrators see and change."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from backend.auth.principal import Role
from backend.auth.schemas import UserOut
from backend.batch.schemas import QueueOut, TaskOut
from backend.batch.states import PausedReason
from backend.web.schemas import In, Out, Patch, Text, Time

MOST_CREDITS = 1_000_000_000


def _not_zero(value: int) -> int:
    if value == 0:
        raise ValueError("must not be 0")
    return value


class AdminUserOut(UserOut):
    """A user as administrators see them."""

    is_active: bool


class AccountUpdate(Patch):
    """Either or both."""

    is_active: bool | None = None
    role: Role | None = None


class CreditsIn(In):
    """Credits to give, or to take when negative."""

    delta: Annotated[int, AfterValidator(_not_zero), Field(ge=-MOST_CREDITS, le=MOST_CREDITS, examples=[100])]
    note: Annotated[Text, StringConstraints(strip_whitespace=True), StringConstraints(max_length=500)] = Field(
        "", description="Why; it stands in the user's ledger.", examples=["for the autumn catalogue"]
    )


class CancelIn(In):
    """Why a batch is stopped."""

    note: Annotated[Text, StringConstraints(strip_whitespace=True), StringConstraints(max_length=500)] = Field(
        "", description="Why; it stands in the audit log.", examples=["maintenance tonight"]
    )


class AdminQueueOut(QueueOut):
    """A batch, and whose it is."""

    user_id: int
    username: str


class AdminTaskOut(TaskOut):
    """An image of a batch, and whose it is."""

    user_id: int
    username: str
    batch_name: str


class DispatcherOut(Out):
    """Whether new images are started."""

    status: Literal["running", "paused"]


class UpstreamOut(Out):
    """An upstream of this service. With a `paused_reason` it is down: nothing is sent, its batches wait, and at
    `parked_until` it is looked at again. With only a `parked_until` it asked to be left alone for so long. `detail` is
    what it said."""

    name: str
    kind: str
    paused_reason: PausedReason | None
    parked_until: Time | None
    detail: str
    updated_at: Time | None


class AuditEntryOut(Out):
    """Who changed what; `actor` is null when that user is gone."""

    id: int
    actor_id: int | None
    actor: str | None
    action: str
    target: str
    detail: dict[str, Any]
    created_at: Time


class CleanupIn(In):
    """What ended longer ago than this goes; a dry run only counts."""

    older_than_days: int = Field(ge=0, le=36_500, examples=[30])
    dry_run: bool = False


class CleanupOut(Out):
    """What went, or would go."""

    queues: int
    tasks: int
    images: int
    bytes: int


class ThroughputOut(Out):
    """What ended in one step of the window, which begins at `time`."""

    time: Time
    completed: int
    failed: int


class Percentiles(Out):
    """Seconds within which so many of a hundred images were done; null when there were none."""

    p50: float | None
    p95: float | None


class LatencyOut(Percentiles):
    """How long images took that were delivered in one step of the window, which begins at `time`."""

    time: Time


class CreditsOut(Out):
    """What the counted batches hold, have cost, and have given back."""

    held: int
    spent: int
    released: int


class StatsOut(Out):
    """Batches and images that are open now, and those that ended within the window and are still kept. `latency_seconds`
    is of delivered images' last attempts; steps without any image are there, too."""

    queues_by_status: dict[str, int]
    tasks_by_status: dict[str, int]
    total_images: int
    completed_images: int
    failed_images: int
    in_flight: int
    throughput: list[ThroughputOut]
    latency_seconds: Percentiles
    errors_by_code: dict[str, int]
    credits: CreditsOut


class ServerOut(Out):
    """The machine, as far as this process may use it; what it does not tell is null."""

    python: str
    cpus: int
    memory_bytes: int | None


class DatabaseOut(Out):
    """The database; `bytes` are those of its tables."""

    kind: Literal["sqlite", "mariadb", "mysql"]
    version: str
    bytes: int


class StorageOut(Out):
    """Where images are kept; room is known of a local disk only."""

    kind: Literal["local", "s3"]
    images: int
    bytes: int
    free_bytes: int | None
    total_bytes: int | None


class SystemOut(Out):
    """How this service is built and where it keeps things. Without `https` (the address in the settings, or the scheme of
    this very request) passwords and photos cross the network in the clear."""

    version: str
    https: bool
    server: ServerOut
    database: DatabaseOut
    storage: StorageOut
