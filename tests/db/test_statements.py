"""Statements that are built once."""

import pytest
from sqlalchemy import Select, Update, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.models import DispatchSlot
from backend.db import Database, Prepared, affected, utc_after, utcnow

built = 0


@Prepared
def hold(slot_no: int, owner: str, seconds: float) -> Update:
    global built  # noqa: PLW0603 - it is what is tested
    built += 1
    slot = DispatchSlot
    return update(slot).where(slot.slot_no == slot_no).values(owner=owner, lease_expires=utc_after(seconds))


@Prepared
def held_by(owner: str) -> Select[int]:
    slot = DispatchSlot
    return select(slot.slot_no).where(slot.owner == owner, slot.lease_expires > utcnow())


async def found(session: AsyncSession, owner: str) -> list[int]:
    return list(await session.scalars(*held_by(owner=owner)))


async def test_each_use_has_its_own_values(database_url: str) -> None:
    db = Database(database_url)
    try:
        for slot_no, owner, seconds in ((1, "lin", 60.0), (2, "wang", 60.0), (3, "wang", -60.0)):
            assert await db.write(affected, *hold(slot_no=slot_no, owner=owner, seconds=seconds)) == 1
        assert built == 1
        for owner, slots in (("lin", [1]), ("wang", [2]), ("nobody", [])):
            assert await db.read(found, owner) == slots
        with pytest.raises(StatementError, match="the_seconds"):
            await db.write(affected, *hold(slot_no=1, owner="lin"))
    finally:
        await db.close()


def test_a_rare_variant_is_built_from_values() -> None:
    rare = held_by.built("lin").where(DispatchSlot.slot_no == 1)
    sql = rare.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    assert "owner = 'lin'" in str(sql)
    assert "slot_no = 1" in str(sql)
