"""Storage: the same promises from a local folder and from an object store."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.errors import StorageFull, Unavailable
from backend.settings import Settings
from backend.storage import LocalStorage, NotStored, S3Storage, Storage, open_storage
from backend.storage.base import PIECE
from tests.s3 import Bucket

BIG = os.urandom(2 * PIECE + 17)


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "local":
        return LocalStorage(tmp_path / "objects")
    bucket: Bucket = request.getfixturevalue("bucket")
    return open_storage(Settings(_env_file=None, **bucket.settings("some/folder")))


@pytest.fixture
def local(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "objects")


async def collect(storage: Storage, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in storage.stream(key, start, end)])


async def keys(storage: Storage, prefix: str) -> set[str]:
    return {key async for key, _ in storage.list(prefix)}


async def test_what_is_put_is_read_back(storage: Storage, tmp_path: Path) -> None:
    source = tmp_path / "scratch"
    source.write_bytes(BIG)
    await storage.put("u/7/abc", source)
    await storage.put_bytes("u/7/abc.thumb", b"small")
    assert not source.exists()
    assert await storage.read("u/7/abc") == BIG
    assert await storage.size("u/7/abc") == len(BIG)
    assert await storage.read("u/7/abc.thumb") == b"small"


@pytest.mark.parametrize(("start", "end"), [(0, None), (5, None), (0, 10), (PIECE - 1, PIECE + 1), (7, 7), (3, 10**9)])
async def test_a_part_is_streamed(storage: Storage, start: int, end: int | None) -> None:
    await storage.put_bytes("u/7/abc", BIG)
    assert await collect(storage, "u/7/abc", start, end) == BIG[start:end]


async def test_what_is_not_there_says_so(storage: Storage) -> None:
    for missing in (storage.read("u/1/x"), storage.size("u/1/x"), collect(storage, "u/1/x")):
        with pytest.raises(NotStored):
            await missing
    await storage.delete("u/1/x")


async def test_deleted_is_gone(storage: Storage) -> None:
    await storage.put_bytes("u/1/x", b"x")
    await storage.delete("u/1/x")
    with pytest.raises(NotStored):
        await storage.read("u/1/x")


async def test_keys_are_listed_by_prefix_with_their_age(storage: Storage) -> None:
    for key in ("u/1/a", "u/1/b", "u/12/c", "results/1/d"):
        await storage.put_bytes(key, b"x")
    assert await keys(storage, "u/1/") == {"u/1/a", "u/1/b"}
    assert await keys(storage, "u/1") == {"u/1/a", "u/1/b", "u/12/c"}
    assert await keys(storage, "") == {"u/1/a", "u/1/b", "u/12/c", "results/1/d"}
    assert await keys(storage, "none/") == set()
    assert all([0 <= age < 3600 async for _, age in storage.list("")])


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "u/../x", "u//x", "u/.hidden", "a\\b", "u/x\0", "u/é", "u/x\n", "a" * 201]
)
async def test_a_key_cannot_leave_the_storage(storage: Storage, key: str) -> None:
    with pytest.raises(ValueError, match="not a storage key"):
        await storage.put_bytes(key, b"x")
    with pytest.raises(ValueError, match="not a storage key"):
        await storage.delete(key)


async def test_probe_leaves_no_object_of_its_own_behind(local: LocalStorage) -> None:
    await local.probe()
    assert await keys(local, "") == set()


async def test_a_probe_finds_out_whether_so_many_bytes_fit(
    local: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def sized(handle: int) -> None:
        written.append(os.fstat(handle).st_size)

    await local.probe()  # from now on every folder is there
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", sized)
        await local.probe(3 * PIECE + 1)
    assert written[-1] > 3 * PIECE
    with pytest.raises(StorageFull):
        await local.probe(1 << 60)
    assert await keys(local, "") == set()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
async def test_no_room_is_storage_full_and_leaves_nothing(
    local: LocalStorage, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P10"""
    await local.put_bytes("u/1/first", b"x")

    def full(_handle: int) -> None:
        raise OSError(number, "no room")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for attempt in (local.put_bytes("u/1/x", b"data"), local.probe()):
            with pytest.raises(StorageFull):
                await attempt
    assert await keys(local, "") == {"u/1/first"}
    await local.put_bytes("u/1/x", b"data")
    assert await local.read("u/1/x") == b"data"


async def test_other_trouble_is_unavailable(local: LocalStorage, tmp_path: Path) -> None:
    """P09: the storage's folder is a file."""
    (tmp_path / "objects").write_text("not a folder")
    with pytest.raises(Unavailable):
        await local.put_bytes("u/1/x", b"x")


async def test_a_source_on_another_filesystem_is_copied(
    local: LocalStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "scratch"
    source.write_bytes(BIG)
    real: Callable[[Path, Path], Path] = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if path == source:
            raise OSError(errno.EXDEV, "another device")
        return real(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    await local.put("u/1/x", source)
    assert not source.exists()
    assert await local.read("u/1/x") == BIG
    assert await keys(local, "") == {"u/1/x"}


async def test_what_a_crash_left_half_written_is_listed(local: LocalStorage) -> None:
    """So that sweeping finds it."""
    await local.put_bytes("u/1/x", b"x")
    (local.root / "unfinished" / "abc").write_bytes(b"half")
    assert await keys(local, "") == {"u/1/x", "unfinished/abc"}
    await local.delete("unfinished/abc")
    assert await keys(local, "") == {"u/1/x"}


async def test_a_stream_outlives_the_deletion_of_its_object(local: LocalStorage) -> None:
    """P29: clean-up while somebody downloads."""
    await local.put_bytes("u/1/x", BIG)
    stream = local.stream("u/1/x")
    first = await anext(stream)
    shutil.rmtree(local.root)
    assert first + b"".join([piece async for piece in stream]) == BIG


def test_settings_choose(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(open_storage(settings), LocalStorage)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert isinstance(open_storage(settings.model_copy(update={"storage_url": "s3://bucket/prefix"})), S3Storage)
    with pytest.raises(ValueError, match="s3://"):
        open_storage(settings.model_copy(update={"storage_url": "ftp://host"}))


async def test_an_empty_folder_goes_with_its_last_object(local: LocalStorage) -> None:
    await local.put_bytes("u/1/x/original", b"x")
    await local.put_bytes("u/2/y", b"y")
    await local.delete("u/1/x/original")
    assert not (local.root / "u/1").exists()
    assert await local.read("u/2/y") == b"y"


async def test_a_folder_that_vanishes_meanwhile_is_made_again(
    local: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[[Path, Path], Path] = Path.replace
    pruned = []

    def replace(path: Path, target: Path) -> Path:
        if not pruned:
            pruned.append(target.parent)
            target.parent.rmdir()
        return real(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    await local.put_bytes("u/1/x", b"x")
    assert pruned
    assert await local.read("u/1/x") == b"x"
