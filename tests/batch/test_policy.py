"""What follows from an upstream's refusal, given what the task has used of its budget."""

import pytest

from backend.batch.outcomes import Again, Failed, UpstreamDown
from backend.batch.policy import BACKOFF_CAP, Budget, decide
from backend.batch.states import PausedReason
from backend.upstreams.base import Outcome, UpstreamError


def budget(attempts: int = 1, *, soft: int = 0, ambiguous: int = 0, max_retries: int = 2) -> Budget:
    return Budget(attempts=attempts, max_retries=max_retries, soft=soft, ambiguous=ambiguous)


@pytest.mark.parametrize(
    ("outcome", "code"), [(Outcome.INPUT, "upstream_bad_request"), (Outcome.SAFETY, "safety_blocked")]
)
def test_a_refused_image_fails_at_once_with_the_upstreams_words(outcome: Outcome, code: str) -> None:
    assert decide(UpstreamError(outcome, "no"), budget()) == Failed(code, "no")


@pytest.mark.parametrize(
    ("outcome", "reason"), [(Outcome.AUTH, PausedReason.REJECTED_AUTH), (Outcome.QUOTA, PausedReason.QUOTA)]
)
def test_a_refused_key_fails_nothing(outcome: Outcome, reason: PausedReason) -> None:
    assert decide(UpstreamError(outcome, "no"), budget(attempts=9)) == UpstreamDown(reason, "no")


def test_a_wait_that_was_asked_for_is_kept_and_costs_no_attempt() -> None:
    for _ in range(50):
        answer = decide(UpstreamError(Outcome.AFTER, "slow", retry_after=7), budget(attempts=9))
        assert isinstance(answer, Again)
        assert 7 <= answer.delay <= 9
        assert answer.park
        assert not answer.counts


@pytest.mark.parametrize(("asked", "least"), [(0.0, 1), (-5.0, 1), (1e9, 900), (None, 5)])
def test_a_senseless_wait_is_bounded(asked: float | None, least: float) -> None:
    answer = decide(UpstreamError(Outcome.AFTER, "slow", retry_after=asked), budget())
    assert isinstance(answer, Again)
    assert least <= answer.delay <= least + 2


def test_backoff_grows_is_capped_and_ends() -> None:
    error = UpstreamError(Outcome.BACKOFF, "busy")
    first, second = decide(error, budget(1)), decide(error, budget(2))
    assert isinstance(first, Again)
    assert isinstance(second, Again)
    assert 2.5 <= first.delay <= 5 <= second.delay <= 10
    assert decide(error, budget(3)) == Failed("upstream_unavailable", "busy")
    late = decide(error, budget(40, max_retries=50))
    assert isinstance(late, Again)
    assert late.delay <= BACKOFF_CAP


@pytest.mark.parametrize(
    ("outcome", "used", "code"),
    [(Outcome.SOFT, "soft", "no_image_returned"), (Outcome.AMBIGUOUS, "ambiguous", "upstream_timeout")],
)
def test_what_may_have_been_billed_is_repeated_once(outcome: Outcome, used: str, code: str) -> None:
    error = UpstreamError(outcome, "?")
    assert isinstance(decide(error, budget(1, max_retries=5)), Again)
    assert decide(error, budget(2, max_retries=5, **{used: 1})) == Failed(code, "?")


def test_an_error_may_bound_its_own_repeats_and_say_what_it_becomes() -> None:
    error = UpstreamError(Outcome.BACKOFF, "html", max_retries=2, then=Outcome.AUTH)
    assert isinstance(decide(error, budget(2, max_retries=5)), Again)
    assert decide(error, budget(3, max_retries=5)) == UpstreamDown(PausedReason.REJECTED_AUTH, "html")
