"""Answers that nobody ever sent: whatever they look like, an adapter ends with an image or with one clear error."""

import asyncio
import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.upstreams.base import DETAIL_LIMIT, EditResult, Outcome, UpstreamError
from backend.upstreams.config import UpstreamConfig
from backend.upstreams.http import Http, Reply
from backend.upstreams.registry import ADAPTERS
from tests.fakes.pictures import png
from tests.fakes.wire import Answer
from tests.upstreams import test_dashscope, test_gemini, test_openai_chat, test_openai_images
from tests.upstreams.cases import KEY, a_request

SEEDS: list[Answer] = [
    case.answer
    for cases in (
        test_gemini.CASES,
        test_openai_chat.CASES,
        test_openai_images.CASES,
        test_openai_images.ARK_CASES,
        test_dashscope.CASES,
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
        assert (result.retry_after is not None) == (result.outcome is Outcome.AFTER)
    return result


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
