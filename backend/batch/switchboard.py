"""Which models a user may choose, and which upstream is behind the lane of a task: the operator's, and the user's own."""

import contextlib
from collections.abc import AsyncIterator, Sequence

from backend.auth.own_calls import OwnUpstreams
from backend.auth.own_lanes import OWN_MODEL, owner_of
from backend.batch.outcomes import Standby
from backend.batch.policy import Standbys
from backend.errors import NotFound, ValidationFailed
from backend.upstreams.base import ModelSpec, Upstream
from backend.upstreams.registry import Registry


class NotConnected(Exception):
    """There is no such upstream any more; the text says so to whoever ordered work from it."""

    def __init__(self, text: str, error_code: str = "upstream_bad_request") -> None:
        super().__init__(text)
        self.error_code = error_code


class Switchboard:
    """One for the process."""

    def __init__(self, registry: Registry, own: OwnUpstreams) -> None:
        self._registry, self._own = registry, own

    @property
    def upstreams(self) -> dict[str, str]:
        """The operator's upstreams: their kinds, by name."""
        return {upstream.name: upstream.kind for upstream in self._registry.upstreams}

    def only(self, name: str) -> dict[str, str]:
        """Just this one of them. Raises NotFound."""
        if name not in self.upstreams:
            raise NotFound
        return {name: self.upstreams[name]}

    async def offered(self, user_id: int) -> tuple[ModelSpec, ...]:
        """What this user may choose, the default first: who has an upstream of their own means to use it."""
        own = await self._own.model(user_id)
        return (*([own] if own else []), *self._registry.models)

    async def chosen(self, user_id: int, model_id: str | None) -> ModelSpec:
        """The model with this id, the default one for None. Raises ValidationFailed for one that is not offered."""
        models = await self.offered(user_id)
        found = next((model for model in models if model_id in (None, model.id)), None)
        if found is None:
            raise not_one_of("model", [each.id for each in models])
        return found

    @contextlib.asynccontextmanager
    async def connected(self, lane: str) -> AsyncIterator[Upstream]:
        """The upstream of a lane, while this is open. Raises NotConnected; UpstreamError when its key cannot be used."""
        user_id = owner_of(lane)
        if user_id is None:
            yield self._system(lane)
            return
        async with self._own.connected(user_id) as connection:
            if connection is None:
                raise _removed()
            yield connection[1]

    @contextlib.asynccontextmanager
    async def working(self, lane: str, model_id: str) -> AsyncIterator[tuple[ModelSpec, Upstream]]:
        """The same with the model, for an image's attempt. Raises NotConnected when either is gone."""
        user_id = owner_of(lane)
        if user_id is None:
            model = self._registry.model(model_id)
            if model is None:
                raise NotConnected(f"The model {model_id} is no longer offered.")
            yield model, self._system(lane)
            return
        async with self._own.connected(user_id) as connection:
            if connection is None or model_id != OWN_MODEL:
                raise _removed()
            yield connection

    def inputs(self, images: Sequence[tuple[str, str]]) -> list[tuple[str, int]]:
        """Storage keys with models, as keys with the longest edge that each model takes; of users' own models nothing is
        known without asking."""
        models = ((key, self._registry.model(model_id)) for key, model_id in images)
        return [(key, model.max_edge) for key, model in models if model is not None]

    def standby(self, model_id: str) -> Standby | None:
        """Who does this model's work when its upstream cannot."""
        model = self._registry.model(model_id)
        other = self._registry.model(model.fallback) if model and model.fallback else None
        if model is None or other is None or other.upstream == model.upstream:
            return None
        return Standby(model.id, other.id, other.upstream)

    def standbys(self, model_id: str, chosen_id: str, lane: str) -> Standbys:
        """Who stands by for an attempt. What has gone to a standby once goes no further when that one's attempts are
        spent."""
        here = [self.standby(model.id) for model in self._registry.models if model.upstream == lane]
        mine = self.standby(model_id) if model_id == chosen_id else None
        return Standbys(mine, tuple(standby for standby in here if standby))

    def _system(self, name: str) -> Upstream:
        try:
            return self._registry.upstream(name)
        except KeyError:
            raise NotConnected(f"The upstream {name} is no longer configured.") from None


def _removed() -> NotConnected:
    return NotConnected("Your own upstream was removed, so its key is gone.", "upstream_rejected_auth")


def not_one_of(name: str, known: Sequence[str]) -> ValidationFailed:
    """The refusal of a value that is not among `known`."""
    offered = ", ".join(known) or "none"
    return ValidationFailed(
        f"This {name} is not offered.",
        errors=[{"loc": ["body", name], "msg": f"not offered; there is: {offered}", "type": "enum"}],
    )
