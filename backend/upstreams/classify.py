"""What a failed answer means. Codes beat status, status beats message; the tables are tried from the top."""

import re
from collections.abc import Iterable
from typing import Any

from backend.upstreams.base import ERROR_CODES, WORDS, Outcome, UpstreamError, sanitise
from backend.upstreams.complaints import Complaint, complaint_in
from backend.upstreams.delays import from_headers, from_words
from backend.upstreams.http import Reply

SAFETY_BLOCKED = "safety_blocked"

CODES: tuple[tuple[Outcome, str], ...] = (
    (
        Outcome.SAFETY,
        r"moderation_blocked|content_policy_violation|image_content_policy_violation|invalid_prompt|prompt_blocked"
        r"|sensitive_words_detected|.*sensitivecontentdetected.*|datainspectionfailed|data_inspection_failed"
        r"|ipinfringementsuspect|policyviolation.*|.*riskdetection|.*unsafe_generation.*|content_filter"
        r"|(?:image_)?prohibited_content|blocklist",
    ),
    (
        Outcome.QUOTA,
        r"insufficient_(?:user_)?quota|insufficient_(?:credits?|balance|funds)|pre_consume_token_quota_failed|billing_.*"
        r"|(?:organization|project)_spend_limit_exceeded|arrearage|throttling\.allocationquota|entitlement_.*"
        r"|accountoverdueerror|setlimitexceeded|quota_exceeded",
    ),
    (
        Outcome.AUTH,
        r"api_key_invalid|invalid_?api_?key|api_key_expired|authentication_?error|unauthenticated|unauthorized|permission_denied"
        r"|permission_error|channel:invalid_key|access_denied|(?:workspace\.)?accessdenied.*|servicenotopen|modelnotopen"
        r"|invalidaccountstatus|failed_precondition|model_?not_?found|model_not_exist|not_found|invalidendpointormodel.*",
    ),
    (
        Outcome.INPUT,
        r"invalid_image_file|image_(?:file_)?too_(?:large|small)|unknown_parameter|invalid_?parameter.*|missing_?parameter.*"
        r"|invalidimageurl|badrequest\..+|invalid_image(?:_format|_mode|_url)?|invalid_base64_image|image_parse_error"
        r"|unsupported_image_media_type|empty_image_file|failed_to_download_image|image_file_not_found"
        r"|context_length_exceeded|string_above_max_length|invalid_value|invalidurl",
    ),
    (
        Outcome.AFTER,
        r"rate_limit_exceeded|rate_limit_error|rate_limited|ratelimitexceeded.*|throttling.*|resource_exhausted"
        r"|too_many_requests|token_concurrency_limit_reached|requestlimitexceeded|limit_requests|limit_burst_rate",
    ),
    (
        Outcome.BACKOFF,
        r"unavailable|internalserviceerror|server_?error|internal|internalerror.*|serviceoverloaded|overloaded_error"
        r"|engine_overloaded|deadline_exceeded|write_response_body_failed|channel:response_time_exceeded"
        r"|channel:no_available_key|get_channel_failed|serviceunavailable.*|requesttimeout.*",
    ),
)
NO_CHANNEL = re.compile(r"channel:no_available_key|get_channel_failed|no available channel|无可用渠道", re.I)
NO_CHANNEL_SECONDS = 30.0
"""A relay without a channel for a model often has one again soon; three times without, and it has none."""

STATUSES: dict[int, Outcome] = {
    401: Outcome.AUTH,
    402: Outcome.QUOTA,
    404: Outcome.AUTH,
    405: Outcome.AUTH,
    408: Outcome.BACKOFF,
    409: Outcome.BACKOFF,
    413: Outcome.INPUT,
    415: Outcome.INPUT,
    425: Outcome.BACKOFF,
    429: Outcome.AFTER,
    524: Outcome.AMBIGUOUS,
}
"""Statuses that mean the same whatever is written beside them. The others depend on the message."""

