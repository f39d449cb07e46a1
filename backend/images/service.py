"""Rows of images: made once for the same file, their bytes shared by those that have the same, forgotten together."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db import Base, affected
from backend.errors import QueueFull
from backend.images.models import Image

LOOK_BACK = 2
"""How many times as many uploads are looked at as may be unused."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a user gave, proved to be an image."""

    user_id: int
    filename: str
    mime_type: str
    width: int
    height: int
    size_bytes: int
    sha256: str

    @property
    def key(self) -> str:
        """The same for the same bytes under the same name."""
        return hashlib.sha256(f"{self.sha256}\0{self.filename}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Objects:
    """Under which keys the storage has an image and its thumbnail."""

    storage_key: str
    thumbnail_key: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """The row of an upload, and whether it was made just now."""

    image: Image
    new: bool


async def find(session: AsyncSession, upload: Upload) -> Image | None:
    """The row of this very upload."""
    query = select(Image).where(Image.user_id == upload.user_id, Image.upload_key == upload.key)
    return (await session.scalars(query)).first()


async def record(
    session: AsyncSession, upload: Upload, own: Objects | None, most_unused: int | None = None
) -> Recorded | None:
    """The row of an upload: the one that is there, or a new one. A new one shares the objects of another row of the user
    with the same bytes, else it has `own`; when that is None too, there is no row. Raises QueueFull when the user has
    `most_unused` (None: any number) uploads already that nothing uses."""
    found = await find(session, upload)
    if found is not None:
        return Recorded(found, new=False)
    objects = await _shared(session, upload) or own
    if most_unused is not None:
        await _check_unused(session, upload.user_id, most_unused)
    if objects is None:
        return None
    image = _row(upload, objects)
    try:
        async with session.begin_nested():
            session.add(image)
    except IntegrityError:  # recorded at the same moment by another process
        found = await find(session, upload)
        if found is None:
            raise
        return Recorded(found, new=False)
    await session.refresh(image)
    return Recorded(image, new=True)


async def forget(session: AsyncSession, image_ids: Sequence[int]) -> list[str]:
    """Delete these rows; answers the storage keys that no row needs any more, to be deleted after the commit."""
    if not image_ids:
        return []
    rows = await session.execute(
        select(Image.storage_key, Image.thumbnail_key)
        .where(Image.id.in_(image_ids))
        .order_by(Image.id)
        .with_for_update()
    )
    thumbnails = {original: thumbnail for original, thumbnail in rows.all()}
    await affected(session, delete(Image).where(Image.id.in_(image_ids)))
    # locked, so that of two that share their bytes and are forgotten at once, one is the last
    shared = await session.scalars(
        select(Image.storage_key).where(Image.storage_key.in_(thumbnails)).order_by(Image.id).with_for_update()
    )
    for key in set(shared):
        del thumbnails[key]
    return [key for pair in thumbnails.items() for key in pair]


async def _check_unused(session: AsyncSession, user_id: int, most: int) -> None:
    """Raises QueueFull when `most` of the user's latest uploads are referred to by no other row. Those who ask at once take
    turns."""
    (owner,) = (key.column for key in Image.__table__.c.user_id.foreign_keys)
    await session.execute(select(owner).where(owner == user_id).with_for_update())
    uploads = select(Image.id).where(Image.user_id == user_id, Image.upload_key.is_not(None))
    # most users have few images of any kind, which is quickly told
    if await _count(session, uploads.limit(most)) < most:
        return
    # however many there are, the look takes no longer; who used as many since has paid for that
    latest = uploads.order_by(Image.id.desc()).limit(LOOK_BACK * most).subquery()
    unused = select(latest.c.id).where(*(~used for used in _uses_of(latest.c.id)))
    if await _count(session, unused.limit(most)) >= most:
        raise QueueFull("Too many of your images are in no batch yet; start one with them first.", retry_after=60)


async def _count(session: AsyncSession, ids: Select[int]) -> int:
    return await session.scalar(select(func.count()).select_from(ids.subquery())) or 0


def _uses_of(image_id: ColumnElement[int]) -> list[ColumnElement[bool]]:
    """SQL: for each column of any table that refers to images, whether it refers to this one."""
    images = Image.__table__
    keys = (key for table in Base.metadata.tables.values() for key in table.foreign_keys if key.column.table is images)
    return [select(key.parent).where(key.parent == image_id).exists() for key in keys]


async def _shared(session: AsyncSession, upload: Upload) -> Objects | None:
    """Objects with the upload's bytes; the row that owns them is locked, so they are not forgotten meanwhile."""
    query = select(Image).where(Image.user_id == upload.user_id, Image.sha256 == upload.sha256)
    sibling = (await session.scalars(query.order_by(Image.id).limit(1).with_for_update())).first()
    return Objects(sibling.storage_key, sibling.thumbnail_key) if sibling else None


def _row(upload: Upload, objects: Objects) -> Image:
    return Image(
        user_id=upload.user_id,
        filename=upload.filename,
        mime_type=upload.mime_type,
        width=upload.width,
        height=upload.height,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        upload_key=upload.key,
        storage_key=objects.storage_key,
        thumbnail_key=objects.thumbnail_key,
    )
