"""A 4K picture is an answer of 30 MB: what it costs in memory."""

import os
import tracemalloc
from typing import Any

import pytest

from tests.fakes.pictures import b64, data_url, png
from tests.fakes.relay import ImageRelay, completion, image_item
from tests.fakes.vendors import FakeGemini, FakeImages, candidate
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
