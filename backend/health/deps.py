"""What health is read from."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request

from backend import __version__
from backend.batch import queries
from backend.config import service as config
from backend.db import TROUBLE
from backend.health.schemas import DispatcherHealth, Health

READ_SECONDS = 5.0
"""A database that takes longer to answer is away, for whoever asks whether we are well."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """Health, and how many jobs this very process has under way."""

    health: Health
    here: int


async def _check(request: Request) -> Checkup:
    state = request.app.state
    database: Literal["ok", "unavailable"] = "ok"
    status, in_flight, pending, concurrency = state.dispatcher.status, state.dispatcher.in_flight, 0, 0
    try:
        async with asyncio.timeout(READ_SECONDS):
            in_flight, pending, concurrency = await state.db.read(queries.in_flight_and_pending)
            if status != "draining":
                # an administrator's word counts at once, the dispatcher hears of it when it claims next
                status = "paused" if await state.db.read(config.dispatch_paused) else "running"
    except TROUBLE:  # and out of time, which is an OSError
        database = "unavailable"
    well = database == "ok" and status != "draining" and state.results.state == "ok"
    health = Health(
        status="ok" if well else "degraded",
        version=__version__,
        database=database,
        storage=state.results.state,
        dispatcher=DispatcherHealth(status=status, concurrency=concurrency, in_flight=in_flight, pending=pending),
    )
    return Checkup(health, state.dispatcher.in_flight)


CheckupNow = Annotated[Checkup, Depends(_check)]
