"""What an operator writes about upstreams and models, checked when the service starts."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
)

from backend.upstreams.addresses import host_port

Provider = Literal["local", "openai-chat", "openai-images", "gemini", "dashscope"]

BASE_URLS: dict[str, str] = {
    "openai-chat": "https://openrouter.ai/api/v1",
    "openai-images": "https://api.openai.com/v1",
    "gemini": "https://generativelanguage.googleapis.com/v1beta",
    "dashscope": "https://dashscope.aliyuncs.com/api/v1",
}
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_OURS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"})
_VERSION = re.compile(r"/v\d+(?:beta\d*|alpha\d*)?$")


class UpstreamConfig(BaseModel):
    """One upstream: where it is, the key that belongs to it and to nothing else, and how it differs from its kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=64)
    provider: Provider
    base_url: str = ""
    api_key: SecretStr = SecretStr("")
    auth: Literal["auto", "bearer", "x-goog-api-key"] = "auto"
    dialect: Literal["auto", "openai", "ark", "siliconflow", "dashscope-async"] = "auto"
    image_order: Literal["auto", "image-first", "image-last"] = "auto"
    timeout_seconds: float | None = Field(None, gt=0, le=3600)
    extra_headers: dict[str, str] = {}
    extra_params: dict[str, Any] = {}

    @field_validator("base_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        if value:
            if not value.startswith(("http://", "https://")):
                raise ValueError("must start with http:// or https://")
            host_port(value)
            if "?" in value or "#" in value or "@" in value:
                raise ValueError("must be an address without user name, query or fragment")
        return value

    @field_validator("api_key")
    @classmethod
    def _sendable(cls, value: SecretStr) -> SecretStr:
        key = value.get_secret_value().strip()
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError("contains characters that no key has")
        return SecretStr(key)

    @field_validator("extra_headers")
    @classmethod
    def _headers(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not _HEADER.fullmatch(name) or not text.isascii() or not text.isprintable():
                raise ValueError(f"{name!r} is not a header, or its value has characters that no header has")
            if name.lower() in _OURS:
                raise ValueError(f"{name!r} is not one to set here")
        return value

    @property
    def key(self) -> str:
        return self.api_key.get_secret_value()

    def api(self, version: str) -> str:
        """The address that API paths are appended to; `version` is added unless the operator's address names one."""
        base = self.base_url or BASE_URLS[self.provider]
        return base if _VERSION.search(base) else f"{base}/{version}"


def _named(value: object) -> object:
    return {"id": value} if isinstance(value, str) else value


class ModelConfig(BaseModel):
    """One entry of AI_MODELS; a bare string is a model whose id is the upstream's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=128)
    name: str = ""
    description: str = ""
    upstream: str = ""
    upstream_model: str = ""
    credits: int = Field(1, ge=0, le=1000)
    sizes: tuple[str, ...] = ()
    aspect_ratios: tuple[str, ...] = ()
    max_edge: int = Field(2048, ge=256, le=8192)
    max_references: int = Field(3, ge=0, le=3)
    fallback: str | None = None

    @field_validator("aspect_ratios")
    @classmethod
    def _ratios(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[1-9]\d?:[1-9]\d?", ratio) for ratio in value):
            raise ValueError('must look like "3:2"')
        return value


_UPSTREAMS = TypeAdapter(list[UpstreamConfig])
_MODELS = TypeAdapter(list[Annotated[ModelConfig, BeforeValidator(_named)]])


def upstreams_from(text: str) -> list[UpstreamConfig]:
    """AI_UPSTREAMS; ValueError names the variable and the entry, never a value (it may be a key)."""
    try:
        return _UPSTREAMS.validate_json(text) if text.strip() else []
    except ValidationError as error:
        raise _complaint("AI_UPSTREAMS", error) from None


def models_from(text: str) -> list[ModelConfig]:
    """AI_MODELS; ValueError names the variable and the entry."""
    try:
        return _MODELS.validate_json(text) if text.strip() else []
    except ValidationError as error:
        raise _complaint("AI_MODELS", error) from None


def single_upstream(provider: Provider, base_url: str, api_key: str) -> UpstreamConfig:
    """The upstream that AI_PROVIDER, AI_API_BASE_URL and AI_API_KEY describe; it has its provider's name."""
    try:
        config = UpstreamConfig(name=provider, provider=provider, base_url=base_url, api_key=SecretStr(api_key))
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        variable = {"base_url": "AI_API_BASE_URL", "api_key": "AI_API_KEY"}.get(field, "AI_PROVIDER")
        raise ValueError(f"{variable} {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None
    return config


def _complaint(variable: str, error: ValidationError) -> ValueError:
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return ValueError(f"{variable}{f' at {where}' if where else ''}: {first['msg'].removeprefix('Value error, ')}")
