"""The first schema: every table, five presets and the default settings."""

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op
from backend.db.types import BigInt, UtcDateTime, utcnow

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


PRESETS = (
    (
        "高清增强",
        "增强",
        "高清增强 (HD enhance):提升这张照片的清晰度与细节,去除噪点和压缩痕迹,校正曝光与白平衡,让纹理与边缘自然锐利。"
        "保持构图、主体、文字和颜色关系不变,不要添加或删除任何内容。",
    ),
    (
        "艺术风格",
        "风格",
        "艺术风格 (oil painting, artistic):把这张图片重绘为一幅厚涂油画,笔触有方向和层次,色彩饱满而和谐,光影富有戏剧性。"
        "保留主体的轮廓、姿态和构图,让人一眼认出原图。",
    ),
    (
        "写实风格",
        "风格",
        "写实风格 (photorealistic):把这张图片变成专业相机拍摄的真实照片,自然的光线、准确的材质与肤色、细腻的层次和柔和的景深。"
        "保持主体与构图不变。",
    ),
    (
        "动漫风格",
        "风格",
        "动漫风格 (anime, cartoon):把这张图片重绘为精致的日系动画画面,干净的线条、平整的色块、明快的配色和通透的光感。"
        "保留人物特征、姿态和场景构图。",
    ),
    (
        "水彩画风",
        "风格",
        "水彩画风 (watercolour):把这张图片重绘为一幅手绘水彩画,颜料在湿纸上自然晕染,边缘有沉淀的水痕,留白通透,纸纹可见。"
        "保留主体轮廓与构图。",
    ),
)

DEFAULTS = {
    "concurrency": "3",
    "max_retries": "2",
    "signup_credits": "50",
    "registration_open": "true",
    "retention_days": "30",
    "dispatch_paused": "false",
}

SLOTS = 10


def _seed() -> None:
    presets = sa.table(
        "preset_prompts",
        sa.column("title", sa.String),
        sa.column("category", sa.String),
        sa.column("content", sa.String),
        sa.column("sort_order", sa.Integer),
    )
    op.bulk_insert(
        presets,
        [
            {"title": title, "category": category, "content": content, "sort_order": (n + 1) * 10}
            for n, (title, category, content) in enumerate(PRESETS)
        ],
    )
    op.bulk_insert(
        sa.table("system_config", sa.column("config_key", sa.String), sa.column("config_value", sa.String)),
        [{"config_key": key, "config_value": value} for key, value in DEFAULTS.items()],
    )
    enabled = int(DEFAULTS["concurrency"])
    op.bulk_insert(
        sa.table(
            "dispatch_slots",
            sa.column("slot_no", sa.Integer),
            sa.column("enabled", sa.Boolean),
            sa.column("fence", sa.Integer),
        ),
        [{"slot_no": n, "enabled": n <= enabled, "fence": 0} for n in range(1, SLOTS + 1)],
    )


