"""What the app factory says: about builds."""

from typing import ClassVar, Literal
from uuid import UUID

from events.base import Event

Platform = Literal["web", "android", "ios"]


class BuildQueued(Event):
    """A build was asked for and has passed all checks."""

    topic: ClassVar[str] = "build.queued"
    build_id: UUID
    platform: Platform


class BuildCompleted(Event):
    """A build has its artifact."""

    topic: ClassVar[str] = "build.completed"
    build_id: UUID
    platform: Platform
    requested_by: UUID
    artifact: str


class BuildFailed(Event):
    """A build has ended without an artifact."""

    topic: ClassVar[str] = "build.failed"
    build_id: UUID
    platform: Platform
    requested_by: UUID
    reason: str


class BuildAssembled(Event):
    """A build's workspace is complete: nothing else will influence the artifact."""

    topic: ClassVar[str] = "build.assembled"
    build_id: UUID
    platform: Platform
    workspace_digest: str
