"""A 4K picture is an answer of 30 MB: what it costs in memory."""

import json
import os
import threading
import tracemalloc
from typing import Any

import pytest

from backend.upstreams.answers import read
from backend.upstreams.base import UpstreamError
from backend.upstreams.bodies import is_whole
from backend.upstreams.complaints import Complaint, complaint_in
from backend.upstreams.http import Reply
from tests.fakes.pictures import b64, data_url, png
from tests.fakes.relay import ImageRelay, completion, image_item
from tests.fakes.vendors import FakeDashScope, FakeGemini, FakeImages, candidate
from tests.fakes.wire import Answer, json_answer, sse_answer
from tests.upstreams.cases import a_request, upstream_at

BIG = png() + os.urandom(22_500_000)
LIMIT = 150_000_000


def delta(text: str) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}}]}


MARKDOWN = f"![image]({data_url(BIG)})"
ANSWERS = {
    "chat": (ImageRelay, "openai-chat", json_answer(completion(images=[image_item(data_url(BIG))]))),
    "markdown": (ImageRelay, "openai-chat", json_answer(completion(MARKDOWN))),
    "one huge event": (ImageRelay, "openai-chat", sse_answer([delta(MARKDOWN)])),
    "gemini": (
        FakeGemini,
        "gemini",
        json_answer(candidate([{"inlineData": {"mimeType": "image/png", "data": b64(BIG)}}])),
    ),
    "images": (FakeImages, "openai-images", json_answer({"data": [{"b64_json": b64(BIG)}]})),
}


@pytest.mark.parametrize(
    ("shape", "stall"), [*((shape, False) for shape in ANSWERS), ("chat", True), ("one huge event", True)]
)
async def test_thirty_megabytes_cost_less_than_a_hundred_and_fifty(shape: str, stall: bool) -> None:
    fake, provider, whole = ANSWERS[shape]
    answer = Answer(whole.status, whole.body, whole.headers, chunked=True, stall=stall)
    assert len(answer.body) > 30_000_000
    async with fake() as server:
        server.script(answer)
        upstream = upstream_at(server, provider, timeout=60)
        tracemalloc.start()
        result = await upstream.edit(a_request())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        await upstream.aclose()
    assert result.data == BIG
    assert peak < LIMIT, f"{peak / 1e6:.0f} MB"


CRUMBS = {
    "objects": b'{"data":[' + b"{}," * 1_000_000 + b"{}]}",
    "numbers": b'{"data":[' + b"1.5," * 1_000_000 + b"0]}",
    "lists": b'{"data":[' + b"[]," * 1_000_000 + b"[]]}",
    "events": b"data:7\n\n" * 1_100_000,
}


@pytest.mark.parametrize("crumbs", CRUMBS)
async def test_an_answer_of_crumbs_is_not_parsed(crumbs: str) -> None:
    tracemalloc.start()
    with pytest.raises(UpstreamError) as refused:
        await read(Reply(200, {}, bytearray(CRUMBS[crumbs])))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.value.error_code == "unreadable_result"
    assert peak < 20_000_000, f"{peak / 1e6:.0f} MB"
    assert not is_whole(bytearray(CRUMBS[crumbs]), "")


STREAMS = {
    "openai-chat": (ImageRelay, delta("word")),
    "openai-images": (FakeImages, {"type": "image_edit.completed"}),
    "gemini": (FakeGemini, candidate([{"text": "word"}], None)),
    "dashscope": (FakeDashScope, {"output": {"choices": []}}),
}


@pytest.mark.parametrize("provider", STREAMS)
@pytest.mark.parametrize("status", [200, 500])
async def test_a_long_stream_is_gone_through_in_a_thread(
    provider: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred thousand events take seconds, in which the event loop serves everybody else."""
    where: set[bool] = set()

    def watched(document: Any) -> Complaint | None:
        where.add(threading.current_thread() is threading.main_thread())
        return complaint_in(document)

    for module in ("answers", "classify"):
        monkeypatch.setattr(f"backend.upstreams.{module}.complaint_in", watched)
    fake, event = STREAMS[provider]
    async with fake() as server:
        answer = sse_answer([event] * 20_000)
        server.script(Answer(status, answer.body, answer.headers))
        upstream = upstream_at(server, provider, timeout=60)
        with pytest.raises(UpstreamError):
            await upstream.edit(a_request())
        await upstream.aclose()
    assert where == {False}


async def test_a_stream_of_many_words_is_read() -> None:
    word = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1760000000, "model": "m", "usage": None}
    choice = {"index": 0, "delta": {"role": "assistant", "content": "word, "}, "logprobs": None, "finish_reason": None}
    event = b"data: " + json.dumps({**word, "choices": [choice]}).encode() + b"\n\n"
    assert len(await read(Reply(200, {"content-type": "text/event-stream"}, bytearray(event * 50_000)))) == 50_000
