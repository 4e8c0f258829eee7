"""App configurations and builds as rows, with the rules of a build's life."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from functions.factory.builds.build import DEADLINE, FINAL, BuildStatus
from shared import live
from shared.context import Context
from shared.db.orm import DatedModel, TenantModel
from shared.db.privacy import Personal
from shared.kit.timestamps import timestamp


class AppConfiguration(TenantModel):
    """One version of what a city's app is built from; versions are never changed."""

    __tablename__ = "app_configs"
    privacy = Personal(
        "saved_by",
        {},
        why="to know who changed the app (GDPR Art. 6(1)(e))",
        kept="as long as the city; who it was 30 days after the account",
        on_erasure="anonymise",
        plain=("config",),
    )
    version: Mapped[int]
    config: Mapped[dict[str, Any]]
    saved_by: Mapped[UUID | None]
    created_at: Mapped[datetime]


class Build(DatedModel):
    """queued → validating → assembling → building → signing → uploading → completed; any → failed; running →
    cancelled.

    `due_at` is when somebody looks what became of it (functions/factory/builds/resumption.py); `tries` is how
    often it was begun again because nothing had happened.
    """

    __tablename__ = "builds"
    privacy = Personal(
        "requested_by",
        {},
        why="to tell who asked for a build that it is done (GDPR Art. 6(1)(e))",
        kept="as long as the city; who it was 30 days after the account",
        on_erasure="anonymise",
        plain=(
            "platform",
            "status",
            "inputs",
            "inputs_digest",
            "log",
            "workspace_digest",
            "artifact_name",
            "artifact_key",
            "artifact_digest",
            "error",
        ),
    )
    number: Mapped[int]
    platform: Mapped[str]
    status: Mapped[str]
    inputs: Mapped[dict[str, Any]]
    inputs_digest: Mapped[str]
    config_version: Mapped[int]
    log: Mapped[list[Any]] = mapped_column(default=list)
    workspace_digest: Mapped[str | None]
    artifact_name: Mapped[str | None]
    artifact_key: Mapped[str | None]
    artifact_digest: Mapped[str | None]
    artifact_bytes: Mapped[int | None]
    error: Mapped[str | None]
    requested_by: Mapped[UUID]
    finished_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in FINAL

    @property
    def seconds(self) -> float | None:
        """How long the build took."""
        return (self.finished_at - self.created_at).total_seconds() if self.finished_at else None

    def enter(self, ctx: Context, status: BuildStatus, note: str = "") -> None:
        """Go on to a state, write it into the log, and tell those who follow it."""
        at = ctx.now
        self.status = status
        self.log = [*self.log, {"at": timestamp(at), "status": status, "note": note}]
        self.due_at = None if status in FINAL else at + DEADLINE
        if status in FINAL:
            self.finished_at = at
        live.tell(ctx, live.topic("builds", self.id))
