"""What the batch routes ask for, besides what everyone asks for."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Header, Request

from backend.batch.events import Feed
from backend.batch.housekeeping import Housekeeping
from backend.batch.intake import Intake
from backend.batch.keeper import Keeper
from backend.batch.switchboard import Switchboard


async def _feed(request: Request) -> Feed:
    return request.app.state.feed  # type: ignore[no-any-return]


async def _switchboard(request: Request) -> Switchboard:
    return request.app.state.switchboard  # type: ignore[no-any-return]


async def _intake(request: Request) -> Intake:
    return request.app.state.intake  # type: ignore[no-any-return]


async def _housekeeping(request: Request) -> Housekeeping:
    return request.app.state.housekeeping  # type: ignore[no-any-return]


async def _attempts(request: Request) -> Keeper:
    return request.app.state.keeper  # type: ignore[no-any-return]


async def _still_allowed(request: Request) -> Callable[[], Awaitable[object]]:
    """Asks again, as the door did, whether this request's credentials are good."""
    address = request.client.host if request.client else ""
    return lambda: request.app.state.gate(request.headers, address)


async def _last_event_id(last_event_id: Annotated[str | None, Header()] = None) -> int | None:
    """A listener that comes back with an id that is not ours starts from a snapshot."""
    if last_event_id is None or not last_event_id.isascii() or not last_event_id.isdigit() or len(last_event_id) > 18:
        return None
    return int(last_event_id)


ChangeFeed = Annotated[Feed, Depends(_feed)]
Models = Annotated[Switchboard, Depends(_switchboard)]
BatchIntake = Annotated[Intake, Depends(_intake)]
House = Annotated[Housekeeping, Depends(_housekeeping)]
Attempts = Annotated[Keeper, Depends(_attempts)]
StillAllowed = Annotated[Callable[[], Awaitable[object]], Depends(_still_allowed)]
LastEventId = Annotated[int | None, Depends(_last_event_id)]
