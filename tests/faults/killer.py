"""Lets every server die at the next point of an image's way, as often as it is told."""

import asyncio
import itertools
import secrets
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx

from tests.faults.arena import Arena
from tests.faults.fleet import Member

POINTS = {
    "K0 before the claim's commit": "db.before_commit:kill9:verb=claim:after={n}",
    "K1 claimed, not yet called": "runner.claimed:kill9:after={n}",
    "K2 in the middle of the call": "runner.calling:kill9:delay=0.05:after={n}",
    "K3 answered, not yet stored": "results.proved:kill9:after={n}",
    "K4 in the middle of storing": "storage.writing:kill9:after={n}",
    "K5 stored, not yet settled": "runner.settling:kill9:outcome=Delivered:after={n}",
    "K6 before the settle's commit": "db.before_commit:kill9:verb=settle:after={n}",
    "K7 settled, nobody told": "db.after_commit:kill9:verb=settle:after={n}",
    "K8 telling the page": "stream.telling:kill9",
    "K9 in the middle of a rescue": "keeper.rescuing:kill9",
    "K10 before a cancel's commit": "db.before_commit:kill9:verb=cancel",
    "K11 in the middle of a drain": "service.draining:kill9",
    "K12 before an order's commit": "db.before_commit:kill9:verb=submit",
    "K12 after an order's commit": "db.after_commit:kill9:verb=submit",
}
PATIENCE_SECONDS = 4.0
"""After so long without having come to its point, a server is killed where it stands."""


class Killer:
    """Arms each new life, brings about what its point needs, and counts the deaths by point."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self._turns = itertools.cycle(POINTS)
        self._armed: dict[int, str] = {}

    def arm(self, member: Member) -> str:
        """The failpoints of `member`'s next life."""
        point = self._armed[member.number] = next(self._turns)
        return POINTS[point].format(n=self.arena.rng.randint(0, 3))

    def deaths(self) -> dict[str, int]:
        """How often each point was died at, by the dead processes' own last lines."""
        fired = [each for each in self.arena.fleet.passes() if each.get("fired") == "kill9"]
        return {point: sum(1 for each in fired if _at(rule, each)) for point, rule in POINTS.items()}

    async def run(self, enough: Callable[[dict[str, int]], bool]) -> None:
        """Kill until `enough` says so, while the load goes on."""
        self.arena.fleet.respawn(self.arm)
        async with asyncio.TaskGroup() as group:
            shepherds = [group.create_task(self._shepherd(member)) for member in self.arena.fleet.members]
            orders = group.create_task(self._orders())
            while not enough(self.deaths()):
                await asyncio.sleep(0.5)
            for task in [*shepherds, orders]:
                task.cancel()

    async def _orders(self) -> None:
        while True:
            await self.arena.load.run(1.0)

    async def _shepherd(self, member: Member) -> None:
        """Each life of `member` is led to its point."""
        while True:
            if not member.serving:
                await asyncio.sleep(0.02)
                continue
            life = member.lives
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while member.serving and member.lives == life:
                        await self._lead(member, self._armed.get(member.number, ""))
                        await asyncio.sleep(0.05)
            except TimeoutError:
                if member.lives == life:
                    await member.kill()

    async def _lead(self, member: Member, point: str) -> None:
        with suppress(httpx.TransportError):
            match point.partition(" ")[0]:
                case "K8":
                    await self.arena.load.listen(self.arena.rng.choice(self.arena.load.users), member)
                case "K10":
                    await self._cancel(member)
                case "K11":
                    member.signal(signal.SIGTERM)
                case "K12":
                    await self._order(member)

    async def _cancel(self, member: Member) -> None:
        promise = await self.arena.load.order(images=2)
        await self._once(member, promise.user.token, f"/api/batch/queues/{promise.queue_id}/cancel")

    async def _order(self, member: Member) -> None:
        user = self.arena.rng.choice(self.arena.load.users)
        await self._once(
            member,
            user.token,
            "/api/batch/queues",
            json={"image_ids": user.images[:2], "prompt": f"k12-{secrets.token_hex(4)} x"},
        )

    async def _once(self, member: Member, token: str, path: str, **more: Any) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            await client.post(member.url + path, headers={"Authorization": f"Bearer {token}"}, **more)


def _at(rule: str, passed: dict[str, Any]) -> bool:
    place, *words = rule.split(":")
    facts = dict(word.split("=") for word in words if word.startswith(("verb=", "outcome=")))
    return bool(passed["place"] == place and all(passed.get(name) == value for name, value in facts.items()))
