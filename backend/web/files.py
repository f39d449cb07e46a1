"""Stored bytes as an answer: cached for ever by whoever asked, in parts if wished, and never run as a page."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from backend.errors import NotFound
from backend.storage import NotStored, Storage

HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Accept-Ranges": "bytes",
}
BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes", "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}},
    206: {"description": "The part that `Range` asks for"},
    304: {"description": "Unchanged since the `ETag` in `If-None-Match`"},
}
Streamed = StreamingResponse
_RANGE = re.compile(r"bytes=\s*(\d*)-(\d*)\s*")
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Immutable bytes in the storage: their type by our own finding, a tag for this very content, and the name to save them
    under (None: to be shown)."""

    key: str
    media_type: str
    tag: str
    filename: str | None = None


async def file_response(request: Request, storage: Storage, file: StoredFile) -> Response:
    """The file, or the part of it that the request asks for. Raises NotFound when the storage has lost it."""
    etag = f'"{file.tag}"'
    headers = HEADERS | {"ETag": etag}
    if file.filename is not None:
        headers["Content-Disposition"] = attachment(file.filename)
    if _matches(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    try:
        size = await storage.size(file.key)
    except NotStored as error:
        raise NotFound from error
    wanted = request.headers.get("range", "") if request.headers.get("if-range", etag) == etag else ""
    status, start, end = _part(wanted, size)
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=file.media_type)
    return StreamingResponse(storage.stream(file.key, start, end), status, headers, file.media_type)


def streamed(content: AsyncIterator[bytes], filename: str, media_type: str) -> Streamed:
    """What is made while it is sent, to be saved as `filename`."""
    headers = {"Content-Disposition": attachment(filename), "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(content, headers=headers, media_type=media_type)


def attachment(filename: str) -> str:
    """A Content-Disposition that saves under the last part of `filename`: plainly for old clients, whole in UTF-8 (RFC 6266)."""
    name = filename.rpartition("/")[2].encode("utf-8", "replace").decode()
    plain = re.sub(r'[^\x20-\x7e]|["\\%;]', "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _matches(wanted: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in wanted.split(",")]
    return etag in tags or tags == ["*"]


def _part(wanted: str, size: int) -> tuple[int, int, int]:
    """The status, and from where up to (and without) where. What is not one plain range, or has nothing in
    it, is answered with everything, as the standard allows."""
    found = _RANGE.fullmatch(wanted)
    if found is None or not any(found.groups()) or max(map(len, found.groups())) > _MOST_DIGITS:
        return 200, 0, size
    first, last = found.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    elif last and int(last) < int(first):
        return 200, 0, size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
    return (206, start, end) if start < end else (200, 0, size)
