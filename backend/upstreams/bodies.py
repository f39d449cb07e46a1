"""An answer's bytes: how many are too many, what compression is undone, and when nothing is missing from them."""

import json
import zlib

from backend.upstreams.base import Outcome, UpstreamError

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_IMAGE_BYTES = 50 * 1024 * 1024


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
    """Whether nothing is missing from what came so far: it is JSON to the end, or a finished event stream."""
    try:
        plain = decoded(body, encoding)
        end = plain[-64:].rstrip()
        if end.endswith(b"data: [DONE]"):
            return True
        if not end.endswith((b"}", b"]")):
            return False
        json.loads(plain)
    except (ValueError, RecursionError, UpstreamError):
        return False
    return True


def unreadable(detail: str) -> UpstreamError:
    """A result that was sent, and probably billed, but is of no use; once more is worth a try."""
    return UpstreamError(Outcome.BACKOFF, detail, error_code="unreadable_result", billed=True, max_retries=1)
