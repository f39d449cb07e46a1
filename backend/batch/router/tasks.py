"""One image of a batch."""

from fastapi import APIRouter

from backend.auth.deps import CurrentUser
from backend.batch import queries
from backend.batch.deps import Attempts, Models
from backend.batch.schemas import EditIn, TaskOut
from backend.batch.service import tasks
from backend.errors import IdempotencyMismatch, InsufficientCredits, InvalidState, NotFound, QueueFull
from backend.web.deps import AppSettings, Db, PathId, RequestKey
from backend.web.problems import responses

router = APIRouter()


@router.get("/tasks/{task_id}", summary="One image of a batch", responses=responses(NotFound))
async def get_task(task_id: PathId, user: CurrentUser, db: Db) -> TaskOut:
    return await db.read(queries.task_of, user.user_id, task_id)


@router.post(
    "/tasks/{task_id}/retry",
    summary="Try a failed image again, at its price",
    responses=responses(NotFound, InsufficientCredits, InvalidState, QueueFull),
)
async def retry_task(task_id: PathId, user: CurrentUser, db: Db, settings: AppSettings) -> TaskOut:
    await db.write(tasks.retry_task, user.user_id, task_id, settings.max_pending_per_user)
    return await db.read(queries.task_of, user.user_id, task_id)


@router.post("/tasks/{task_id}/cancel", summary="Stop one image", responses=responses(NotFound, InvalidState))
async def cancel_task(task_id: PathId, user: CurrentUser, db: Db, attempts: Attempts) -> TaskOut:
    await db.write(tasks.cancel_task, user.user_id, task_id)
    await attempts.stop_tasks([task_id])
    return await db.read(queries.task_of, user.user_id, task_id)


@router.post(
    "/tasks/{task_id}/edit",
    status_code=201,
    summary="Another version of an image, at the price of one",
    responses=responses(NotFound, InsufficientCredits, InvalidState, QueueFull, IdempotencyMismatch),
)
async def edit_task(
    task_id: PathId, body: EditIn, user: CurrentUser, models: Models, db: Db, settings: AppSettings, key: RequestKey
) -> TaskOut:
    parent = await db.read(queries.task_of, user.user_id, task_id)
    model = await models.chosen(user.user_id, parent.model)
    most = settings.max_pending_per_user
    made = await db.write_known(tasks.edit_task, user.user_id, task_id, body, model, most, key)
    return await db.read(queries.task_of, user.user_id, made)
