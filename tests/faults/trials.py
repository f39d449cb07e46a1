"""Runs that are tried on the service as it is, which must pass them, and on broken builds, which must not."""

import asyncio

from tests.faults.arena import LEASE, LIMIT, Arena
from tests.faults.upstream import Manners

FROZEN = LEASE * 3
"""How long a process stands still that others are to take for dead."""
LONG = Manners(quickest=LEASE * 0.8, slowest=LEASE * 1.8)
"""Calls that take longer than a lease: whoever does not renew it loses it."""


async def calm(arena: Arena) -> None:
    """Nothing is done to anybody. So the upstream is asked exactly once for each image, and waits for nobody."""
    arena.relay.manners = LONG
    async with arena.checker.watching():
        last = arena.fleet.members[-1]
        await asyncio.gather(*(arena.load.order(user, images=2, member=last) for user in arena.load.users))
        await arena.load.until_ended(25)
    await arena.checker.final(most_calls=1)


async def crowd(arena: Arena) -> None:
    """Every process wants a slot in the same moment, each for a user of its own, and thinks for a while before it commits."""
    arena.relay.manners = Manners(quickest=0.6, slowest=0.9)
    members = arena.fleet.members
    for member in members:
        await member.kill()
    await asyncio.gather(*(member.start(FAILPOINTS="claim.taken:block=0.4") for member in members))
    async with arena.checker.watching():
        for _ in range(3):
            pairs = zip(arena.load.users, members, strict=False)
            await asyncio.gather(*(arena.load.order(user, images=1, member=member) for user, member in pairs))
            await arena.load.until_ended(40)
    await arena.checker.final(most_calls=1)


async def late_settle(arena: Arena) -> None:
    """A process stands still before its settle. When it comes to it, every slot is somebody else's: from its standing
    still on, the upstream takes so long that nothing else ends before it wakes."""
    arena.relay.manners = LONG
    member = arena.fleet.members[0]
    await member.kill()
    await member.start(FAILPOINTS=f"runner.settling:block={FROZEN}:outcome=Delivered:times=1")
    async with arena.checker.watching():
        await asyncio.gather(*(arena.load.order(images=2, member=member) for _ in range(LIMIT)))
        await _until_it_stands_still(arena)
        arena.relay.manners = Manners(quickest=FROZEN * 1.3, slowest=FROZEN * 1.3)
        await asyncio.sleep(FROZEN)
        arena.relay.manners = LONG
        await arena.load.until_ended(45)
    await arena.settle(seconds=20)


async def _until_it_stands_still(arena: Arena) -> None:
    """A process has come to the failpoint before its settle. Raises TimeoutError."""
    async with asyncio.timeout(30):
        while not [each for each in arena.fleet.passes() if each["place"] == "runner.settling" and each.get("fired")]:
            await asyncio.sleep(0.05)


async def one_clock_ahead(arena: Arena) -> None:
    """One process's clock is five seconds fast. Where only the database's clock counts, that means nothing."""
    await arena.fleet.members[0].kill()
    await arena.fleet.members[0].start(CLOCK_AHEAD="5")
    await calm(arena)
