"""What an upstream says went wrong, found wherever it put it: an error object, a bare message, JSON inside a message."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from backend.upstreams.base import WORDS
from backend.upstreams.delays import duration

_DEPTH = 3
_LONGEST = 64 * 1024
"""Characters of a message that may be JSON itself: it is parsed while everybody else waits."""
_RESULTS = ("data", "images", "choices", "candidates", "results", "image_urls", "image_base64", "b64_json")
_OF_A_RESULT = frozenset(
    {"b64_json", "url", "image", "image_url", "image_base64", "base64", "message", "delta", "content", "finishReason"}
)
_FINE = ("success", "ok")
_TASK_IDS = ("taskId", "task_id")


@dataclass(slots=True)
class Complaint:
    """All words of one failure, the innermost first: relays wrap what they were told themselves."""

    statuses: list[int] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    quota_ids: list[str] = field(default_factory=list)
    retry_delay: float | None = None
    flagged: bool = False
    param: str = ""

    @property
    def message(self) -> str:
        return " | ".join(dict.fromkeys(text for text in self.messages if text))


def complaint_in(document: Any) -> Complaint | None:
    """The complaint that a JSON answer makes, or None when it makes none."""
    found = Complaint()
    for error in _errors(document):
        _read(error, found, _DEPTH)
    # some gateways always send an error object, empty when there is none
    said = found.message.lower() not in ("", *_FINE)
    return found if found.codes or found.statuses or found.flagged or said else None


def has_result(document: Any) -> bool:
    """Whether an answer carries anything where results are put; the promise of a later one is none."""
    return any(_is_result(part.get(name)) for part in insides(document) for name in _RESULTS)


def insides(document: Any) -> Iterator[dict[str, Any]]:
    """An answer's object, and the objects that vendors wrap their answers in."""
    if isinstance(document, dict):
        yield document
        yield from (value for name in ("data", "output") if isinstance(value := document.get(name), dict))


def promises(part: dict[str, Any]) -> bool:
    """Whether an object names a task to ask for later."""
    return any(isinstance(part.get(name), (str, int)) for name in _TASK_IDS)


def _is_result(value: Any, depth: int = _DEPTH) -> bool:
    if isinstance(value, str):
        return value.startswith(("data:image/", "http", "iVBOR", "/9j/", "UklGR"))
    items = value if isinstance(value, list) and depth else []
    return any(
        _is_result(item, depth - 1)
        or (isinstance(item, dict) and not promises(item) and not _OF_A_RESULT.isdisjoint(item))
        for item in items[:16]
    )


def _errors(document: Any) -> Iterator[Any]:
    """Where errors are put: top level, first choice, base_resp, detail, and the bare code-and-message form."""
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    if not isinstance(document, dict):
        return
    choices = document.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict) and choices[0].get("error"):
        yield choices[0]["error"]
    # words beside a result are no complaint; an error object beside one is
    bare = not has_result(document)
    for name in ("error", "errors", "detail") if bare else ("error",):
        value = document.get(name)
        if isinstance(value, list):
            yield from value[:3]
        elif value:
            yield value
    base = document.get("base_resp")
    if isinstance(base, dict) and str(base.get("status_code")) not in {"0", "None"}:
        yield {"code": base.get("status_code"), "message": base.get("status_msg")}
    output = document.get("output")
    if isinstance(output, dict) and (reason := output.get("code")):
        if output.get("message"):
            yield output
        elif str(output.get("task_status")).upper() == "FAILED":
            yield {"code": reason, "message": str(reason)[:WORDS]}
    said = document.get("message") or document.get("msg")
    code, error = document.get("code"), document.get("error")
    if bare and isinstance(said, str) and error in (None, False, True, "") and not _is_success(code, said):
        yield {"code": code, "message": said}


def _is_success(code: Any, said: str) -> bool:
    return str(code).lower() in {"0", "200", "", *_FINE} or said.lower() in _FINE


def _read(error: Any, into: Complaint, depth: int) -> None:
    if isinstance(error, str):
        error = {"message": error}
    if not isinstance(error, dict) or depth == 0:
        return
    message = next((value for name in ("message", "msg", "error_msg") if isinstance(value := error.get(name), str)), "")
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    inner = [nested for text in (message, raw) for nested in _errors(_json_inside(text))]
    for nested in (*inner, *(error.get(name) for name in ("error", "message"))):
        if isinstance(nested, (str, dict)) and nested is not message:
            _read(nested, into, depth - 1)
    for name in ("code", "status", "type", "error_type", "reason"):
        _add_code(error.get(name), into)
    if isinstance(metadata, dict) and (metadata.get("reasons") or metadata.get("flagged_input")):
        into.flagged = True
    if isinstance(error.get("moderation_details"), dict):
        into.flagged = True
    if isinstance(error.get("param"), str) and not into.param:
        into.param = error["param"]
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict):
            _read_detail(detail, into)
    # nobody reads more of it, and looking for words in 30 MB would hold up everybody else
    into.messages += [message[:WORDS], raw[:WORDS] if isinstance(raw, str) and not inner else ""]


def _add_code(value: Any, into: Complaint) -> None:
    if isinstance(value, bool) or value in (None, "", 0, "0"):
        return
    text = str(value)[:120]
    if text.isascii() and text.isdigit() and 400 <= int(text) <= 599:
        into.statuses.append(int(text))
    elif isinstance(value, (str, int)):
        into.codes.append(text.lower())


def _read_detail(detail: dict[str, Any], into: Complaint) -> None:
    """One of google.rpc's: ErrorInfo, QuotaFailure, RetryInfo."""
    _add_code(detail.get("reason"), into)
    metadata = detail.get("metadata")
    reset = metadata.get("quotaResetDelay") if isinstance(metadata, dict) else None
    into.retry_delay = into.retry_delay or duration(detail.get("retryDelay")) or duration(reset)
    violations = detail.get("violations")
    for violation in violations if isinstance(violations, list) else ():
        if isinstance(violation, dict) and isinstance(violation.get("quotaId"), str):
            into.quota_ids.append(violation["quotaId"])


def _json_inside(text: Any) -> Any:
    """The JSON value that a message carries, alone or after some words; None when there is none."""
    if not isinstance(text, str):
        return None
    start = re.search(r"[\[{]\s*[\"{]", text[:4000])
    if start is None or len(text) > _LONGEST:
        return None
    try:
        return json.JSONDecoder().raw_decode(text, start.start())[0]
    except (ValueError, RecursionError):
        return None
