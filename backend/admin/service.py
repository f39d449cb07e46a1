"""What administrators do. Each change writes who did it into `audit_log`, in the same transaction."""

import json
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.admin.models import AuditEntry
from backend.admin.schemas import AccountUpdate, CreditsIn
from backend.auth import service as auth
from backend.batch.service import WORK, control
from backend.batch.service.claim import ensure_slots
from backend.batch.service.forgetting import Forgotten
from backend.batch.service.ownership import own_queue
from backend.batch.service.retention import Note
from backend.batch.service.upstreams import bring_up, is_down
from backend.batch.states import QueueStatus
from backend.config import service as config
from backend.config.schemas import RuntimeConfig, RuntimeConfigUpdate
from backend.credits import service as credits
from backend.db import affected, announce
from backend.presets import service as presets
from backend.presets.schemas import AdminPresetOut, PresetIn, PresetUpdate


async def change_config(
    session: AsyncSession, actor_id: int, changes: RuntimeConfigUpdate, ceiling: int
) -> RuntimeConfig:
    """Store the given settings and let them take hold; answers all of them."""
    before = await config.read(session)
    after = await config.change(session, changes)
    if changes.concurrency is not None:
        await ensure_slots(session, ceiling)
    changed = {
        name: {"from": getattr(before, name), "to": getattr(after, name)}
        for name in changes.given()
        if getattr(before, name) != getattr(after, name)
    }
    if changed:
        await _record(session, actor_id, "config.change", "config", changed)
    return after


async def hold_dispatcher(session: AsyncSession, actor_id: int) -> None:
    """Start no further image, of anybody; what is in flight finishes. Safe to repeat."""
    if not await config.dispatch_paused(session):
        await config.store(session, config.DISPATCH_PAUSED, value=True)
        await _record(session, actor_id, "batch.pause", "dispatcher")


async def release_dispatcher(session: AsyncSession, actor_id: int) -> None:
    """Go on. Safe to repeat."""
    if await config.dispatch_paused(session):
        await config.store(session, config.DISPATCH_PAUSED, value=False)
        await _record(session, actor_id, "batch.resume", "dispatcher")
        announce(session, WORK)


async def cancel_queue(session: AsyncSession, actor_id: int, queue_id: int, note: str) -> list[int]:
    """Stop anybody's batch; answers the tasks in flight. Safe to repeat. Raises NotFound, InvalidState."""
    before = (await own_queue(session, None, queue_id)).status
    in_flight = await control.cancel(session, None, queue_id)
    if before != QueueStatus.CANCELLED:
        await _record(session, actor_id, "batch.cancel", f"queue {queue_id}", {"note": note} if note else None)
    return in_flight


async def resume_upstream(session: AsyncSession, actor_id: int, name: str) -> None:
    """Try an upstream again, and go on with the batches that wait for it. Safe to repeat."""
    if await is_down(session, name):
        await bring_up(session, name)
        await _record(session, actor_id, "upstream.resume", f"upstream {name}")


async def change_account(session: AsyncSession, actor_id: int, user_id: int, changes: AccountUpdate) -> None:
    """Change a user's role or whether they may sign in. Raises NotFound, LastAdmin."""
    await auth.change_account(session, user_id, role=changes.role, is_active=changes.is_active)
    if given := changes.given():
        await _record(session, actor_id, "user.change", f"user {user_id}", given)


async def give_credits(session: AsyncSession, actor_id: int, user_id: int, gift: CreditsIn, key: str) -> None:
    """Give a user credits, or take some; the same request again does nothing. Raises NotFound, BalanceTooLow,
    IdempotencyMismatch."""

    async def give() -> int:
        balance = await credits.adjust(session, user_id, gift.delta, gift.note)
        detail = {"delta": gift.delta, "balance": balance, "note": gift.note}
        await _record(session, actor_id, "user.credits", f"user {user_id}", detail)
        return balance

    await credits.once(session, actor_id, key, ("credits", user_id, gift.delta, gift.note), give)


async def create_preset(session: AsyncSession, actor_id: int, new: PresetIn) -> AdminPresetOut:
    """A new preset."""
    preset = await presets.create(session, new)
    await _record(session, actor_id, "preset.create", f"preset {preset.id}", {"title": preset.title})
    return preset


async def change_preset(session: AsyncSession, actor_id: int, preset_id: int, changes: PresetUpdate) -> AdminPresetOut:
    """Change a preset's given fields. Raises NotFound."""
    preset = await presets.change(session, preset_id, changes.given())
    await _record(session, actor_id, "preset.change", f"preset {preset_id}", changes.given())
    return preset


async def delete_preset(session: AsyncSession, actor_id: int, preset_id: int) -> None:
    """Forget a preset. Raises NotFound."""
    preset = await presets.get(session, preset_id)
    await presets.delete(session, preset_id)
    await _record(session, actor_id, "preset.delete", f"preset {preset_id}", {"title": preset.title})


def cleanup_note(actor_id: int, older_than_days: int) -> Note:
    """Writes down, in the transaction of each part of a cleaning, what went so far: one entry for all of it."""

    async def note(session: AsyncSession, entry_id: int | None, gone: Forgotten) -> int:
        detail = {"older_than_days": older_than_days} | {
            name: getattr(gone, name) for name in ("queues", "tasks", "images", "bytes")
        }
        if entry_id is None:
            return await _record(session, actor_id, "cleanup", "batches", detail)
        entry = update(AuditEntry).where(AuditEntry.id == entry_id)
        await affected(session, entry.values(detail=_text(detail)))
        return entry_id

    return note


async def _record(
    session: AsyncSession, actor_id: int, action: str, target: str, detail: dict[str, Any] | None = None
) -> int:
    entry = AuditEntry(actor_id=actor_id, action=action, target=target, detail=_text(detail or {}))
    session.add(entry)
    await session.flush()
    return entry.id


def _text(detail: dict[str, Any]) -> str:
    return json.dumps(detail, ensure_ascii=False)
