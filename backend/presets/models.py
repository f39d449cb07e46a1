"""Prompts that an administrator offers to everyone."""

from sqlalchemy import Boolean, String, Text, true
from sqlalchemy.orm import Mapped, mapped_column

from backend.db import Base, CreatedAt, Id, UpdatedAt


class PresetPrompt(Base):
    """A prompt with a title; shown in `sort_order` when `is_active`."""

    __tablename__ = "preset_prompts"

    id: Mapped[Id]
    title: Mapped[str] = mapped_column(String(100))
    content: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(String(50), server_default="")
    sort_order: Mapped[int] = mapped_column(server_default="0")
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
