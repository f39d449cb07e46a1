"""What an operator sets from outside: the environment and `.env`. What an administrator changes while running lives in
`system_config` instead."""

import secrets
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MIN_SECRET_BYTES = 32
PLACEHOLDERS = (
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "your-",
    "your_",
    "example",
    "secret-key",
    "replace",
)


class Settings(BaseSettings):
    """Every setting, checked once at start. Empty means "not set"; `resolve_secrets` fills what may be made up."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(3000, ge=0, le=65535)
    data_dir: Path = Path("data")
    database_url: str = ""
    storage_url: str = ""
    aws_access_key_id: str = ""
    aws_secret_access_key: str = Field("", repr=False)
    aws_session_token: str = Field("", repr=False)
    aws_region: str = ""
    aws_endpoint_url: str = ""
    aws_virtual_hosted_style_request: bool = False
    jwt_secret: str = Field("", repr=False)
    encryption_key: str = Field("", repr=False)
    admin_username: str = "admin"
    admin_password: str = Field("", repr=False)

    ai_provider: Literal["local", "openai-chat", "openai-images", "gemini", "dashscope"] = "local"
    ai_api_base_url: str = ""
    ai_api_key: str = Field("", repr=False)
    ai_models: str = ""
    ai_upstreams: str = Field("", repr=False)
    ai_timeout_seconds: float = Field(300, gt=0, le=3600)
    upstream_allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()

    batch_max_files: int = Field(50, ge=1, le=500)
    batch_max_file_bytes: int = Field(10 * 1024 * 1024, ge=1024, le=100 * 1024 * 1024)
    image_max_pixels: int = Field(100_000_000, ge=1_000_000, le=500_000_000)
    concurrency_ceiling: int = Field(10, ge=1, le=10)
    lease_seconds: float = Field(60, ge=1, le=3600)
    max_rescues: int = Field(5, ge=0, le=100)
    drain_seconds: float = Field(75, ge=0, le=3600)
    max_pending_per_user: int = Field(2000, ge=1)
    max_unused_uploads_per_user: int = Field(1000, ge=1)

    log_format: Literal["console", "json"] = "console"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    public_url: str = ""

    @field_validator("upstream_allowed_hosts", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("mysql+aiomysql://", "sqlite:///", "sqlite+aiosqlite:///")):
            raise ValueError("must be mysql+aiomysql://user:password@host/name or sqlite:///path")
        return value

    @field_validator("jwt_secret", "encryption_key")
    @classmethod
    def _strong(cls, value: str) -> str:
        value = value.strip()
        if not value:
            return value
        if value.startswith("#") or len(value.split()) > 1:  # systemd takes a comment behind a value for a part of it
            raise ValueError("has white space or a comment in it; `openssl rand -hex 32` makes a good one")
        if len(value.encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"must be at least {MIN_SECRET_BYTES} bytes long; `openssl rand -hex 32` makes a good one")
        if any(word in value.lower() for word in PLACEHOLDERS) or len(set(value)) < 8:
            raise ValueError("is a placeholder; `openssl rand -hex 32` makes a good one")
        return value

    @model_validator(mode="after")
    def _secret_with_mysql(self) -> Self:
        if not self.is_sqlite:
            for name in ("jwt_secret", "encryption_key"):
                if not getattr(self, name):
                    raise ValueError(f"{name.upper()} must be set when DATABASE_URL is MySQL/MariaDB")
        return self

    @model_validator(mode="after")
    def _two_secrets(self) -> Self:
        if self.jwt_secret and self.jwt_secret == self.encryption_key:
            raise ValueError("JWT_SECRET and ENCRYPTION_KEY must differ; `openssl rand -hex 32` makes a good one each")
        return self

    @property
    def resolved_database_url(self) -> str:
        """The URL in force: SQLite inside `data_dir` unless one is set."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'nano-banana.sqlite3'}"

    @property
    def is_sqlite(self) -> bool:
        return self.resolved_database_url.startswith("sqlite")

    @property
    def scratch_dir(self) -> Path:
        """Where uploads and results lie until they are proved and stored."""
        return self.data_dir / "tmp"

    def resolve_secrets(self) -> Self:
        """Return settings whose secrets are all set, making those that may be made up (once, kept 0600 in `data_dir`).

        Creates `data_dir` if needed. Raises OSError when that is no place to write to.
        """
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)  # others have no business in it
            made = {
                name: _kept_secret(self.data_dir / f"{name}.txt")
                for name in ("jwt_secret", "encryption_key")
                if not getattr(self, name)
            }
        except OSError as error:
            raise OSError(f"DATA_DIR {self.data_dir} cannot be used: {error.strerror}") from error
        return self.model_copy(update=made)


def _kept_secret(path: Path) -> str:
    """The secret in `path`, made on first use. Two processes starting at once agree: the file is linked into place."""
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(32))
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
