"""Every table, so that the metadata is whole wherever it is needed."""

from backend.admin.models import AuditEntry
from backend.auth.models import AuthSession, AuthToken, User, UserUpstream
from backend.batch.models import (
    BatchEvent,
    BatchQueue,
    BatchReference,
    BatchTask,
    DispatchSlot,
    UpstreamState,
)
from backend.config.models import SystemConfig
from backend.credits.models import CreditAccount, CreditEntry
from backend.db import Base
from backend.images.models import Image
from backend.presets.models import PresetPrompt

__all__ = [
    "AuditEntry",
    "AuthSession",
    "AuthToken",
    "Base",
    "BatchEvent",
    "BatchQueue",
    "BatchReference",
    "BatchTask",
    "CreditAccount",
    "CreditEntry",
    "DispatchSlot",
    "Image",
    "PresetPrompt",
    "SystemConfig",
    "UpstreamState",
    "User",
    "UserUpstream",
]
