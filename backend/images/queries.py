"""Images that are only read."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.errors import NotFound
from backend.images.models import Image


async def image_of(session: AsyncSession, image_id: int, user_id: int | None) -> Image:
    """An image of a user (None: of anyone). Raises NotFound."""
    query = select(Image).where(Image.id == image_id)
    if user_id is not None:
        query = query.where(Image.user_id == user_id)
    found = await session.scalar(query)
    if found is None:
        raise NotFound
    return found


async def owned_keys(session: AsyncSession, keys: list[str]) -> set[str]:
    """Those of the storage keys that a row speaks of."""
    rows = await session.execute(select(Image.storage_key, Image.thumbnail_key).where(Image.storage_key.in_(keys)))
    owned = {key for row in rows.all() for key in row}
    # what lies beside its original is known by now; only strays are looked up without an index
    if strays := [key for key in keys if key not in owned]:
        owned |= set(await session.scalars(select(Image.thumbnail_key).where(Image.thumbnail_key.in_(strays))))
    return owned
