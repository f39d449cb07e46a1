"""What follows from an upstream's refusal, given what the task has used of its budget."""

from typing import Any

import pytest

from backend.batch.outcomes import Again, Elsewhere, Failed, Standby, UpstreamDown
from backend.batch.policy import BACKOFF_CAP, LIMITED_CAP, WAIT_MOST, Budget, Standbys, decide
from backend.batch.states import PausedReason
from backend.upstreams.base import Outcome, UpstreamError

SPARE = Standby("fast", "spare", "backup")
TOO_FAST = UpstreamError(Outcome.BACKOFF, "slow down", error_code="upstream_rate_limited")


def budget(attempts: int = 1, *, max_retries: int = 2, **used: float) -> Budget:
    """A task whose attempts all ended alike, unless said otherwise."""
    values: dict[str, Any] = {"soft": 0, "ambiguous": 0, "same": attempts} | used
    return Budget(attempts=attempts, max_retries=max_retries, **values)


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


def test_a_failure_that_names_a_delay_comes_no_sooner_and_counts() -> None:
    error = UpstreamError(Outcome.BACKOFF, "bad gateway", retry_after=30)
    answer = decide(error, budget())
    assert isinstance(answer, Again)
    assert 30 <= answer.delay <= 32
    assert (answer.counts, answer.park) == (True, False)
    assert decide(error, budget(3)) == Failed("upstream_unavailable", "bad gateway")


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


def test_what_it_becomes_does_not_need_more_attempts_than_there_are() -> None:
    error = UpstreamError(Outcome.BACKOFF, "no channel", max_retries=2, then=Outcome.AUTH)
    down = UpstreamDown(PausedReason.REJECTED_AUTH, "no channel")
    failed = Failed("upstream_unavailable", "no channel")
    assert decide(error, budget(3, max_retries=2)) == down
    assert decide(error, budget(2, max_retries=1)) == down
    assert decide(error, budget(2, same=1, max_retries=1)) == failed, "the other attempt ended otherwise"
    assert decide(error, budget(1, max_retries=0)) == failed, "once is no proof"


def test_only_repeats_of_the_same_error_count_against_its_own_bound() -> None:
    """Two bad moments of another kind do not make the first page of HTML a wrong address."""
    error = UpstreamError(Outcome.BACKOFF, "html", max_retries=2, then=Outcome.AUTH)
    assert isinstance(decide(error, budget(3, same=1, max_retries=5)), Again)


def test_a_wait_that_is_asked_for_again_and_again_ends_after_a_day() -> None:
    error = UpstreamError(Outcome.AFTER, "slow down", retry_after=7)
    assert isinstance(decide(error, budget(waited=WAIT_MOST - 1)), Again)
    assert decide(error, budget(waited=WAIT_MOST + 1)) == Failed("upstream_rate_limited", "slow down")


def test_too_fast_without_a_time_slows_everybody_down() -> None:
    delays = []
    for same in (1, 2, 9, 5000):
        answer = decide(TOO_FAST, budget(same=same))
        assert isinstance(answer, Again)
        assert answer.park
        delays.append(answer.delay)
    assert delays[0] <= 5 <= delays[1] <= 10
    assert all(LIMITED_CAP / 2 <= delay <= LIMITED_CAP for delay in delays[2:])


def test_too_fast_costs_no_attempt_and_ends_after_a_day() -> None:
    for attempts in (1, 3):
        answer = decide(TOO_FAST, budget(attempts, waited=WAIT_MOST))
        assert isinstance(answer, Again)
        assert not answer.counts
    late = budget(waited=WAIT_MOST + 1)
    assert decide(TOO_FAST, late) == Failed("upstream_rate_limited", "slow down")
    assert decide(TOO_FAST, late, Standbys(mine=SPARE)) == Elsewhere(SPARE, "upstream_rate_limited", "slow down")


def test_too_fast_goes_to_a_standby_after_as_many_tries_as_any_trouble() -> None:
    spare = Standbys(mine=SPARE)
    assert isinstance(decide(TOO_FAST, budget(same=2), spare), Again)
    assert decide(TOO_FAST, budget(same=3), spare) == Elsewhere(SPARE, "upstream_rate_limited", "slow down")
    assert isinstance(decide(TOO_FAST, budget(same=3, ambiguous=1), spare), Again)


@pytest.mark.parametrize(
    ("error", "used", "goes"),
    [
        (UpstreamError(Outcome.BACKOFF, "busy"), {}, True),
        (UpstreamError(Outcome.BACKOFF, "busy"), {"ambiguous": 1}, False),
        (UpstreamError(Outcome.BACKOFF, "half an image", billed=True), {}, False),
        (UpstreamError(Outcome.AMBIGUOUS, "silence"), {}, False),
        (UpstreamError(Outcome.SOFT, "no image"), {}, False),
        (UpstreamError(Outcome.INPUT, "too large"), {}, False),
        (UpstreamError(Outcome.SAFETY, "no"), {}, False),
    ],
    ids=["spent", "spent after a call that may have worked", "billed", "ambiguous", "no image", "input", "safety"],
)
def test_a_standby_takes_over_only_what_surely_was_not_done(
    error: UpstreamError, used: dict[str, float], *, goes: bool
) -> None:
    answer = decide(error, budget(3, **used), Standbys(mine=SPARE, all=(SPARE,)))
    assert answer == (
        Elsewhere(SPARE, error.error_code, error.detail) if goes else Failed(error.error_code, error.detail)
    )


@pytest.mark.parametrize("outcome", [Outcome.AUTH, Outcome.QUOTA])
def test_an_upstream_that_goes_down_names_all_its_standbys(outcome: Outcome) -> None:
    answer = decide(UpstreamError(outcome, "no"), budget(), Standbys(mine=SPARE, all=(SPARE,)))
    assert isinstance(answer, UpstreamDown)
    assert answer.standbys == (SPARE,)
