"""What there is to choose from, and what it would cost."""

from fastapi import APIRouter

from backend.auth.deps import CurrentUser
from backend.batch import queries
from backend.batch.deps import Models
from backend.batch.schemas import BatchConfigOut, EstimateIn, EstimateOut, ModelOut
from backend.config import service as config
from backend.credits import service as credits
from backend.images.imaging import ACCEPTED_TYPES
from backend.presets import service as presets
from backend.presets.schemas import PresetOut
from backend.web.deps import AppSettings, Db, Paging
from backend.web.schemas import Page, encode_cursor

router = APIRouter()


@router.get("/config", summary="What a client must know before it makes a batch")
async def get_config(user: CurrentUser, db: Db, models: Models, settings: AppSettings) -> BatchConfigOut:
    runtime = await db.read(config.read)
    offered = await models.offered(user.user_id)
    return BatchConfigOut(
        concurrency=runtime.concurrency,
        max_files=settings.batch_max_files,
        max_file_bytes=settings.batch_max_file_bytes,
        accepted_types=list(ACCEPTED_TYPES),
        max_retries=runtime.max_retries,
        models=[ModelOut.model_validate(model) for model in offered],
        default_model=offered[0].id,
        retention_days=runtime.retention_days,
    )


@router.get("/presets", summary="Prompts to choose from, in sort order")
async def list_presets(_user: CurrentUser, db: Db, paging: Paging) -> Page[PresetOut]:
    after = paging.after(2)
    behind = [each for each in await db.read(presets.list_active) if after is None or presets.place(each) > after]
    items, more = behind[: paging.limit], len(behind) > paging.limit
    return Page(items=items, next_cursor=encode_cursor(*presets.place(items[-1])) if more else None)


@router.post("/queues/estimate", summary="What a batch would cost, and how long it would take")
async def estimate_queue(body: EstimateIn, user: CurrentUser, models: Models, db: Db) -> EstimateOut:
    model = await models.chosen(user.user_id, body.model)
    return EstimateOut(
        credits=model.credits * body.count,
        available=await db.read(credits.balance, user.user_id),
        seconds=await db.read(queries.estimate, model.id, body.count),
    )
