"""What to do after an upstream's refusal. Pure: an error and the task's budget in, an outcome out."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from backend.batch.outcomes import Again, Elsewhere, Failed, Outcome, Standby, UpstreamDown
from backend.batch.states import PausedReason
from backend.upstreams.base import ERROR_CODES, UpstreamError
from backend.upstreams.base import Outcome as Kind

SOFT_RETRIES = 1
AMBIGUOUS_RETRIES = 1
BACKOFF_BASE, BACKOFF_CAP = 5.0, 300.0
LIMITED_CAP = 60.0
AFTER_LEAST, AFTER_MOST = 1.0, 900.0
WAIT_MOST = 24 * 3600.0
"""How long after it was ordered an image may still be told to wait. Waiting costs no attempt, so something must end it."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a task has used (this attempt included) of what it may use. `same`: attempts in a row that ended with this very
    error; `waited`: seconds since it was ordered."""

    attempts: int
    max_retries: int
    soft: int
    ambiguous: int
    same: int = 1
    waited: float = 0.0

    @property
    def spent(self) -> bool:
        return self.attempts > self.max_retries


@dataclass(frozen=True, slots=True)
class Standbys:
    """Who stands by: for this image when its attempts are spent (`mine`), and for all images of its upstream."""

    mine: Standby | None = None
    all: Sequence[Standby] = ()


NOBODY = Standbys()


def decide(error: UpstreamError, budget: Budget, standbys: Standbys = NOBODY) -> Outcome:
    """The outcome of an attempt that ended with `error`."""
    code, words = error.error_code, error.detail
    match error.outcome:
        case Kind.INPUT | Kind.SAFETY:
            return Failed(code, words)
        case Kind.AUTH:
            return UpstreamDown(PausedReason.REJECTED_AUTH, words, tuple(standbys.all))
        case Kind.QUOTA:
            return UpstreamDown(PausedReason.QUOTA, words, tuple(standbys.all))
        case Kind.AFTER:
            if budget.waited > WAIT_MOST:
                return Failed(code, words)
            return _not_now(_asked_for(error.retry_after), error)
        case Kind.SOFT:
            if budget.spent or budget.soft >= SOFT_RETRIES:
                return Failed(code, words)
            return Again(_backoff(budget.attempts), code, words, soft=True)
        case Kind.AMBIGUOUS:
            if budget.spent or budget.ambiguous >= AMBIGUOUS_RETRIES:
                return Failed(code, words)
            return Again(_backoff(budget.attempts), code, words, ambiguous=True)
        case Kind.BACKOFF:
            return _again_or_then(error, budget, standbys)


def _again_or_then(error: UpstreamError, budget: Budget, standbys: Standbys) -> Outcome:
    code, words = error.error_code, error.detail
    few = error.max_retries is not None and budget.same > error.max_retries
    # where fewer repeats are allowed than the error wants, all that there were have said the same
    alike = budget.spent and budget.same >= max(2, budget.attempts)
    if (few or alike) and error.then is not None and error.then is not Kind.BACKOFF:
        return decide(UpstreamError(error.then, words), budget, standbys)
    # what may have been done and charged is never ordered a second time elsewhere
    standby = None if error.billed or budget.ambiguous else standbys.mine
    limited = code == ERROR_CODES[Kind.AFTER]
    if limited and budget.waited <= WAIT_MOST and (standby is None or budget.same <= budget.max_retries):
        # too fast, without a word of how long to wait
        return _not_now(max(error.retry_after or 0.0, _backoff(budget.same, LIMITED_CAP)), error)
    if few or limited or budget.spent:
        return Elsewhere(standby, code, words) if standby else Failed(code, words)
    asked = _asked_for(error.retry_after) if error.retry_after else 0.0
    return Again(max(_backoff(budget.attempts), asked), code, words)


def _not_now(delay: float, error: UpstreamError) -> Again:
    """To be told to wait costs no attempt; everyone else waits, too, instead of being refused."""
    return Again(delay, error.error_code, error.detail, counts=False, park=True)


def _backoff(attempt: int, cap: float = BACKOFF_CAP) -> float:
    """Seconds before the next attempt: doubling, capped, with half of it random so that failures spread out."""
    # what costs no attempt may be repeated thousands of times, and 2.0 to that power is no number
    full = min(cap, BACKOFF_BASE * 2.0 ** min(attempt - 1, 10))
    return full * random.uniform(0.5, 1.0)  # noqa: S311  jitter, not a secret


def _asked_for(seconds: float | None) -> float:
    """What the upstream asked for, within reason, and up to a fifth more so that not all come back at once."""
    least = min(AFTER_MOST, max(AFTER_LEAST, seconds if seconds is not None else BACKOFF_BASE))
    return least + random.uniform(0, min(0.2 * least, 2.0))  # noqa: S311  jitter