MESSAGES: tuple[tuple[Outcome, str], ...] = (
    (Outcome.AUTH, r"(?:resource|account) has been (?:temporarily )?(?:blocked|suspended|disabled)"),
    (Outcome.SOFT, r"\b(?:IMAGE_SAFETY|IMAGE_OTHER|NO_IMAGE|IMAGE_RECITATION)\b|stopped before producing an image"),
    (
        Outcome.SAFETY,
        r"safety|moderation|content[_ ]polic|content[_ ]filter|prohibited|unsafe|nsfw|sensitive (?:content|word|information)"
        r"|内容安全|安全审查|敏感|违规|违禁",
    ),
    (
        Outcome.QUOTA,
        r"insufficient (?:user |account )?(?:quota|balance|credit|fund)|额度不足|余额不足|欠费|exceeded your (?:current )?quota"
        r"|(?:remaining )?credit (?:limit|balance)|out of credits|more credits|billing (?:hard )?limit|spend(?:ing)? limit",
    ),
    (
        Outcome.AUTH,
        r"api[ _-]?key (?:is )?(?:not valid|invalid|expired|missing)|(?:invalid|incorrect|expired) api[ _-]?key"
        r"|must be verified|location is not supported|model.{0,60}(?:not found|not exist|not available|retired"
        r"|no longer (?:available|supported)|discontinued|decommissioned|has been (?:shut ?down|deprecated))"
        r"|无效的?令牌|令牌(?:无效|已过期|状态不可用)|模型不存在|unauthorized",
    ),
    (
        Outcome.BACKOFF,
        r"繁忙|饱和|并发上限|overload|load is too high|try again later|temporarily unavailable|无可用渠道|no available channel",
    ),
    (
        Outcome.INPUT,
        r"unable to process input image|(?:image|file|request|payload).{0,30}too large|图片大小超过"
        r"|(?:unsupported|invalid) image",
    ),
)

SAFETY_FINISHES = frozenset(
    "safety prohibited_content image_prohibited_content blocklist spii recitation language content_filter".split()  # noqa: SIM905
)
SAFETY_BLOCKS = SAFETY_FINISHES | {"image_safety", "model_armor", "jailbreak"}

_CODE_RULES = tuple((outcome, re.compile(pattern)) for outcome, pattern in CODES)
_MESSAGE_RULES = tuple((outcome, re.compile(pattern, re.I)) for outcome, pattern in MESSAGES)
_SAFETY_WORDS = next(rule for outcome, rule in _MESSAGE_RULES if outcome is Outcome.SAFETY)
_UNSUPPORTED_MODEL = re.compile(r"model.{0,60}not supported", re.I)
_FINISH_INSIDE = re.compile(r'"?(?:finish|block)_?reason"?\s*[:=]\s*"?([A-Za-z_]+)', re.I)


def failure(reply: Reply, document: object, secrets: Iterable[str] = ()) -> UpstreamError | None:
    """The error that an answer is, or None when it complains of nothing and its status is good."""
    complaint = complaint_in(document)
    if complaint is None:
        if reply.status < 400:
            return None
        complaint = Complaint(messages=[_plain(reply)])
        if _is_page(reply):
            return _page(reply, complaint, secrets)
    return _decided(reply, complaint, document is None, secrets)


def complained(document: object, secrets: Iterable[str] = ()) -> UpstreamError | None:
    """The same for an error that came inside a good answer: an event of a stream, one item of several."""
    return failure(Reply(200, {}, bytearray()), document, secrets)


def refused(reason: str, words: str, *, secrets: Iterable[str] = ()) -> UpstreamError:
    """An answer that ended for `reason` without an image; `words` are what the upstream said about it."""
    reason, words = reason[:WORDS], words[:WORDS]
    detail = ": ".join(part for part in (reason, words) if part) or "the answer has no image"
    if reason.lower() in SAFETY_FINISHES:
        return UpstreamError(Outcome.SAFETY, detail, secrets=secrets)
    safety = "safety" in reason.lower() or _SAFETY_WORDS.search(words)
    return UpstreamError(Outcome.SOFT, detail, error_code=SAFETY_BLOCKED if safety else None, secrets=secrets)


def blocked_prompt(reason: str, words: str = "", *, secrets: Iterable[str] = ()) -> UpstreamError:
    """A prompt that was not even tried."""
    if reason.lower() in SAFETY_BLOCKS:
        detail = ": ".join(part for part in (f"the request was blocked ({reason})", words) if part)
        return UpstreamError(Outcome.SAFETY, detail, secrets=secrets)
    return refused(reason, words, secrets=secrets)


def not_an_answer(reply: Reply, secrets: Iterable[str] = ()) -> UpstreamError:
    """HTML, nothing, or something else that no API sends: a gateway's bad moment, or a wrong address."""
    what = reply.content_type or ("something without a type" if reply.body else "nothing")
    detail = f"the address answers {what} instead of JSON (wrong base URL?): {_plain(reply)}"
    return UpstreamError(Outcome.BACKOFF, detail, max_retries=2, then=Outcome.AUTH, secrets=secrets)


def asynchronous(secrets: Iterable[str] = ()) -> UpstreamError:
    """A task instead of an image: the address belongs to another protocol."""
    return UpstreamError(
        Outcome.AUTH, "this upstream is asynchronous: it answers a task, not an image", secrets=secrets
    )