def upgrade() -> None:
    op.create_table(
        "batch_events",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("queue_id", BigInt, nullable=False),
        sa.Column("task_id", BigInt, nullable=True),
        sa.Column("created_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_events")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("batch_events", schema=None) as batch_op:
        batch_op.create_index("ix_batch_events_created_at", ["created_at"], unique=False)

    op.create_table(
        "dispatch_slots",
        sa.Column("slot_no", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("task_id", BigInt, nullable=True),
        sa.Column("user_id", BigInt, nullable=True),
        sa.Column("attempt_token", sa.String(length=32), nullable=True),
        sa.Column("owner", sa.String(length=32), nullable=True),
        sa.Column("lease_expires", UtcDateTime(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("slot_no", name=op.f("pk_dispatch_slots")),
        sa.UniqueConstraint("task_id", name=op.f("uq_dispatch_slots_task_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("dispatch_slots", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispatch_slots_owner"), ["owner"], unique=False)

    op.create_table(
        "preset_prompts",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=50), server_default="", nullable=False),
        sa.Column("sort_order", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preset_prompts")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "system_config",
        sa.Column("config_key", sa.String(length=64), nullable=False),
        sa.Column("config_value", sa.String(length=2000), nullable=False),
        sa.Column("updated_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.PrimaryKeyConstraint("config_key", name=op.f("pk_system_config")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "upstream_states",
        sa.Column("upstream", sa.String(length=64), nullable=False),
        sa.Column("paused_reason", sa.String(length=40), nullable=True),
        sa.Column("parked_until", UtcDateTime(), nullable=True),
        sa.Column("detail", sa.String(length=1000), nullable=False),
        sa.Column("updated_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.PrimaryKeyConstraint("upstream", name=op.f("pk_upstream_states")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "users",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("username", sa.String(length=32), nullable=False),
        sa.Column("username_key", sa.String(length=128), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("email_key", sa.String(length=254), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("token_version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email_key", name=op.f("uq_users_email_key")),
        sa.UniqueConstraint("username_key", name=op.f("uq_users_username_key")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_log",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("actor_id", BigInt, nullable=True),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=100), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_audit_log_actor_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("audit_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_log_actor_id"), ["actor_id"], unique=False)

    op.create_table(
        "auth_sessions",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("session_hash", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=255), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_auth_sessions_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auth_sessions")),
        sa.UniqueConstraint("session_hash", name=op.f("uq_auth_sessions_session_hash")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("auth_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_auth_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "auth_tokens",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("hint", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_auth_tokens_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auth_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_auth_tokens_token_hash")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("auth_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_auth_tokens_user_id"), ["user_id"], unique=False)

    op.create_table(
        "batch_queues",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("batch_name", sa.String(length=255), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("aspect_ratio", sa.String(length=16), nullable=True),
        sa.Column("image_size", sa.String(length=16), nullable=True),
        sa.Column("sample_first", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("paused_reason", sa.String(length=40), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("total_images", sa.Integer(), nullable=False),
        sa.Column("completed_images", sa.Integer(), nullable=False),
        sa.Column("failed_images", sa.Integer(), nullable=False),
        sa.Column("cancelled_images", sa.Integer(), nullable=False),
        sa.Column("credits_held", sa.BigInteger(), nullable=False),
        sa.Column("credits_spent", sa.BigInteger(), nullable=False),
        sa.Column("credits_released", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("completed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_batch_queues_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_queues")),
        sa.UniqueConstraint("user_id", "idempotency_key", name=op.f("uq_batch_queues_user_id_idempotency_key")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("batch_queues", schema=None) as batch_op:
        batch_op.create_index("ix_batch_queues_status_id", ["status", "id"], unique=False)
        batch_op.create_index("ix_batch_queues_user_id_id", ["user_id", "id"], unique=False)

    op.create_table(
        "credit_accounts",
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("last_served_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("available >= 0", name=op.f("ck_credit_accounts_available")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_credit_accounts_held")),
        sa.CheckConstraint("spent >= 0", name=op.f("ck_credit_accounts_spent")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_credit_accounts_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_credit_accounts")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "credit_entries",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("phase", sa.String(length=8), nullable=True),
        sa.Column("delta", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("queue_id", BigInt, nullable=True),
        sa.Column("task_id", BigInt, nullable=True),
        sa.Column("charge_no", sa.SmallInteger(), nullable=True),
        sa.Column("attempt_token", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_credit_entries_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_entries")),
        sa.UniqueConstraint("task_id", "charge_no", "phase", name=op.f("uq_credit_entries_task_id_charge_no_phase")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("credit_entries", schema=None) as batch_op:
        batch_op.create_index("ix_credit_entries_queue_id_id", ["queue_id", "id"], unique=False)
        batch_op.create_index("ix_credit_entries_user_id_id", ["user_id", "id"], unique=False)

    op.create_table(
        "images",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("filename", sa.String(length=512), nullable=False),
        sa.Column("mime_type", sa.String(length=32), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("upload_key", sa.String(length=64), nullable=True),
        sa.Column("storage_key", sa.String(length=200), nullable=False),
        sa.Column("thumbnail_key", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_images_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
        sa.UniqueConstraint("user_id", "upload_key", name=op.f("uq_images_user_id_upload_key")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_images_storage_key"), ["storage_key"], unique=False)
        batch_op.create_index("ix_images_user_id_sha256", ["user_id", "sha256"], unique=False)

    op.create_table(
        "user_upstreams",
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("base_url", sa.String(length=500), nullable=False),
        sa.Column("api_key_encrypted", sa.String(length=2000), nullable=False),
        sa.Column("key_hint", sa.String(length=8), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_upstreams_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_upstreams")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "batch_references",
        sa.Column("queue_id", BigInt, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("image_id", BigInt, nullable=True),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_batch_references_image_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["batch_queues.id"], name=op.f("fk_batch_references_queue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("queue_id", "position", name=op.f("pk_batch_references")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("batch_references", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_batch_references_image_id"), ["image_id"], unique=False)

    op.create_table(
        "batch_tasks",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("queue_id", BigInt, nullable=False),
        sa.Column("user_id", BigInt, nullable=False),
        sa.Column("parent_task_id", BigInt, nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("original_filename", sa.String(length=512), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("upstream", sa.String(length=64), nullable=False),
        sa.Column("original_image_id", BigInt, nullable=True),
        sa.Column("generated_image_id", BigInt, nullable=True),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.Column("charge_no", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("claimable", sa.Boolean(), nullable=False),
        sa.Column("run_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("ambiguous_attempts", sa.SmallInteger(), nullable=False),
        sa.Column("soft_attempts", sa.SmallInteger(), nullable=False),
        sa.Column("rescues", sa.SmallInteger(), nullable=False),
        sa.Column("retry_count", sa.Integer(), nullable=False),
        sa.Column("attempt_token", sa.String(length=32), nullable=True),
        sa.Column("settled_token", sa.String(length=32), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("error_message", sa.String(length=1000), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), server_default=utcnow(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("completed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["generated_image_id"], ["images.id"], name=op.f("fk_batch_tasks_generated_image_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["original_image_id"], ["images.id"], name=op.f("fk_batch_tasks_original_image_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["parent_task_id"], ["batch_tasks.id"], name=op.f("fk_batch_tasks_parent_task_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["batch_queues.id"], name=op.f("fk_batch_tasks_queue_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_batch_tasks_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_tasks")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("batch_tasks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_batch_tasks_generated_image_id"), ["generated_image_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_batch_tasks_original_image_id"), ["original_image_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_batch_tasks_parent_task_id"), ["parent_task_id"], unique=False)
        batch_op.create_index("ix_batch_tasks_queue_id_position", ["queue_id", "position", "id"], unique=False)
        batch_op.create_index("ix_batch_tasks_queue_id_status", ["queue_id", "status"], unique=False)
        batch_op.create_index(batch_op.f("ix_batch_tasks_user_id"), ["user_id"], unique=False)
        batch_op.create_index("ix_claim", ["status", "claimable", "user_id", "upstream", "run_at", "id"], unique=False)
    _seed()


def downgrade() -> None:
    with op.batch_alter_table("batch_tasks", schema=None) as batch_op:
        batch_op.drop_index("ix_claim")
        batch_op.drop_index(batch_op.f("ix_batch_tasks_user_id"))
        batch_op.drop_index("ix_batch_tasks_queue_id_status")
        batch_op.drop_index("ix_batch_tasks_queue_id_position")
        batch_op.drop_index(batch_op.f("ix_batch_tasks_parent_task_id"))
        batch_op.drop_index(batch_op.f("ix_batch_tasks_original_image_id"))
        batch_op.drop_index(batch_op.f("ix_batch_tasks_generated_image_id"))

    op.drop_table("batch_tasks")
    with op.batch_alter_table("batch_references", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_batch_references_image_id"))

    op.drop_table("batch_references")
    op.drop_table("user_upstreams")
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.drop_index("ix_images_user_id_sha256")
        batch_op.drop_index(batch_op.f("ix_images_storage_key"))

    op.drop_table("images")
    with op.batch_alter_table("credit_entries", schema=None) as batch_op:
        batch_op.drop_index("ix_credit_entries_user_id_id")
        batch_op.drop_index("ix_credit_entries_queue_id_id")

    op.drop_table("credit_entries")
    op.drop_table("credit_accounts")
    with op.batch_alter_table("batch_queues", schema=None) as batch_op:
        batch_op.drop_index("ix_batch_queues_user_id_id")
        batch_op.drop_index("ix_batch_queues_status_id")

    op.drop_table("batch_queues")
    with op.batch_alter_table("auth_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_auth_tokens_user_id"))

    op.drop_table("auth_tokens")
    with op.batch_alter_table("auth_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_auth_sessions_user_id"))

    op.drop_table("auth_sessions")
    with op.batch_alter_table("audit_log", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_log_actor_id"))

    op.drop_table("audit_log")
    op.drop_table("users")
    op.drop_table("upstream_states")
    op.drop_table("system_config")
    op.drop_table("preset_prompts")
    with op.batch_alter_table("dispatch_slots", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dispatch_slots_owner"))

    op.drop_table("dispatch_slots")
    with op.batch_alter_table("batch_events", schema=None) as batch_op:
        batch_op.drop_index("ix_batch_events_created_at")

    op.drop_table("batch_events")
