"""What was answered to requests that moved credits, so that the same one again moves nothing."""

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op
from backend.db.types import BigInt, UtcDateTime, utcnow

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "credit_requests",
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("answer", BigInt, nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_credit_requests_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "idempotency_key", name=op.f("pk_credit_requests")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index(op.f("ix_credit_requests_created_at"), "credit_requests", ["created_at"])


def downgrade() -> None:
    op.drop_table("credit_requests")
