"""Calling a user's own upstream: its key is opened only for the call, and its address is nobody's whom the server trusts."""

import contextlib
import time
from collections.abc import AsyncIterator

from pydantic import ValidationError

from backend.auth import queries
from backend.auth.models import UserUpstream
from backend.auth.own_lanes import OWN_MODEL, lane_of
from backend.auth.own_upstream import KeyCipher, KeyLost
from backend.auth.schemas import UpstreamTestOut
from backend.db import Database
from backend.errors import NotFound
from backend.settings import Settings
from backend.upstreams.base import ModelSpec, Outcome, Upstream, UpstreamError
from backend.upstreams.catalogue import DEFAULTS
from backend.upstreams.config import ModelConfig, UpstreamConfig
from backend.upstreams.registry import allowed_hosts, open_upstream

TEST_SECONDS = 20.0
DESCRIPTION = "使用你自己的密钥,不消耗额度 / with your own key, at no credits"


class OwnUpstreams:
    """One for the process; nothing of any user's stays in it."""

    def __init__(self, db: Database, settings: Settings, cipher: KeyCipher) -> None:
        self._db, self._cipher = db, cipher
        self._timeout = settings.ai_timeout_seconds
        self._allowed = allowed_hosts(settings.upstream_allowed_hosts)

    async def model(self, user_id: int) -> ModelSpec | None:
        """The model that the user's own upstream offers to them alone, at no credits; None without one."""
        own = await self._db.read(queries.own_settings, user_id)
        return _spec(own) if own else None

    @contextlib.asynccontextmanager
    async def connected(
        self, user_id: int, patience: float | None = None
    ) -> AsyncIterator[tuple[ModelSpec, Upstream] | None]:
        """The user's model and upstream while this is open, None without one. UpstreamError when its settings cannot be
        used."""
        own = await self._db.read(queries.own_settings, user_id)
        if own is None:
            yield None
            return
        config = self._config(own)
        upstream = open_upstream(config, timeout=patience or self._timeout, allowed=self._allowed)
        try:
            yield _spec(own), upstream
        finally:
            await upstream.aclose()

    async def test(self, user_id: int) -> UpstreamTestOut:
        """What one call that bills nothing finds. Raises NotFound without an upstream to test."""
        started = time.monotonic()
        try:
            async with self.connected(user_id, min(TEST_SECONDS, self._timeout)) as connection:
                if connection is None:
                    raise NotFound("You have no upstream of your own.")
                model, upstream = connection
                models = await upstream.probe()
        except UpstreamError as error:
            return _tested(started, code=error.error_code, detail=error.detail)
        return _tested(started, detail=_about(model.upstream_model, models), models=models)

    def _config(self, own: UserUpstream) -> UpstreamConfig:
        try:
            return UpstreamConfig.model_validate(
                {
                    "name": lane_of(own.user_id),
                    "provider": own.provider,
                    "base_url": own.base_url,
                    "api_key": self._cipher.open(own.api_key_encrypted),
                }
            )
        except KeyLost:
            raise UpstreamError(Outcome.AUTH, "Your key cannot be read any more; set it again.") from None
        except ValidationError:  # its text would hold the key
            raise UpstreamError(Outcome.AUTH, "Your upstream's settings cannot be used; set them again.") from None


def _spec(own: UserUpstream) -> ModelSpec:
    """What is known of the user's model: all of it when the catalogue has it, else no options that it may refuse."""
    models = next((models for provider, models in DEFAULTS.items() if provider == own.provider), ())
    known = next((model for model in models if model.id == own.model), ModelConfig(id=own.model))
    return ModelSpec(
        id=OWN_MODEL,
        name=known.name or own.model,
        description=DESCRIPTION,
        provider="own",
        upstream=lane_of(own.user_id),
        upstream_model=own.model,
        credits=0,
        sizes=known.sizes,
        aspect_ratios=known.aspect_ratios,
        max_edge=known.max_edge,
        max_references=known.max_references,
    )


def _about(model: str, listed: tuple[str, ...]) -> str:
    if not listed:
        return f"It answers, but lists no models: whether it has {model}, the first image will show."
    return "It answers." if model in listed else f"It answers, but does not list the model {model}."


def _tested(started: float, *, code: str | None = None, detail: str, models: tuple[str, ...] = ()) -> UpstreamTestOut:
    seconds = round(time.monotonic() - started, 3)
    return UpstreamTestOut(ok=code is None, code=code, detail=detail, models=list(models), seconds=seconds)
