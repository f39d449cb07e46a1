"""What an upstream said of work that it accepted, so that a crash does not order the same work twice."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.batch.lease import Lease
from backend.batch.models import BatchTask
from backend.db import affected


async def note_job(session: AsyncSession, lease: Lease, upstream_job: str) -> None:
    """Keep the upstream's id for the work under `lease`, as long as the lease stands."""
    task = BatchTask
    await affected(
        session,
        update(task)
        .where(task.id == lease.task_id, task.attempt_token == lease.token)
        .values(upstream_job=upstream_job),
    )
