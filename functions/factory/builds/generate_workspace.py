"""Check a queued build and lay out all that it is made from, so that it can be repeated byte by byte."""

import hashlib

from events.factory import BuildAssembled, BuildFailed, BuildQueued
from functions.factory.builds.build import BuildStatus
from functions.factory.builds.failure import fail
from functions.factory.builds.resumption import wait
from functions.factory.builds.workspace import job_bundle, read_config, workspace_key
from functions.factory.tables import Build
from shared.adapters import storage
from shared.adapters.storage import StorageUnavailable
from shared.errors import Invalid
from shared.function import Context, on


@on(BuildQueued, emits=[BuildAssembled, BuildFailed])
def generate_workspace(ctx: Context, event: BuildQueued) -> None:
    build = ctx.db.get(Build, event.build_id)
    if build is None or build.status != BuildStatus.QUEUED:
        return None
    bundle = job_bundle(build, ctx.tenant)
    with ctx.released():
        problem = laid_out(ctx, build, bundle)
    build = ctx.db.get(Build, event.build_id, with_for_update=True)
    if build is None or build.status != BuildStatus.QUEUED:
        return None  # somebody was faster
    build.enter(ctx, BuildStatus.VALIDATING)
    if isinstance(problem, Invalid):
        return fail(ctx, build, str(problem.details.get("problem", problem.code))[:500])
    if problem:
        return wait(ctx, build, problem.code)
    build.workspace_digest = "sha256:" + hashlib.sha256(bundle).hexdigest()
    build.enter(ctx, BuildStatus.ASSEMBLING, build.workspace_digest)
    ctx.emit(
        BuildAssembled(build_id=build.id, platform=event.platform, workspace_digest=build.workspace_digest)
    )
    return None


def laid_out(ctx: Context, build: Build, bundle: bytes) -> Invalid | StorageUnavailable | None:
    """Check and store the workspace, the same bytes under the same key however often; what stands in the way."""
    try:
        read_config(bundle).theme.check()
        storage.put(ctx.tenant.id, workspace_key(build), bundle, "application/json")
    except (Invalid, StorageUnavailable) as problem:
        return problem
    return None
