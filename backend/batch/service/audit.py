"""Whether slots, tasks, accounts, ledger and images agree: what is read for the audit. Nothing here changes a row.

Each question is one statement, so that it is answered from one moment; what it costs grows with the work that is open, not with
what was ever done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from backend.batch.models import BatchTask, DispatchSlot
from backend.batch.states import OPEN, TaskStatus
from backend.credits.models import CreditAccount, CreditEntry
from backend.images.models import Image

MOST = 1000
"""Rows that one question answers at most."""


class Oddity(StrEnum):
    """What does not agree."""

    RUNNING_WITHOUT_SLOT = "running_without_slot"
    SLOT_WITHOUT_RUNNING = "slot_without_running"
    OPEN_WITHOUT_HOLD = "open_without_hold"
    HOLD_OF_NOTHING = "hold_of_nothing"
    HELD_UNLIKE_HOLDS = "held_unlike_holds"
    IMAGE_WITHOUT_FILE = "image_without_file"
    FILE_WITHOUT_IMAGE = "file_without_image"


@dataclass(frozen=True, slots=True)
class Finding:
    """`things` are the ids of tasks, slots, accounts or images, or the keys of files; the first MOST of them."""

    oddity: Oddity
    things: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image's row: where its files should be."""

    id: int
    keys: tuple[str, str]


async def disagreements(session: AsyncSession) -> list[Finding]:
    """All that the database alone can tell."""
    unlike = await _accounts_unlike_their_tasks(session)
    found = {
        Oddity.RUNNING_WITHOUT_SLOT: [task_id for task_id, _ in await stranded(session)],
        Oddity.SLOT_WITHOUT_RUNNING: await _slots_without_running(session),
        Oddity.OPEN_WITHOUT_HOLD: await _open_without_hold(session),
        Oddity.HOLD_OF_NOTHING: await _holds_of_nothing(session, unlike),
        Oddity.HELD_UNLIKE_HOLDS: await _held_unlike_holds(session, unlike),
    }
    return [Finding(oddity, tuple(things)) for oddity, things in found.items() if things]


async def stranded(session: AsyncSession) -> list[tuple[int, str | None]]:
    """Running tasks that no slot speaks of, each with its token: nobody beats for them, so nobody would miss them."""
    task, slot = BatchTask, DispatchSlot
    rows = await session.execute(
        select(task.id, task.attempt_token)
        .outerjoin(slot, and_(slot.task_id == task.id, slot.attempt_token == task.attempt_token))
        .where(task.status == TaskStatus.PROCESSING, slot.slot_no.is_(None))
        .order_by(task.id)
        .limit(MOST)
    )
    return [(task_id, token) for task_id, token in rows]


async def images_before(session: AsyncSession, image_id: int | None, limit: int) -> list[StoredImage]:
    """The newest images, or those that came before `image_id`."""
    image = Image
    query = select(image.id, image.storage_key, image.thumbnail_key).order_by(image.id.desc()).limit(limit)
    if image_id is not None:
        query = query.where(image.id < image_id)
    return [StoredImage(number, (key, thumbnail)) for number, key, thumbnail in await session.execute(query)]


async def still_there(session: AsyncSession, image_ids: Sequence[int]) -> list[int]:
    """Those of the images that have not been deleted meanwhile."""
    return list(await session.scalars(select(Image.id).where(Image.id.in_(image_ids)).order_by(Image.id)))


async def _slots_without_running(session: AsyncSession) -> list[int]:
    slot, task = DispatchSlot, BatchTask
    rows = await session.scalars(
        select(slot.slot_no)
        .outerjoin(
            task,
            and_(
                task.id == slot.task_id,
                task.status == TaskStatus.PROCESSING,
                task.attempt_token == slot.attempt_token,
            ),
        )
        .where(slot.task_id.is_not(None), task.id.is_(None))
        .order_by(slot.slot_no)
    )
    return list(rows)


async def _open_without_hold(session: AsyncSession) -> list[int]:
    """Open tasks whose charge is not held at its price, or is resolved already."""
    task, hold, end = BatchTask, aliased(CreditEntry), aliased(CreditEntry)

    def line(entry: type[CreditEntry], phase: str) -> ColumnElement[bool]:
        return and_(entry.task_id == task.id, entry.charge_no == task.charge_no, entry.phase == phase)

    rows = await session.scalars(
        select(task.id)
        .outerjoin(hold, and_(line(hold, "hold"), hold.amount == task.price))
        .outerjoin(end, line(end, "resolve"))
        .where(task.status.in_(OPEN), or_(hold.id.is_(None), end.id.is_not(None)))
        .order_by(task.id)
        .limit(MOST)
    )
    return list(rows)


async def _accounts_unlike_their_tasks(session: AsyncSession) -> list[int]:
    account, task = CreditAccount, BatchTask
    opened = (
        select(task.user_id, func.sum(task.price).label("price"))
        .where(task.status.in_(OPEN))
        .group_by(task.user_id)
        .subquery()
    )
    rows = await session.scalars(
        select(account.user_id)
        .outerjoin(opened, opened.c.user_id == account.user_id)
        .where(account.held != func.coalesce(opened.c.price, 0))
        .order_by(account.user_id)
        .limit(MOST)
    )
    return list(rows)


def _unresolved(hold: type[CreditEntry]) -> ColumnElement[bool]:
    end = aliased(CreditEntry)
    resolved = select(end.id).where(
        end.task_id == hold.task_id, end.charge_no == hold.charge_no, end.phase == "resolve"
    )
    return and_(hold.phase == "hold", ~resolved.exists())


async def _holds_of_nothing(session: AsyncSession, user_ids: Sequence[int]) -> list[int]:
    """Tasks of these users that have ended or are gone while their credits are still held."""
    hold, task = aliased(CreditEntry), BatchTask
    rows = await session.scalars(
        select(hold.task_id)
        .outerjoin(task, and_(task.id == hold.task_id, task.status.in_(OPEN)))
        .where(hold.user_id.in_(user_ids), _unresolved(hold), task.id.is_(None))
        .order_by(hold.id)
        .limit(MOST)
    )
    return [task_id for task_id in rows if task_id is not None]


async def _held_unlike_holds(session: AsyncSession, user_ids: Sequence[int]) -> list[int]:
    account, hold = CreditAccount, aliased(CreditEntry)
    holds = (
        select(func.coalesce(func.sum(hold.amount), 0))
        .where(hold.user_id == account.user_id, _unresolved(hold))
        .correlate(account)
        .scalar_subquery()
    )
    rows = await session.scalars(
        select(account.user_id).where(account.user_id.in_(user_ids), account.held != holds).order_by(account.user_id)
    )
    return list(rows)
