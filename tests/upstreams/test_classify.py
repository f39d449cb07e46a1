"""Every word that vendors and relays are known to use for a failure, and what it means, over a real socket."""

import pytest

from backend.upstreams.base import Outcome, UpstreamError
from backend.upstreams.classify import failure
from backend.upstreams.http import Reply
from tests.fakes.relay import ImageRelay, error
from tests.upstreams.cases import a_request, result_of, upstream_at

CODES: dict[Outcome, str] = {
    Outcome.SAFETY: """
        400:moderation_blocked 400:content_policy_violation 400:invalid_prompt 400:image_content_policy_violation
        422:content_policy_violation 400:sensitive_words_detected 400:prompt_blocked 500:sensitive_words_detected
        400:InputTextSensitiveContentDetected 400:InputImageSensitiveContentDetected 400:OutputImageSensitiveContentDetected
        400:SensitiveContentDetected 400:SensitiveContentDetected.SevereViolation 400:SensitiveContentDetected.Violence
        400:PolicyViolation 400:InputImageRiskDetection 400:DataInspectionFailed 400:IPInfringementSuspect
        400:PUBLIC_ERROR_UNSAFE_GENERATION 200:moderation_blocked
    """,
    Outcome.QUOTA: """
        429:insufficient_quota 429:billing_hard_limit_reached 400:billing_hard_limit_reached 429:billing_not_active
        429:organization_spend_limit_exceeded 429:project_spend_limit_exceeded 403:insufficient_user_quota
        429:insufficient_user_quota 403:pre_consume_token_quota_failed 403:entitlement_exhausted 402:anything
        429:Throttling.AllocationQuota 200:Arrearage 400:Arrearage
    """,
    Outcome.AUTH: """
        400:API_KEY_INVALID 401:invalid_api_key 401:anything 403:PERMISSION_DENIED 400:FAILED_PRECONDITION
        403:ServiceNotOpen 403:InvalidAccountStatus 401:AuthenticationError 401:InvalidApiKey 403:Workspace.AccessDenied
        403:access_denied 500:channel:invalid_key 404:model_not_found 503:model_not_found 404:anything 403:anything
    """,
    Outcome.INPUT: """
        400:invalid_image_file 400:image_too_large 400:image_too_small 400:image_file_too_large 400:image_parse_error
        400:invalid_image 400:invalid_image_format 400:invalid_base64_image 400:invalid_image_url 400:invalid_image_mode
        400:unsupported_image_media_type 400:empty_image_file 400:failed_to_download_image 400:image_file_not_found
        400:unknown_parameter 400:InvalidParameter 200:InvalidParameter 400:MissingParameter 400:InvalidImageURL
        400:BadRequest.TooLarge 413:anything 415:anything 422:anything 400:anything
    """,
    Outcome.BACKOFF: """
        408:anything 409:anything 425:anything 500:anything 502:anything 503:anything 504:anything 529:anything
        503:UNAVAILABLE 500:InternalServiceError 500:ServerError 429:rate_limit_exceeded 429:RESOURCE_EXHAUSTED
        429:RateLimitExceeded.EndpointRPMExceeded 429:Throttling.RateQuota 429:Throttling.BurstRate 200:Throttling
        429:token_concurrency_limit_reached 500:write_response_body_failed 500:channel:response_time_exceeded
        503:channel:no_available_key 500:get_channel_failed 503:ServiceOverloaded 500:bad_response_body 500:empty_response
    """,
    Outcome.AMBIGUOUS: "524:anything",
}
ROWS = [(outcome, *row.split(":", 1)) for outcome, rows in CODES.items() for row in rows.split()]


@pytest.mark.parametrize(("outcome", "status", "code"), ROWS, ids=[f"{row[1]} {row[2]}" for row in ROWS])
async def test_a_code_means_what_the_table_says(outcome: Outcome, status: str, code: str) -> None:
    async with ImageRelay() as relay:
        relay.script(error(int(status), "words of their own", code))
        upstream = upstream_at(relay, "openai-chat")
        result = await result_of(upstream.edit(a_request()))
        await upstream.aclose()
    assert isinstance(result, UpstreamError)
    assert result.outcome is outcome
    assert result.detail == "words of their own"
    assert len(relay.requests) == 1


@pytest.mark.parametrize(
    ("status", "words", "outcome"),
    [
        (400, "The model gpt-image-1: size 2048x2048 is not supported", Outcome.INPUT),
        (422, "This model does not take that: size 512x512 is not supported.", Outcome.INPUT),
        (404, "The model x is not supported", Outcome.AUTH),
        (500, "The model x is not supported by any channel", Outcome.AUTH),
        (503, "The model X is no longer available", Outcome.AUTH),
        (500, "This model has been discontinued", Outcome.AUTH),
        (400, "The model x is no longer supported", Outcome.AUTH),
        (503, "The service is not available", Outcome.BACKOFF),
    ],
)
def test_only_what_is_said_of_the_model_itself_stops_everybody(status: int, words: str, outcome: Outcome) -> None:
    found = failure(Reply(status, {}, bytearray()), {"error": {"message": words}})
    assert found is not None
    assert found.outcome is outcome


@pytest.mark.parametrize("headers", [{}, {"retry-after": "7"}])
def test_a_relay_without_a_channel_has_time_to_find_one(headers: dict[str, str]) -> None:
    found = failure(Reply(500, headers, bytearray()), {"error": {"message": "No available channel for model x"}})
    assert found is not None
    assert (found.outcome, found.retry_after) == (Outcome.BACKOFF, 30)
    assert (found.max_retries, found.then) == (2, Outcome.AUTH)


@pytest.mark.parametrize("status", [504, 524])
@pytest.mark.parametrize(
    "body", [b"<html>gateway time-out</html>", b"error code: 524", b""], ids=["page", "text", "empty"]
)
def test_a_proxy_that_lost_patience_late_leaves_it_open_whether_the_work_was_done(status: int, body: bytes) -> None:
    late = failure(Reply(status, {"content-type": "text/html"}, bytearray(body), seconds=100.0), None)
    assert late is not None
    assert (late.outcome, late.billed) == (Outcome.AMBIGUOUS, True)


def test_a_proxy_that_lost_patience_at_once_did_not_pass_it_on() -> None:
    soon = failure(Reply(504, {}, bytearray(b"gateway time-out"), seconds=1.0), None)
    assert soon is not None
    assert (soon.outcome, soon.billed) == (Outcome.BACKOFF, False)
