"""What is remembered of upstreams that are down, and of work that an upstream has accepted."""

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op
from backend.db.types import BigInt

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("batch_tasks", sa.Column("same_errors", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("batch_tasks", sa.Column("upstream_job", sa.String(length=200), nullable=True))
    op.add_column("upstream_states", sa.Column("probes", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("upstream_states", sa.Column("trial_task_id", BigInt, nullable=True))


def downgrade() -> None:
    op.drop_column("upstream_states", "trial_task_id")
    op.drop_column("upstream_states", "probes")
    op.drop_column("batch_tasks", "upstream_job")
    op.drop_column("batch_tasks", "same_errors")
