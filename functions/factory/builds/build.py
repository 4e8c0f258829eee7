"""A build as clients ask for it and read it, and what can be wrong with it."""

from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import AliasChoices, Field

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


class AppConfigMissing(Conflict):
    message = "This city has no app configuration yet; save one first."


class PlatformNotOffered(Invalid):
    message = "Apps for {platform} cannot be built here yet; web can."


class BuildNotCompleted(Conflict):
    message = "This build is {status}; there is nothing to download."


class BuildIn(Schema):
    """What is asked for; the city's newest app configuration decides the rest."""

    platform: Literal["web", "android", "ios", "both"]


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


class Download(Schema):
    """A link that works without a login until it expires."""

    url: str
    expires_in: int = Field(description="seconds")
    name: str
    digest: str
    bytes: int
