"""Originals that cannot be read and results that do not fit: what is one image's trouble, and what is the storage's."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.batch import results
from backend.batch.lease import Lease
from backend.batch.results import NotRead, ResultStore
from backend.errors import StorageFull, Unavailable
from backend.storage import LocalStorage
from tests.fakes.pictures import jpeg

LARGE, SMALL = jpeg(1600, 1200), jpeg(32, 32)
KEY = "u/1/original"


class Flawed(LocalStorage):
    """Reads fail `unread` times, and with `away` every probe does, too."""

    def __init__(self, root: Path, unread: int, *, away: bool = False) -> None:
        super().__init__(root)
        self.unread, self.away = unread, away

    async def read(self, key: str) -> bytes:
        if self.unread:
            self.unread -= 1
            raise Unavailable
        return await super().read(key)

    async def probe(self, size: int = 0) -> None:
        if self.away:
            raise Unavailable
        await super().probe(size)


class Narrow(LocalStorage):
    """There is room for objects of up to `room` bytes. One that is larger fails after another was stored."""

    room = len(LARGE) // 2

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._one_is_stored = asyncio.Event()

    async def put_bytes(self, key: str, data: bytes) -> None:
        if len(data) > self.room:
            await self._one_is_stored.wait()
            raise StorageFull
        await super().put_bytes(key, data)
        self._one_is_stored.set()

    async def probe(self, size: int = 0) -> None:
        if size > self.room:
            raise StorageFull
        await super().probe(size)


@pytest.fixture
async def flawed(tmp_path: Path) -> Callable[..., Flawed]:
    await LocalStorage(tmp_path).put_bytes(KEY, SMALL)
    return lambda unread, away=False: Flawed(tmp_path, unread, away=away)


@pytest.fixture
def narrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Narrow:
    monkeypatch.setattr(results, "STORE_SECONDS", 0.0)
    return Narrow(tmp_path)


def kept_in(storage: LocalStorage) -> ResultStore:
    return ResultStore(storage, max_pixels=10**9)


async def stored(storage: LocalStorage) -> list[str]:
    return [key async for key, _ in storage.list("")]


async def test_one_original_that_cannot_be_read_is_not_the_storages_trouble(flawed: Callable[..., Flawed]) -> None:
    store = kept_in(flawed(2))
    with pytest.raises(NotRead):
        await store.prepared(KEY, 100)
    assert store.state == "ok"


async def test_what_was_wrong_for_a_moment_costs_nothing(flawed: Callable[..., Flawed]) -> None:
    store = kept_in(flawed(1))
    assert await store.prepared(KEY, 100)
    assert store.state == "ok"


async def test_a_storage_that_is_away_is_waited_for(flawed: Callable[..., Flawed]) -> None:
    store = kept_in(flawed(1, away=True))
    with pytest.raises(Unavailable):
        await store.prepared(KEY, 100)
    assert store.state == "unavailable"
    assert not await store.has_room()


async def test_nothing_is_claimed_until_there_is_room_for_what_did_not_fit(narrow: Narrow) -> None:
    store = kept_in(narrow)
    with pytest.raises(StorageFull):
        await store.keep(Lease(1, 7, "token"), LARGE)
    assert not await store.has_room()
    narrow.room = len(LARGE)  # not for its thumbnail
    assert not await store.has_room()
    narrow.room = 2 * len(LARGE)
    assert await store.has_room()
    assert store.state == "ok"


async def test_room_for_a_small_one_is_no_room_for_what_did_not_fit(narrow: Narrow) -> None:
    store = kept_in(narrow)
    with pytest.raises(StorageFull):
        await store.keep(Lease(1, 7, "token"), LARGE)
    await store.keep(Lease(2, 8, "other"), SMALL)
    assert store.state == "full"
    assert not await store.has_room()


async def test_what_was_given_up_leaves_nothing_in_the_last_room(narrow: Narrow) -> None:
    with pytest.raises(StorageFull):
        await kept_in(narrow).keep(Lease(1, 7, "token"), LARGE)
    assert await stored(narrow) == []


async def test_no_more_is_tried_than_is_bearable(narrow: Narrow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "PROBE_MOST", narrow.room)
    store = kept_in(narrow)
    with pytest.raises(StorageFull):
        await store.keep(Lease(1, 7, "token"), LARGE)
    assert await store.has_room()
