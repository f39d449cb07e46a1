"""Answers that nobody ever sent: whatever they look like, an adapter ends with an image or with one clear error."""

import asyncio
import copy
import gzip
import json
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.upstreams.answers import image_type
from backend.upstreams.base import DETAIL_LIMIT, ERROR_CODES, EditResult, Outcome, UpstreamError
from backend.upstreams.config import UpstreamConfig
from backend.upstreams.http import Http, Reply
from backend.upstreams.registry import ADAPTERS
from tests.fakes.pictures import png
from tests.fakes.wire import Answer, Received, WireServer
from tests.upstreams import test_answers, test_dashscope, test_gemini, test_openai_chat, test_openai_images
from tests.upstreams.cases import KEY, a_request, upstream_at

SEEDS: list[Answer] = [
    case.answer
    for cases in (
        test_gemini.CASES,
        test_openai_chat.CASES,
        test_openai_images.CASES,
        test_openai_images.ARK_CASES,
        test_dashscope.CASES,
        test_answers.CHAT_CASES,
        test_answers.IMAGES_CASES,
    )
    for case in cases
    if case.answer.body
]
DIALECTS = [
    ("openai-chat", "auto"),
    ("gemini", "auto"),
    ("openai-images", "openai"),
    ("openai-images", "ark"),
    ("openai-images", "siliconflow"),
    ("dashscope", "auto"),
    ("dashscope", "dashscope-async"),
]

KNOWN = {*ERROR_CODES.values(), "blocked_address", "unreadable_result"}

odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        [
            "",
            "data:",
            "data:image/png;base64,",
            "http://",
            "https://[",
            "//x",
            "file:///etc/passwd",
            "\ud800",
            "![x](data:image/png;base64,AA)",
        ]
    ),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just([[]]),
    st.just({"error": {"code": [], "details": {"a": 1}, "metadata": {"raw": "{"}}}),
    st.recursive(
        st.none() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=6,
    ),
)


class Canned(Http):
    """Gives one answer to every call, and a picture to every download."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(timeout=1)
        self.reply = reply

    async def call(self, method: str, url: str, *, headers: Mapping[str, str], **rest: Any) -> Reply:
        return Reply(self.reply.status, self.reply.headers, bytearray(self.reply.body), self.reply.seconds)

    async def download(self, url: str) -> bytes:
        return png()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every node of a JSON value."""
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


def replaced(document: Any, path: tuple[Any, ...], value: Any, *, drop: bool) -> Any:
    if not path:
        return value
    document = copy.deepcopy(document)
    node = document
    for key in path[:-1]:
        node = node[key]
    if drop:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return document


def ends_well(provider: str, dialect: str, reply: Reply) -> EditResult | UpstreamError:
    """Run the adapter without the net that `edit` has below it."""

    async def run() -> EditResult | UpstreamError:
        config = UpstreamConfig.model_validate({"name": "x", "provider": provider, "dialect": dialect, "api_key": KEY})
        adapter: Any = ADAPTERS[provider](config, Canned(reply))
        adapter.first_poll_seconds = adapter.poll_seconds = 0
        try:
            await adapter._edited(a_request())
            return await adapter.edit(a_request())
        except UpstreamError as error:
            return error
        finally:
            await adapter.aclose()

    result = asyncio.run(run())
    if isinstance(result, UpstreamError):
        assert result.error_code
        assert len(result.detail) <= DETAIL_LIMIT
        assert KEY not in str(result)
        waits = {Outcome.AFTER, Outcome.BACKOFF} if result.retry_after else {*Outcome} - {Outcome.AFTER}
        assert result.outcome in waits
    return result


def on_the_wire(provider: str, dialect: str, answer: Answer) -> EditResult | UpstreamError:
    """The same over a real socket, with the net that `edit` has below it."""

    async def answered(_: Received) -> Answer:
        return answer

    async def run() -> EditResult | UpstreamError:
        async with WireServer(answered) as server:
            adapter: Any = upstream_at(server, provider, dialect=dialect, timeout=1)
            adapter.first_poll_seconds = adapter.poll_seconds = 0.001
            adapter._http._quiet = adapter._http._retry_delay = 0.01
            try:
                return await adapter.edit(a_request())
            except UpstreamError as error:
                return error
            finally:
                await adapter.aclose()

    return asyncio.run(run())


WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda body: body,
    "BOM": lambda body: b"\xef\xbb\xbf" + body,
    "UTF-16": lambda body: body.decode("utf-8", "replace").encode("utf-16"),
    "blanks": lambda body: b" \r\n" * 50 + body + b"\n" * 50,
    "twice": lambda body: body + body,
    "an event": lambda body: b"data: " + body + b"\n\ndata: [DONE]\n\n",
    "an array": lambda body: b"[" + body + b"]",
    "nested": lambda body: b'{"error": ' + body + b"}",
    "quoted": lambda body: json.dumps({"error": {"message": body.decode("utf-8", "replace")}}).encode(),
    "numbers as text": lambda body: re.sub(rb"(?<=[:\[ ])(\d+)(?=[,}\]])", rb'"\1"', body),
    "keys twice": lambda body: body.replace(b"{", b'{"error": null, "code": null, ', 1),
    "gzip": gzip.compress,
    "gzip cut short": lambda body: gzip.compress(body)[:-9],
    "deflate": zlib.compress,
}


