"""The upstreams and models of this service, built once from its settings."""

from collections.abc import Callable, Iterable
from typing import Self

from backend.settings import Settings
from backend.upstreams.addresses import HostPort, host_port
from backend.upstreams.base import ModelSpec, Upstream
from backend.upstreams.catalogue import DEFAULTS
from backend.upstreams.config import (
    BASE_URLS,
    ModelConfig,
    UpstreamConfig,
    models_from,
    single_upstream,
    upstreams_from,
)
from backend.upstreams.dashscope import DashScope
from backend.upstreams.gemini import Gemini
from backend.upstreams.http import Http
from backend.upstreams.local import LocalUpstream
from backend.upstreams.openai_chat import OpenAIChat
from backend.upstreams.openai_images import OpenAIImages

ADAPTERS: dict[str, Callable[[UpstreamConfig, Http], Upstream]] = {
    "openai-chat": OpenAIChat,
    "openai-images": OpenAIImages,
    "gemini": Gemini,
    "dashscope": DashScope,
}


RESERVED_MODEL = "own"
"""The id under which a user's own upstream offers its model to that user."""
PATIENCE = 3
"""An edit may be an order, a wait for its end and a download, each of which has the upstream's timeout."""


class Registry:
    """Which models there are, and the upstream behind each. The first model is the default; `patience` is in seconds, and
    no edit takes longer unless something is wrong with us."""

    def __init__(self, models: Iterable[ModelSpec], upstreams: Iterable[Upstream], *, timeout: float = 300.0) -> None:
        self.patience = PATIENCE * timeout
        self.models = tuple(models)
        self._models = {model.id: model for model in self.models}
        self._upstreams = {upstream.name: upstream for upstream in upstreams}

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """ValueError names the variable that is wrong."""
        allowed = allowed_hosts(settings.upstream_allowed_hosts)
        configs = {config.name: config for config in _configs(settings)}
        listed = models_from(settings.ai_models) or DEFAULTS[settings.ai_provider]
        models = [_spec(model, configs, settings.ai_provider) for model in listed]
        _check(models)
        upstreams = [
            open_upstream(config, timeout=settings.ai_timeout_seconds, allowed=allowed, trusted=True)
            for config in configs.values()
        ]
        longest = max(config.timeout_seconds or settings.ai_timeout_seconds for config in configs.values())
        return cls(models, upstreams, timeout=longest)

    @property
    def default_model(self) -> ModelSpec:
        return self.models[0]

    @property
    def upstreams(self) -> tuple[Upstream, ...]:
        return tuple(self._upstreams.values())

    def model(self, model_id: str) -> ModelSpec | None:
        return self._models.get(model_id)

    def upstream(self, name: str) -> Upstream:
        """KeyError when there is none of that name; every model's `upstream` has one."""
        return self._upstreams[name]

    async def aclose(self) -> None:
        for upstream in self._upstreams.values():
            await upstream.aclose()


def open_upstream(
    config: UpstreamConfig, *, timeout: float, allowed: Iterable[HostPort] = (), trusted: bool = False
) -> Upstream:
    """A working upstream. Only with `trusted` (an operator's word, never a user's) may its own address be a private one."""
    if config.provider == "local":
        return LocalUpstream(config.name)
    hosts = {*allowed, *({host_port(config.base_url or BASE_URLS[config.provider])} if trusted else ())}
    return ADAPTERS[config.provider](config, Http(timeout=config.timeout_seconds or timeout, trusted=hosts))


def allowed_hosts(entries: Iterable[str]) -> tuple[HostPort, ...]:
    """UPSTREAM_ALLOWED_HOSTS as pairs."""
    try:
        return tuple(host_port(entry) for entry in entries)
    except ValueError as error:
        raise ValueError(f"UPSTREAM_ALLOWED_HOSTS: {error}") from None


def _configs(settings: Settings) -> list[UpstreamConfig]:
    """AI_UPSTREAMS, and before it the one that the single variables describe, unless the list stands in its place."""
    listed = upstreams_from(settings.ai_upstreams)
    names = [config.name for config in listed]
    if len(set(names)) != len(names):
        raise ValueError("AI_UPSTREAMS: two upstreams have the same name")
    for config in listed:
        if config.provider != "local" and not config.key:
            raise ValueError(f"AI_UPSTREAMS: {config.name} needs an api_key")
    if any(":" in name for name in names):
        raise ValueError("AI_UPSTREAMS: a name may have no colon; those that do are users' own upstreams")
    if settings.ai_provider in names:
        return listed
    if settings.ai_provider != "local" and not settings.ai_api_key:
        if listed and settings.ai_models:
            return listed
        raise ValueError(f"AI_API_KEY must be set when AI_PROVIDER is {settings.ai_provider}")
    return [single_upstream(settings.ai_provider, settings.ai_api_base_url, settings.ai_api_key), *listed]


def _spec(model: ModelConfig, upstreams: dict[str, UpstreamConfig], default_upstream: str) -> ModelSpec:
    name = model.upstream or default_upstream
    if name not in upstreams:
        raise ValueError(f"AI_MODELS: {model.id} names the upstream {name!r}, which is not configured")
    return ModelSpec(
        id=model.id,
        name=model.name or model.id,
        description=model.description,
        provider=upstreams[name].provider,
        upstream=name,
        upstream_model=model.upstream_model or model.id,
        credits=model.credits,
        sizes=model.sizes,
        aspect_ratios=model.aspect_ratios,
        max_edge=model.max_edge,
        max_references=model.max_references,
        fallback=model.fallback,
    )


def _check(models: list[ModelSpec]) -> None:
    ids = [model.id for model in models]
    references = {model.id: model.max_references for model in models}
    for model in models:
        if model.id == RESERVED_MODEL:
            raise ValueError(f"AI_MODELS: the id {model.id} is that of users' own models")
        if ids.count(model.id) > 1:
            raise ValueError(f"AI_MODELS: the id {model.id} is there twice")
        if model.fallback is not None and (model.fallback not in ids or model.fallback == model.id):
            raise ValueError(f"AI_MODELS: {model.id} falls back on {model.fallback!r}, which is no other model")
        if model.fallback is not None and references[model.fallback] < model.max_references:
            raise ValueError(
                f"AI_MODELS: {model.id} falls back on {model.fallback}, which takes fewer reference images"
            )
