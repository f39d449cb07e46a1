"""What to do after an upstream's refusal. Pure: an error and the task's budget in, an outcome out."""

import random
from dataclasses import dataclass

from backend.batch.outcomes import Again, Failed, Outcome, UpstreamDown
from backend.batch.states import PausedReason
from backend.upstreams.base import Outcome as Kind
from backend.upstreams.base import UpstreamError

SOFT_RETRIES = 1
AMBIGUOUS_RETRIES = 1
BACKOFF_BASE, BACKOFF_CAP = 5.0, 300.0
AFTER_LEAST, AFTER_MOST = 1.0, 900.0


@dataclass(frozen=True, slots=True)
class Budget:
    """What a task has used (this attempt included) of what it may use."""

    attempts: int
    max_retries: int
    soft: int
    ambiguous: int

    @property
    def spent(self) -> bool:
        return self.attempts > self.max_retries


def decide(error: UpstreamError, budget: Budget) -> Outcome:
    """The outcome of an attempt that ended with `error`."""
    code, words = error.error_code, error.detail
    match error.outcome:
        case Kind.INPUT | Kind.SAFETY:
            return Failed(code, words)
        case Kind.AUTH:
            return UpstreamDown(PausedReason.REJECTED_AUTH, words)
        case Kind.QUOTA:
            return UpstreamDown(PausedReason.QUOTA, words)
        case Kind.AFTER:
            return Again(_asked_for(error.retry_after), code, words, counts=False, park=True)
        case Kind.SOFT:
            if budget.spent or budget.soft >= SOFT_RETRIES:
                return Failed(code, words)
            return Again(_backoff(budget.attempts), code, words, soft=True)
        case Kind.AMBIGUOUS:
            if budget.spent or budget.ambiguous >= AMBIGUOUS_RETRIES:
                return Failed(code, words)
            return Again(_backoff(budget.attempts), code, words, ambiguous=True)
        case Kind.BACKOFF:
            return _again_or_then(error, budget)


def _again_or_then(error: UpstreamError, budget: Budget) -> Outcome:
    few = error.max_retries is not None and budget.attempts > error.max_retries
    if few and error.then is not None and error.then is not Kind.BACKOFF:
        return decide(UpstreamError(error.then, error.detail), budget)
    if few or budget.spent:
        return Failed(error.error_code, error.detail)
    return Again(_backoff(budget.attempts), error.error_code, error.detail)


def _backoff(attempt: int) -> float:
    """Seconds before the next attempt: doubling, capped, with half of it random so that failures spread out."""
    full = min(BACKOFF_CAP, BACKOFF_BASE * 2.0 ** (attempt - 1))
    return full * random.uniform(0.5, 1.0)  # noqa: S311  jitter, not a secret


def _asked_for(seconds: float | None) -> float:
    """What the upstream asked for, within reason, and up to a fifth more so that not all come back at once."""
    least = min(AFTER_MOST, max(AFTER_LEAST, seconds if seconds is not None else BACKOFF_BASE))
    return least + random.uniform(0, min(0.2 * least, 2.0))  # noqa: S311  jitter
