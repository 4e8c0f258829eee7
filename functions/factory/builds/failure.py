"""How a build ends without an artifact."""

from events.factory import BuildFailed
from functions.factory.builds.build import BuildStatus, platform_of
from functions.factory.tables import Build
from shared import quotas
from shared.function import Context


def fail(ctx: Context, build: Build, reason: str) -> None:
    """Write down why, say it, and give back what it has cost, in the month in which it was asked for."""
    build.error = reason
    build.enter(ctx, BuildStatus.FAILED, reason)
    quotas.give_back(ctx, "builds", spent=build.created_at)
    quotas.give_back(ctx, "storage_bytes", build.artifact_bytes or 0)
    build.artifact_bytes = None
    ctx.emit(
        BuildFailed(
            build_id=build.id,
            platform=platform_of(build.platform),
            requested_by=build.requested_by,
            reason=reason,
        )
    )
