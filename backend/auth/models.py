"""Who may sign in, and by what."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.db import Base, BigInt, CreatedAt, Id, UpdatedAt, UtcDateTime
from backend.db.base import PLAIN_OPTIONS


class User(Base):
    """A person or a program with credits. `username_key` is the name folded (NFKC, case) so that no two look alike."""

    __tablename__ = "users"

    id: Mapped[Id]
    username: Mapped[str] = mapped_column(String(32))
    username_key: Mapped[str] = mapped_column(String(128), unique=True)
    email: Mapped[str | None] = mapped_column(String(254))
    email_key: Mapped[str | None] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16), default="user")
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    # part of every JWT: counting it up ends them all
    token_version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[CreatedAt]


class AuthToken(Base):
    """A personal API token (`nb_…`). Only its SHA-256 is kept."""

    __tablename__ = "auth_tokens"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(BigInt, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    hint: Mapped[str] = mapped_column(String(16))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AuthSession(Base):
    """A browser that is signed in. The cookie's value is kept only as its SHA-256."""

    __tablename__ = "auth_sessions"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(BigInt, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    session_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_agent: Mapped[str] = mapped_column(String(255), default="")
    address: Mapped[str] = mapped_column(String(45), default="")
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UserUpstream(Base):
    """A user's own upstream key; `api_key_encrypted` is a Fernet token, `key_hint` its last four characters in clear."""

    __tablename__ = "user_upstreams"
    __table_args__ = PLAIN_OPTIONS

    user_id: Mapped[int] = mapped_column(BigInt, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    provider: Mapped[str] = mapped_column(String(32))
    base_url: Mapped[str] = mapped_column(String(500))
    api_key_encrypted: Mapped[str] = mapped_column(String(2000))
    key_hint: Mapped[str] = mapped_column(String(8))
    model: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]
