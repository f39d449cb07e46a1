"""The process's own clocks. Leases, due times and anything two processes compare use the database's clock instead."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Current time, aware, in UTC. For display and tokens; never for leases."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds on a clock that never steps: for local deadlines."""
    return time.monotonic()
