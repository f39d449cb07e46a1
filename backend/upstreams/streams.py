"""Server-sent events, read after the fact: some gateways stream though they were asked not to."""

import json
from collections.abc import Iterator
from typing import Any

from backend.upstreams.http import Reply

_BOM = b"\xef\xbb\xbf"
_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")


def is_stream(reply: Reply) -> bool:
    """By its label, or because no JSON begins so."""
    head = bytes(reply.body[:64]).removeprefix(_BOM).lstrip()
    return reply.content_type == "text/event-stream" or head.startswith(_FIELDS)


def events(body: bytes | bytearray) -> list[Any]:
    """The JSON values of all events, in order; `[DONE]` and what is not JSON are left out."""
    return [value for text in _data(body) if (value := _value(text)) is not None]


def _data(body: bytes | bytearray) -> Iterator[str]:
    """Each event's data; lines of one event are joined, as the standard says. A line is copied once: it can be 30 MB."""
    lines: list[str] = []
    start = len(_BOM) if body.startswith(_BOM) else 0
    while start < len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        stop = end - 1 if end > start and body[end - 1] == ord("\r") else end
        if body.startswith(b"data:", start, stop):
            with memoryview(body) as whole, whole[start + len("data:") : stop] as line:
                lines.append(str(line, "utf-8", "replace"))
        elif stop == start and lines:
            yield "\n".join(lines)
            lines.clear()
        start = end + 1
    if lines:
        yield "\n".join(lines)


def _value(text: str) -> Any:
    try:
        return None if text.startswith((" [DONE]", "[DONE]")) else json.loads(text)
    except (ValueError, RecursionError):
        return None