def _page(reply: Reply, complaint: Complaint, secrets: Iterable[str]) -> UpstreamError:
    """A page for people, with an error's status: a gateway's, whose words are about itself and not about any image."""
    if reply.status < 500 and reply.status != 403 and reply.status not in STATUSES:
        return not_an_answer(reply, secrets)
    words = Complaint(messages=[f"HTTP {reply.status}: a page instead of JSON"])
    error = _decided(reply, words, True, secrets)
    error.detail = sanitise(f"HTTP {reply.status}: {complaint.message}", secrets)
    return error


def _decided(reply: Reply, complaint: Complaint, unreadable: bool, secrets: Iterable[str]) -> UpstreamError:
    status = next(iter(complaint.statuses), reply.status)
    message = complaint.message
    outcome = _by_code(complaint)
    if outcome is None:
        finish = _FINISH_INSIDE.search(message)
        if finish and finish.group(1).lower() not in {"stop", "max_tokens"}:
            return refused(finish.group(1), message, secrets=secrets)
        outcome = _by_status(status, message, complaint)
    if status in {504, 524} and unreadable and reply.seconds > 60:
        # a proxy lost its patience; the upstream behind it probably finished, and charged
        outcome = Outcome.AMBIGUOUS
    extra: dict[str, Any] = {"billed": outcome is Outcome.AMBIGUOUS, "param": complaint.param, "secrets": secrets}
    if outcome is Outcome.SOFT and _SAFETY_WORDS.search(message):
        extra["error_code"] = SAFETY_BLOCKED
    if outcome is Outcome.AFTER or (outcome is Outcome.BACKOFF and status in {429, 503, 529}):
        extra["retry_after"] = complaint.retry_delay or from_headers(reply.headers) or from_words(message)
        limited = outcome is Outcome.AFTER or status == 429
        extra["error_code"] = ERROR_CODES[Outcome.AFTER if limited else Outcome.BACKOFF]
        outcome = Outcome.AFTER if extra["retry_after"] else Outcome.BACKOFF
    elif outcome is Outcome.BACKOFF:
        # other failures count as attempts; the next one comes no sooner than was asked for
        extra["retry_after"] = from_headers(reply.headers)
    if outcome is Outcome.BACKOFF and NO_CHANNEL.search(" ".join([*complaint.codes, message])):
        patience = max(extra.get("retry_after") or 0.0, NO_CHANNEL_SECONDS)
        extra |= {"max_retries": 2, "then": Outcome.AUTH, "retry_after": patience}
    return UpstreamError(outcome, message or f"HTTP {status}", **extra)


def _by_code(complaint: Complaint) -> Outcome | None:
    for outcome, pattern in _CODE_RULES:
        if any(pattern.fullmatch(code) for code in complaint.codes):
            return _unless_spent(complaint) if outcome is Outcome.AFTER else outcome
    return Outcome.SAFETY if complaint.flagged else None


def _by_status(status: int, message: str, complaint: Complaint) -> Outcome:
    certain = STATUSES.get(status)
    if certain is Outcome.AFTER:
        return _unless_spent(complaint)
    if certain is not None:
        return certain
    for outcome, pattern in _MESSAGE_RULES:
        if pattern.search(message):
            return outcome
    if status == 403:
        return Outcome.AUTH
    if 400 <= status < 500:
        # "model X: size Y is not supported" is said of the request, and must not stop everybody's work
        return Outcome.INPUT
    return Outcome.AUTH if _UNSUPPORTED_MODEL.search(message) else Outcome.BACKOFF


def _unless_spent(complaint: Complaint) -> Outcome:
    """A limit on rate passes by itself; a day's allowance or an empty account does not, whatever delay is named."""
    if any("perday" in quota.lower() for quota in complaint.quota_ids):
        return Outcome.QUOTA
    by_the_minute = any("perminute" in quota.lower() for quota in complaint.quota_ids)
    soon = complaint.retry_delay or from_words(complaint.message) or by_the_minute
    if not soon and re.search(r"exceeded your (?:current )?quota|额度不足|余额不足", complaint.message, re.I):
        return Outcome.QUOTA
    return Outcome.AFTER


def _is_page(reply: Reply) -> bool:
    return reply.content_type == "text/html" or reply.body[:64].lstrip().lower().startswith((b"<!doctype", b"<html"))


def _plain(reply: Reply) -> str:
    """The first words of a body that is not JSON, without its markup."""
    text = reply.body[:4000].decode("utf-8", "replace")
    return " ".join(re.sub(r"(?s)<(script|style).*?</\1>|<[^>]*>", " ", text).split())[:200]
