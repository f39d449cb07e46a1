"""Reads and writes `system_config`. A value that someone spoilt by hand is replaced by its default, never believed."""

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Exists, Select, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend import logs
from backend.config.models import SystemConfig
from backend.config.schemas import RuntimeConfig, RuntimeConfigUpdate
from backend.db import Prepared, affected, utc_after

log = logs.get(__name__)

DISPATCH_PAUSED = "dispatch_paused"
DEFAULTS = RuntimeConfig(concurrency=3, max_retries=2, signup_credits=50, registration_open=True, retention_days=30)
_FIELDS = {name: TypeAdapter[Any](field.rebuild_annotation()) for name, field in RuntimeConfig.model_fields.items()}


async def read(session: AsyncSession) -> RuntimeConfig:
    """The settings in force."""
    stored = await _stored(session)
    return RuntimeConfig(**{name: _believed(name, stored.get(name)) for name in _FIELDS})


async def change(session: AsyncSession, changes: RuntimeConfigUpdate) -> RuntimeConfig:
    """Store the given settings and answer all of them."""
    for name, value in changes.given().items():
        await store(session, name, value)
    return await read(session)


async def dispatch_paused(session: AsyncSession) -> bool:
    """Whether an administrator holds the whole dispatcher."""
    return bool(await session.scalar(*_paused()))


@Prepared
def _paused() -> Select[bool]:
    return select(dispatch_is_paused())


def dispatch_is_paused() -> Exists:
    """SQL: whether an administrator holds the whole dispatcher."""
    config = SystemConfig
    return exists().where(config.config_key == DISPATCH_PAUSED, config.config_value == "true")


async def store(session: AsyncSession, name: str, value: object) -> None:
    """Store one setting as JSON, whether or not its row is there."""
    text = json.dumps(value)
    changed = await affected(
        session, update(SystemConfig).where(SystemConfig.config_key == name).values(config_value=text)
    )
    if changed == 0:
        session.add(SystemConfig(config_key=name, config_value=text))
        await session.flush()


async def take_turn(session: AsyncSession, name: str, seconds: float) -> bool:
    """Whether what one process of all does every so many seconds is the caller's to do now."""
    config = SystemConfig
    mine = update(config).where(config.config_key == name, config.updated_at <= utc_after(-seconds))
    if await affected(session, mine.values(config_value="null")):
        return True
    if await session.scalar(select(exists().where(config.config_key == name))):
        return False
    session.add(config(config_key=name, config_value="null"))
    await session.flush()  # two at once: the second is refused, and the turn was the first one's
    return True


async def _stored(session: AsyncSession) -> dict[str, str]:
    rows = await session.execute(*_all())
    return {key: value for key, value in rows}


@Prepared
def _all() -> Select[str, str]:
    return select(SystemConfig.config_key, SystemConfig.config_value)


def _believed(name: str, text: str | None) -> Any:
    default = getattr(DEFAULTS, name)
    if text is None:
        return default
    try:
        return _FIELDS[name].validate_python(json.loads(text), strict=True)
    except (ValueError, ValidationError):
        log.warning("config_value_ignored", config_key=name, used=default)
        return default
