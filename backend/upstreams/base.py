"""The seam between a batch and whatever edits its images: one request, one result, one family of errors."""

import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

DETAIL_LIMIT = 500
WORDS = DETAIL_LIMIT * 8
"""So many characters of foreign words are looked at; they become fewer when they are made harmless."""
PIECE = 5
"""So many characters of a key in a row are a part of it; fewer are any word."""
_SECRET_SHAPES = re.compile(
    r"(?i)\b(?:bearer|key|token)\s+[\w.~+/=-]{12,}"
    r"|\b(?:sk|pk|rk|nb|fal|r8|gsk|xai)[-_][\w-]{8,}"
    r"|\bAIza[\w-]{20,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
)


class Outcome(StrEnum):
    """What a failed call means for the image, and for everything else that waits for the same upstream."""

    BACKOFF = "backoff"
    """Try again, later each time."""
    AFTER = "after"
    """Try again once `retry_after` seconds have passed; nothing else reaches this upstream sooner."""
    INPUT = "input"
    """This image or prompt is refused for good."""
    SAFETY = "safety"
    """This image or prompt is refused by the upstream's content policy."""
    SOFT = "soft"
    """An answer without an image; one identical retry often succeeds."""
    AUTH = "auth"
    """The configuration is wrong (key, model, address): nothing will work until a person acts."""
    QUOTA = "quota"
    """The upstream account has nothing left: nothing will work until a person acts or a day has passed."""
    AMBIGUOUS = "ambiguous"
    """The upstream may have done the work, and may charge for it; repeat only within a small budget."""


ERROR_CODES = {
    Outcome.BACKOFF: "upstream_unavailable",
    Outcome.AFTER: "upstream_rate_limited",
    Outcome.INPUT: "upstream_bad_request",
    Outcome.SAFETY: "safety_blocked",
    Outcome.SOFT: "no_image_returned",
    Outcome.AUTH: "upstream_rejected_auth",
    Outcome.QUOTA: "upstream_quota",
    Outcome.AMBIGUOUS: "upstream_timeout",
}
"""The `error_code` that a task shows when an outcome is final, unless the error names a closer one."""


class UpstreamError(Exception):
    """The only exception that an adapter raises (besides `CancelledError`, which passes through untouched).

    `detail` is the upstream's own words, already safe to store and show; `retry_after` is in seconds: an AFTER's wait, or
    the least of a BACKOFF's; `billed` says that the upstream probably charges for this call. `max_retries`, when set,
    bounds the repeats below the usual budget, and `then` is what the failure becomes once they are spent. `param` is the
    request field that the upstream does not know, when it says so.
    """

    def __init__(
        self,
        outcome: Outcome,
        detail: str = "",
        *,
        error_code: str | None = None,
        retry_after: float | None = None,
        billed: bool = False,
        max_retries: int | None = None,
        then: Outcome | None = None,
        param: str = "",
        secrets: Iterable[str] = (),
    ) -> None:
        self.outcome = outcome
        self.error_code = error_code or ERROR_CODES[outcome]
        self.detail = sanitise(detail, secrets)
        self.retry_after = retry_after
        self.billed = billed
        self.max_retries = max_retries
        self.then = then
        self.param = param
        super().__init__(f"{self.error_code}: {self.detail}")


def sanitise(text: str, secrets: Iterable[str] = ()) -> str:
    """Foreign text made harmless: one line, no control or direction characters, no part of a key, at most 500 characters."""
    text = " ".join(text[:WORDS].split())
    text = "".join(char for char in text if unicodedata.category(char)[0] != "C")
    for secret in secrets:
        text = _without(text, secret)
    text = _SECRET_SHAPES.sub("[key]", text)
    return text if len(text) <= DETAIL_LIMIT else text[: DETAIL_LIMIT - 1] + "…"


def _without(text: str, secret: str) -> str:
    """`text` without `secret`, and without any piece of it: upstreams like to quote the beginning of a key."""
    pieces = {secret[start : start + PIECE] for start in range(len(secret) - PIECE + 1)}
    said: list[str] = []
    position = 0
    while position < len(text):
        end = position
        while text[end : end + PIECE] in pieces:
            end += 1
        if end == position:
            said.append(text[position])
            position += 1
        else:
            said.append("[key]")
            position = end + PIECE - 1
    return "".join(said)


@dataclass(frozen=True, slots=True)
class SourceImage:
    """One image as it may leave the house: first frame, upright, sRGB, without metadata, within the model's size.

    `lossless` says that its original was kept without loss (PNG and the like), whatever it is sent as.
    """

    data: bytes = field(repr=False)
    mime_type: str
    width: int
    height: int
    lossless: bool = False


@dataclass(frozen=True, slots=True)
class EditRequest:
    """One image to edit; `model` is the upstream's own id. The adapter decides the order of the images on the wire.

    `job` is the upstream's id of this very work when it was ordered before: it is asked for, not ordered again. An adapter
    that is given such an id tells `on_job` before it waits for the result.
    """

    prompt: str
    model: str
    image: SourceImage
    references: tuple[SourceImage, ...] = ()
    aspect_ratio: str | None = None
    image_size: str | None = None
    job: str | None = None
    on_job: Callable[[str], Awaitable[None]] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class EditResult:
    """Encoded image bytes exactly as the upstream gave them: not yet decoded, of whatever type they turn out to be."""

    data: bytes = field(repr=False)
    upstream_seconds: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model as the user sees it (`id`, `name`, …), and where its work goes (`upstream`, `upstream_model`)."""

    id: str
    name: str
    description: str
    provider: str
    upstream: str
    upstream_model: str
    credits: int = 1
    sizes: tuple[str, ...] = ()
    aspect_ratios: tuple[str, ...] = ()
    max_edge: int = 2048
    max_references: int = 0
    fallback: str | None = None
    """Id of the model that stands by when this one's upstream is down."""


class Upstream(Protocol):
    """Something that edits one image. `name` is the operator's, `kind` is the protocol that it speaks."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    async def edit(self, request: EditRequest) -> EditResult:
        """The edited image, or an `UpstreamError`. Cancelling it ends the call and frees what it holds."""
        ...

    async def probe(self) -> tuple[str, ...]:
        """One cheap call that proves address and key, and bills nothing: the ids of the models on offer, as far as the
        upstream lists them. UpstreamError says what is wrong."""
        ...

    async def aclose(self) -> None:
        """Release connections; the upstream is not used afterwards."""
        ...
