"""How a case of the table is run: one adapter against one fake, over a real socket."""

import contextlib
import signal
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from typing import Any

from backend.upstreams.base import EditRequest, EditResult, Outcome, Upstream, UpstreamError
from backend.upstreams.config import UpstreamConfig
from backend.upstreams.registry import open_upstream
from tests.fakes.pictures import source
from tests.fakes.wire import Answer, WireServer

KEY = "sk-relay-0123456789abcdef"


@dataclass(frozen=True)
class Case:
    """An answer, and what must come of it: `image` when it is good, else the outcome and what goes with it."""

    id: str
    answer: Answer
    image: bytes | None = None
    outcome: Outcome | None = None
    code: str | None = None
    delay: tuple[float, float] | None = None
    says: str = ""
    max_retries: int | None = None
    then: Outcome | None = None
    answers: tuple[Answer, ...] = field(default=())


def upstream_at(server: WireServer, provider: str, *, timeout: float = 5, **config: Any) -> Upstream:
    values = {"name": "test", "provider": provider, "base_url": server.base_url, "api_key": KEY, **config}
    return open_upstream(UpstreamConfig.model_validate(values), timeout=timeout, trusted=True)


def a_request(**changes: Any) -> EditRequest:
    return EditRequest(**{"prompt": "水彩画风", "model": "fake-image-model", "image": source(), **changes})


async def result_of(work: Awaitable[EditResult]) -> EditResult | UpstreamError:
    try:
        return await work
    except UpstreamError as error:
        return error


@contextlib.contextmanager
def not_frozen(seconds: int = 15) -> Iterator[None]:
    """Interrupts work that would hold everybody up for minutes."""

    def interrupted(*_: Any) -> None:
        raise AssertionError("still at it")

    before = signal.signal(signal.SIGALRM, interrupted)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def check(case: Case, result: EditResult | UpstreamError) -> None:
    """The result is exactly what the case says."""
    if case.image is not None:
        assert isinstance(result, EditResult), f"{case.id}: {result!r}"
        assert result.data == case.image
        return
    assert isinstance(result, UpstreamError), f"{case.id} gave an image"
    assert result.outcome is case.outcome, f"{case.id}: {result.outcome} {result.detail}"
    if case.code:
        assert result.error_code == case.code
    if case.delay:
        assert result.retry_after is not None
        assert case.delay[0] <= result.retry_after <= case.delay[1]
    if case.max_retries is not None:
        assert result.max_retries == case.max_retries
    if case.then is not None:
        assert result.then is case.then
    assert case.says in result.detail, result.detail
    assert KEY not in str(result)
