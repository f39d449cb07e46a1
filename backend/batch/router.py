"""`/api/batch`: configuration, presets, and batches with everything that can be done to them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.sse import EventSourceResponse

from backend.auth.deps import CurrentUser
from backend.auth.gate import Gate
from backend.batch import queries
from backend.batch.deps import (
    BatchIntake,
    Canceller,
    ChangeFeed,
    IdempotencyKey,
    LastEventId,
    MayStillAsk,
    Models,
)
from backend.batch.queries import QueueFilter, TaskFilter
from backend.batch.schemas import (
    ApproveIn,
    BatchConfigOut,
    EditIn,
    EstimateIn,
    EstimateOut,
    ModelOut,
    QueueIn,
    QueueOut,
    RenameIn,
    TaskOut,
    WishIn,
)
