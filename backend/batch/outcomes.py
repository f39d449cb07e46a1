"""How one attempt at one image can end. Plain values: what they do to the books is `service/settle`'s business."""

from dataclasses import dataclass

from backend.batch.states import PausedReason


@dataclass(frozen=True, slots=True)
class Delivered:
    """An edited image, proved and stored under `storage_key`."""

    storage_key: str
    thumbnail_key: str
    mime_type: str
    width: int
    height: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Failed:
    """No image, and trying again by itself would not help."""

    error_code: str
    message: str


@dataclass(frozen=True, slots=True)
class Again:
    """Back in the line for `delay` seconds. `counts`: whether this attempt is one of the allowed ones; `ambiguous` and
    `soft` say which small budget it used; `park` holds the whole upstream for that time."""

    delay: float
    error_code: str
    message: str
    counts: bool = True
    ambiguous: bool = False
    soft: bool = False
    park: bool = False


@dataclass(frozen=True, slots=True)
class Standby:
    """Images for `model` may be made by the model `instead`, on its own `upstream`."""

    model: str
    instead: str
    upstream: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """This upstream did not manage it, and surely did not do it: the standby's turn, at the price agreed."""

    standby: Standby
    error_code: str
    message: str


@dataclass(frozen=True, slots=True)
class UpstreamDown:
    """The upstream refuses everything until someone acts: its batches pause, and the task keeps its attempts. What one of
    the `standbys` can do goes there instead."""

    reason: PausedReason
    message: str
    standbys: tuple[Standby, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Its owner asked for it."""


@dataclass(frozen=True, slots=True)
class Released:
    """Interrupted by us (shutdown, full disk): back in the line as if it had not been tried, after `delay` seconds."""

    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Rescued:
    """Its process is gone or frozen: back in the line, `delay` seconds from now, until it has been rescued too often.
    `owner_dead`: known to be gone; otherwise the lease must have run out, and still have when this is written."""

    delay: float
    max_rescues: int
    owner_dead: bool


Outcome = Delivered | Failed | Again | Elsewhere | UpstreamDown | Cancelled | Released | Rescued
