"""Builds that got stuck: their event was lost, their process died, or a system that they need is away."""

from datetime import datetime, timedelta

from events.factory import BuildAssembled, BuildQueued
from functions.factory.builds.build import PATIENCE, TRIES, BuildStatus, platform_of
from functions.factory.builds.failure import fail
from functions.factory.tables import Build
from shared.function import Context

PAUSE = timedelta(minutes=1)


def resume(ctx: Context, build: Build) -> None:
    """Begin its step again, or give it up: after several times, or after a day."""
    if build.tries >= TRIES or is_dead(build, ctx.now):
        fail(ctx, build, "TIMED_OUT")
        return
    build.tries += 1
    platform = platform_of(build.platform)
    if build.workspace_digest:
        build.enter(ctx, BuildStatus.ASSEMBLING, "once more")
        ctx.emit(
            BuildAssembled(build_id=build.id, platform=platform, workspace_digest=build.workspace_digest)
        )
    else:
        build.enter(ctx, BuildStatus.QUEUED, "once more")
        ctx.emit(BuildQueued(build_id=build.id, platform=platform))


def wait(ctx: Context, build: Build, missing: str) -> None:
    """Let it wait for a system that is away; that does not count as a try."""
    build.enter(
        ctx, BuildStatus.ASSEMBLING if build.workspace_digest else BuildStatus.QUEUED, f"waits: {missing}"
    )
    build.due_at, build.tries = ctx.now + PAUSE, max(-1, build.tries - 1)


def is_dead(build: Build, now: datetime) -> bool:
    """Whether nothing will become of it any more."""
    return now - build.created_at >= PATIENCE
