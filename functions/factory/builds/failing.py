"""How a build ends without an artifact."""

from events.factory import BuildFailed
from functions.factory.builds.build import BuildStatus
from functions.factory.tables import Build
from shared.function import Context


def fail(ctx: Context, build: Build, reason: str) -> None:
    """Write down why, and say it."""
    build.error = reason
    build.enter(BuildStatus.FAILED, ctx.now, reason)
    ctx.emit(BuildFailed(build_id=build.id, platform="web", requested_by=build.requested_by, reason=reason))
