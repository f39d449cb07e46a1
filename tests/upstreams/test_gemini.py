"""generateContent: what goes out, and what each of its many ways of answering means."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from backend.upstreams.base import EditResult, Outcome, UpstreamError
from tests.fakes.pictures import b64, data_url, jpeg, png, source
from tests.fakes.vendors import FakeGemini, candidate, google_error
from tests.fakes.wire import Answer, json_answer, sse_answer
from tests.upstreams.cases import KEY, Case, a_request, check, result_of, upstream_at

P, J, DRAFT = png(colour=(1, 2, 3)), jpeg(), png(colour=(9, 9, 9))
QUOTA = "type.googleapis.com/google.rpc.QuotaFailure"
RETRY = "type.googleapis.com/google.rpc.RetryInfo"
HELP = {"@type": "type.googleapis.com/google.rpc.Help", "links": [{"description": "x", "url": "https://ai.google.dev"}]}


def inline(data: bytes, **more: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/png", "data": b64(data)}, **more}


def quota(quota_id: str) -> dict[str, Any]:
    return {"@type": QUOTA, "violations": [{"quotaMetric": "generativelanguage.googleapis.com/x", "quotaId": quota_id}]}


def retry(delay: str) -> dict[str, Any]:
    return {"@type": RETRY, "retryDelay": delay}


def finished(reason: str, content: Any = None, **more: Any) -> Answer:
    return json_answer(
        {
            "candidates": [
                {"index": 0, "finishReason": reason, **({"content": content} if content is not None else {}), **more}
            ]
        }
    )


def limited(message: str, *details: dict[str, Any]) -> Answer:
    return google_error(429, "RESOURCE_EXHAUSTED", message, *details)


NESTED = json.dumps(
    {"error": {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED", "details": [retry("7s")]}}
)

CASES = [
    Case("G01 image", json_answer(candidate([inline(J)])), image=J),
    Case("G02 text, image", json_answer(candidate([{"text": "Here you go."}, inline(P)])), image=P),
    Case("G03 image, text", json_answer(candidate([inline(P), {"text": "Done."}])), image=P),
    Case(
        "G04 snake_case", json_answer(candidate([{"inline_data": {"mime_type": "image/png", "data": b64(P)}}])), image=P
    ),
    Case("G05 thought first", json_answer(candidate([inline(DRAFT, thought=True), inline(P)])), image=P),
    Case("thought last", json_answer(candidate([inline(P), inline(DRAFT, thought=True)])), image=P),
    Case(
        "G06 drafts, the last counts",
        json_answer(candidate([inline(DRAFT, thoughtSignature="a"), inline(P, thoughtSignature="b")])),
        image=P,
    ),
    Case("G07 only a thought", json_answer(candidate([inline(DRAFT, thought=True)])), outcome=Outcome.SOFT),
    Case("G08 MAX_TOKENS with image", json_answer(candidate([inline(P)], "MAX_TOKENS")), image=P),
    Case("no finish reason", json_answer(candidate([inline(P)], None)), image=P),
    Case(
        "G09 IMAGE_SAFETY, parts null",
        finished("IMAGE_SAFETY", {"parts": None}, finishMessage="Unable to show the generated image."),
        outcome=Outcome.SOFT,
        code="safety_blocked",
        says="Unable to show the generated image.",
    ),
    Case(
        "G10 IMAGE_OTHER",
        finished("IMAGE_OTHER", {}, finishMessage="Try rephrasing the prompt."),
        outcome=Outcome.SOFT,
        code="no_image_returned",
        says="rephrasing",
    ),
    Case("G11 NO_IMAGE", finished("NO_IMAGE"), outcome=Outcome.SOFT, code="no_image_returned"),
    Case(
        "G12 IMAGE_PROHIBITED_CONTENT",
        finished("IMAGE_PROHIBITED_CONTENT", {"role": "model"}),
        outcome=Outcome.SAFETY,
        code="safety_blocked",
    ),
    *(
        Case(f"finish {word}", finished(word), outcome=Outcome.SAFETY)
        for word in ("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "LANGUAGE")
    ),
    *(
        Case(f"finish {word}", finished(word), outcome=Outcome.SOFT)
        for word in (
            "IMAGE_RECITATION",
            "OTHER",
            "MALFORMED_FUNCTION_CALL",
            "UNEXPECTED_TOOL_CALL",
            "TOO_MANY_TOOL_CALLS",
            "NEVER_SEEN",
        )
    ),
    Case("image with SAFETY", json_answer(candidate([inline(P)], "SAFETY")), outcome=Outcome.SAFETY),
    Case(
        "G13 candidates null",
        json_answer({"candidates": None, "usageMetadata": {"candidatesTokenCount": 0}}),
        outcome=Outcome.SOFT,
        code="no_image_returned",
    ),
    Case("candidates []", json_answer({"candidates": []}), outcome=Outcome.SOFT),
    Case(
        "G14 prompt blocked",
        json_answer({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT", "safetyRatings": []}}),
        outcome=Outcome.SAFETY,
        says="PROHIBITED_CONTENT",
    ),
    Case("G15 blockReason OTHER", json_answer({"promptFeedback": {"blockReason": "OTHER"}}), outcome=Outcome.SOFT),
    *(
        Case(f"blockReason {word}", json_answer({"promptFeedback": {"blockReason": word}}), outcome=Outcome.SAFETY)
        for word in ("IMAGE_SAFETY", "SAFETY", "BLOCKLIST")
    ),
    Case(
        "G16 a text answer",
        json_answer(candidate([{"text": "I can't edit this picture."}])),
        outcome=Outcome.SOFT,
        code="no_image_returned",
        says="I can't edit",
    ),
    Case("G17 markdown with data URL", json_answer(candidate([{"text": f"![image]({data_url(P)})"}])), image=P),
    Case(
        "G18 not base64",
        json_answer(candidate([{"inlineData": {"mimeType": "image/png", "data": "###"}}])),
        outcome=Outcome.BACKOFF,
        code="unreadable_result",
    ),
    Case(
        "G19 base64 of no image",
        json_answer(candidate([{"inlineData": {"mimeType": "image/png", "data": b64(b"nothing at all")}}])),
        outcome=Outcome.BACKOFF,
        code="unreadable_result",
        max_retries=1,
    ),
    Case("wrong label", json_answer(candidate([{"inlineData": {"mimeType": "image/png", "data": b64(J)}}])), image=J),
    Case("stream as array", json_answer([candidate([{"text": "a"}], None), candidate([inline(P)])]), image=P),
    Case(
        "stream of events", sse_answer([candidate([{"text": "a"}], None), candidate([inline(P)])], done=False), image=P
    ),
    Case(
        "G21 bad key",
        google_error(
            400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", reason="API_KEY_INVALID"
        ),
        outcome=Outcome.AUTH,
    ),
    Case(
        "expired key without detail",
        google_error(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key."),
        outcome=Outcome.AUTH,
    ),
    Case(
        "G22 bad image", google_error(400, "INVALID_ARGUMENT", "Unable to process input image."), outcome=Outcome.INPUT
    ),
    Case(
        "G23 location",
        google_error(400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
        outcome=Outcome.AUTH,
    ),
    Case(
        "G24 unsafe as 400",
        google_error(
            400, "INVALID_ARGUMENT", "Request contains an invalid argument.", reason="PUBLIC_ERROR_UNSAFE_GENERATION"
        ),
        outcome=Outcome.SAFETY,
    ),
    Case("403", google_error(403, "PERMISSION_DENIED", "denied"), outcome=Outcome.AUTH),
    Case(
        "404 retired",
        google_error(404, "NOT_FOUND", "models/gemini-3-pro-image-preview is not found"),
        outcome=Outcome.AUTH,
    ),
    Case(
        "G25 per minute",
        limited("You exceeded your current quota", HELP, quota("GenerateRequestsPerMinutePerProject"), retry("38s")),
        outcome=Outcome.AFTER,
        delay=(38, 38),
    ),
    Case(
        "G26 decimals",
        limited("You exceeded your current quota", retry("3.299376739s")),
        outcome=Outcome.AFTER,
        delay=(3.3, 3.3),
    ),
    Case(
        "G27 per day",
        limited("You exceeded your current quota", quota("GenerateRequestsPerDayPerProjectPerModel"), retry("25s")),
        outcome=Outcome.QUOTA,
    ),
    Case(
        "a quota of its own, and no delay",
        limited("You exceeded your current quota", quota("GenerateImagesPerProjectPerModel")),
        outcome=Outcome.QUOTA,
    ),
    Case(
        "a minute's quota, and no delay",
        limited("You exceeded your current quota", quota("GenerateRequestsPerMinutePerProjectPerModel")),
        outcome=Outcome.BACKOFF,
        code="upstream_rate_limited",
    ),
    Case(
        "G28 help only",
        limited("You exceeded your current quota, please check your plan.", HELP),
        outcome=Outcome.QUOTA,
    ),
    Case(
        "G29 no details",
        limited("Resource has been exhausted (e.g. check quota)."),
        outcome=Outcome.BACKOFF,
        code="upstream_rate_limited",
    ),
    Case(
        "G30 delay in words",
        limited("You exceeded your current quota. Please retry in 47.43s."),
        outcome=Outcome.AFTER,
        delay=(47.43, 48),
    ),
    Case(
        "reset in metadata",
        limited("x", {"@type": "ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED", "metadata": {"quotaResetDelay": "12.5s"}}),
        outcome=Outcome.AFTER,
        delay=(12.5, 12.5),
    ),
    Case(
        "G31 overloaded",
        google_error(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        outcome=Outcome.BACKOFF,
        code="upstream_unavailable",
    ),
    Case(
        "G32 array of one",
        json_answer([{"error": {"code": 503, "message": "x", "status": "UNAVAILABLE"}}], 503),
        outcome=Outcome.BACKOFF,
    ),
    Case("G33 JSON in the message", google_error(500, "INTERNAL", NESTED), outcome=Outcome.AFTER, delay=(7, 7)),
    Case("504", google_error(504, "DEADLINE_EXCEEDED", "x"), outcome=Outcome.BACKOFF),
    Case("T05 tail stall", Answer(body=json_answer(candidate([inline(P)])).body, chunked=True, stall=True), image=P),
    Case("not even an object", json_answer("hello"), outcome=Outcome.SOFT),
]


@pytest.fixture
async def google() -> AsyncIterator[FakeGemini]:
    async with FakeGemini() as server:
        yield server


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_an_answer_means_what_the_table_says(google: FakeGemini, case: Case) -> None:
    google.script(case.answer)
    upstream = upstream_at(google, "gemini")
    result = await result_of(upstream.edit(a_request()))
    await upstream.aclose()
    check(case, result)
    assert len(google.requests) == 1


async def test_a_file_is_fetched_by_its_address(google: FakeGemini) -> None:
    url = google.serve_file("/files/1.png", Answer(body=P))
    google.script(json_answer(candidate([{"fileData": {"fileUri": url, "mimeType": "image/png"}}])))
    upstream = upstream_at(google, "gemini")
    result = await upstream.edit(a_request())
    await upstream.aclose()
    assert result.data == P


class TestRequest:
    async def sent(self, google: FakeGemini, request: Any, **config: Any) -> dict[str, Any]:
        upstream = upstream_at(google, "gemini", **config)
        result = await upstream.edit(request)
        await upstream.aclose()
        assert isinstance(result, EditResult)
        return dict(google.requests[-1].json())

    async def test_what_goes_out(self, google: FakeGemini) -> None:
        body = await self.sent(google, a_request(model="gemini-3-pro-image", aspect_ratio="16:9", image_size="2k"))
        assert google.requests[-1].path == "/v1beta/models/gemini-3-pro-image:generateContent"
        assert body["contents"][0]["parts"][0] == {"text": "水彩画风"}
        assert body["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "2K"}

    async def test_the_previous_generation_gets_no_size(self, google: FakeGemini) -> None:
        body = await self.sent(google, a_request(model="gemini-2.5-flash-image", image_size="2K"))
        assert "imageConfig" not in body["generationConfig"]

    async def test_references_go_before_the_image_and_its_shape_is_named(self, google: FakeGemini) -> None:
        references = (source(32, 48), source(48, 32))
        body = await self.sent(google, a_request(references=references, image=source(1600, 900)))
        parts = body["contents"][0]["parts"]
        images = [base64.b64decode(part["inlineData"]["data"]) for part in parts[1:]]
        assert images == [jpeg(32, 48), jpeg(48, 32), jpeg(1600, 900)]
        assert "last image" in parts[0]["text"]
        assert body["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9"}

    async def test_extra_fields_are_merged_into_the_configuration(self, google: FakeGemini) -> None:
        extra = {"generationConfig": {"temperature": 0.2}, "safetySettings": []}
        body = await self.sent(google, a_request(), extra_params=extra)
        assert body["generationConfig"]["temperature"] == 0.2
        assert "IMAGE" in body["generationConfig"]["responseModalities"]

    async def test_the_key_goes_where_it_is_looked_for(self, google: FakeGemini) -> None:
        await self.sent(google, a_request())
        assert google.requests[-1].headers["authorization"] == f"Bearer {KEY}"
        google.relay = False
        await self.sent(google, a_request(), auth="x-goog-api-key")
        assert "authorization" not in google.requests[-1].headers

    async def test_a_model_name_cannot_change_the_path(self, google: FakeGemini) -> None:
        upstream = upstream_at(google, "gemini")
        await upstream.edit(a_request(model="../../x?y=#z"))
        await upstream.aclose()
        assert google.requests[-1].path == "/v1beta/models/..%2F..%2Fx%3Fy%3D%23z:generateContent"


def test_google_itself_gets_its_own_header() -> None:
    from backend.upstreams.config import UpstreamConfig
    from backend.upstreams.gemini import Gemini
    from backend.upstreams.http import Http

    config = UpstreamConfig.model_validate({"name": "g", "provider": "gemini", "api_key": KEY})
    assert Gemini(config, Http(timeout=1)).headers() == {"x-goog-api-key": KEY}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [(jpeg(exif=b""), ""), (b"nothing", "Unable to process")],
)
async def test_the_fake_sees_what_google_sees(google: FakeGemini, data: bytes, complaint: str) -> None:
    from backend.upstreams.base import SourceImage

    upstream = upstream_at(google, "gemini")
    result = await result_of(upstream.edit(a_request(image=SourceImage(data, "image/jpeg", 64, 64))))
    await upstream.aclose()
    assert isinstance(result, UpstreamError) == bool(complaint)
    if isinstance(result, UpstreamError):
        assert (result.outcome, complaint in result.detail) == (Outcome.INPUT, True)
