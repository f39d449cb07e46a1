"""An answer's bytes: how many are too many, what compression is undone, and when nothing is missing from them."""

import asyncio
import json
import re
import time
import zlib
from dataclasses import dataclass, field

from backend.upstreams.base import Outcome, UpstreamError

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_IMAGE_BYTES = 50 * 1024 * 1024
MAX_VALUES = 1_000_000
"""A stream of 50,000 words has fewer; base64 has none."""
LOOKS = 2
"""How often an answer is looked at for being whole before it says more than that its connection lives."""
_END = 4096
_LAST = re.compile(rb'"type"\s*:\s*"[\w.]+\.completed"|"finish_?[rR]eason"\s*:\s*"')


@dataclass(slots=True)
class Incoming:
    """What came of an answer so far, and when it last was more than a pulse."""

    encoding: str
    body: bytearray = field(default_factory=bytearray)
    spoken: float = field(default_factory=time.monotonic)
    looks: int = 0
    looked_at: int = 0

    def add(self, data: bytes) -> None:
        """The next piece; `unreadable` when it is one too many."""
        self.body += data
        if len(self.body) > MAX_ANSWER_BYTES:
            raise unreadable(f"the answer is larger than {MAX_ANSWER_BYTES >> 20} MB")
        if not is_pulse(data):
            self.spoken, self.looks = time.monotonic(), 0

    async def is_over(self) -> bool:
        """Whether it is whole, as far as it is worth a look: the first pulse may close an event, but those after it change
        nothing, and a look at 60 MB takes a second."""
        if len(self.body) == self.looked_at or self.looks == LOOKS:
            return False
        self.looks, self.looked_at = self.looks + 1, len(self.body)
        return await self.is_whole()

    async def is_whole(self) -> bool:
        """Whether nothing is missing from it."""
        return await asyncio.to_thread(is_whole, self.body, self.encoding)


def decoded(body: bytearray, encoding: str) -> bytearray:
    """The body without its gzip or deflate, which some gateways apply unasked; never more than the cap."""
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise unreadable(f"the answer is sent as {encoding}")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = inflater.decompress(body, MAX_ANSWER_BYTES + 1)
    except zlib.error as error:
        raise unreadable("the answer's compression is broken") from error
    if len(plain) > MAX_ANSWER_BYTES:
        raise unreadable(f"the answer is larger than {MAX_ANSWER_BYTES >> 20} MB")
    return bytearray(plain)


def is_whole(body: bytearray, encoding: str) -> bool:
    """Whether nothing is missing from what came so far: it is JSON to the end, or an event stream that says it is over."""
    try:
        plain = decoded(body, encoding)
        end = _spoken_end(plain)
        if end.endswith(b"data: [DONE]") or _is_last_event(plain, end):
            return True
        if not end.endswith((b"}", b"]")):
            return False
        refuse_crumbs(plain)
        json.loads(plain)
    except (ValueError, RecursionError, UpstreamError):
        return False
    return True


def refuse_crumbs(plain: bytes | bytearray) -> None:
    """Raise when an answer is made of so many small values that, once parsed, they would fill the memory."""
    if sum(plain.count(mark) for mark in (b"{", b"[", b",", b"\ndata:")) > MAX_VALUES:
        raise unreadable(f"the answer has more than {MAX_VALUES:,} values")


def is_pulse(data: bytes) -> bool:
    """Whether a piece only says that the connection lives: blanks, or comments in an event stream."""
    return len(data) < _END and all(not line or line.startswith(b":") for line in map(bytes.strip, data.splitlines()))


def _spoken_end(plain: bytearray) -> bytes:
    """The last bytes without the pulses after them."""
    end = bytes(plain[-_END:]).rstrip()
    while (line := end.rfind(b"\n") + 1) and end.startswith(b":", line):
        end = end[:line].rstrip()
    return end


def _is_last_event(plain: bytearray, end: bytes) -> bool:
    """Whether the stream's last event has come to its end, and is one that nothing follows. It is looked at, not parsed: a
    picture in it can be 30 MB."""
    start = plain.rfind(b"\ndata:") + 1
    if not plain.startswith(b"data:", start) or not end.endswith(b"}"):
        return False
    closed = any(plain.find(blank, start) >= 0 for blank in (b"\n\n", b"\r\n\r\n"))
    return closed and (_LAST.search(plain[start : start + _END]) is not None or _LAST.search(end) is not None)


def unreadable(detail: str) -> UpstreamError:
    """A result that was sent, and probably billed, but is of no use; once more is worth a try."""
    return UpstreamError(Outcome.BACKOFF, detail, error_code="unreadable_result", billed=True, max_retries=1)
