"""Inputs made ready before their turn."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from backend.batch.ahead import Ahead
from backend.upstreams.base import SourceImage


class Kitchen:
    """Prepares what is asked for when it is let to, and remembers."""

    def __init__(self) -> None:
        self.menu: list[tuple[str, int]] = []
        self.prepared: list[str] = []
        self.changed = asyncio.Condition()
        self.ahead = Ahead(self.upcoming, self.prepare, most=3)

    async def upcoming(self, limit: int) -> list[tuple[str, int]]:
        return self.menu[:limit]

    async def prepare(self, key: str, max_edge: int) -> SourceImage:
        async with self.changed:
            self.prepared.append(key)
            self.changed.notify_all()
        if key == "bad":
            raise ValueError(key)
        return SourceImage(key.encode(), "image/jpeg", max_edge, 1)

    def look(self) -> None:
        """A slot begins to wait, and the next moment it has its answer."""
        with self.ahead.at_work(), self.ahead.waiting():
            pass

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: len(self.prepared) >= count)


@pytest.fixture
async def kitchen() -> AsyncIterator[Kitchen]:
    kitchen = Kitchen()
    yield kitchen
    await kitchen.ahead.close()


async def test_what_comes_next_is_ready_once_and_no_more_than_has_room(kitchen: Kitchen) -> None:
    kitchen.menu = [("a", 9), ("a", 9), ("b", 9), ("c", 9)]
    kitchen.look()
    await kitchen.until(2)
    assert (await kitchen.ahead.take("a", 9)).data == b"a"
    assert (await kitchen.ahead.take("b", 9)).data == b"b"
    assert kitchen.prepared == ["a", "b"]
    assert (await kitchen.ahead.take("a", 9)).data == b"a"
    assert kitchen.prepared == ["a", "b", "a"]


async def test_what_is_not_ready_is_made_now(kitchen: Kitchen) -> None:
    assert (await kitchen.ahead.take("x", 7)).width == 7


async def test_what_does_not_come_after_all_makes_room(kitchen: Kitchen) -> None:
    kitchen.menu = [("a", 9), ("b", 9), ("c", 9)]
    kitchen.look()
    await kitchen.until(3)
    kitchen.menu = [("d", 9)]
    while "d" not in kitchen.prepared:
        kitchen.look()
        await asyncio.sleep(0)
    await kitchen.ahead.take("a", 9)
    assert kitchen.prepared == ["a", "b", "c", "d", "a"]


async def test_an_image_that_cannot_be_prepared_says_so_to_whoever_takes_it(kitchen: Kitchen) -> None:
    kitchen.menu = [("bad", 9), ("good", 9)]
    kitchen.look()
    await kitchen.until(2)
    with pytest.raises(ValueError, match="bad"):
        await kitchen.ahead.take("bad", 9)
    assert (await kitchen.ahead.take("good", 9)).data == b"good"


async def test_nothing_is_made_ready_while_a_slot_has_something_to_do(kitchen: Kitchen) -> None:
    kitchen.menu = [("a", 9)]
    with kitchen.ahead.at_work(), kitchen.ahead.at_work(), kitchen.ahead.waiting():
        for _ in range(20):
            await asyncio.sleep(0)
        assert kitchen.prepared == []
    await kitchen.until(1)
