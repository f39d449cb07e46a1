"""The chat protocol: every place where a picture was ever found, and every way of not sending one."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from backend.upstreams.base import EditResult, Outcome, UpstreamError
from backend.upstreams.chat_pictures import merged, pictures_in
from tests.fakes.pictures import b64, data_url, jpeg, png, source
from tests.fakes.relay import ImageRelay, completion, error, image_item, sent_images
from tests.fakes.wire import Answer, html_answer, json_answer, sse_answer
from tests.upstreams.cases import Case, a_request, check, not_frozen, result_of, upstream_at

P = png(colour=(1, 2, 3))
DRAFT = png(colour=(9, 9, 9))
URL = data_url(P)
FILE = "/results/a%2Fb.png?sig=a%2Fb&e=1"


def delta(**message: Any) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": message, "finish_reason": None}]}


MARKDOWN = f"Done!\n![image]({URL})"
SPLIT = [MARKDOWN[start : start + len(MARKDOWN) // 5 + 1] for start in range(0, len(MARKDOWN), len(MARKDOWN) // 5 + 1)]

PICTURES = {
    "C01 message.images": completion(images=[image_item(URL)]),
    "C02 LiteLLM": completion(images=[{"image_url": {"url": URL, "detail": "auto"}, "index": 0, "type": "image_url"}]),
    "C03 images url": completion(images=[{"url": URL}]),
    "images string": completion(images=[URL]),
    "image_url string": completion(images=[{"type": "image_url", "image_url": URL}]),
    "C04 content list": completion([{"type": "text", "text": "Here"}, image_item(URL)]),
    "C05 multi_mod snake": completion(
        multi_mod_content=[{"text": "ok"}, {"inline_data": {"mime_type": "image/png", "data": b64(P)}}]
    ),
    "C05 multi_mod camel": completion(
        multi_mod_content=[{"inlineData": {"mimeType": "image/png", "data": b64(P)}}, {"text": "ok"}]
    ),
    "C06 image_base64": completion(multi_modal_content=[{"type": "image", "image_base64": b64(P)}]),
    "C06 b64_json": completion(multi_modal_content=[{"b64_json": b64(P)}]),
    "C06 data": completion(multi_modal_content=[{"type": "image", "data": b64(P)}]),
    "C07 markdown data URL": completion(MARKDOWN),
    "C09 bare data URL": completion(URL),
    "text with data URL": completion(f"Result: {URL} enjoy"),
    "HTML": completion(f'<p><img alt="x" src="{URL}"></p>'),
    "C12 attachments": completion(
        "", custom_content={"attachments": [{"type": "image/png", "title": "Image", "data": b64(P)}]}
    ),
    "C11 images shape": {"created": 1, "data": [{"b64_json": b64(P)}], "usage": {}},
    "images shape prefixed": {"created": 1, "data": [{"b64_json": URL}]},
    "drafts first": completion(images=[image_item(data_url(DRAFT)), image_item(URL)]),
    "thought last": completion(
        multi_mod_content=[{"inlineData": {"data": b64(P)}}, {"thought": True, "data": b64(DRAFT)}]
    ),
    "markdown in a content list": completion([{"type": "text", "text": MARKDOWN}]),
    "url-safe base64 in lines": completion(
        images=[
            {
                "b64_json": "\n".join(
                    base64.urlsafe_b64encode(P).decode().rstrip("=")[i : i + 76] for i in range(0, 999, 76)
                )
            }
        ]
    ),
}

CASES = [
    *(Case(name, json_answer(body), image=P) for name, body in PICTURES.items()),
    Case("C13 SSE delta.images", sse_answer([delta(role="assistant"), delta(images=[image_item(URL)])]), image=P),
    Case("C14 one huge chunk", sse_answer([delta(content=MARKDOWN)]), image=P),
    Case("C15 split over deltas", sse_answer([delta(content=part) for part in SPLIT]), image=P),
    Case("SSE without [DONE]", sse_answer([delta(content=part) for part in SPLIT], done=False), image=P),
    Case("SSE with whole message", sse_answer([completion(images=[image_item(URL)])]), image=P),
    Case(
        "SSE under another type",
        Answer(body=sse_answer([delta(content=MARKDOWN)]).body, headers={"content-type": "application/json"}),
        image=P,
    ),
    Case("one-element list", json_answer([{"error": {"code": 503, "message": "x"}}]), outcome=Outcome.BACKOFF),
    Case("C11 choices []", json_answer({"choices": []}), outcome=Outcome.SOFT, code="no_image_returned"),
    Case(
        "C12 content_filter",
        json_answer(
            {
                "choices": [
                    {
                        "finish_reason": "content_filter",
                        "native_finish_reason": "PROHIBITED_CONTENT",
                        "message": {"content": None},
                    }
                ]
            }
        ),
        outcome=Outcome.SAFETY,
        code="safety_blocked",
        says="PROHIBITED_CONTENT",
    ),
    Case(
        "picture with a safety finish",
        json_answer({"choices": [{"finish_reason": "content_filter", "message": {"images": [image_item(URL)]}}]}),
        outcome=Outcome.SAFETY,
    ),
    Case(
        "text only",
        json_answer(completion("I can't edit this.")),
        outcome=Outcome.SOFT,
        code="no_image_returned",
        says="I can't",
    ),
    Case(
        "text about safety",
        json_answer(completion("Blocked by our safety filter")),
        outcome=Outcome.SOFT,
        code="safety_blocked",
    ),
    Case("refusal field", json_answer(completion(None, refusal="No.")), outcome=Outcome.SOFT, says="No."),
    Case(
        "IMAGE_SAFETY finish",
        json_answer(
            {"choices": [{"native_finish_reason": "IMAGE_SAFETY", "finish_reason": "stop", "message": {"content": ""}}]}
        ),
        outcome=Outcome.SOFT,
        code="safety_blocked",
    ),
    Case(
        "C13 error in 200",
        json_answer({"error": {"code": 502, "message": "Provider returned error"}}),
        outcome=Outcome.BACKOFF,
    ),
    Case(
        "error in choice",
        json_answer({"choices": [{"finish_reason": "error", "error": {"code": 429, "message": "slow down"}}]}),
        outcome=Outcome.BACKOFF,
        code="upstream_rate_limited",
    ),
    Case(
        "C17 error in stream",
        sse_answer([delta(content="a"), delta(content="b"), {"error": {"code": 429, "message": "Rate limited"}}]),
        outcome=Outcome.BACKOFF,
        code="upstream_rate_limited",
    ),
    Case(
        "C18 429 without money",
        error(429, "当前分组上游负载已饱和，请稍后再试", "insufficient_user_quota", "insufficient_quota"),
        outcome=Outcome.QUOTA,
    ),
    Case(
        "429 saturated",
        error(429, "当前分组上游负载已饱和，请稍后再试", "429"),
        outcome=Outcome.BACKOFF,
        code="upstream_rate_limited",
    ),
    Case("C20 403 quota", error(403, "用户额度不足, 剩余额度: $0.0", "insufficient_user_quota"), outcome=Outcome.QUOTA),
    Case("403 quota in words", error(403, "用户额度不足", "403"), outcome=Outcome.QUOTA),
    Case(
        "C21 prompt_blocked",
        error(400, "request blocked by Gemini API: SAFETY", "prompt_blocked"),
        outcome=Outcome.SAFETY,
    ),
    Case(
        "C23 retired model",
        error(503, "no available channel for model x under group default", "model_not_found"),
        outcome=Outcome.AUTH,
    ),
    Case(
        "no key left at the relay",
        error(503, "无可用渠道", "channel:no_available_key"),
        outcome=Outcome.BACKOFF,
        delay=(30, 30),
        max_retries=2,
        then=Outcome.AUTH,
    ),
    Case(
        "C25 login page",
        html_answer("<html><body>Sign in</body></html>"),
        outcome=Outcome.BACKOFF,
        max_retries=2,
        then=Outcome.AUTH,
        says="Sign in",
    ),
    Case("empty body", Answer(200), outcome=Outcome.BACKOFF, max_retries=2, then=Outcome.AUTH),
    Case("not JSON", Answer(200, b"ok", {"content-type": "text/plain"}), outcome=Outcome.BACKOFF, then=Outcome.AUTH),
    Case(
        "C26 kie task",
        json_answer({"code": 200, "msg": "success", "data": {"taskId": "t1"}}),
        outcome=Outcome.AUTH,
        says="asynchronous",
    ),
    Case(
        "C26 evolink task",
        json_answer({"id": "task-unified-1", "object": "image.generation.task", "status": "pending", "progress": 0}),
        outcome=Outcome.AUTH,
    ),
    Case("401", error(401, "Incorrect API key provided", "invalid_api_key"), outcome=Outcome.AUTH),
    Case("402", error(402, "Insufficient credits", 402), outcome=Outcome.QUOTA),
    Case(
        "403 moderation",
        json_answer({"error": {"code": 403, "message": "flagged", "metadata": {"reasons": ["violence"]}}}, 403),
        outcome=Outcome.SAFETY,
    ),
    Case("403 otherwise", error(403, "forbidden"), outcome=Outcome.AUTH),
    Case(
        "403 unverified",
        error(403, "Your organization must be verified to use the model `gpt-image-2`."),
        outcome=Outcome.AUTH,
    ),
    Case("404", error(404, "No endpoints found"), outcome=Outcome.AUTH),
    Case("408", error(408, "timeout"), outcome=Outcome.BACKOFF),
    Case("413", error(413, "too big"), outcome=Outcome.INPUT, code="upstream_bad_request"),
    Case("415", error(415, "type"), outcome=Outcome.INPUT),
    Case("422", error(422, "prompt: field required"), outcome=Outcome.INPUT),
    Case("400 plain", error(400, "bad"), outcome=Outcome.INPUT),
    Case("400 busy", error(400, "AI服务繁忙"), outcome=Outcome.BACKOFF),
    Case("400 too large", error(400, "图片大小超过 10MB"), outcome=Outcome.INPUT),
    Case("400 audit", error(400, "Content security audit did not pass | 内容安全审查未通过"), outcome=Outcome.SAFETY),
    Case("400 sensitive", error(400, "x", "sensitive_words_detected"), outcome=Outcome.SAFETY),
    Case("500 unsafe", error(500, "The generated images appear to be unsafe."), outcome=Outcome.SAFETY),
    Case(
        "500 IMAGE_SAFETY",
        error(
            500, "Gemini image generation blocked [IMAGE_SAFETY]: x (request id: 1)", "channel:image_generation_failed"
        ),
        outcome=Outcome.SOFT,
        code="safety_blocked",
    ),
    Case(
        "400 wrapping a refusal cut short",
        error(
            400,
            '{"candidates":[{"content":{"role":"model"},"finishReason":"IMAGE_PROHIBITED_CONTENT","finishMess',
            "bad_response",
        ),
        outcome=Outcome.SAFETY,
    ),
    Case(
        "STOP without image",
        error(500, "gemini blocked: finish_reason:STOP (candidate stopped before producing an image)"),
        outcome=Outcome.SOFT,
    ),
    Case(
        "Azure block",
        error(
            422,
            "Your resource has been temporarily blocked because we detected behavior that may violate our content policy",
            "Forbidden",
        ),
        outcome=Outcome.AUTH,
    ),
    Case("500", error(500, "oops"), outcome=Outcome.BACKOFF, code="upstream_unavailable"),
    Case("529", error(529, "overloaded", "overloaded_error"), outcome=Outcome.BACKOFF),
    Case(
        "503 + Retry-After",
        error(503, "later", retry_after="7"),
        outcome=Outcome.AFTER,
        delay=(7, 7),
        code="upstream_unavailable",
    ),
    Case(
        "429 + Retry-After",
        error(429, "later", retry_after="7"),
        outcome=Outcome.AFTER,
        delay=(7, 7),
        code="upstream_rate_limited",
    ),
    Case(
        "429 + ms",
        error(429, "later", retry_after_ms="1500", retry_after="20"),
        outcome=Outcome.AFTER,
        delay=(1.5, 1.5),
    ),
    Case(
        "429 + date",
        error(429, "x", retry_after="Wed, 21 Oct 2026 07:28:30 GMT", date="Wed, 21 Oct 2026 07:28:00 GMT"),
        outcome=Outcome.AFTER,
        delay=(30, 30),
    ),
    Case("429 + 10^9", error(429, "x", retry_after="1000000000"), outcome=Outcome.AFTER, delay=(900, 900)),
    *(
        Case(f"429 + {value!r}", error(429, "x", retry_after=value), outcome=Outcome.AFTER, delay=(1, 1))
        for value in ("0", "-1")
    ),
    *(
        Case(f"429 + {value!r}", error(429, "x", retry_after=value), outcome=Outcome.BACKOFF)
        for value in ("soon", "nan", "inf")
    ),
    Case(
        "429 words",
        error(429, "please slow down and try again after 51.84 seconds"),
        outcome=Outcome.AFTER,
        delay=(51.8, 52),
    ),
    Case(
        "429 minutes",
        error(429, "Rate limit reached. Please try again in 1m30s."),
        outcome=Outcome.AFTER,
        delay=(90, 90),
    ),
    Case(
        "R02",
        json_answer({"detail": "Request was throttled. Your rate limit resets in ~30s."}, 429),
        outcome=Outcome.AFTER,
        delay=(30, 30),
    ),
    Case("524", Answer(524, b"error code: 524"), outcome=Outcome.AMBIGUOUS, code="upstream_timeout"),
    Case(
        "write failed at the relay",
        error(500, "write tcp: connection reset", "write_response_body_failed", "shell_api_error"),
        outcome=Outcome.BACKOFF,
    ),
    Case(
        "minimax",
        json_answer({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}),
        outcome=Outcome.QUOTA,
    ),
    Case("key echoed", error(401, "Invalid key sk-relay-0123456789abcdef"), outcome=Outcome.AUTH, says="[key]"),
    Case(
        "base64 of no image",
        json_answer(completion(images=[{"b64_json": b64(b"<html>rate limit")}])),
        outcome=Outcome.BACKOFF,
        code="unreadable_result",
        max_retries=1,
    ),
    Case(
        "not base64",
        json_answer(completion(images=[{"b64_json": "%%%%"}])),
        outcome=Outcome.BACKOFF,
        code="unreadable_result",
    ),
    Case("images null", json_answer(completion(images=None)), outcome=Outcome.SOFT),
    Case("T02 cut", Answer(body=json_answer(completion(MARKDOWN)).body, cut_after=200), outcome=Outcome.AMBIGUOUS),
    Case(
        "T04 long length", Answer(body=json_answer(completion(MARKDOWN)).body, content_length=99_999, fin=True), image=P
    ),
    Case(
        "T06 redirect",
        Answer(302, headers={"location": "https://elsewhere.example/login"}),
        outcome=Outcome.AUTH,
        says="elsewhere.example",
    ),
]


@pytest.fixture
async def relay() -> AsyncIterator[ImageRelay]:
    async with ImageRelay() as server:
        yield server


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_an_answer_means_what_the_table_says(relay: ImageRelay, case: Case) -> None:
    relay.script(case.answer)
    upstream = upstream_at(relay, "openai-chat")
    result = await result_of(upstream.edit(a_request()))
    await upstream.aclose()
    check(case, result)
    assert len(relay.requests) == 1, "an adapter does not repeat by itself"


@pytest.mark.parametrize(
    "shape",
    [
        "![image]({url})",
        "Look: ![x]({url})\n[download]({url})",
        "{url}",
        "Your image: {url}",
        '<img src="{url}">',
    ],
)
async def test_a_result_by_address_is_fetched_once_without_the_key(relay: ImageRelay, shape: str) -> None:
    url = relay.serve_file("/results/a.png", Answer(body=P)) + "?sig=a%2Fb&e=1"
    relay.script(json_answer(completion(shape.format(url=url))))
    upstream = upstream_at(relay, "openai-chat")
    result = await upstream.edit(a_request())
    await upstream.aclose()
    assert result.data == P
    assert [request.path for request in relay.requests[1:]] == ["/results/a.png?sig=a%2Fb&e=1"]


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/x.png", "http://10.0.0.1/x.png", "http://[::1]/x.png", "http://localhost:1/x.png"]
)
async def test_a_result_elsewhere_inside_is_refused(relay: ImageRelay, url: str) -> None:
    relay.script(
        json_answer(completion(f"![x]({url})")), json_answer(completion(images=[{"url": "file:///etc/passwd"}]))
    )
    upstream = upstream_at(relay, "openai-chat")
    for _ in range(2):
        result = await result_of(upstream.edit(a_request()))
        assert isinstance(result, UpstreamError)
        assert result.error_code == "blocked_address"
    await upstream.aclose()


class TestRequest:
    async def sent(self, relay: ImageRelay, request: Any, **config: Any) -> dict[str, Any]:
        upstream = upstream_at(relay, "openai-chat", **config)
        result = await upstream.edit(request)
        await upstream.aclose()
        assert isinstance(result, EditResult)
        return dict(relay.requests[-1].json())

    async def test_what_goes_out(self, relay: ImageRelay) -> None:
        body = await self.sent(relay, a_request(aspect_ratio="3:2", image_size="2K"))
        assert body["model"] == "fake-image-model"
        assert body["stream"] is False
        assert body["modalities"] == ["image", "text"]
        assert body["image_config"] == {"aspect_ratio": "3:2", "image_size": "2K"}
        assert body["messages"][0]["content"][0] == {"type": "text", "text": "水彩画风"}
        assert sent_images(relay.requests[-1]) == [source().data]
        assert relay.requests[-1].headers["content-type"] == "application/json"

    async def test_no_option_is_sent_that_was_not_asked_for(self, relay: ImageRelay) -> None:
        assert "image_config" not in await self.sent(relay, a_request())

    @pytest.mark.parametrize(
        ("model", "config", "last"),
        [
            ("google/gemini", {}, True),
            ("openai/gpt-image-2", {}, False),
            ("google/gemini", {"image_order": "image-first"}, False),
        ],
    )
    async def test_references_stand_where_the_model_expects_them(
        self, relay: ImageRelay, model: str, config: dict[str, str], last: bool
    ) -> None:
        references = (source(32, 48), source(48, 32))
        body = await self.sent(relay, a_request(model=model, references=references, image=source(300, 200)), **config)
        images = [jpeg(32, 48), jpeg(48, 32)]
        edited = source(300, 200).data
        assert sent_images(relay.requests[-1]) == ([*images, edited] if last else [edited, *images])
        assert ("last" if last else "first") in body["messages"][0]["content"][0]["text"]
        assert body["image_config"]["aspect_ratio"] == "3:2"

    async def test_an_unknown_option_is_left_out_once(self, relay: ImageRelay) -> None:
        relay.script(
            json_answer(
                {
                    "error": {
                        "message": "Unknown parameter",
                        "type": "invalid_request_error",
                        "param": "image_config",
                        "code": "unknown_parameter",
                    }
                },
                400,
            )
        )
        body = await self.sent(relay, a_request(aspect_ratio="1:1"))
        assert "image_config" not in body
        assert "modalities" in body

    @pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
    async def test_the_address_may_be_given_with_or_without_version(self, relay: ImageRelay, suffix: str) -> None:
        await self.sent(relay, a_request(), base_url=relay.base_url + suffix)
        assert relay.requests[-1].path == "/v1/chat/completions"

    async def test_the_operators_own_fields_and_headers(self, relay: ImageRelay) -> None:
        body = await self.sent(relay, a_request(), extra_params={"seed": 7}, extra_headers={"x-title": "Nano"})
        assert body["seed"] == 7
        assert relay.requests[-1].headers["x-title"] == "Nano"


async def test_a_slow_upstream_is_given_up_in_time(relay: ImageRelay) -> None:
    relay.script(Answer(hang=True))
    upstream = upstream_at(relay, "openai-chat", timeout=1)
    result = await result_of(upstream.edit(a_request()))
    await upstream.aclose()
    assert isinstance(result, UpstreamError)
    assert (result.outcome, result.billed) == (Outcome.AMBIGUOUS, True)


@pytest.mark.parametrize("piece", ["![", "![a](", "<img ", "data:image/", "http://"])
def test_hostile_text_does_not_take_long(piece: str) -> None:
    with not_frozen():
        pictures_in({"choices": [{"message": {"content": piece * (20_000_000 // len(piece))}}]})


def test_a_stream_of_many_small_lists_does_not_take_long() -> None:
    events = [{"choices": [{"delta": {"images": [URL]}}]}] * 200_000
    with not_frozen():
        assert pictures_in(merged(events)) == [URL]


def test_the_fake_relay_refuses_what_a_relay_refuses() -> None:
    assert json.loads(error(400, "x").body)["error"]["message"] == "x"
