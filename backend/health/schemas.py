"""Health over the wire."""

from typing import Literal

from backend.web.schemas import Out


class DispatcherHealth(Out):
    """`in_flight` and `concurrency` are of all processes together; `pending` images wait."""

    status: Literal["running", "paused", "draining"]
    concurrency: int
    in_flight: int
    pending: int


class Health(Out):
    """`degraded` means: do not send work here now."""

    status: Literal["ok", "degraded"]
    version: str
    database: Literal["ok", "unavailable"]
    storage: Literal["ok", "full", "unavailable"]
    dispatcher: DispatcherHealth
