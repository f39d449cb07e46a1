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


async def test_a_list_made_like_no_other_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(_: object) -> tuple[str, ...]:
        raise RecursionError

    monkeypatch.setattr("backend.upstreams.adapter._ids", lost)
    async with ImageRelay() as relay:
        upstream = upstream_at(relay, "openai-chat")
        with pytest.raises(UpstreamError) as caught:
            await upstream.probe()
        await upstream.aclose()
    assert (caught.value.outcome, caught.value.billed) == (Outcome.BACKOFF, False)
    assert "RecursionError" in caught.value.detail


async def test_the_operator_s_own_headers_are_as_secret_as_the_key() -> None:
    headers = {"x-relay-token": "Basic hidden-canary", "http-referer": "https://shop.example", "x-title": "Shop"}
    async with ImageRelay() as relay:
        relay.script(error(402, "hidden-canary and hidden-can may not use https://shop.example"))
        upstream = upstream_at(relay, "openai-chat", extra_headers=headers)
        with pytest.raises(UpstreamError) as caught:
            await upstream.probe()
        await upstream.aclose()
    assert caught.value.detail == "[key] and [key] may not use https://shop.example"


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
