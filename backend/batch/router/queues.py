"""Batches: make, look at, and everything that can be done to a whole one."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from backend.auth.deps import CurrentUser
from backend.batch import queries
from backend.batch.deps import Attempts, BatchIntake
from backend.batch.queries import QueueFilter, TaskFilter
from backend.batch.schemas import ApproveIn, CoverOut, QueueIn, QueueOut, RenameIn, TaskOut, WishIn
from backend.batch.service import control
from backend.batch.states import QueueStatus, TaskStatus
from backend.errors import (
    BodyTooLarge,
    FileTooLarge,
    IdempotencyInProgress,
    IdempotencyMismatch,
    ImageTooManyPixels,
    InsufficientCredits,
    InvalidState,
    MalformedRequest,
    NotFound,
    QueueFull,
    StorageFull,
    TooManyFiles,
    UnreadableImage,
    UnsupportedImage,
    UnsupportedMediaType,
)
from backend.images.deps import ImageIngest
from backend.images.schemas import ImageOut
from backend.web.deps import AppSettings, Db, Digits, Paging, PathId, RequestKey
from backend.web.problems import responses
from backend.web.schemas import MAX_ID, Page, Text, encode_cursor

router = APIRouter()

QueueId = Annotated[int, Digits, Field(ge=1, le=MAX_ID)]
Search = Annotated[Text | None, Query(max_length=200, description="Part of the name or of the prompt.")]


def _form(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a body as that of a form, which knows no null: what may be left out may be left blank."""
    for field in schema["properties"].values():
        if "anyOf" in field:
            field.update({**field.pop("anyOf")[0], "minLength": 0, "default": ""})
    return schema


UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "allOf": [
                        _form(WishIn.model_json_schema()),
                        {
                            "type": "object",
                            "required": ["images"],
                            "properties": {
                                "images": {"type": "array", "items": {"type": "string", "format": "binary"}},
                                "reference_images": {"type": "array", "items": {"type": "string", "format": "binary"}},
                            },
                        },
                    ]
                }
            },
            "application/json": {"schema": QueueIn.model_json_schema()},
        },
    }
}


@router.post(
    "/queues",
    status_code=201,
    summary="Make a batch, of files or of images uploaded before",
    openapi_extra=UPLOAD_BODY,
    responses=responses(
        MalformedRequest,
        InsufficientCredits,
        NotFound,
        IdempotencyInProgress,
        BodyTooLarge,
        FileTooLarge,
        TooManyFiles,
        UnsupportedImage,
        UnsupportedMediaType,
        UnreadableImage,
        ImageTooManyPixels,
        IdempotencyMismatch,
        QueueFull,
        StorageFull,
    ),
)
async def create_queue(
    request: Request, response: Response, user: CurrentUser, intake: BatchIntake, db: Db, key: RequestKey
) -> QueueOut:
    content_type = request.headers.get("content-type", "")
    queue_id = await intake.take(user.user_id, content_type, request.stream(), key)
    response.headers["Location"] = f"/api/batch/queues/{queue_id}"
    return await db.read(queries.queue_of, user.user_id, queue_id)


@router.get("/queues", summary="Your batches, newest first")
async def list_queues(
    user: CurrentUser, db: Db, paging: Paging, status: QueueStatus | None = None, q: Search = None
) -> Page[QueueOut]:
    which = QueueFilter(user.user_id, status, q)
    items = await db.read(queries.list_queues, which, paging.limit, paging.after())
    more = len(items) == paging.limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if more else None)


@router.get(
    "/queues/{queue_id}",
    summary="One batch",
    response_model=QueueOut,
    responses=responses(NotFound) | {304: {"description": "Unchanged"}},
)
async def get_queue(queue_id: PathId, request: Request, response: Response, user: CurrentUser, db: Db) -> Any:
    queue = await db.read(queries.queue_of, user.user_id, queue_id)
    # position and estimate change without the row, so they are part of what the tag stands for
    etag = f'W/"{queue.id}-{queue.version}-{queue.queue_position}-{queue.eta_seconds}-{queue.paused_reason or ""}"'
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": "private, no-cache"})
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
    return queue


