"""S3 in trouble: every call ends soon and says what it is, nothing is half there, and what can be repeated is."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.errors import AppError, StorageFull, Unavailable
from backend.settings import Settings
from backend.storage import NotStored, Storage, open_storage, s3
from tests.fakes.wire import Received
from tests.s3 import PAGE, Bucket, Door, Mischief

DATA = os.urandom(100_000)


@pytest.fixture
async def door(bucket: Bucket) -> AsyncIterator[Door]:
    async with Door(bucket.url) as door:
        yield door


@pytest.fixture
def storage(bucket: Bucket, door: Door) -> Storage:
    return open_storage(Settings(_env_file=None, **bucket.settings("folder", door=door.base_url)))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nobody waits for a real deadline."""
    monkeypatch.setattr(s3, "LEAST_SECONDS", 0.3)
    monkeypatch.setattr(s3, "MOST_SECONDS", 0.3)


async def attempts(storage: Storage, source: Path) -> list[AppError | NotStored | None]:
    """How each kind of call ends."""
    source.write_bytes(DATA)
    ends: list[AppError | NotStored | None] = []
    for call in (
        storage.put("u/1/new", source),
        storage.put_bytes("u/1/new", DATA),
        storage.size("u/1/old"),
        storage.read("u/1/old"),
        anext(storage.stream("u/1/old")),
        storage.delete("u/1/old"),
        anext(aiter(storage.list("u/"))),
        storage.probe(),
    ):
        try:
            await call
            ends.append(None)
        except (Unavailable, NotStored) as error:
            ends.append(error)
    return ends


@pytest.mark.parametrize(
    "mischief",
    [
        Mischief(answer=(403, "AccessDenied")),
        Mischief(answer=(403, "SignatureDoesNotMatch")),
        Mischief(answer=(404, "NoSuchBucket")),
        Mischief(answer=(503, "SlowDown")),
        Mischief(answer=(500, "InternalError")),
    ],
    ids=lambda mischief: mischief.answer[1],
)
async def test_what_goes_on_is_unavailable_for_every_call(
    storage: Storage, door: Door, mischief: Mischief, tmp_path: Path
) -> None:
    await storage.put_bytes("u/1/old", DATA)
    door.mischief = mischief
    ends = await attempts(storage, tmp_path / "scratch")
    # the head of an answer has no body that could say which of the two is missing
    allowed = (Unavailable, NotStored) if mischief.answer == (404, "NoSuchBucket") else Unavailable
    assert [type(end) for end in ends if not isinstance(end, allowed)] == []
    assert isinstance(ends[0], Unavailable)
    assert isinstance(ends[-1], Unavailable)
    assert (tmp_path / "scratch").read_bytes() == DATA, "what was not stored is still here"
    door.mischief = None
    assert await storage.read("u/1/old") == DATA
    with pytest.raises(NotStored):
        await storage.size("u/1/new")


@pytest.mark.usefixtures("impatient")
async def test_no_call_waits_for_ever(storage: Storage, door: Door, tmp_path: Path) -> None:
    door.mischief = Mischief(hang=True)
    ends = await attempts(storage, tmp_path / "scratch")
    assert [type(end) for end in ends] == [Unavailable] * len(ends)
    door.mischief = None
    await storage.probe()


@pytest.mark.parametrize("code", ["XMinioStorageFull", "QuotaExceeded"])
async def test_a_full_server_is_storage_full(storage: Storage, door: Door, code: str) -> None:
    door.mischief = Mischief(answer=(507, code), methods="PUT")
    for call in (storage.put_bytes("u/1/x", DATA), storage.probe()):
        with pytest.raises(StorageFull):
            await call


class NarrowMischief(Mischief):
    """Only what is large does not fit."""

    def hits(self, request: Received) -> bool:
        return len(request.body) > 1000 and super().hits(request)


async def test_a_probe_finds_out_whether_so_many_bytes_fit_and_gives_them_back(storage: Storage, door: Door) -> None:
    await storage.probe(100_000)
    assert await storage.size(s3.PROBE) == 0
    door.mischief = NarrowMischief(answer=(507, "QuotaExceeded"))
    await storage.probe()
    with pytest.raises(StorageFull):
        await storage.probe(100_000)


async def test_a_bucket_that_gives_nothing_back_is_not_well(storage: Storage, door: Door) -> None:
    door.mischief = Mischief(answer=(403, "AccessDenied"), methods="GET")
    with pytest.raises(Unavailable):
        await storage.probe()


@pytest.mark.parametrize("mischief", [Mischief(answer=(500, "InternalError"), times=2), Mischief(lost=True, times=1)])
async def test_a_moment_of_trouble_is_not_noticed(
    storage: Storage, door: Door, mischief: Mischief, tmp_path: Path
) -> None:
    """A PUT whose answer was lost among them: it is done once more, and the same."""
    source = tmp_path / "scratch"
    source.write_bytes(DATA)
    door.mischief = mischief
    await storage.put("u/1/x", source)
    assert mischief.happened
    assert not source.exists()
    assert await storage.read("u/1/x") == DATA
    assert [key async for key, _ in storage.list("")] == ["u/1/x"]


async def test_a_long_list_comes_in_pages(storage: Storage) -> None:
    made = {f"u/{n % 3}/{n}" for n in range(3 * PAGE + 1)}
    for key in made:
        await storage.put_bytes(key, b"x")
    assert {key async for key, _ in storage.list("")} == made
    assert {key async for key, _ in storage.list("u/1/")} == {key for key in made if key.startswith("u/1/")}


async def test_a_large_object_is_streamed_in_ranges(
    storage: Storage, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a slow reader of ours keeps no connection to the bucket."""
    monkeypatch.setattr(s3, "RANGE", 30_000)
    await storage.put_bytes("u/1/x", DATA)
    assert [len(piece) async for piece in storage.stream("u/1/x", 5)] == [30_000, 30_000, 30_000, 9_995]
    assert door.in_flight == 0


async def test_what_is_too_large_is_not_read(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    await storage.put_bytes("u/1/x", DATA)
    monkeypatch.setattr(s3, "MOST_BYTES", 50_000)
    with pytest.raises(Unavailable):
        await storage.read("u/1/x")


async def test_plain_http_must_be_asked_for(bucket: Bucket) -> None:
    """An address without a scheme of its own is AWS's: no key is ever sent in the open by mistake."""
    given = bucket.settings()
    given["aws_endpoint_url"] = given["aws_endpoint_url"].replace("http://", "https://")
    with pytest.raises(Unavailable):
        await open_storage(Settings(_env_file=None, **given)).probe()
