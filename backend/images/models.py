"""Images that a user gave or was given."""

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db import Base, BigInt, CreatedAt, Id
from backend.db.base import TABLE_OPTIONS


class Image(Base):
    """One image of one user: what it is, and under which keys the storage has its bytes and its thumbnail.

    Several rows of a user may share `storage_key` (the same bytes under two names). `upload_key` is SHA-256 over the bytes'
    digest and the name, for uploads only: the same file again is the same row.
    """

    __tablename__ = "images"
    __table_args__ = (
        UniqueConstraint("user_id", "upload_key"),
        Index("ix_images_user_id_sha256", "user_id", "sha256"),
        TABLE_OPTIONS,
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(BigInt, ForeignKey("users.id", ondelete="CASCADE"))
    filename: Mapped[str] = mapped_column(String(512))
    mime_type: Mapped[str] = mapped_column(String(32))
    width: Mapped[int] = mapped_column()
    height: Mapped[int] = mapped_column()
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    upload_key: Mapped[str | None] = mapped_column(String(64))
    storage_key: Mapped[str] = mapped_column(String(200), index=True)
    thumbnail_key: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[CreatedAt]