@router.patch("/queues/{queue_id}", summary="Rename a batch", responses=responses(NotFound))
async def rename_queue(queue_id: PathId, body: RenameIn, user: CurrentUser, db: Db) -> QueueOut:
    await db.write(control.rename, user.user_id, queue_id, body.batch_name)
    return await db.read(queries.queue_of, user.user_id, queue_id)


@router.delete(
    "/queues/{queue_id}",
    status_code=204,
    summary="Delete a batch that has ended, with its files",
    responses=responses(NotFound, InvalidState),
)
async def delete_queue(queue_id: PathId, user: CurrentUser, db: Db, ingest: ImageIngest) -> None:
    await ingest.delete((await db.write(control.delete, user.user_id, queue_id)).keys)


@router.get("/queues/{queue_id}/tasks", summary="Its images, in upload order", responses=responses(NotFound))
async def list_queue_tasks(
    queue_id: PathId, user: CurrentUser, db: Db, paging: Paging, status: TaskStatus | None = None
) -> Page[TaskOut]:
    await db.read(queries.queue_of, user.user_id, queue_id)
    items = await db.read(queries.list_tasks, TaskFilter(queue_id, status), paging.limit, paging.after(2))
    more = len(items) == paging.limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].position, items[-1].id) if more else None)


@router.get(
    "/queues/{queue_id}/references", summary="The reference images it was made with", responses=responses(NotFound)
)
async def list_queue_references(queue_id: PathId, user: CurrentUser, db: Db) -> Page[ImageOut]:
    await db.read(queries.queue_of, user.user_id, queue_id)
    return Page(items=list(await db.read(queries.references, queue_id)), next_cursor=None)


@router.get("/covers", summary="The first pictures of several batches, for a list of them")
async def list_covers(
    user: CurrentUser, db: Db, queue_ids: Annotated[list[QueueId], Query(min_length=1, max_length=100)]
) -> Page[CoverOut]:
    return Page(items=await db.read(queries.covers, user.user_id, queue_ids), next_cursor=None)


@router.post("/queues/{queue_id}/pause", summary="Start no further image", responses=responses(NotFound, InvalidState))
async def pause_queue(queue_id: PathId, user: CurrentUser, db: Db) -> QueueOut:
    await db.write(control.pause, user.user_id, queue_id)
    return await db.read(queries.queue_of, user.user_id, queue_id)


@router.post("/queues/{queue_id}/resume", summary="Go on", responses=responses(NotFound, InvalidState))
async def resume_queue(queue_id: PathId, user: CurrentUser, db: Db) -> QueueOut:
    await db.write(control.resume, user.user_id, queue_id)
    return await db.read(queries.queue_of, user.user_id, queue_id)


@router.post(
    "/queues/{queue_id}/cancel",
    summary="Stop a batch and give back what was not delivered; safe to repeat",
    responses=responses(NotFound, InvalidState),
)
async def cancel_queue(queue_id: PathId, user: CurrentUser, db: Db, attempts: Attempts) -> QueueOut:
    await attempts.stop_tasks(await db.write(control.cancel, user.user_id, queue_id))
    return await db.read(queries.queue_of, user.user_id, queue_id)


@router.post(
    "/queues/{queue_id}/approve",
    summary="Let the images after the samples go",
    responses=responses(NotFound, InvalidState),
)
async def approve_queue(queue_id: PathId, user: CurrentUser, db: Db, body: ApproveIn | None = None) -> QueueOut:
    await db.write(control.approve, user.user_id, queue_id, body.prompt if body else None)
    return await db.read(queries.queue_of, user.user_id, queue_id)


@router.post(
    "/queues/{queue_id}/retry",
    summary="Try every failed image again, at its price",
    responses=responses(NotFound, InsufficientCredits, QueueFull),
)
async def retry_queue(queue_id: PathId, user: CurrentUser, db: Db, settings: AppSettings) -> QueueOut:
    await db.write(control.retry, user.user_id, queue_id, settings.max_pending_per_user)
    return await db.read(queries.queue_of, user.user_id, queue_id)
