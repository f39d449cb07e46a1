"""From an answer's bytes to a document, and from a picture as it stands in a document to the image's own bytes."""

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from backend.upstreams.bodies import MAX_IMAGE_BYTES, refuse_crumbs, unreadable
from backend.upstreams.classify import asynchronous, failure, not_an_answer
from backend.upstreams.complaints import complaint_in, has_result, insides, promises
from backend.upstreams.http import Http, Reply
from backend.upstreams.streams import events, is_stream

T = TypeVar("T")
R = TypeVar("R")

_LARGE = 256 * 1024
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,20}:|//", re.I)
_TASK_STATES = frozenset(
    {"pending", "queued", "processing", "submitted", "in_progress", "running", "in_queue", "starting"}
)


async def read(reply: Reply, secrets: tuple[str, ...] = (), *, task: bool = False) -> Any:
    """The JSON document of a good answer (for an event stream, the list of its events), or the error that it is.

    The reply's body is given up on the way: an answer can be 30 MB, and is needed once. A promise of a later answer is
    an error unless a `task` is what was asked for.
    """
    return await _offloaded(len(reply.body), lambda whole: _judged(whole, secrets, task=task), reply)


def _judged(reply: Reply, secrets: tuple[str, ...], *, task: bool) -> Any:
    document, streamed = _parsed(reply)
    error = failure(reply, _complaining(reply, document, streamed=streamed, task=task), secrets)
    if error is not None:
        raise error
    if document is None:
        raise not_an_answer(reply, secrets)
    reply.body.clear()
    if not streamed and not task and is_task(document):
        raise asynchronous(secrets)
    return document


def _complaining(reply: Reply, document: Any, *, streamed: bool, task: bool) -> Any:
    """What of an answer may be the call's own error: a task's is its own, a good stream's is found when its events are put
    together."""
    if streamed:
        return next((event for event in document if complaint_in(event)), None) if reply.status >= 400 else None
    return None if task and reply.status < 400 and is_task(document) else document


def is_task(document: Any) -> bool:
    """Whether an answer is a promise: an id to ask for later, and no picture."""
    if not isinstance(document, dict):
        return False
    if isinstance(output := document.get("output"), dict) and "task_status" in output and "choices" not in output:
        return True
    if has_result(document):
        return False
    listed = document.get("data")
    inside = [
        *insides(document),
        *(item for item in (listed[:16] if isinstance(listed, list) else []) if isinstance(item, dict)),
    ]
    if any(promises(part) for part in inside):
        return True
    if str(document.get("object", "")).endswith(".task") or str(document.get("id", "")).startswith("task-"):
        return True
    return str(document.get("status", "")).lower() in _TASK_STATES and "choices" not in document


async def fetched(picture: str, http: Http) -> bytes:
    """The bytes of a picture given as base64, a data URL or an address; nothing but an image comes back."""
    if picture.startswith("data:") or not _SCHEME.match(picture):
        data = await _offloaded(len(picture), from_base64, picture)
    else:
        data = await http.download(picture.strip())
    if image_type(data) is None:
        raise unreadable(f"the result is not an image: it begins with {data[:16]!r}")
    return data


def from_base64(text: str) -> bytes:
    """Base64 with or without a data URL around it; white space, the URL alphabet and missing padding are tolerated."""
    if text.startswith("data:"):
        head, _, text = text.partition(",")
        if "base64" not in head.lower():
            raise unreadable("the result is a data URL that is not base64")
    if len(text) > MAX_IMAGE_BYTES * 4 // 3 + 4:
        raise unreadable(f"the result is larger than {MAX_IMAGE_BYTES >> 20} MB")
    if re.search(r"\s", text):
        text = "".join(text.split())
    if "-" in text or "_" in text:
        text = text.translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise unreadable("the result is not valid base64") from error


def image_type(data: bytes) -> str | None:
    """The type that the first bytes claim. Labels on the way are hints at best."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[:6] in {b"GIF87a", b"GIF89a"}:
        return "image/gif"
    if data[4:8] == b"ftyp" and data[8:12] in {b"avif", b"avis", b"heic", b"heix", b"mif1", b"heim"}:
        return "image/avif" if data[8:12].startswith(b"avi") else "image/heic"
    if data[:2] == b"BM":
        return "image/bmp"
    return "image/tiff" if data[:4] in {b"II*\0", b"MM\0*"} else None


def _parsed(reply: Reply) -> tuple[Any, bool]:
    """The document, and whether it is the events of a stream. What a label says is a hint: both come under the other's."""
    refuse_crumbs(reply.body)
    if is_stream(reply) and (found := events(reply.body)):
        return found, True
    try:
        return (json.loads(reply.body) if reply.body else None), False
    except (ValueError, RecursionError):
        return None, False


async def _offloaded(size: int, work: Callable[[T], R], value: T) -> R:
    """Large things are worked on in a thread: the event loop serves everybody else meanwhile."""
    return await asyncio.to_thread(work, value) if size > _LARGE else work(value)
