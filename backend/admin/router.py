"""`/api/admin`: settings, presets, users, everyone's batches, and how the service does."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from backend.admin import queries, service, system
from backend.admin.deps import AdminRoute
from backend.admin.queries import AnyTaskFilter
from backend.admin.schemas import (
    AccountUpdate,
    AdminQueueOut,
    AdminTaskOut,
    AdminUserOut,
    AuditEntryOut,
    CancelIn,
    CleanupIn,
    CleanupOut,
    CreditsIn,
    DispatcherOut,
    LatencyOut,
    StatsOut,
    SystemOut,
    UpstreamOut,
)
from backend.auth.deps import AdminUser
from backend.batch.deps import Attempts, House, Models
from backend.batch.queries import QueueFilter
from backend.batch.states import QueueStatus, TaskStatus
from backend.config import service as config
from backend.config.schemas import RuntimeConfig, RuntimeConfigUpdate
from backend.errors import AdminOnly, BalanceTooLow, CrossOrigin, IdempotencyMismatch, InvalidState, LastAdmin, NotFound
from backend.presets import service as presets
from backend.presets.schemas import AdminPresetOut, PresetIn, PresetUpdate
from backend.web.deps import AppSettings, Db, Digits, Paging, PathId, RequestKey
from backend.web.problems import responses
from backend.web.schemas import MAX_ID, Page, Text, encode_cursor

router = APIRouter(prefix="/admin", tags=["admin"], route_class=AdminRoute, responses=responses(AdminOnly, CrossOrigin))

OfUser = Annotated[int | None, Digits, Query(ge=1, le=MAX_ID, description="Only this user's.")]
Days = Annotated[int, Digits, Query(ge=1, le=90, description="How far back.")]
UpstreamName = Annotated[str, Path(max_length=64, description="Its name in the settings.")]
Search = Annotated[Text | None, Query(max_length=200, description="Part of the text, letter case aside.")]


@router.get("/config", summary="The settings in force")
async def get_config(_admin: AdminUser, db: Db) -> RuntimeConfig:
    return await db.read(config.read)


@router.put("/config", summary="Change any of the settings; they take hold within a second")
async def put_config(body: RuntimeConfigUpdate, admin: AdminUser, db: Db, settings: AppSettings) -> RuntimeConfig:
    return await db.write(service.change_config, admin.user_id, body, settings.concurrency_ceiling)


@router.get("/presets", summary="All presets, in sort order")
async def list_presets(_admin: AdminUser, db: Db, paging: Paging) -> Page[AdminPresetOut]:
    items = await db.read(presets.list_all, paging.limit, paging.after(2))
    more = len(items) == paging.limit
    return Page(items=items, next_cursor=encode_cursor(*presets.place(items[-1])) if more else None)


@router.post("/presets", status_code=201, summary="Make a preset")
async def create_preset(body: PresetIn, admin: AdminUser, db: Db) -> AdminPresetOut:
    return await db.write(service.create_preset, admin.user_id, body)


@router.put("/presets/{preset_id}", summary="Change any part of a preset", responses=responses(NotFound))
async def put_preset(preset_id: PathId, body: PresetUpdate, admin: AdminUser, db: Db) -> AdminPresetOut:
    return await db.write(service.change_preset, admin.user_id, preset_id, body)


@router.delete("/presets/{preset_id}", status_code=204, summary="Delete a preset", responses=responses(NotFound))
async def delete_preset(preset_id: PathId, admin: AdminUser, db: Db) -> None:
    await db.write(service.delete_preset, admin.user_id, preset_id)


@router.get("/users", summary="All users, newest first")
async def list_users(_admin: AdminUser, db: Db, paging: Paging, q: Search = None) -> Page[AdminUserOut]:
    items = await db.read(queries.list_users, q, paging.limit, paging.after())
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(items) == paging.limit else None)


@router.patch(
    "/users/{user_id}",
    summary="Change a user's role, or whether they may sign in",
    responses=responses(NotFound, LastAdmin),
)
async def change_user(user_id: PathId, body: AccountUpdate, admin: AdminUser, db: Db) -> AdminUserOut:
    await db.write(service.change_account, admin.user_id, user_id, body)
    return await db.read(queries.user, user_id)


@router.post(
    "/users/{user_id}/credits",
    summary="Give a user credits, or take some",
    responses=responses(NotFound, BalanceTooLow, IdempotencyMismatch),
)
async def give_credits(user_id: PathId, body: CreditsIn, admin: AdminUser, db: Db, key: RequestKey) -> AdminUserOut:
    await db.write_known(service.give_credits, admin.user_id, user_id, body, key)
    return await db.read(queries.user, user_id)


@router.get("/batch/queues", summary="Everyone's batches, newest first")
async def list_queues(
    _admin: AdminUser,
    db: Db,
    paging: Paging,
    status: QueueStatus | None = None,
    user_id: OfUser = None,
    q: Search = None,
) -> Page[AdminQueueOut]:
    items = await db.read(queries.list_queues, QueueFilter(user_id, status, q), paging.limit, paging.after())
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(items) == paging.limit else None)


@router.get("/batch/tasks", summary="Everyone's images in batches, newest first")
async def list_tasks(
    _admin: AdminUser,
    db: Db,
    paging: Paging,
    status: TaskStatus | None = None,
    user_id: OfUser = None,
    q: Search = None,
) -> Page[AdminTaskOut]:
    items = await db.read(queries.list_tasks, AnyTaskFilter(status, user_id, q), paging.limit, paging.after())
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(items) == paging.limit else None)


@router.get("/batch/stats", summary="What is open, and how the last days went")
async def get_stats(_admin: AdminUser, db: Db, days: Days = 7) -> StatsOut:
    return await db.read(queries.stats, days)


@router.get("/batch/latency", summary="How long delivered images took in the last days, step by step")
async def list_latency(_admin: AdminUser, db: Db, days: Days = 7) -> Page[LatencyOut]:
    return Page(items=await db.read(queries.latency, days), next_cursor=None)


@router.post(
    "/batch/queues/{queue_id}/cancel",
    summary="Stop anybody's batch; what was not delivered is given back",
    responses=responses(NotFound, InvalidState),
)
async def cancel_queue(
    queue_id: PathId, admin: AdminUser, db: Db, attempts: Attempts, wanted: CancelIn | None = None
) -> AdminQueueOut:
    note = wanted.note if wanted else ""
    await attempts.stop_tasks(await db.write(service.cancel_queue, admin.user_id, queue_id, note))
    return await db.read(queries.queue, queue_id)


@router.post("/batch/pause", summary="Start no further image, of anybody; what is in flight finishes")
async def pause_dispatcher(admin: AdminUser, db: Db) -> DispatcherOut:
    await db.write(service.hold_dispatcher, admin.user_id)
    return DispatcherOut(status="paused")


@router.post("/batch/resume", summary="Start images again")
async def resume_dispatcher(admin: AdminUser, db: Db) -> DispatcherOut:
    await db.write(service.release_dispatcher, admin.user_id)
    return DispatcherOut(status="running")


@router.get("/upstreams", summary="How each upstream stands; one with a paused_reason needs somebody")
async def list_upstreams(_admin: AdminUser, db: Db, models: Models) -> Page[UpstreamOut]:
    return Page(items=await db.read(queries.list_upstreams, models.upstreams), next_cursor=None)


@router.post(
    "/upstreams/{name}/resume",
    summary="Try an upstream again, and go on with the batches that wait for it",
    responses=responses(NotFound),
)
async def resume_upstream(name: UpstreamName, admin: AdminUser, db: Db, models: Models) -> UpstreamOut:
    kinds = models.only(name)
    await db.write(service.resume_upstream, admin.user_id, name)
    return (await db.read(queries.list_upstreams, kinds))[0]


@router.get("/audit", summary="Who changed what, newest first")
async def list_audit(_admin: AdminUser, db: Db, paging: Paging) -> Page[AuditEntryOut]:
    items = await db.read(queries.list_audit, paging.limit, paging.after())
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(items) == paging.limit else None)


@router.post("/cleanup", summary="Delete what ended long ago; a dry run only counts")
async def clean_up(body: CleanupIn, admin: AdminUser, house: House) -> CleanupOut:
    if body.dry_run:
        return CleanupOut.model_validate(await house.count(body.older_than_days))
    note = service.cleanup_note(admin.user_id, body.older_than_days)
    return CleanupOut.model_validate(await house.clean(body.older_than_days, note))


@router.get("/system", summary="Versions, the machine, and what is stored")
async def get_system(_admin: AdminUser, db: Db, settings: AppSettings, request: Request) -> SystemOut:
    https = request.url.scheme == "https" or settings.public_url.startswith("https://")
    return await system.look(db, settings, https=https)
