"""Settings an administrator changes while the service runs."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from backend.db import Base, UpdatedAt
from backend.db.base import PLAIN_OPTIONS


class SystemConfig(Base):
    """One setting: `config_value` is its JSON text."""

    __tablename__ = "system_config"
    __table_args__ = PLAIN_OPTIONS

    config_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    config_value: Mapped[str] = mapped_column(String(2000))
    updated_at: Mapped[UpdatedAt]
