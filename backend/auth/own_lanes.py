"""How work for a user's own upstream is marked among all work: as a lane of its own, so that it waits for nobody else's."""

import re

from backend.upstreams.registry import RESERVED_MODEL

OWN_MODEL = RESERVED_MODEL
PREFIX = "user:"
_LANE = re.compile(r"user:([1-9]\d{0,18})")


def lane_of(user_id: int) -> str:
    """The lane of this user's own upstream."""
    return f"{PREFIX}{user_id}"


def owner_of(lane: str) -> int | None:
    """Whose own upstream the lane stands for; None when it is one of the operator's."""
    found = _LANE.fullmatch(lane)
    return int(found.group(1)) if found else None
