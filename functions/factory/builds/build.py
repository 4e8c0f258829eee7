"""A build as clients ask for it and read it, and what can be wrong with it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AliasChoices, Field, TypeAdapter

from events.factory import Platform
from functions.factory.configs.configuration import AppConfigIn
from shared.errors import Conflict, Invalid
from shared.schema import Schema


class BuildStatus(StrEnum):
    """The states that the API shows."""

    QUEUED = "queued"
    VALIDATING = "validating"
    ASSEMBLING = "assembling"
    BUILDING = "building"
    SIGNING = "signing"
    UPLOADING = "uploading"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL = frozenset({BuildStatus.COMPLETED, BuildStatus.FAILED, BuildStatus.CANCELLED})


DEADLINE = timedelta(minutes=5)  # for one state; no step takes a tenth of it
PATIENCE = timedelta(hours=24)  # for a build as a whole, also where a system that it needs is away
TRIES = 3  # begun again so often when nothing had happened


def platform_of(name: str) -> Platform:
    """A row's platform, as events say it."""
    platform: Platform = TypeAdapter(Platform).validate_python(name)
    return platform


class AppConfigMissing(Conflict):
    message = "This city has no app configuration yet; save one first."


class PlatformNotOffered(Invalid):
    message = "Apps for {platform} cannot be built here yet; web can."


class BuildNotCompleted(Conflict):
    message = "This build is {status}; there is nothing to download."


class BuildIn(Schema):
    """What is asked for. The city's newest app configuration decides the rest; a `config` that differs
    becomes its next version.

    `config` is a whole configuration, as PUT /api/factory/app-config takes it: one in part is 422, nothing is
    filled in. `tenantId` may be said (requirements §9.3); it is the caller's city, or TENANT_MISMATCH.
    """

    platform: Literal["web", "android", "ios", "both"]
    tenant_id: (
        Annotated[str, Field(min_length=1, max_length=63, description="the city's id or slug")] | None
    ) = None
    config: AppConfigIn | None = None


class LogLine(Schema):
    at: datetime
    status: BuildStatus
    note: str = ""


class BuildOut(Schema):
    """A build with its state and, when it is completed, its artifact. `seconds` is how long it took."""

    build_id: UUID = Field(validation_alias=AliasChoices("build_id", "id"))
    number: int
    platform: str
    status: BuildStatus
    config_version: int
    inputs_digest: str
    artifact_name: str | None
    artifact_digest: str | None
    artifact_bytes: int | None
    error: str | None
    log: list[LogLine]
    requested_by: UUID
    created_at: datetime
    finished_at: datetime | None
    seconds: float | None


class BuildDetails(BuildOut):
    """As in lists; `artifactUrl` downloads a completed build without a login, for a quarter of an hour."""

    artifact_url: str | None = None


class Download(Schema):
    """A link that works without a login until it expires."""

    url: str
    expires_in: int = Field(description="seconds")
    name: str
    digest: str
    bytes: int
