"""What processes and the upstream wrote down while it happened, held against what may happen.

All times are `time.monotonic()`, which all processes of a machine share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.faults.fleet import Diary
from tests.faults.load import Promise
from tests.faults.upstream import Call

Passes = Sequence[Mapping[str, Any]]
NEVER = float("inf")
STILL_SECONDS = 0.5
"""A process that pauses for less has only been slow."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One claim of a task by one process: the slot it took, when it was about to commit that, when its call began and ended."""

    task: int
    token: str
    slot: int
    pid: int
    claimed: float
    called: float
    ended: float


def deaths(passes: Passes, diary: Diary) -> dict[int, float]:
    """When each process died: by its own last word where it died at a failpoint, which is before anybody heard of it."""
    words: dict[int, float] = {}
    for each in passes:
        words[each["pid"]] = each["t"]
    killed = {each["pid"] for each in passes if each.get("fired") == "kill9"}
    return {pid: min(at, words[pid]) if pid in killed and pid in words else at for pid, at in diary.deaths.items()}


def attempts(passes: Passes, diary: Diary) -> list[Attempt]:
    """All attempts, in order. What never ended by its own word ended with its process."""
    died = deaths(passes, diary)
    calling = {each["token"]: each["t"] for each in passes if each["place"] == "runner.calling"}
    called = {each["token"]: each["t"] for each in passes if each["place"] == "runner.called"}
    found = []
    committing: dict[int, float] = {}
    for each in passes:
        pid = each["pid"]
        if each["place"] == "db.before_commit" and each["verb"] == "claim":
            committing[pid] = each["t"]
        if each["place"] == "runner.claimed":
            token, death = each["token"], died.get(pid, NEVER)
            ended = min(called.get(token, NEVER), death)
            began = calling.get(token, ended)
            claimed = committing.get(pid, each["t"])  # a busy machine may write the later line much later
            found.append(Attempt(each["task"], token, each["slot"], pid, claimed, began, ended))
    return found


def freezes(passes: Passes, diary: Diary) -> list[tuple[int, float, float]]:
    """When which process stood still: frozen from outside, or blocked from inside."""
    blocked = [
        (each["pid"], each["t"], each["t"] + float(each["fired"].partition("=")[2]))
        for each in passes
        if each.get("fired", "").startswith("block=") and float(each["fired"].partition("=")[2]) >= STILL_SECONDS
    ]
    return diary.freezes + blocked


def most_at_once(found: Sequence[Attempt], still: Sequence[tuple[int, float, float]]) -> int:
    """S7: the most calls that were open at once, without those of a process that was frozen meanwhile."""
    changes = []
    for each in found:
        if each.called < each.ended and not _frozen(each, still):
            changes += [(each.called, 1), (each.ended, -1)]
    most = now = 0
    for _, by in sorted(changes):
        now += by
        most = max(most, now)
    return most


def doubled_too_early(found: Sequence[Attempt], passes: Passes, lease: float) -> list[str]:
    """S10: two calls for one task at once, though the first one's process had renewed its lease less than a lease ago."""
    beats: dict[int, list[float]] = {}
    for each in passes:
        if each["place"] == "keeper.beat":
            beats.setdefault(each["pid"], []).append(each["began"])
    by_task: dict[int, list[Attempt]] = {}
    for attempt in found:
        by_task.setdefault(attempt.task, []).append(attempt)
    wrong = []
    for same in by_task.values():
        for first, second in pairwise(same):
            overlap = first.called < first.ended and second.called < min(first.ended, second.ended)
            if not overlap:
                continue
            renewed = max([first.claimed, *(t for t in beats.get(first.pid, []) if t < second.claimed)])
            # the claim's own lease runs from a little before its line was written
            if second.claimed - renewed < lease * 0.9:
                wrong.append(
                    f"S10 task {first.task}: {second.token} began {second.claimed - renewed:.2f} s after a beat"
                )
    return wrong


def too_often(calls: Mapping[Any, Sequence[Call]], most: int) -> list[str]:
    """S11: images that the upstream was asked for more often than that; being told to wait is not counted."""
    return [
        f"S11 {work}: asked {len(asked)} times"
        for work, asked in calls.items()
        if len([call for call in asked if call.answered != "limit"]) > most
    ]


def after_the_cancel(promises: Sequence[Promise], calls: Sequence[Call], grace: float) -> list[str]:
    """S13: calls for a batch that began more than `grace` seconds after its cancel was answered."""
    wrong = []
    for promise in promises:
        if promise.cancelled_at is not None:
            late = [call for call in calls if call.work[0] == promise.key and call.began > promise.cancelled_at + grace]
            wrong += [f"S13 {promise.key}: {len(late)} calls after its cancel"] if late else []
    return wrong


def ordered_twice(promises: Sequence[Promise]) -> list[str]:
    """S12: keys that were answered with more than one batch."""
    return [f"S12 {each.key}: {sorted(each.answers)}" for each in promises if len(each.answers) > 1]


def on_closed_slots(found: Sequence[Attempt], limits: Sequence[tuple[float, float, int]]) -> list[str]:
    """S6: claims of a slot beyond the limit in force; `limits` are times from an answered change until the next is asked."""
    return [
        f"S6 slot {each.slot} was claimed at limit {limit}"
        for each in found
        for since, until, limit in limits
        if since < each.claimed < until and each.slot > limit
    ]


def share_in_use(found: Sequence[Attempt], limit: int) -> float:
    """L3: of the time from the first call to the last claim, how much of all slots' time was spent in calls."""
    real = [each for each in found if each.called < each.ended]
    begin, end = min(each.called for each in real), max(each.claimed for each in real)
    used = sum(max(0.0, min(each.ended, end) - each.called) for each in real)
    return used / ((end - begin) * limit)


def _frozen(attempt: Attempt, still: Sequence[tuple[int, float, float]]) -> bool:
    return any(pid == attempt.pid and since < attempt.ended and until > attempt.called for pid, since, until in still)
