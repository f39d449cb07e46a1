"""The right to work on one task."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a task and to say how it ended, for as long as `token` stands in the slot."""

    slot_no: int
    task_id: int
    token: str
    alone: bool = False
    """Whether nothing else may be in work in this process meanwhile: its processes died again and again."""
