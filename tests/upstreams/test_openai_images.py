"""The images API in its three dialects: multipart edits, Ark, SiliconFlow."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from backend.upstreams.base import EditResult, Outcome, UpstreamError
from tests.fakes.pictures import b64, data_url, jpeg, png, source
from tests.fakes.vendor import error
from tests.fakes.vendors import FakeImages, form_of, unknown_parameter
from tests.fakes.wire import Answer, json_answer, sse_answer
from tests.upstreams.cases import Case, a_request, check, not_frozen, result_of, upstream_at

P, DRAFT = png(colour=(1, 2, 3)), png(colour=(9, 9, 9))
MODERATED = {
    "message": "Your request was rejected by the safety system. safety_violations=[violence]",
    "type": "image_generation_user_error",
    "param": None,
    "code": "moderation_blocked",
    "moderation_details": {"moderation_stage": "output", "categories": ["violence"]},
}


def ark_error(code: str, status: int = 400) -> Answer:
    return json_answer({"error": {"code": code, "message": "m", "param": "", "type": "BadRequest"}}, status)


CASES = [
    Case("O01 b64_json", json_answer({"created": 1, "data": [{"b64_json": b64(P)}]}), image=P),
    Case("O02 with a data URL prefix", json_answer({"created": 1, "data": [{"b64_json": data_url(P)}]}), image=P),
    Case("O05 data []", json_answer({"created": 1, "data": []}), outcome=Outcome.SOFT, code="no_image_returned"),
    Case("O06 moderation", json_answer({"error": MODERATED}, 400), outcome=Outcome.SAFETY),
    Case("O07 legacy policy", error(400, "x", "content_policy_violation"), outcome=Outcome.SAFETY),
    Case("invalid_prompt", error(400, "x", "invalid_prompt"), outcome=Outcome.SAFETY),
    Case(
        "O08 invalid image",
        error(400, "Invalid image file or mode for image 1", "invalid_image_file"),
        outcome=Outcome.INPUT,
        says="image 1",
    ),
    Case("O10 unknown and not ours to drop", unknown_parameter("prompt"), outcome=Outcome.INPUT),
    Case(
        "O11 no money",
        error(429, "You exceeded your current quota", "insufficient_quota", "insufficient_quota", retry_after="2"),
        outcome=Outcome.QUOTA,
    ),
    Case(
        "billing limit",
        error(400, "Billing hard limit has been reached", "billing_hard_limit_reached"),
        outcome=Outcome.QUOTA,
    ),
    Case(
        "O12 rate",
        error(429, "Rate limit", "rate_limit_exceeded", retry_after="20"),
        outcome=Outcome.AFTER,
        delay=(20, 20),
    ),
    Case(
        "O13 delay in words",
        error(429, "please slow down and try again after 51.84 seconds", "rate_limit_exceeded"),
        outcome=Outcome.AFTER,
        delay=(51.84, 52),
    ),
    Case(
        "O14 milliseconds",
        error(429, "x", "rate_limit_exceeded", retry_after_ms="1500"),
        outcome=Outcome.AFTER,
        delay=(1.5, 1.5),
    ),
    Case(
        "O15 unverified",
        error(403, "Your organization must be verified to use the model `gpt-image-2`."),
        outcome=Outcome.AUTH,
    ),
    Case(
        "O16 bad key",
        error(401, "Incorrect API key provided: sk-relay-0123456789abcdef", "invalid_api_key"),
        outcome=Outcome.AUTH,
    ),
    Case("O17 server error", error(500, "The server had an error", None, "server_error"), outcome=Outcome.BACKOFF),
    Case(
        "O18 stream",
        sse_answer(
            [
                {"type": "image_edit.partial_image", "b64_json": b64(DRAFT), "partial_image_index": 0},
                {"type": "image_edit.partial_image", "b64_json": b64(DRAFT), "partial_image_index": 1},
                {"type": "image_edit.completed", "b64_json": b64(P), "usage": {}},
            ],
            done=False,
        ),
        image=P,
    ),
    Case(
        "stream of previews only",
        sse_answer([{"type": "image_edit.partial_image", "b64_json": b64(DRAFT)}]),
        outcome=Outcome.SOFT,
    ),
    Case("stream with an error", sse_answer([{"type": "error", "error": MODERATED}]), outcome=Outcome.SAFETY),
    Case(
        "MiniMax",
        json_answer({"data": {"image_base64": [b64(P)]}, "base_resp": {"status_code": 0, "status_msg": "success"}}),
        image=P,
    ),
    Case("a chat answer", json_answer({"choices": [{"message": {"content": f"![i]({data_url(P)})"}}]}), image=P),
    Case("empty base64", json_answer({"data": [{"b64_json": ""}]}), outcome=Outcome.SOFT),
    Case("null base64", json_answer({"data": [{"b64_json": None}]}), outcome=Outcome.SOFT),
    Case("a number", json_answer({"data": [{"b64_json": 7}]}), outcome=Outcome.SOFT),
    Case("a task", json_answer({"task_id": "t-1", "status": "queued"}), outcome=Outcome.AUTH),
]

ARK_CASES = [
    Case(
        "A01",
        json_answer(
            {
                "model": "m",
                "created": 1,
                "data": [{"b64_json": b64(P), "size": "2048x2048"}],
                "usage": {"generated_images": 1},
            }
        ),
        image=P,
    ),
    Case(
        "A02 item error",
        json_answer(
            {
                "data": [{"error": {"code": "OutputImageSensitiveContentDetected", "message": "m"}}],
                "usage": {"generated_images": 0},
            }
        ),
        outcome=Outcome.SAFETY,
    ),
    Case("A03 input", ark_error("InputImageSensitiveContentDetected"), outcome=Outcome.SAFETY),
    Case("text", ark_error("InputTextSensitiveContentDetected.SevereViolation"), outcome=Outcome.SAFETY),
    Case("policy", ark_error("PolicyViolation"), outcome=Outcome.SAFETY),
    Case("A04 none generated", json_answer({"data": [], "usage": {"generated_images": 0}}), outcome=Outcome.SOFT),
    Case(
        "error in 200",
        json_answer({"error": {"code": "InternalServiceError", "message": "m"}}),
        outcome=Outcome.BACKOFF,
    ),
    Case("parameter", ark_error("InvalidParameter"), outcome=Outcome.INPUT),
    Case("image address", ark_error("InvalidImageURL"), outcome=Outcome.INPUT),
    Case("key", ark_error("AuthenticationError", 401), outcome=Outcome.AUTH),
    Case("not open", ark_error("ServiceNotOpen", 404), outcome=Outcome.AUTH),
    Case("account", ark_error("InvalidAccountStatus", 403), outcome=Outcome.AUTH),
    Case(
        "rate",
        ark_error("RateLimitExceeded.EndpointRPMExceeded", 429),
        outcome=Outcome.BACKOFF,
        code="upstream_rate_limited",
    ),
    Case(
        "stream",
        sse_answer(
            [
                {"type": "image_generation.partial_succeeded", "image_index": 0, "b64_json": b64(P)},
                {"type": "image_generation.completed", "usage": {"generated_images": 1}},
            ]
        ),
        image=P,
    ),
    Case(
        "stream failed",
        sse_answer(
            [
                {
                    "type": "image_generation.partial_failed",
                    "error": {"code": "OutputImageSensitiveContentDetected", "message": "m"},
                }
            ]
        ),
        outcome=Outcome.SAFETY,
    ),
]


@pytest.fixture
async def vendor() -> AsyncIterator[FakeImages]:
    async with FakeImages() as server:
        yield server


async def edited(vendor: FakeImages, request: Any, **config: Any) -> EditResult | UpstreamError:
    upstream = upstream_at(vendor, "openai-images", **config)
    result = await result_of(upstream.edit(request))
    await upstream.aclose()
    return result


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_an_answer_means_what_the_table_says(vendor: FakeImages, case: Case) -> None:
    vendor.script(case.answer)
    check(case, await edited(vendor, a_request()))


@pytest.mark.parametrize("case", ARK_CASES, ids=lambda case: case.id)
async def test_an_answer_of_ark_too(vendor: FakeImages, case: Case) -> None:
    vendor.script(case.answer)
    check(case, await edited(vendor, a_request(), dialect="ark"))


@pytest.mark.parametrize(
    ("dialect", "shape"),
    [("openai", "data"), ("ark", "data"), ("siliconflow", "images"), ("siliconflow", "data")],
    ids=["O03", "ark", "S01", "siliconflow as openai"],
)
async def test_a_result_by_address(vendor: FakeImages, dialect: str, shape: str) -> None:
    url = vendor.serve_file("/oss/a.png", Answer(body=P)) + "?Expires=1&Signature=a%2Fb"
    vendor.script(json_answer({shape: [{"url": url}]}))
    result = await edited(vendor, a_request(), dialect=dialect)
    assert isinstance(result, EditResult)
    assert result.data == P
    assert vendor.requests[-1].path == "/oss/a.png?Expires=1&Signature=a%2Fb"


class TestMultipart:
    async def test_one_image(self, vendor: FakeImages) -> None:
        assert isinstance(await edited(vendor, a_request(model="gpt-image-2")), EditResult)
        assert vendor.requests[0].path == "/v1/images/edits"
        fields, files = form_of(vendor.requests[0])
        assert fields == {"model": "gpt-image-2", "prompt": "水彩画风", "n": "1"}
        assert [(name, data) for name, _, data in files] == [("image", source().data)]

    async def test_the_image_goes_before_its_references(self, vendor: FakeImages) -> None:
        request = a_request(model="gpt-image-2", references=(source(32, 48), source(48, 32)), image=source(600, 400))
        assert isinstance(await edited(vendor, request), EditResult)
        fields, files = form_of(vendor.requests[0])
        assert [data for _, _, data in files] == [jpeg(600, 400), jpeg(32, 48), jpeg(48, 32)]
        assert {name for name, _, _ in files} == {"image[]"}
        assert "first image" in fields["prompt"]

    @pytest.mark.parametrize(
        ("model", "options", "size"),
        [
            ("gpt-image-2", {"aspect_ratio": "16:9"}, "1360x768"),
            ("gpt-image-2", {"aspect_ratio": "1:1", "image_size": "2K"}, "2048x2048"),
            ("gpt-image-2", {"aspect_ratio": "16:9", "image_size": "4K"}, "3840x2160"),
            ("gpt-image-2", {"aspect_ratio": "4:3", "image_size": "4K"}, "3312x2496"),
            ("gpt-image-1.5", {"aspect_ratio": "3:2"}, "1536x1024"),
            ("gpt-image-1.5", {"aspect_ratio": "9:16"}, "1024x1536"),
            ("gpt-image-1.5", {"image_size": "1K"}, "1024x1024"),
        ],
    )
    async def test_sizes_that_the_model_has(
        self, vendor: FakeImages, model: str, options: dict[str, str], size: str
    ) -> None:
        assert isinstance(await edited(vendor, a_request(model=model, **options)), EditResult)
        assert form_of(vendor.requests[0])[0]["size"] == size

    async def test_fidelity_is_asked_for_where_it_exists(self, vendor: FakeImages) -> None:
        for model, asked in (
            ("gpt-image-1.5", True),
            ("gpt-image-1", True),
            ("gpt-image-1-mini", False),
            ("gpt-image-1-mini-2025-10-06", False),
            ("gpt-image-2", False),
        ):
            assert isinstance(await edited(vendor, a_request(model=model)), EditResult)
            assert ("input_fidelity" in form_of(vendor.requests[-1])[0]) == asked

    async def test_the_operator_s_own_fields_go_out_as_a_form_has_them(self, vendor: FakeImages) -> None:
        extra = {"quality": "high", "n": 1, "stream": False}
        vendor.known = vendor.known | {"stream"}
        assert isinstance(await edited(vendor, a_request(model="gpt-image-2"), extra_params=extra), EditResult)
        fields = form_of(vendor.requests[0])[0]
        assert {name: fields[name] for name in extra} == {"quality": "high", "n": "1", "stream": "false"}

    async def test_o09_an_unknown_option_is_left_out_once(self, vendor: FakeImages) -> None:
        vendor.known = vendor.known - {"input_fidelity"}
        assert isinstance(await edited(vendor, a_request(model="gpt-image-1.5")), EditResult)
        first, second = (form_of(request)[0] for request in vendor.requests)
        assert set(first) - set(second) == {"input_fidelity"}

    async def test_o19_it_is_left_out_only_once(self, vendor: FakeImages) -> None:
        vendor.script(unknown_parameter("n"), unknown_parameter("n"))
        result = await edited(vendor, a_request())
        assert isinstance(result, UpstreamError)
        assert (result.outcome, len(vendor.requests)) == (Outcome.INPUT, 2)


class TestArk:
    async def test_what_goes_out(self, vendor: FakeImages) -> None:
        assert isinstance(await edited(vendor, a_request(), dialect="ark"), EditResult)
        assert vendor.requests[0].path == "/api/v3/images/generations"
        body = vendor.requests[0].json()
        assert body["image"] == data_url(source().data, "image/jpeg")
        assert (body["watermark"], body["size"], body["response_format"]) == (False, "2K", "b64_json")

    async def test_references_and_size(self, vendor: FakeImages) -> None:
        request = a_request(references=(source(32, 48),), aspect_ratio="1:1", image_size="2K")
        assert isinstance(await edited(vendor, request, dialect="ark"), EditResult)
        body = vendor.requests[0].json()
        assert [base64.b64decode(image.partition(",")[2]) for image in body["image"]] == [source().data, jpeg(32, 48)]
        assert body["size"] == "2048x2048"

    @pytest.mark.parametrize(
        ("base_url", "dialect"),
        [
            ("https://ark.cn-beijing.volces.com/api/v3", "ark"),
            ("https://ark.ap-southeast.bytepluses.com", "ark"),
            ("https://api.siliconflow.cn/v1", "siliconflow"),
            ("https://api.openai.com/v1", "openai"),
            ("https://volces.com.evil.example", "openai"),
        ],
    )
    async def test_the_dialect_follows_the_address(self, vendor: FakeImages, base_url: str, dialect: str) -> None:
        upstream = upstream_at(vendor, "openai-images", base_url=base_url)
        await upstream.aclose()
        assert vars(upstream)["dialect"] == dialect


async def test_many_events_do_not_take_long(vendor: FakeImages) -> None:
    """A picture among many words, and then thousands of empty events: each is looked through once."""
    words = f"![a]({data_url(P)})" + ("![" + "x" * 220) * 9_000
    vendor.script(sse_answer([{"choices": [{"message": {"content": words}}]}, *[{}] * 3_000]))
    with not_frozen():
        result = await edited(vendor, a_request(), timeout=60)
    assert isinstance(result, EditResult)
    assert result.data == P


async def test_an_empty_event_at_the_end_hides_no_picture(vendor: FakeImages) -> None:
    done = {"type": "image_edit.completed", "b64_json": b64(P)}
    for stream in ([{}, done, {}], [done, {"usage": {}}]):
        vendor.script(sse_answer(stream))
        result = await edited(vendor, a_request())
        assert isinstance(result, EditResult)
        assert result.data == P


async def test_siliconflow_numbers_its_images(vendor: FakeImages) -> None:
    assert isinstance(await edited(vendor, a_request(references=(source(32, 48),)), dialect="siliconflow"), EditResult)
    body = vendor.requests[0].json()
    assert vendor.requests[0].path == "/v1/images/generations"
    assert body["image"] == data_url(source().data, "image/jpeg")
    assert body["image2"] == data_url(jpeg(32, 48), "image/jpeg")


async def test_a_phone_picture_that_was_not_prepared_is_refused(vendor: FakeImages) -> None:
    from PIL import Image

    from backend.upstreams.base import SourceImage

    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = SourceImage(jpeg(exif=exif.tobytes()), "image/jpeg", 64, 64)
    result = await edited(vendor, a_request(image=sideways))
    assert isinstance(result, UpstreamError)
    assert (result.outcome, "not upright" in result.detail) == (Outcome.INPUT, True)
