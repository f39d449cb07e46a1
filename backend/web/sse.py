"""Server-Sent Events: what every stream sends besides its events."""

from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel

PING = b": ping\n\n"
PING_SECONDS = 15.0
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def event(name: str, data: BaseModel, event_id: int | None) -> bytes:
    """One event; its data is one line of JSON, so nothing in it can begin another event."""
    return format_sse_event(
        data_str=data.model_dump_json(), event=name, id=str(event_id) if event_id is not None else None
    )


def response(stream: AsyncIterator[bytes]) -> StreamingResponse:
    """The stream as an answer that proxies do not hold back."""
    return StreamingResponse(stream, headers=HEADERS, media_type="text/event-stream")
