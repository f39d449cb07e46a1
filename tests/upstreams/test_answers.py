"""Answers in no vendor's book: results with words beside them, errors wrapped twice, wrong labels, streams that break off."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from backend.upstreams.base import DETAIL_LIMIT, WORDS, EditResult, Outcome, UpstreamError
from backend.upstreams.chat_pictures import words_in
from backend.upstreams.classify import refused
from backend.upstreams.complaints import complaint_in
from tests.fakes.pictures import b64, data_url, png
from tests.fakes.relay import ImageRelay, completion, error, image_item
from tests.fakes.vendor import Vendor
from tests.fakes.vendors import (
    FakeDashScope,
    FakeGemini,
    FakeImages,
    candidate,
    google_error,
    scope_error,
    scope_result,
)
from tests.fakes.wire import Answer, html_answer, json_answer, sse_answer
from tests.upstreams.cases import Case, a_request, check, result_of, upstream_at

P = png(colour=(1, 2, 3))
URL = data_url(P)
CHAT = completion(images=[image_item(URL)])
IMAGES = {"created": 1, "data": [{"b64_json": b64(P)}]}
GEMINI = candidate([{"inlineData": {"mimeType": "image/png", "data": b64(P)}}])
SSE = {"content-type": "text/event-stream"}
SLOW = {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}


def events(*values: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)


def delta(reason: str | None = None, **message: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": message, "finish_reason": reason}]}


PICTURE, FINISH = delta(images=[image_item(URL)]), delta("stop")
USAGE = {"choices": [], "usage": {"total_tokens": 1300}}
OVER = events(PICTURE, FINISH)
QUOTA = {"error": {"message": "当前分组上游负载已饱和", "code": "insufficient_user_quota"}}


def streamed(body: bytes, **more: Any) -> Answer:
    return Answer(200, body, SSE, chunked=True, **more)


BESIDE: dict[str, dict[str, Any]] = {
    "an empty error object": {"error": {"message": "", "type": "", "param": "", "code": None}},
    "an error object of nulls": {"error": {"message": None, "type": None, "param": None, "code": None}},
    "an error object of success": {"error": {"code": 0, "message": "ok"}},
    "error false": {"error": False},
    "words": {"message": "Image generated successfully"},
    "words and a code of its own": {"code": 10000, "msg": "成功"},
    "a detail": {"detail": "auto"},
    "the id of the task that it was": {"task_id": "t-1"},
    "a task that is over": {"id": "task-1", "object": "image.generation.task", "status": "completed"},
    "a success in letters": {"base_resp": {"status_code": "0", "status_msg": "success"}},
}

CHAT_CASES = [
    *(Case(f"picture beside {name}", json_answer({**CHAT, **more}), image=P) for name, more in BESIDE.items()),
    Case("an error beside a picture counts", json_answer({**CHAT, **SLOW}), outcome=Outcome.BACKOFF, says="overloaded"),
    Case("images is one string", json_answer(completion(images=URL)), image=P),
    Case("images is one object", json_answer(completion(images=image_item(URL))), image=P),
    Case("images are bare base64", json_answer(completion(images=[b64(P)])), image=P),
    Case("empty error, no picture", json_answer({"error": {"message": "", "code": ""}}), outcome=Outcome.SOFT),
    Case(
        "nothing but words", json_answer({"success": False, "message": "余额不足"}), outcome=Outcome.QUOTA, says="余额"
    ),
    Case("error true", json_answer({"error": True, "message": "slow down"}, 429), outcome=Outcome.BACKOFF),
    Case(
        "a list of tasks", json_answer({"code": 200, "data": [{"task_id": "t", "status": "x"}]}), outcome=Outcome.AUTH
    ),
    Case("error in error", json_answer({"error": QUOTA}, 429), outcome=Outcome.QUOTA, says="饱和"),
    Case("error in detail", json_answer({"detail": QUOTA}, 429), outcome=Outcome.QUOTA, says="饱和"),
    Case("error in message", json_answer({"error": {"message": QUOTA}}, 429), outcome=Outcome.QUOTA, says="饱和"),
    Case(
        "the provider's words",
        json_answer(
            {"error": {"code": 502, "message": "Provider returned error", "metadata": {"raw": "no such host"}}}
        ),
        outcome=Outcome.BACKOFF,
        says="no such host",
    ),
    Case(
        "the gateway's filter behind the model's STOP",
        json_answer(
            {
                "choices": [
                    {"native_finish_reason": "STOP", "finish_reason": "content_filter", "message": {"content": ""}}
                ]
            }
        ),
        outcome=Outcome.SAFETY,
    ),
    Case("JSON labelled a stream", Answer(200, json.dumps(CHAT).encode(), SSE), image=P),
    Case("an error labelled a stream", Answer(429, json.dumps(QUOTA).encode(), SSE), outcome=Outcome.QUOTA),
    Case("an error as a stream's event", Answer(429, events(QUOTA), SSE), outcome=Outcome.QUOTA),
    Case("JSON after a BOM", Answer(200, b"\xef\xbb\xbf" + json.dumps(CHAT).encode()), image=P),
    Case("UTF-16", Answer(200, json.dumps(CHAT).encode("utf-16")), image=P),
    Case("a stream after a BOM", streamed(b"\xef\xbb\xbf" + OVER), image=P),
    Case("a stream after a comment, unlabelled", Answer(200, b":keepalive\n\n" + OVER), image=P),
    Case("a stream after blank lines, unlabelled", Answer(200, b"\n\n" + OVER), image=P),
    Case("JSON after blank lines", Answer(200, b"\n \n" * 50 + json.dumps(CHAT).encode()), image=P),
    Case("a key twice", Answer(200, b'{"choices": [], ' + json.dumps(CHAT).encode()[1:]), image=P),
    Case("over, but open", streamed(OVER, stall=True), image=P),
    Case("over but for the bill, and open", streamed(OVER + events(USAGE), stall=True), image=P),
    Case("over, a comment, and open", streamed(OVER + b": ping\n\n", stall=True), image=P),
    Case("over, then cut off", streamed(OVER + b": x\n\n", cut_after=len(OVER)), image=P),
    Case("cut off before it was over", streamed(OVER, cut_after=len(events(PICTURE))), outcome=Outcome.AMBIGUOUS),
    Case("cut off in the picture", streamed(OVER, cut_after=200), outcome=Outcome.AMBIGUOUS),
    Case(
        "a page with 400",
        html_answer("The plain HTTP request was sent to HTTPS port", 400),
        outcome=Outcome.BACKOFF,
        max_retries=2,
        then=Outcome.AUTH,
        says="plain HTTP",
    ),
    Case("a page with 403", html_answer("Access prohibited", 403), outcome=Outcome.AUTH, says="Access prohibited"),
    Case("a page with 413", html_answer("Request Entity Too Large", 413), outcome=Outcome.INPUT),
    Case("a page with 500", html_answer("for your safety", 500), outcome=Outcome.BACKOFF, code="upstream_unavailable"),
    Case(
        "a page with 429",
        Answer(429, b"<html>slow", {"content-type": "text/html", "retry-after": "7"}),
        outcome=Outcome.AFTER,
        delay=(7, 7),
    ),
    Case(
        "529 + Retry-After",
        error(529, "x", "overloaded_error", retry_after="30"),
        outcome=Outcome.AFTER,
        delay=(30, 30),
        code="upstream_unavailable",
    ),
    Case("502 + Retry-After", error(502, "x", retry_after="30"), outcome=Outcome.BACKOFF, delay=(30, 30)),
    Case("401 that cannot be read", Answer(401, b"xx", {"content-encoding": "br"}), outcome=Outcome.AUTH),
    Case("gzip that is none", Answer(200, b"{}", {"content-encoding": "gzip"}), outcome=Outcome.BACKOFF),
    Case(
        "a file of this machine",
        json_answer(completion(images=[{"url": "file:///etc/passwd"}])),
        outcome=Outcome.INPUT,
        code="blocked_address",
        says="file:",
    ),
    Case("an address of no host", json_answer(completion(images=[{"url": "/x.png"}])), outcome=Outcome.BACKOFF),
    Case(
        "a drawing",
        json_answer(completion(images=[{"url": "data:image/svg+xml;base64,PHN2Zz4="}])),
        outcome=Outcome.BACKOFF,
    ),
    Case("204", Answer(204), outcome=Outcome.BACKOFF, then=Outcome.AUTH),
    Case("304", Answer(304), outcome=Outcome.AUTH),
]
IMAGES_CASES = [
    *(Case(f"picture beside {name}", json_answer({**IMAGES, **more}), image=P) for name, more in BESIDE.items()),
    Case("data is an object", json_answer({"data": {"b64_json": b64(P)}}), image=P),
    Case("data is a data URL", json_answer({"data": URL}), image=P),
    Case("data is base64", json_answer({"data": b64(P)}), image=P),
    Case("data is words", json_answer({"data": "none today"}), outcome=Outcome.SOFT),
    Case(
        "completed, but open",
        streamed(events({"type": "image_edit.completed", "b64_json": b64(P)}), stall=True),
        image=P,
    ),
]
GEMINI_CASES = [
    *(Case(f"picture beside {name}", json_answer({**GEMINI, **more}), image=P) for name, more in BESIDE.items()),
    Case(
        "an error among a stream's chunks",
        json_answer([candidate([{"text": "a"}], None), SLOW]),
        outcome=Outcome.BACKOFF,
    ),
    Case("an error event", sse_answer([candidate([{"text": "a"}], None), SLOW], done=False), outcome=Outcome.BACKOFF),
    Case("finished, but open", streamed(events(GEMINI), stall=True), image=P),
    Case("a reason that is a number", json_answer({"candidates": [{"finishReason": 3}]}), outcome=Outcome.SOFT),
    Case("500 with a delay", google_error(500, "INTERNAL", "x"), outcome=Outcome.BACKOFF),
]
DASHSCOPE_CASES = [
    Case(
        "a stream of an error",
        sse_answer([json.loads(scope_error("DataInspectionFailed", "x").body)]),
        outcome=Outcome.SAFETY,
    ),
    Case("a stream of nothing", sse_answer([{"output": {}}]), outcome=Outcome.SOFT),
    Case("empty code", json_answer({"code": "", "message": "", "output": {}}), outcome=Outcome.SOFT),
]
ALL: list[tuple[str, Callable[[], Vendor], Case]] = [
    *(("openai-chat", ImageRelay, case) for case in CHAT_CASES),
    *(("openai-images", FakeImages, case) for case in IMAGES_CASES),
    *(("gemini", FakeGemini, case) for case in GEMINI_CASES),
    *(("dashscope", FakeDashScope, case) for case in DASHSCOPE_CASES),
]


@pytest.mark.parametrize(("provider", "fake", "case"), ALL, ids=[f"{kind} {case.id}" for kind, _, case in ALL])
async def test_an_answer_never_seen_before(provider: str, fake: Callable[[], Vendor], case: Case) -> None:
    async with fake() as vendor:
        vendor.script(case.answer)
        upstream = upstream_at(vendor, provider)
        result = await result_of(upstream.edit(a_request()))
        await upstream.aclose()
    check(case, result)


async def test_a_streamed_result_of_dashscope_is_the_last_one() -> None:
    async with FakeDashScope() as vendor:
        url = vendor.serve_file("/oss/x.png", Answer(body=P))
        vendor.script(sse_answer([{"output": {}}, scope_result(url), {"output": {"choices": []}}]))
        upstream = upstream_at(vendor, "dashscope")
        result = await upstream.edit(a_request())
        await upstream.aclose()
    assert result.data == P


@pytest.mark.parametrize("pulse", [b" ", b"\n", b": ping\n\n"], ids=["blank", "line", "comment"])
async def test_pulses_after_a_whole_answer_do_not_keep_it_open(pulse: bytes) -> None:
    """Some gateways go on saying that they live; the answer is over a moment after its last word."""
    whole = OVER if pulse.startswith(b":") else json.dumps(CHAT).encode()
    kind = SSE if pulse.startswith(b":") else {"content-type": "application/json"}
    headers = "".join(f"{name}: {value}\r\n" for name, value in kind.items())

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\n{headers}transfer-encoding: chunked\r\n\r\n".encode())
        writer.write(b"%x\r\n%b\r\n" % (len(whole), whole))
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"%x\r\n%b\r\n" % (len(pulse), pulse))
                await writer.drain()
                await asyncio.sleep(0.05)

    async with ImageRelay() as vendor:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            upstream = upstream_at(vendor, "openai-chat", base_url=base_url, timeout=10)
            result = await result_of(upstream.edit(a_request()))
            await upstream.aclose()
    assert isinstance(result, EditResult)
    assert result.data == P


async def test_a_refusal_before_the_request_was_read_is_heard() -> None:
    """A gateway that takes no large body answers, and hangs up, while the body is still on its way."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with ImageRelay() as vendor:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        async with server:
            base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            upstream = upstream_at(vendor, "openai-chat", base_url=base_url, timeout=10)
            result = await result_of(upstream.edit(a_request(prompt="x" * 20_000_000)))
            await upstream.aclose()
    assert isinstance(result, UpstreamError)
    # its words are lost when the connection is reset before they were read; that nothing was billed is known all the same
    assert result.outcome in {Outcome.INPUT, Outcome.BACKOFF}, result.detail
    assert not result.billed


def test_only_the_first_words_of_a_flood_are_looked_at() -> None:
    """To look for a safety word in 30 MB of them took a minute, and everybody else waited for it."""
    flood = "image of a model " * 1_000_000
    found = complaint_in({"error": {"message": flood, "metadata": {"raw": flood}}})
    assert found is not None
    assert len(found.message) <= 2 * WORDS + len(" | ")
    assert len(words_in(completion(flood, refusal=flood))) <= 2 * WORDS + 1
    assert len(refused("x", flood).detail) <= DETAIL_LIMIT
