"""What administrators look at: everyone's."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.admin.models import AuditEntry
from backend.admin.schemas import AdminQueueOut, AdminTaskOut, AdminUserOut, AuditEntryOut, UpstreamOut
from backend.auth import names
from backend.auth.models import User
from backend.batch import queries as batch
from backend.batch.models import BatchQueue, BatchTask, UpstreamState
from backend.batch.queries import QueueFilter
from backend.batch.schemas import QueueOut
from backend.batch.states import PausedReason, TaskStatus
from backend.credits.models import CreditAccount
from backend.db import utcnow
from backend.errors import NotFound

After = tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class AnyTaskFilter:
    """Which tasks of all: with a status, of one user, whose file name or prompt contains `text`."""

    status: TaskStatus | None
    user_id: int | None
    text: str | None


async def list_users(session: AsyncSession, text: str | None, limit: int, after: After) -> list[AdminUserOut]:
    """Up to `limit` users, newest first, whose name or e-mail address contains `text`."""
    user = User
    query = _users().order_by(user.id.desc()).limit(limit)
    if text:
        query = query.where(
            or_(
                user.username_key.contains(names.key(text), autoescape=True),
                user.email_key.contains(names.email_key(text), autoescape=True),
            )
        )
    if after is not None:
        query = query.where(user.id < after[0])
    return [AdminUserOut.model_validate(row) for row in (await session.execute(query)).all()]


async def user(session: AsyncSession, user_id: int) -> AdminUserOut:
    """One user. Raises NotFound."""
    row = (await session.execute(_users().where(User.id == user_id))).one_or_none()
    if row is None:
        raise NotFound
    return AdminUserOut.model_validate(row)


async def list_queues(session: AsyncSession, which: QueueFilter, limit: int, after: After) -> list[AdminQueueOut]:
    """Up to `limit` batches, newest first."""
    return await _owned(session, await batch.list_queues(session, which, limit, after))


async def queue(session: AsyncSession, queue_id: int) -> AdminQueueOut:
    """One batch. Raises NotFound."""
    found = await _owned(session, await batch.queues_by_id(session, [queue_id], None))
    if not found:
        raise NotFound
    return found[0]


async def list_tasks(session: AsyncSession, which: AnyTaskFilter, limit: int, after: After) -> list[AdminTaskOut]:
    """Up to `limit` tasks, newest first."""
    task, of_batch, owner = BatchTask, BatchQueue, User
    query = (
        select(task.id, task.user_id, owner.username, of_batch.batch_name)
        .join(of_batch, of_batch.id == task.queue_id)
        .join(owner, owner.id == task.user_id)
        .order_by(task.id.desc())
        .limit(limit)
    )
    if which.status is not None:
        query = query.where(task.status == which.status)
    if which.user_id is not None:
        query = query.where(task.user_id == which.user_id)
    if which.text:
        wanted = which.text.lower()
        query = query.where(
            or_(
                func.lower(task.original_filename).contains(wanted, autoescape=True),
                func.lower(task.prompt).contains(wanted, autoescape=True),
            )
        )
    if after is not None:
        query = query.where(task.id < after[0])
    rows = (await session.execute(query)).all()
    tasks = {out.id: out for out in await batch.tasks_by_id(session, [row.id for row in rows], None)}
    return [
        AdminTaskOut(**dict(tasks[task_id]), user_id=user_id, username=username, batch_name=batch_name)
        for task_id, user_id, username, batch_name in rows
        if task_id in tasks
    ]


async def list_upstreams(session: AsyncSession, kinds: Mapping[str, str]) -> list[UpstreamOut]:
    """How each of the upstreams stands, given their kinds by name."""
    state = UpstreamState
    rows = await session.execute(select(state, utcnow()).where(state.upstream.in_(kinds)))
    known = {row.upstream: (row, now) for row, now in rows.all()}
    return [_upstream(name, kind, *known.get(name, (None, None))) for name, kind in kinds.items()]


async def list_audit(session: AsyncSession, limit: int, after: After) -> list[AuditEntryOut]:
    """Up to `limit` changes, newest first."""
    entry = AuditEntry
    query = (
        select(entry, User.username).outerjoin(User, User.id == entry.actor_id).order_by(entry.id.desc()).limit(limit)
    )
    if after is not None:
        query = query.where(entry.id < after[0])
    return [
        AuditEntryOut(
            id=row.id,
            actor_id=row.actor_id,
            actor=actor,
            action=row.action,
            target=row.target,
            detail=json.loads(row.detail),
            created_at=row.created_at,
        )
        for row, actor in (await session.execute(query)).all()
    ]


def _upstream(name: str, kind: str, row: UpstreamState | None, now: datetime | None) -> UpstreamOut:
    """A wait that is over is no news any more."""
    waits = row is not None and (row.paused_reason or (row.parked_until and now and row.parked_until > now))
    return UpstreamOut(
        name=name,
        kind=kind,
        paused_reason=PausedReason(row.paused_reason) if row and row.paused_reason else None,
        parked_until=row.parked_until if row and waits else None,
        detail=row.detail if row and waits else "",
        updated_at=row.updated_at if row else None,
    )


def _users() -> Select[*tuple[Any, ...]]:
    user, account = User, CreditAccount
    columns = (user.id, user.username, user.email, user.role, user.is_active, user.created_at)
    return select(*columns, account.available.label("credits")).join(account, account.user_id == user.id)


async def _owned(session: AsyncSession, queues: Sequence[QueueOut]) -> list[AdminQueueOut]:
    row = BatchQueue
    owners = await session.execute(
        select(row.id, User.id, User.username)
        .join(User, User.id == row.user_id)
        .where(row.id.in_([queue.id for queue in queues]))
    )
    by_queue = {queue_id: (user_id, username) for queue_id, user_id, username in owners.all()}
    return [
        AdminQueueOut(**dict(queue), user_id=by_queue[queue.id][0], username=by_queue[queue.id][1])
        for queue in queues
        if queue.id in by_queue
    ]
