"""A file's way in: hashed, proved, kept once; and nothing left behind when it is not."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from backend.db import Database
from backend.errors import (
    FileTooLarge,
    ImageTooManyPixels,
    MalformedRequest,
    StorageFull,
    UnreadableImage,
    UnsupportedImage,
    ValidationFailed,
)
from backend.images import ingest as module
from backend.images import service
from backend.images.ingest import Ingest
from backend.images.models import Image
from backend.settings import Settings
from backend.storage import LocalStorage, NotStored, Storage
from tests.images.conftest import AddUser, all_images
from tests.images.samples import halves, opened, saved

PNG = saved(halves(), "PNG")
OTHER = saved(halves(20, 20), "PNG")


async def pieces(data: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def give(ingest: Ingest, user_id: int, name: str, data: bytes = PNG) -> tuple[Image, bool]:
    async with ingest.staged(name, pieces(data)) as staged:
        return await ingest.adopt(user_id, staged)


async def stored(storage: Storage) -> set[str]:
    return {key async for key, _ in storage.list("")}


def scratch(settings: Settings) -> list[Path]:
    return list(settings.scratch_dir.glob("*"))


async def test_a_file_is_kept_as_it_came(ingest: Ingest, storage: Storage, settings: Settings, user_id: int) -> None:
    image, new = await give(ingest, user_id, "photos/照片.png")
    assert new
    assert (image.filename, image.mime_type, image.width, image.height) == ("photos/照片.png", "image/png", 48, 32)
    assert image.size_bytes == len(PNG)
    assert image.sha256 == hashlib.sha256(PNG).hexdigest()
    assert image.created_at.tzinfo
    assert await storage.read(image.storage_key) == PNG
    assert opened(await storage.read(image.thumbnail_key)).format == "WEBP"
    assert not scratch(settings)


async def test_the_same_file_is_the_same_image(ingest: Ingest, storage: Storage, user_id: int) -> None:
    first, _ = await give(ingest, user_id, "a.png")
    again, new = await give(ingest, user_id, "a.png")
    assert (again.id, new) == (first.id, False)
    assert len(await stored(storage)) == 2


async def test_c20_other_names_are_other_images_and_stored_once(ingest: Ingest, storage: Storage, user_id: int) -> None:
    first, _ = await give(ingest, user_id, "a.png")
    second, new = await give(ingest, user_id, "A.PNG")
    assert new
    assert second.id != first.id
    assert second.storage_key == first.storage_key
    assert len(await stored(storage)) == 2


async def test_users_share_nothing(ingest: Ingest, storage: Storage, user_id: int, add_user: AddUser) -> None:
    mine, _ = await give(ingest, user_id, "a.png")
    theirs, new = await give(ingest, await add_user("wei"), "a.png")
    assert new
    assert mine.storage_key != theirs.storage_key
    assert len(await stored(storage)) == 4


async def test_the_same_file_at_the_same_moment_is_one_image(
    database_url: str, db: Database, storage: Storage, settings: Settings, user_id: int
) -> None:
    others = [Database(database_url) for _ in range(3)]
    ways = [Ingest(each, storage, settings) for each in (db, *others)]
    try:
        found = await asyncio.gather(*(give(way, user_id, "a.png") for way in ways * 3))
    finally:
        for each in others:
            await each.close()
    rows = await all_images(db)
    assert len(rows) == 1
    assert {image.id for image, _ in found} == {rows[0].id}
    assert sum(new for _, new in found) == 1
    assert await stored(storage) == {rows[0].storage_key, rows[0].thumbnail_key}


async def test_the_same_bytes_at_the_same_moment_are_all_there(
    ingest: Ingest, db: Database, storage: Storage, user_id: int
) -> None:
    await asyncio.gather(*(give(ingest, user_id, f"{number}.png") for number in range(8)))
    rows = await all_images(db)
    assert len(rows) == 8
    assert await stored(storage) == {key for row in rows for key in (row.storage_key, row.thumbnail_key)}


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", UnreadableImage),
        (b"x", UnsupportedImage),
        (b"<html>", UnsupportedImage),
        (PNG[:100], UnreadableImage),
        (saved(halves(1100, 1000), "PNG"), ImageTooManyPixels),
    ],
)
async def test_c06_c21_what_is_no_image_is_named_and_leaves_nothing(
    db: Database, storage: Storage, settings: Settings, user_id: int, data: bytes, error: type[Exception]
) -> None:
    ingest = Ingest(db, storage, settings.model_copy(update={"image_max_pixels": 1_000_000}))
    with pytest.raises(error, match=r"folder/bad\.png: "):
        await give(ingest, user_id, "folder/bad.png", data)
    assert not await all_images(db)
    assert not await stored(storage)
    assert not scratch(settings)


async def test_c01_a_file_may_be_exactly_so_large(
    db: Database, storage: Storage, settings: Settings, user_id: int
) -> None:
    def bound(most: int) -> Ingest:
        return Ingest(db, storage, settings.model_copy(update={"batch_max_file_bytes": most}))

    with pytest.raises(FileTooLarge, match=r"big\.png") as caught:
        await give(bound(len(PNG) - 1), user_id, "big.png")
    assert caught.value.extra == {"filename": "big.png", "limit": len(PNG) - 1}
    assert not scratch(settings)
    assert (await give(bound(len(PNG)), user_id, "big.png"))[1]


async def test_a_file_that_is_too_large_is_not_read_to_its_end(ingest: Ingest, settings: Settings) -> None:
    seen = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal seen
        while True:
            seen += 1
            yield bytes(100_000)

    with pytest.raises(FileTooLarge):
        async with ingest.staged("endless.png", endless()):
            pass
    assert seen == settings.batch_max_file_bytes // 100_000 + 1
    assert not scratch(settings)


async def test_c09_a_broken_connection_leaves_nothing(ingest: Ingest, settings: Settings) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield PNG[:50]
        raise MalformedRequest

    with pytest.raises(MalformedRequest):
        async with ingest.staged("a.png", broken()):
            pass
    assert not scratch(settings)


async def test_a_cancelled_request_leaves_nothing(ingest: Ingest, settings: Settings) -> None:
    waiting = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield PNG[:50]
        waiting.set()
        await asyncio.Event().wait()

    async def stage() -> None:
        async with ingest.staged("a.png", stalled()):
            pass

    task = asyncio.create_task(stage())
    await waiting.wait()
    assert scratch(settings)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert not scratch(settings)


async def test_what_is_staged_and_not_adopted_leaves_nothing(
    ingest: Ingest, db: Database, storage: Storage, settings: Settings
) -> None:
    async with ingest.staged("a.png", pieces(PNG)) as staged:
        assert scratch(settings) == [staged.path]
    assert not scratch(settings)
    assert not await stored(storage)
    assert not await all_images(db)


async def test_p10_a_full_storage_leaves_nothing(
    ingest: Ingest, db: Database, storage: Storage, settings: Settings, user_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_storage: LocalStorage, _key: str, _source: Path) -> None:
        raise StorageFull

    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "put", full)
        with pytest.raises(StorageFull):
            await give(ingest, user_id, "a.png")
    assert not await all_images(db)
    assert not await stored(storage)
    assert not scratch(settings)
    assert (await give(ingest, user_id, "a.png"))[1]


async def test_bytes_stay_as_long_as_a_row_needs_them(ingest: Ingest, db: Database, user_id: int) -> None:
    first, _ = await give(ingest, user_id, "a.png")
    second, _ = await give(ingest, user_id, "b.png")
    other, _ = await give(ingest, user_id, "c.png", OTHER)
    assert await db.write(service.forget, [first.id]) == []
    assert set(await db.write(service.forget, [second.id, other.id])) == {
        first.storage_key,
        first.thumbnail_key,
        other.storage_key,
        other.thumbnail_key,
    }
    assert await db.write(service.forget, [first.id]) == []
    assert await db.write(service.forget, []) == []
    assert not await all_images(db)


async def test_of_two_that_are_forgotten_at_once_one_is_the_last(
    database_url: str, ingest: Ingest, db: Database, user_id: int
) -> None:
    images = [(await give(ingest, user_id, f"{number}.png"))[0] for number in range(6)]
    other = Database(database_url)
    try:
        answers = await asyncio.gather(
            *((db, other)[number % 2].write(service.forget, [image.id]) for number, image in enumerate(images))
        )
    finally:
        await other.close()
    assert [keys for keys in answers if keys] == [[images[0].storage_key, images[0].thumbnail_key]]


async def test_what_a_crash_left_behind_is_swept(
    ingest: Ingest, storage: Storage, settings: Settings, user_id: int
) -> None:
    image, _ = await give(ingest, user_id, "a.png")
    await storage.put_bytes("u/7/stray/original", b"x")
    await storage.put_bytes("results/9/stray.png", b"x")
    (settings.scratch_dir / "stray").write_bytes(b"x")
    assert await ingest.sweep() == 0, "what is young may still be in the making"
    assert await ingest.sweep(older_than=-1) == 3
    assert await stored(storage) == {image.storage_key, image.thumbnail_key}
    assert not scratch(settings)
    with pytest.raises(NotStored):
        await storage.read("u/7/stray/original")


async def test_what_lies_beside_ours_is_not_swept(
    ingest: Ingest, storage: Storage, settings: Settings, user_id: int
) -> None:
    """Nor does a name that no key can have keep the strays after it from being swept."""
    assert isinstance(storage, LocalStorage)
    await storage.put_bytes("backups/monday.tar", b"x")
    await storage.put_bytes("probe", b"x")
    await storage.put_bytes("u/7/a/stray", b"x")
    (storage.root / "u/7/a/.nfs 0001").write_bytes(b"x")
    await storage.put_bytes("results/9/stray.png", b"x")
    assert await ingest.sweep(older_than=-1) == 2
    assert await stored(storage) == {"backups/monday.tar", "probe", "u/7/a/.nfs 0001"}


async def test_a_disk_that_takes_a_part_is_given_the_rest(
    ingest: Ingest, storage: Storage, monkeypatch: pytest.MonkeyPatch, user_id: int
) -> None:
    class Short(io.FileIO):
        def write(self, data: Any) -> int:
            return super().write(bytes(data)[:50])

    def create(path: Path) -> Short:
        path.parent.mkdir(parents=True, exist_ok=True)
        return Short(path, "xb")

    monkeypatch.setattr(module, "_create", create)
    image, _ = await give(ingest, user_id, "a.png")
    assert await storage.read(image.storage_key) == PNG


BOUNDARY = "multipart/form-data; boundary=xyz"


def form(*parts: tuple[str, str | None, bytes]) -> bytes:
    body = b""
    for name, filename, data in parts:
        tail = f'; filename="{filename}"' if filename is not None else ""
        body += f'--xyz\r\nContent-Disposition: form-data; name="{name}"{tail}\r\n\r\n'.encode() + data + b"\r\n"
    return body + b"--xyz--\r\n"


@pytest.mark.parametrize(
    "body",
    [
        form(),
        form(("file", None, b"text")),
        form(("image", "a.png", PNG)),
        form(("file", "a.png", PNG), ("note", None, b"text")),
    ],
)
async def test_c14_a_form_holds_one_file_and_nothing_else(
    ingest: Ingest, db: Database, settings: Settings, user_id: int, body: bytes
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        await ingest.take(user_id, pieces(body), BOUNDARY)
    assert caught.value.errors
    assert not await all_images(db)
    assert not scratch(settings)
