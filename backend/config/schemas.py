"""The settings that an administrator changes while the service runs."""

from typing import Annotated

from pydantic import Field

from backend.web.schemas import Out, Patch

Concurrency = Annotated[
    int, Field(ge=1, le=10, description="Images processed at once, by all processes together. 3-5 is good.")
]
Retries = Annotated[int, Field(ge=0, le=5, description="How often a failed image is tried again by itself.")]
SignupCredits = Annotated[int, Field(ge=0, le=1_000_000_000, description="Credits a new user starts with.")]
RetentionDays = Annotated[
    int, Field(ge=0, le=36_500, description="Finished batches are deleted after this; 0 keeps them.")
]


class RuntimeConfig(Out):
    """All of them."""

    concurrency: Concurrency
    max_retries: Retries
    signup_credits: SignupCredits
    registration_open: bool
    retention_days: RetentionDays


class RuntimeConfigUpdate(Patch):
    """Any subset of them."""

    concurrency: Concurrency | None = None
    max_retries: Retries | None = None
    signup_credits: SignupCredits | None = None
    registration_open: bool | None = None
    retention_days: RetentionDays | None = None
