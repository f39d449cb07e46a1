"""What all adapters of remote upstreams share: who they are, how they sign in, and that nothing but `UpstreamError` leaves."""

import base64
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from backend.upstreams.answers import fetched, read
from backend.upstreams.base import EditRequest, EditResult, Outcome, SourceImage, UpstreamError
from backend.upstreams.bodies import unreadable
from backend.upstreams.config import UpstreamConfig
from backend.upstreams.http import Http, Reply

Order = Literal["image-first", "image-last"]
Sender = Callable[[Mapping[str, Any]], Awaitable[Reply]]

_ODD = (LookupError, TypeError, ValueError, AttributeError, RecursionError, ArithmeticError)
"""What reading an answer may raise that is made like no other."""
_LEAST_SECRET = 8


class Adapter(ABC):
    """One upstream: `_edited` is the protocol; its picture is base64, a data URL or an address.

    What an answer amounts to is found in a thread: it may be a stream of a hundred thousand events, or a text of 60 MB.
    """

    kind = ""
    order: Order = "image-last"
    version = "v1"
    probe_path = "/models"

    def __init__(self, config: UpstreamConfig, http: Http) -> None:
        self.name = config.name
        self.config = config
        self.api = config.api(self.version)
        self.secrets = _secrets(config)
        self._http = http

    async def aclose(self) -> None:
        await self._http.aclose()

    async def edit(self, request: EditRequest) -> EditResult:
        """The edited image as the upstream sent it; only UpstreamError is raised, whatever the answer looks like."""
        started = time.monotonic()
        try:
            picture, note = await self._edited(request)
            seconds = time.monotonic() - started
            data = await fetched(picture, self._http)
        except UpstreamError as error:
            for secret in filter(None, self.secrets):
                error.detail = error.detail.replace(secret, "[key]")
            raise
        except _ODD as error:
            raise unreadable(_never_seen(error)) from error
        return EditResult(data, upstream_seconds=seconds, note=note)

    async def probe(self) -> tuple[str, ...]:
        """Ask for the list of models; an upstream that answers, but has no such list, is well too."""
        try:
            reply = await self._http.call(
                "GET", self.api + self.probe_path, headers=self.headers(), secrets=self.secrets
            )
            if reply.status in {404, 405}:
                return ()
            return _ids(await read(reply, self.secrets, task=True))
        except UpstreamError as error:
            # nothing was asked for that could have been billed
            if error.outcome is Outcome.AMBIGUOUS:
                raise UpstreamError(Outcome.BACKOFF, error.detail) from error
            raise
        except _ODD as error:
            raise UpstreamError(Outcome.BACKOFF, _never_seen(error), error_code="unreadable_result") from error

    @abstractmethod
    async def _edited(self, request: EditRequest) -> tuple[str, str]:
        """The picture, and the words that came with it."""

    def headers(self) -> dict[str, str]:
        """Credentials, and the operator's own headers."""
        if self.config.auth == "x-goog-api-key":
            return {"x-goog-api-key": self.config.key, **self.config.extra_headers}
        return {"authorization": f"Bearer {self.config.key}", **self.config.extra_headers}

    async def post(self, path: str, body: Mapping[str, Any], *, optional: frozenset[str] = frozenset()) -> Any:
        """The document that answers `body` as JSON; a field that the upstream calls unknown is left out once."""

        async def send(fields: Mapping[str, Any]) -> Reply:
            return await self._http.call(
                "POST", self.api + path, headers=self.headers(), json_body=fields, secrets=self.secrets
            )

        return await self.exchange(send, body, optional)

    async def exchange(self, send: Sender, body: Mapping[str, Any], optional: frozenset[str]) -> Any:
        """Send `body` with the operator's own fields; once more without a field that is `optional` and not known there."""
        body = with_extras(body, self.config.extra_params)
        try:
            return await read(await send(body), self.secrets)
        except UpstreamError as error:
            field = re.split(r"[.\[]", error.param, maxsplit=1)[0]
            if error.outcome is not Outcome.INPUT or field not in optional or field not in body:
                raise
        return await read(await send({name: body[name] for name in body if name != field}), self.secrets)

    def order_for(self, request: EditRequest) -> Order:  # noqa: ARG002 - an adapter may decide by the model
        return self.order if self.config.image_order == "auto" else self.config.image_order

    def images(self, request: EditRequest) -> list[SourceImage]:
        """All images in the order of the wire."""
        if self.order_for(request) == "image-first":
            return [request.image, *request.references]
        return [*request.references, request.image]

    def prompt(self, request: EditRequest) -> str:
        """The prompt; with references it says which image is the one to edit."""
        if not request.references:
            return request.prompt
        which = "first" if self.order_for(request) == "image-first" else "last"
        return f"{request.prompt}\n\n(Edit the {which} image. The other images are references only.)"


def _secrets(config: UpstreamConfig) -> tuple[str, ...]:
    """The key, and the words of the operator's own headers that may be one: long, and no address."""
    words = (word for value in config.extra_headers.values() for word in value.split() if "://" not in word)
    return (config.key, *(word for word in words if len(word) >= _LEAST_SECRET))


def _never_seen(error: Exception) -> str:
    return f"the answer has a shape never seen before ({type(error).__name__})"


def _ids(document: Any) -> tuple[str, ...]:
    """The ids of OpenAI's `data[]` or Google's `models[]`."""
    lists = [document.get(name) for name in ("data", "models")] if isinstance(document, dict) else []
    items = [item for values in lists if isinstance(values, list) for item in values if isinstance(item, dict)]
    ids = (item.get("id") or item.get("name") for item in items)
    return tuple(value.removeprefix("models/")[:128] for value in ids if isinstance(value, str) and value)


def with_extras(body: Mapping[str, Any], extras: Mapping[str, Any]) -> dict[str, Any]:
    """`body` with `extras` laid over it, objects inside objects merged."""
    merged = dict(body)
    for name, value in extras.items():
        inner = merged.get(name)
        merged[name] = with_extras(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


def b64(image: SourceImage) -> str:
    return base64.b64encode(image.data).decode("ascii")


def data_url(image: SourceImage) -> str:
    return f"data:{image.mime_type};base64,{b64(image)}"
