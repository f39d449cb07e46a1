"""The service with one of its guards taken out: builds that the checker must not let pass.

Each change is a piece of source and what stands there instead; a piece that is no longer there fails the test, so these
follow the code.
"""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.processes import REPO

SETTLE, CLAIM = "backend/batch/service/settle.py", "backend/batch/service/claim.py"
TYPES, KEEPER = "backend/db/types.py", "backend/batch/keeper.py"
AHEAD = """
def _ahead():
    import os

    return os.environ.get("CLOCK_AHEAD", "0")


"""
FIRST = "alembic/versions/0001_first.py"


@dataclass(frozen=True, slots=True)
class Change:
    """In file `path`: `piece` becomes `instead`, wherever it stands."""

    path: str
    piece: str
    instead: str


BUILDS = {
    "no token guard": [
        Change(SETTLE, ".where(slot.slot_no == slot_no, slot.attempt_token == token)",
               ".where(slot.slot_no == slot_no)"),
        Change(SETTLE, " and row.attempt_token == lease.token", ""),
        Change(SETTLE, ", task.attempt_token == token)", ")"),
    ],
    "a limit that counts": [
        Change(CLAIM, "    row = (await session.execute(*_open_slot())).first()\n",
               "    counted = select(func.count()).where(BatchTask.status == TaskStatus.PROCESSING)\n"
               "    if await session.scalar(counted) >= 3:\n        return None\n"
               "    row = (await session.execute(*_open_slot())).first()\n"),
        Change(CLAIM, ".where(slot.enabled, slot.task_id.is_(None))", ".where(slot.task_id.is_(None))"),
        Change(CLAIM, "slot.task_id.is_(None), slot.enabled)", "slot.task_id.is_(None))"),
    ],
    "a ledger without its unique key": [
        Change(FIRST, 'sa.UniqueConstraint("task_id", "charge_no", "phase"', 'sa.UniqueConstraint("id"'),
    ],
    "the application's clock": [
        Change(TYPES, '_TEXT_FORMAT = ', AHEAD + '_TEXT_FORMAT = '),
        Change(TYPES, """return "(strftime('%Y-%m-%d %H:%M:%f', 'now'))\"""",
               """return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', '+{_ahead()} seconds'))\""""),
        Change(TYPES, """'now', printf(""", """'now', '+{_ahead()} seconds', printf("""),
        Change(TYPES, 'return "(UTC_TIMESTAMP(3))"', 'return f"(UTC_TIMESTAMP(3) + INTERVAL {_ahead()} SECOND)"'),
        Change(TYPES, 'DATE_ADD(UTC_TIMESTAMP(3),', 'DATE_ADD(UTC_TIMESTAMP(3) + INTERVAL {_ahead()} SECOND,'),
    ],
    "a heartbeat longer than the lease": [
        Change(KEEPER, "await asyncio.sleep(self._lease / 6)", "await asyncio.sleep(self._lease * 3)"),
        Change(KEEPER, "- 0.75 * self._lease", "- 75 * self._lease"),
    ],
}  # fmt: skip


WALL_CLOCK = (
    Change("backend/clock.py", "return datetime.now(UTC)",
           'import os\n    from datetime import timedelta\n'
           '    return datetime.now(UTC) + timedelta(seconds=float(os.environ.get("CLOCK_OFF", "0")))'),
)  # fmt: skip
"""Not broken: each process's own clock is as far off as its CLOCK_OFF says."""


def tree(folder: Path, changes: Iterable[Change]) -> Path:
    """The source tree with these changes, in `folder`."""
    for name in ("backend", "alembic"):
        shutil.copytree(REPO / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for change in changes:
        path = folder / change.path
        text = path.read_text()
        assert change.piece in text, f"{change.path} has no {change.piece!r} any more"
        path.write_text(text.replace(change.piece, change.instead))
    return folder
