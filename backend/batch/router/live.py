"""What happens, as it happens; and everything that was made, in one file."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from backend.auth.deps import CurrentUser
from backend.batch import archive, queries
from backend.batch.deps import ChangeFeed, LastEventId, StillAllowed
from backend.batch.stream import Listener, listen
from backend.errors import NotFound, NothingToDownload, RateLimited
from backend.web import sse
from backend.web.deps import Db, Files, PathId
from backend.web.problems import Responses, responses

router = APIRouter()

EVENTS: Responses = {
    200: {
        "description": "`queue` and `task` events with the present state of each",
        "content": {"text/event-stream": {}},
    }
}
ZIP: Responses = {
    200: {"description": "The newest version of each image, and manifest.csv", "content": {"application/zip": {}}}
}


async def _place(user: CurrentUser, feed: ChangeFeed) -> AsyncIterator[None]:
    """A place among the user's streams, from before the answer begins until it is over, even if it never began."""
    with feed.admit(user.user_id):
        yield


@router.get(
    "/events",
    summary="Changes of all your batches",
    response_class=StreamingResponse,
    dependencies=[Depends(_place)],
    responses=EVENTS | responses(RateLimited),
)
async def stream_events(
    user: CurrentUser, db: Db, feed: ChangeFeed, last_id: LastEventId, allowed: StillAllowed
) -> StreamingResponse:
    return sse.response(listen(db, feed, Listener(user.user_id, None, last_id, allowed)))


@router.get(
    "/queues/{queue_id}/events",
    summary="Changes of one batch",
    response_class=StreamingResponse,
    dependencies=[Depends(_place)],
    responses=EVENTS | responses(NotFound, RateLimited),
)
async def stream_queue_events(
    queue_id: PathId, user: CurrentUser, db: Db, feed: ChangeFeed, last_id: LastEventId, allowed: StillAllowed
) -> StreamingResponse:
    await db.read(queries.queue_of, user.user_id, queue_id)
    return sse.response(listen(db, feed, Listener(user.user_id, queue_id, last_id, allowed)))


@router.get(
    "/queues/{queue_id}/archive",
    summary="Everything that was made, as one ZIP",
    response_class=StreamingResponse,
    responses=ZIP | responses(NotFound, NothingToDownload),
)
async def download_archive(
    queue_id: PathId,
    user: CurrentUser,
    db: Db,
    storage: Files,
    task_ids: Annotated[str | None, Query(max_length=4000, description="Only these, comma-separated.")] = None,
) -> StreamingResponse:
    chosen = archive.parse_task_ids(task_ids)
    queue = await db.read(queries.queue_of, user.user_id, queue_id)
    entries = await db.read(queries.archive_entries, queue_id, chosen)
    if chosen is not None and len(entries) != len(set(chosen)):
        raise NotFound
    return await archive.response(storage, queue.batch_name or f"batch-{queue.id}", entries)
