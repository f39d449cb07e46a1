"""What administrators did."""

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db import Base, BigInt, CreatedAt, Id


class AuditEntry(Base):
    """Who changed what, when; `detail` is JSON text."""

    __tablename__ = "audit_log"

    id: Mapped[Id]
    actor_id: Mapped[int | None] = mapped_column(BigInt, ForeignKey("users.id", ondelete="SET NULL"), index=True)
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(100), default="")
    detail: Mapped[str] = mapped_column(Text, default="{}")
    created_at: Mapped[CreatedAt]
