"""Presets: listed, made, changed, deleted."""

from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db import affected
from backend.errors import NotFound
from backend.presets.models import PresetPrompt
from backend.presets.schemas import AdminPresetOut, PresetIn, PresetOut

PLACE_SHIFT = 2**31
"""Cursors know no negative numbers; an operator's own SQL may have given some."""


async def list_active(session: AsyncSession) -> list[PresetOut]:
    """What users can choose from, in sort order."""
    preset = PresetPrompt
    query = select(preset).where(preset.is_active).order_by(preset.sort_order, preset.id)
    return [PresetOut.model_validate(row) for row in await session.scalars(query)]


async def list_all(session: AsyncSession, limit: int, after: tuple[int, ...] | None) -> list[AdminPresetOut]:
    """Up to `limit` presets in sort order, behind the one with this `place`."""
    preset = PresetPrompt
    query = select(preset).order_by(preset.sort_order, preset.id).limit(limit)
    if after is not None:
        sort_order, preset_id = after[0] - PLACE_SHIFT, after[1]
        behind = (preset.sort_order == sort_order) & (preset.id > preset_id)
        query = query.where(or_(preset.sort_order > sort_order, behind))
    return [AdminPresetOut.model_validate(row) for row in await session.scalars(query)]


def place(preset: PresetOut) -> tuple[int, int]:
    """Where a preset stands in the list, in numbers that a cursor can hold."""
    return preset.sort_order + PLACE_SHIFT, preset.id


async def get(session: AsyncSession, preset_id: int) -> AdminPresetOut:
    """One preset. Raises NotFound."""
    row = await session.scalar(select(PresetPrompt).where(PresetPrompt.id == preset_id))
    if row is None:
        raise NotFound
    return AdminPresetOut.model_validate(row)


async def create(session: AsyncSession, new: PresetIn) -> AdminPresetOut:
    """A new preset."""
    row = PresetPrompt(**new.model_dump())
    session.add(row)
    await session.flush()
    return AdminPresetOut.model_validate(row)


async def change(session: AsyncSession, preset_id: int, changes: dict[str, Any]) -> AdminPresetOut:
    """Change the given fields and answer all of them. Raises NotFound."""
    if changes:
        await affected(session, update(PresetPrompt).where(PresetPrompt.id == preset_id).values(changes))
    return await get(session, preset_id)


async def delete(session: AsyncSession, preset_id: int) -> None:
    """Forget a preset. Raises NotFound."""
    if not await affected(session, sql_delete(PresetPrompt).where(PresetPrompt.id == preset_id)):
        raise NotFound
