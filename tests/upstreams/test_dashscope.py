"""DashScope, at once and by task."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from backend.upstreams.base import EditResult, Outcome, UpstreamError
from backend.upstreams.dashscope import DashScope
from tests.fakes.pictures import jpeg, png_for, source
from tests.fakes.vendors import FakeDashScope, scope_error, scope_result
from tests.fakes.wire import Answer, json_answer
from tests.upstreams.cases import Case, a_request, check, result_of, upstream_at

CASES = [
    Case(
        "D02 throttled",
        scope_error("Throttling.RateQuota", "Requests rate limit exceeded", 429),
        outcome=Outcome.BACKOFF,
        code="upstream_rate_limited",
    ),
    Case("burst", scope_error("Throttling.BurstRate", "x", 429), outcome=Outcome.BACKOFF, code="upstream_rate_limited"),
    Case("throttled in 200", scope_error("Throttling", "x"), outcome=Outcome.BACKOFF, code="upstream_rate_limited"),
    Case("allocation", scope_error("Throttling.AllocationQuota", "x", 429), outcome=Outcome.QUOTA),
    Case(
        "arrears in 200",
        scope_error("Arrearage", "Access denied, please make sure your account is in good standing."),
        outcome=Outcome.QUOTA,
    ),
    Case(
        "D03 inspection",
        scope_error("DataInspectionFailed", "Input data may contain inappropriate content.", 400),
        outcome=Outcome.SAFETY,
    ),
    Case("rights", scope_error("IPInfringementSuspect", "x", 400), outcome=Outcome.SAFETY),
    Case("key", scope_error("InvalidApiKey", "x", 401), outcome=Outcome.AUTH),
    Case("workspace", scope_error("Workspace.AccessDenied", "x", 403), outcome=Outcome.AUTH),
    Case("model", scope_error("ModelNotFound", "x", 404), outcome=Outcome.AUTH),
    Case("parameter in 200", scope_error("InvalidParameter", "x"), outcome=Outcome.INPUT),
    Case("bad request", scope_error("BadRequest.TooLarge", "x", 400), outcome=Outcome.INPUT),
    Case("internal", scope_error("InternalError.Algo", "x", 500), outcome=Outcome.BACKOFF),
    Case("503", scope_error("ServiceUnavailable", "x", 503), outcome=Outcome.BACKOFF),
    Case(
        "no picture",
        json_answer({"output": {"choices": [{"finish_reason": "stop", "message": {"content": [{"text": "no"}]}}]}}),
        outcome=Outcome.SOFT,
        says="no",
    ),
    Case("no output", json_answer({"request_id": "r"}), outcome=Outcome.SOFT),
    Case(
        "a task unasked",
        json_answer({"output": {"task_id": "t", "task_status": "PENDING"}}),
        outcome=Outcome.AUTH,
        says="asynchronous",
    ),
    Case(
        "inside address",
        json_answer(scope_result("http://100.100.100.200/x.png")),
        outcome=Outcome.INPUT,
        code="blocked_address",
    ),
]


@pytest.fixture
async def scope() -> AsyncIterator[FakeDashScope]:
    async with FakeDashScope() as server:
        yield server


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DashScope, "first_poll_seconds", 0.001)
    monkeypatch.setattr(DashScope, "poll_seconds", 0.001)


async def edited(scope: FakeDashScope, request: Any = None, **config: Any) -> EditResult | UpstreamError:
    upstream = upstream_at(scope, "dashscope", **{"timeout": 5, **config})
    result = await result_of(upstream.edit(request or a_request()))
    await upstream.aclose()
    return result


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_an_answer_means_what_the_table_says(scope: FakeDashScope, case: Case) -> None:
    scope.script(case.answer)
    check(case, await edited(scope))


async def test_d01_the_result_is_fetched_without_the_key(scope: FakeDashScope) -> None:
    result = await edited(scope)
    assert isinstance(result, EditResult)
    assert result.data == png_for(scope.requests[0].body)
    assert "authorization" not in scope.requests[1].headers


async def test_what_goes_out(scope: FakeDashScope) -> None:
    request = a_request(references=(source(400, 600),), image=source(900, 1600), image_size="2K")
    assert isinstance(await edited(scope, request), EditResult)
    body = scope.requests[0].json()
    content = body["input"]["messages"][0]["content"]
    assert [base64.b64decode(part["image"].partition(",")[2]) for part in content[:-1]] == [
        jpeg(400, 600),
        jpeg(900, 1600),
    ]
    assert "last image" in content[-1]["text"]
    assert body["parameters"] == {"n": 1, "watermark": False, "size": "1152*2048"}


async def test_no_size_is_sent_unless_asked_for(scope: FakeDashScope) -> None:
    assert isinstance(await edited(scope), EditResult)
    assert "size" not in scope.requests[0].json()["parameters"]


class TestTasks:
    async def test_it_is_asked_for_until_it_is_done(self, scope: FakeDashScope) -> None:
        result = await edited(scope, dialect="dashscope-async")
        assert isinstance(result, EditResult)
        assert result.data == png_for(b"task")
        assert [request.path for request in scope.requests[1:4]] == ["/api/v1/tasks/task-0001"] * 3

    @pytest.mark.parametrize(
        ("code", "outcome"),
        [
            ("InvalidParameter", Outcome.INPUT),
            ("DataInspectionFailed", Outcome.SAFETY),
            ("InternalError.Timeout", Outcome.BACKOFF),
        ],
    )
    async def test_d04_what_it_failed_of(self, scope: FakeDashScope, code: str, outcome: Outcome) -> None:
        scope.states, scope.failure = ("RUNNING", "FAILED"), (code, "because")
        result = await edited(scope, dialect="dashscope-async")
        assert isinstance(result, UpstreamError)
        assert (result.outcome, result.detail) == (outcome, "because")
        assert len(scope.requests) == 3

    async def test_d04_a_code_without_words_says_it_too(self, scope: FakeDashScope) -> None:
        scope.states, scope.failure = ("FAILED",), ("InvalidParameter", "")
        result = await edited(scope, dialect="dashscope-async")
        assert isinstance(result, UpstreamError)
        assert (result.outcome, result.detail) == (Outcome.INPUT, "InvalidParameter")

    @pytest.mark.parametrize("state", ["CANCELED", "UNKNOWN", ""])
    async def test_a_task_that_ends_otherwise_may_be_billed(self, scope: FakeDashScope, state: str) -> None:
        scope.states = (state,)
        result = await edited(scope, dialect="dashscope-async")
        assert isinstance(result, UpstreamError)
        assert (result.outcome, result.billed) == (Outcome.AMBIGUOUS, True)

    async def test_a_task_that_never_ends_is_given_up(self, scope: FakeDashScope) -> None:
        scope.states = ("RUNNING",)
        result = await edited(scope, dialect="dashscope-async", timeout=0.2)
        assert isinstance(result, UpstreamError)
        assert result.outcome is Outcome.AMBIGUOUS

    async def test_a_hiccup_while_asking_is_no_failure(self, scope: FakeDashScope) -> None:
        accepted = json_answer({"output": {"task_id": "task-0001", "task_status": "PENDING"}})
        scope.script(accepted, scope_error("ServiceUnavailable", "x", 503), Answer(200, b"<html>"))
        assert isinstance(await edited(scope, dialect="dashscope-async"), EditResult)

    async def test_a_wait_that_is_asked_for_while_asking_is_kept(self, scope: FakeDashScope) -> None:
        refused = json_answer({"code": "Throttling", "message": "x"}, 429, headers={"retry-after-ms": "300"})
        scope.script(refused)
        assert isinstance(await edited(scope, a_request(job="task-0001"), dialect="dashscope-async"), EditResult)
        first, second, *_ = scope.requests
        assert second.started - first.started >= 0.3

    async def test_hiccups_count_only_in_a_row(self, scope: FakeDashScope) -> None:
        hiccup = scope_error("ServiceUnavailable", "x", 503)
        running = json_answer({"output": {"task_id": "task-0001", "task_status": "RUNNING"}})
        scope.script(*[hiccup] * 5, running, *[hiccup] * 5)
        assert isinstance(await edited(scope, a_request(job="task-0001"), dialect="dashscope-async"), EditResult)

    @pytest.mark.parametrize("task", ["../../admin", "a?x=", "x" * 10_000, "", None, 7, ["t"]])
    async def test_an_id_that_is_none_is_not_put_into_an_address(self, scope: FakeDashScope, task: object) -> None:
        scope.script(json_answer({"output": {"task_id": task, "task_status": "PENDING"}}))
        result = await edited(scope, dialect="dashscope-async")
        assert isinstance(result, UpstreamError)
        assert result.error_code == "unreadable_result"
        assert len(scope.requests) == 1

    async def test_its_id_is_told_before_anything_is_waited_for(self, scope: FakeDashScope) -> None:
        told: list[tuple[str, int]] = []

        async def note(job: str) -> None:
            told.append((job, len(scope.requests)))

        assert isinstance(await edited(scope, a_request(on_job=note), dialect="dashscope-async"), EditResult)
        assert told == [("task-0001", 1)]

    async def test_work_that_was_ordered_before_is_only_asked_for(self, scope: FakeDashScope) -> None:
        result = await edited(scope, a_request(job="task-0001"), dialect="dashscope-async")
        assert isinstance(result, EditResult)
        assert {request.method for request in scope.requests} == {"GET"}

    async def test_who_cannot_ask_any_more_does_not_know(self, scope: FakeDashScope) -> None:
        """The work goes on meanwhile: to order it again might be to pay twice."""
        scope.script(*[scope_error("ServiceUnavailable", "x", 503)] * 6)
        result = await edited(scope, a_request(job="task-0001"), dialect="dashscope-async")
        assert isinstance(result, UpstreamError)
        assert (result.outcome, result.billed) == (Outcome.AMBIGUOUS, True)
