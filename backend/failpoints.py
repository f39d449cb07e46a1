"""Places where a test makes this process die, freeze or fail. Unless they are armed they do nothing.

`FAILPOINTS="db.before_commit:kill9:verb=settle:p=0.05; runner.calling:kill9:delay=0.2"` arms them: rules parted by `;`, each
a place, what happens there, and on which of its passes. `FAILPOINTS_TRACE=file` makes every pass write a line there, so that
a test can prove afterwards who did what when, also for processes that were killed.

What may happen: `kill9`, `stop` (SIGSTOP), `block=SECONDS` (of the thread that passes), `errno=NAME` (an OSError).
On which passes: `p=` a probability, `after=` so many were passed, `times=` at most so often, `delay=` seconds later; any
other `name=value` must be among the facts of the pass.
"""

import errno
import json
import os
import random
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from backend import logs

log = logs.get(__name__)

ACTIONS = ("kill9", "stop", "block", "errno")


@dataclass(slots=True)
class Rule:
    """What happens at one place; `passed` counts the passes that the facts allow, `fired` those that it happened on."""

    place: str
    action: str
    argument: str = ""
    chance: float = 1.0
    after: int = 0
    times: int | None = None
    delay: float = 0.0
    facts: Mapping[str, str] = field(default_factory=dict)
    passed: int = 0
    fired: int = 0

    def fires(self, facts: Mapping[str, object]) -> bool:
        """Whether it happens on this pass."""
        if any(str(facts.get(name)) != wanted for name, wanted in self.facts.items()):
            return False
        self.passed += 1
        if self.passed <= self.after or (self.times is not None and self.fired >= self.times):
            return False
        if random.random() >= self.chance:  # noqa: S311
            return False
        self.fired += 1
        return True

    def act(self) -> None:
        """Do it, here and now."""
        match self.action:
            case "kill9":
                os.kill(os.getpid(), signal.SIGKILL)
            case "stop":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "block":
                time.sleep(float(self.argument))
            case "errno":
                number = getattr(errno, self.argument)
                raise OSError(number, os.strerror(number))


_rules: list[Rule] | None = None
_trace: int | None = None


def arm(text: str, trace: str = "") -> None:
    """Arm what `text` says and trace into the file `trace`; empty texts disarm. Raises ValueError for what is no rule."""
    global _rules, _trace  # noqa: PLW0603  one process, one set of them
    _rules = [_parsed(rule) for rule in text.split(";") if rule.strip()] if text or trace else None
    if _trace is not None:
        os.close(_trace)
    _trace = os.open(trace, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600) if trace else None
    if _rules:
        log.warning("failpoints_armed", rules=text)


def hit(place: str, /, **facts: object) -> None:
    """Pass `place`. The facts say which pass it is."""
    if _rules is None:
        return
    firing = [rule for rule in _rules if rule.place == place and rule.fires(facts)]
    fired = {"fired": firing[0].action + (f"={firing[0].argument}" if firing[0].argument else "")} if firing else {}
    _write(place, facts | fired)
    for rule in firing:
        if rule.delay:
            threading.Timer(rule.delay, _act_late, [rule]).start()
        else:
            rule.act()


def _act_late(rule: Rule) -> None:
    _write("failpoint.late", {"fired_at": rule.place})
    rule.act()


def _write(place: str, facts: Mapping[str, object]) -> None:
    if _trace is not None:
        line = {"t": time.monotonic(), "pid": os.getpid(), "place": place, **facts}
        os.write(_trace, json.dumps(line).encode() + b"\n")


def _parsed(text: str) -> Rule:
    place, *words = (word.strip() for word in text.split(":"))
    pairs = dict(word.partition("=")[::2] for word in words)
    actions = [word for word in pairs if word in ACTIONS]
    if not place or len(actions) != 1:
        raise ValueError(f"FAILPOINTS: {text.strip()!r} is no place with one of {', '.join(ACTIONS)}")
    action = actions[0]
    argument = pairs.pop(action)
    times = pairs.pop("times", None)
    return Rule(
        place,
        action,
        argument,
        chance=float(pairs.pop("p", 1)),
        after=int(pairs.pop("after", 0)),
        times=int(times) if times is not None else None,
        delay=float(pairs.pop("delay", 0)),
        facts=pairs,
    )
