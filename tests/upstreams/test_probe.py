"""The one cheap call that says whether an upstream can be used."""

from collections.abc import Callable

import pytest

from backend.upstreams.base import Outcome, UpstreamError
from backend.upstreams.config import UpstreamConfig
from backend.upstreams.local import LocalUpstream
from backend.upstreams.registry import open_upstream
from tests.fakes.relay import ImageRelay
from tests.fakes.vendor import Vendor, error
from tests.fakes.vendors import FakeDashScope, FakeGemini, FakeImages
from tests.fakes.wire import Answer, html_answer
from tests.upstreams.cases import upstream_at

KINDS: list[tuple[str, Callable[[], Vendor], tuple[str, ...]]] = [
    ("openai-chat", ImageRelay, ("fake-image-model",)),
    ("openai-images", FakeImages, ("fake-image-model",)),
    ("gemini", FakeGemini, ("gemini-3-pro-image",)),
    ("dashscope", FakeDashScope, ()),
]


@pytest.mark.parametrize(("provider", "fake", "models"), KINDS, ids=[kind for kind, _, _ in KINDS])
async def test_a_good_key_is_known_and_a_bad_one_too(
    provider: str, fake: Callable[[], Vendor], models: tuple[str, ...]
) -> None:
    async with fake() as vendor:
        upstream = upstream_at(vendor, provider)
        assert await upstream.probe() == models
        vendor.key = "sk-another-key"
        with pytest.raises(UpstreamError) as caught:
            await upstream.probe()
        await upstream.aclose()
    assert caught.value.outcome is Outcome.AUTH
    assert all(request.method == "GET" for request in vendor.requests), "nothing that could be billed"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (html_answer("Sign in"), Outcome.BACKOFF),
        (error(402, "Insufficient credits"), Outcome.QUOTA),
        (error(503, "down"), Outcome.BACKOFF),
        (Answer(hang=True), Outcome.BACKOFF),
        (Answer(302, headers={"location": "https://elsewhere.example/"}), Outcome.AUTH),
    ],
    ids=["HTML", "no money", "down", "silence", "redirect"],
)
async def test_what_is_wrong_is_said(answer: Answer, outcome: Outcome) -> None:
    async with ImageRelay() as relay:
        relay.script(answer)
        upstream = upstream_at(relay, "openai-chat", timeout=0.3 if answer.hang else 10)
        with pytest.raises(UpstreamError) as caught:
            await upstream.probe()
        await upstream.aclose()
    assert caught.value.outcome is outcome
    assert not caught.value.billed


async def test_an_upstream_without_a_list_is_well() -> None:
    async with ImageRelay() as relay:
        relay.script(error(404, "no such page"))
        upstream = upstream_at(relay, "openai-chat")
        assert await upstream.probe() == ()
        await upstream.aclose()


async def test_the_local_filters_are_always_there() -> None:
    upstream = LocalUpstream()
    assert await upstream.probe() == ("local",)
    await upstream.aclose()


async def test_a_user_s_own_address_is_not_trusted() -> None:
    async with ImageRelay() as relay:
        config = UpstreamConfig.model_validate(
            {"name": "own", "provider": "openai-chat", "base_url": relay.base_url, "api_key": relay.key}
        )
        upstream = open_upstream(config, timeout=5)
        with pytest.raises(UpstreamError) as caught:
            await upstream.probe()
        await upstream.aclose()
    assert (caught.value.outcome, caught.value.error_code) == (Outcome.AUTH, "blocked_address")
    assert not relay.requests
