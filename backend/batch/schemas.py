"""Batches and tasks over the wire."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from backend.batch.states import PausedReason, QueueStatus, TaskStatus
from backend.images.schemas import ImageOut
from backend.web.schemas import In, Key, Out, Text, Time

MAX_PROMPT, MAX_REFERENCES = 4000, 3


def _name(value: str) -> str:
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise ValueError("must be one line")
    return value


Prompt = Annotated[
    Text,
    StringConstraints(strip_whitespace=True),  # by itself, or the length would be that of the untrimmed text
    StringConstraints(min_length=1, max_length=MAX_PROMPT),
    Field(description="What to do with every image, 1 to 4,000 characters.", examples=["水彩画风,留白通透"]),
]
BatchName = Annotated[
    Text,
    AfterValidator(_name),
    StringConstraints(strip_whitespace=True),
    StringConstraints(max_length=255),
    Field(examples=["夏季新品"]),
]
Option = Annotated[Text, StringConstraints(min_length=1, max_length=16)]
SampleFirst = Annotated[int, Field(ge=0, le=3, description="Edit only so many images, then wait for approval.")]


class ModelOut(Out):
    """A model that can be chosen."""

    id: str
    name: str
    description: str
    credits: int
    provider: str
    sizes: list[str]
    aspect_ratios: list[str]
    max_references: int


class BatchConfigOut(Out):
    """What a client must know before it makes a batch."""

    concurrency: int
    max_files: int
    max_file_bytes: int
    accepted_types: list[str]
    max_retries: int
    models: list[ModelOut]
    default_model: str
    retention_days: int


class WishIn(In):
    """A batch's settings."""

    prompt: Prompt
    model: Annotated[Text, StringConstraints(min_length=1, max_length=100)] | None = None
    batch_name: BatchName = ""
    aspect_ratio: Option | None = None
    image_size: Option | None = None
    sample_first: SampleFirst = 0


class QueueIn(WishIn):
    """A batch of images that were uploaded before."""

    image_ids: Annotated[list[Key], Field(min_length=1)]
    reference_image_ids: Annotated[list[Key], Field(max_length=MAX_REFERENCES)] = Field(default_factory=list)


class EstimateIn(In):
    model: Annotated[Text, StringConstraints(min_length=1, max_length=100)] | None = None
    count: Annotated[int, Field(ge=1, le=500)]


class EstimateOut(Out):
    """What a batch would cost, what there is, and how long it would take (null until that is known)."""

    credits: int
    available: int
    seconds: int | None


class RenameIn(In):
    batch_name: BatchName


class ApproveIn(In):
    prompt: Prompt | None = None


class EditIn(In):
    """Another version of an image, from its result or from its original."""

    prompt: Prompt
    source: Literal["generated", "original"] = "generated"


class QueueOut(Out):
    """A batch. `queue_position` is how many images of others are due before its next one; `eta_seconds` is null until two
    images are done; `version` grows with every change."""

    id: int
    batch_name: str
    prompt: str
    model: str
    aspect_ratio: str | None
    image_size: str | None
    status: QueueStatus
    total_images: int
    completed_images: int
    failed_images: int
    cancelled_images: int
    credits_held: int
    credits_spent: int
    credits_released: int
    queue_position: int
    eta_seconds: int | None
    paused_reason: PausedReason | None
    version: int
    created_at: Time
    started_at: Time | None
    completed_at: Time | None


class CoverOut(Out):
    """The first pictures of a batch, results where there are some."""

    queue_id: int
    images: list[ImageOut]


class TaskOut(Out):
    """One image of a batch. While it is `pending` after a failed attempt, `error_code` says what happened and
    `next_attempt_at` when it is tried again."""

    id: int
    queue_id: int
    position: int
    parent_task_id: int | None
    original_filename: str
    prompt: str
    model: str
    status: TaskStatus
    attempts: int
    error_code: str | None
    error_message: str | None
    original_image: ImageOut | None
    generated_image: ImageOut | None
    created_at: Time
    started_at: Time | None
    completed_at: Time | None
    next_attempt_at: Time | None
    version: int


def now_or_later(run_at: datetime, status: str, *, tried: bool, held_back: bool) -> datetime | None:
    """When a task that was tried before is due again; nobody knows of one whose batch is paused."""
    return run_at if status == TaskStatus.PENDING and tried and not held_back else None
