"""Models and upstreams from settings: sensible with few, exact with many, and clear about what is wrong."""

import json
from typing import Any

import pytest

from backend.settings import Settings
from backend.upstreams.registry import Registry

KEY = "sk-operator-0001-secret"


def configured(**values: Any) -> Settings:
    for name in ("ai_models", "ai_upstreams"):
        if name in values and not isinstance(values[name], str):
            values[name] = json.dumps(values[name])
    return Settings(_env_file=None, **values)


async def test_with_nothing_set_there_are_the_local_filters() -> None:
    registry = Registry.from_settings(configured())
    assert [model.id for model in registry.models] == ["local"]
    assert registry.default_model.name == "本地滤镜(非 AI) / Local filters (not AI)"
    assert registry.upstream("local").kind == "local"
    assert registry.model("nothing") is None
    await registry.aclose()


@pytest.mark.parametrize("provider", ["openai-chat", "openai-images", "gemini", "dashscope"])
async def test_each_provider_brings_its_models(provider: str) -> None:
    registry = Registry.from_settings(configured(ai_provider=provider, ai_api_key=KEY))
    assert registry.models
    for model in registry.models:
        assert (model.provider, model.upstream, model.credits) == (provider, provider, 1)
        assert model.description
        assert registry.upstream(model.upstream).kind == provider
    await registry.aclose()


async def test_models_and_upstreams_as_the_operator_lists_them() -> None:
    settings = configured(
        ai_provider="openai-chat",
        ai_api_key=KEY,
        ai_upstreams=[
            {"name": "backup", "provider": "openai-chat", "base_url": "http://127.0.0.1:9", "api_key": "sk-other-0002"}
        ],
        ai_models=[
            {
                "id": "fast",
                "upstream_model": "google/gemini-3.1-flash-image",
                "credits": 2,
                "fallback": "spare",
                "aspect_ratios": ["1:1"],
            },
            {"id": "spare", "name": "Spare", "upstream": "backup", "max_edge": 1024},
            "google/gemini-3-pro-image",
        ],
    )
    registry = Registry.from_settings(settings)
    fast, spare, plain = registry.models
    assert (fast.name, fast.upstream, fast.upstream_model, fast.credits) == (
        "fast",
        "openai-chat",
        "google/gemini-3.1-flash-image",
        2,
    )
    assert (fast.fallback, fast.aspect_ratios) == ("spare", ("1:1",))
    assert (spare.upstream, spare.upstream_model, spare.max_edge) == ("backup", "spare", 1024)
    assert plain.upstream_model == plain.id == "google/gemini-3-pro-image"
    assert {upstream.name for upstream in registry.upstreams} == {"openai-chat", "backup"}
    await registry.aclose()


async def test_the_list_alone_is_enough() -> None:
    registry = Registry.from_settings(
        configured(
            ai_provider="openai-chat",
            ai_upstreams=[{"name": "relay", "provider": "openai-chat", "api_key": KEY}],
            ai_models=[{"id": "m", "upstream": "relay"}],
        )
    )
    assert registry.default_model.upstream == "relay"
    await registry.aclose()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"ai_provider": "gemini"}, "AI_API_KEY must be set"),
        ({"ai_provider": "openai-chat", "ai_api_key": KEY, "ai_api_base_url": "relay.example"}, "AI_API_BASE_URL"),
        ({"ai_provider": "openai-chat", "ai_api_key": KEY, "ai_api_base_url": "https://a@b/"}, "AI_API_BASE_URL"),
        ({"ai_provider": "openai-chat", "ai_api_key": "key with spaces"}, "AI_API_KEY"),
        ({"ai_provider": "openai-chat", "ai_api_key": "ключ"}, "AI_API_KEY"),
        ({"ai_models": "{"}, "AI_MODELS"),
        ({"ai_models": [{"name": "no id"}]}, "AI_MODELS at 0.id"),
        ({"ai_models": [{"id": "a", "colour": 1}]}, "AI_MODELS at 0.colour"),
        ({"ai_models": [{"id": "a", "aspect_ratios": ["wide"]}]}, "AI_MODELS at 0.aspect_ratios"),
        ({"ai_models": ["a", "a"]}, "AI_MODELS: the id a is there twice"),
        ({"ai_models": [{"id": "a", "fallback": "b"}]}, "AI_MODELS: a falls back"),
        ({"ai_models": [{"id": "a", "upstream": "nowhere"}]}, "AI_MODELS: a names the upstream 'nowhere'"),
        ({"ai_upstreams": [{"name": "x", "provider": "fax", "api_key": KEY}]}, "AI_UPSTREAMS at 0.provider"),
        *(
            (
                {"ai_upstreams": [{"name": "x", "provider": "gemini", "api_key": KEY, "extra_headers": headers}]},
                "AI_UPSTREAMS at 0.extra_headers",
            )
            for headers in ({"x": "a\r\nb: c"}, {"x y": "1"}, {"x": "照片"}, {"Host": "elsewhere"})
        ),
        ({"ai_upstreams": [{"name": "x", "provider": "gemini"}]}, "AI_UPSTREAMS: x needs an api_key"),
        ({"ai_upstreams": [{"name": "x", "provider": "gemini", "api_key": KEY}] * 2}, "AI_UPSTREAMS: two"),
        ({"ai_upstreams": [{"name": "user:1", "provider": "gemini", "api_key": KEY}]}, "AI_UPSTREAMS: a name may"),
        ({"ai_models": ["own"]}, "AI_MODELS: the id own"),
        (
            {"ai_models": [{"id": "a", "fallback": "b"}, {"id": "b", "max_references": 0}]},
            "AI_MODELS: a falls back on b, which takes fewer",
        ),
        ({"upstream_allowed_hosts": "nonsense"}, "UPSTREAM_ALLOWED_HOSTS"),
    ],
)
def test_what_is_wrong_is_named_and_no_key_is_shown(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        Registry.from_settings(configured(**values))
    assert named in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_key_is_not_shown_by_accident() -> None:
    registry = Registry.from_settings(configured(ai_provider="openai-chat", ai_api_key=KEY))
    upstream = registry.upstream("openai-chat")
    assert KEY not in repr(vars(upstream)["config"])