def reply_of(answer: Answer, body: bytes) -> Reply:
    return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, bytearray(body))


anything = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.mark.parametrize(("provider", "dialect"), DIALECTS)
@anything
@given(data=st.data())
def test_a_document_with_something_else_in_some_place(provider: str, dialect: str, data: st.DataObject) -> None:
    answer = data.draw(st.sampled_from(SEEDS))
    try:
        document = json.loads(answer.body)
    except ValueError:
        return
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(document)))
        document = replaced(document, path, data.draw(odd_values), drop=data.draw(st.booleans()))
    status = data.draw(st.sampled_from([200, 200, answer.status, 400, 429, 500]))
    body = json.dumps(document).encode()
    ends_well(provider, dialect, reply_of(Answer(status, headers=answer.headers), body))


@pytest.mark.parametrize(("provider", "dialect"), DIALECTS)
@settings(parent=anything, max_examples=80)
@given(data=st.data())
def test_bytes_that_were_cut_or_damaged(provider: str, dialect: str, data: st.DataObject) -> None:
    answer = data.draw(st.sampled_from(SEEDS))
    body = bytearray(answer.body)
    for _ in range(data.draw(st.integers(0, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    ends_well(provider, dialect, reply_of(answer, bytes(body[: data.draw(st.integers(0, len(body)))])))


@pytest.mark.parametrize(("provider", "dialect"), DIALECTS)
@settings(parent=anything, max_examples=60)
@given(body=st.binary(max_size=200), status=st.integers(200, 599))
def test_bytes_without_any_sense(provider: str, dialect: str, body: bytes, status: int) -> None:
    assert isinstance(ends_well(provider, dialect, Reply(status, {}, bytearray(body))), UpstreamError)


@pytest.mark.parametrize(("provider", "dialect"), DIALECTS)
@settings(parent=anything, max_examples=60)
@given(data=st.data())
def test_answers_wrapped_labelled_and_cut_at_random(provider: str, dialect: str, data: st.DataObject) -> None:
    """A picture that comes back is the one that was sent, whole; everything else is one clear error."""
    answer = data.draw(st.sampled_from([seed for seed in SEEDS if not seed.hang]))
    body = answer.body
    for name in data.draw(st.lists(st.sampled_from(sorted(WRAPPINGS)), max_size=2)):
        body = WRAPPINGS[name](body)
    headers = {
        "content-type": data.draw(
            st.sampled_from(
                ["application/json", "text/event-stream", "text/html", "image/png", "", ";;", "text/plain; charset=x"]
            )
        ),
        "content-encoding": data.draw(st.sampled_from(["", "identity", "gzip", "GZIP", "deflate", "br", "gzip, gzip"])),
        "retry-after": data.draw(
            st.sampled_from(["", "7", "-1", "nan", "1e3", "Wed, 21 Oct 2026 07:28:30 GMT", "soon", "9" * 40])
        ),
        "location": data.draw(st.sampled_from(["", "/x", "http://127.0.0.1:1/", "http://[", "//"])),
    }
    status = data.draw(
        st.sampled_from([200, 200, 200, answer.status, 201, 204, 302, 400, 401, 403, 404, 429, 500, 503, 524, 599])
    )
    cut = data.draw(st.none() | st.integers(0, len(body)))
    sent = Answer(
        status,
        b"" if status == 204 else body,
        {name: value for name, value in headers.items() if value},
        chunked=data.draw(st.booleans()) and status != 204,
        cut_after=cut if status != 204 else None,
        piece=data.draw(st.sampled_from([7, 1000, 65536])) if len(body) < 5000 else 65536,
    )
    result = on_the_wire(provider, dialect, sent)
    if isinstance(result, EditResult):
        assert status < 300
        assert image_type(result.data)
    else:
        assert KEY not in str(result)
        assert result.error_code in KNOWN


@pytest.mark.parametrize(("provider", "dialect"), DIALECTS)
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"data": [' + b'{"b64_json": "AAAA"},' * 10_000 + b"0]}",
        b"NaN",
        b'{"choices": NaN}',
        '{"error": {"message": "x"}}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b"1" * 5000,
        b"data: " * 50_000,
    ],
    ids=["deep list", "deep object", "many items", "NaN", "NaN inside", "UTF-16", "BOM", "long number", "many data"],
)
def test_documents_that_hurt(provider: str, dialect: str, body: bytes) -> None:
    assert isinstance(ends_well(provider, dialect, Reply(200, {}, bytearray(body))), UpstreamError)
