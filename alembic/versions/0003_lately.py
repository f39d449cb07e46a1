"""Indexes for what administrators look at every few seconds: the newest images with a status, and what ended lately."""

from collections.abc import Sequence

from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_batch_queues_status_completed_at", "batch_queues", ["status", "completed_at"])
    op.create_index("ix_batch_tasks_status_id", "batch_tasks", ["status", "id"])
    lately = ["status", "completed_at", "started_at", "error_code"]
    op.create_index("ix_batch_tasks_status_completed_at", "batch_tasks", lately)


def downgrade() -> None:
    op.drop_index("ix_batch_tasks_status_completed_at", "batch_tasks")
    op.drop_index("ix_batch_tasks_status_id", "batch_tasks")
    op.drop_index("ix_batch_queues_status_completed_at", "batch_queues")
