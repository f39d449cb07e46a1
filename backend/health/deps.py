"""What health is read from."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request

from backend import __version__
from backend.batch import queries
from backend.db import TROUBLE
from backend.health.schemas import DispatcherHealth, Health


@dataclass(frozen=True, slots=True)
class Checkup:
    """Health, and how many jobs this very process has under way."""

    health: Health
    here: int


async def _check(request: Request) -> Checkup:
    state = request.app.state
    database: Literal["ok", "unavailable"] = "ok"
    in_flight, pending, concurrency = state.dispatcher.in_flight, 0, 0
    try:
        in_flight, pending, concurrency = await state.db.read(queries.in_flight_and_pending)
    except TROUBLE:
        database = "unavailable"
    status = state.dispatcher.status
    well = database == "ok" and status != "draining" and not state.results.full
    health = Health(
        status="ok" if well else "degraded",
        version=__version__,
        database=database,
        storage="full" if state.results.full else "ok",
        dispatcher=DispatcherHealth(status=status, concurrency=concurrency, in_flight=in_flight, pending=pending),
    )
    return Checkup(health, state.dispatcher.in_flight)


CheckupNow = Annotated[Checkup, Depends(_check)]
