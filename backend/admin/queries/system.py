"""What is kept, for the page that tells how the service is built."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db import facts
from backend.db.facts import DatabaseFacts
from backend.images.models import Image


async def stored(session: AsyncSession) -> tuple[DatabaseFacts, int, int]:
    """The database's own word about itself, how many images are known, and how many bytes they take; the same bytes under
    two names count once. Reads every image: for a page that is opened, not for one that refreshes."""
    image = Image
    each = select(func.count().label("rows"), func.max(image.size_bytes).label("size")).group_by(image.storage_key)
    files = each.subquery()
    row = (await session.execute(select(func.sum(files.c.rows), func.sum(files.c.size)))).one()
    return await facts.read(session), int(row[0] or 0), int(row[1] or 0)
