"""Check a queued build and lay out all that it is made from, so that it can be repeated byte by byte."""

import hashlib

from events.factory import BuildAssembled, BuildFailed, BuildQueued
from functions.factory.builds.build import BuildStatus
from functions.factory.builds.failing import fail
from functions.factory.builds.workspace import job_bundle, read_config, workspace_key
from functions.factory.tables import Build
from shared import storage
from shared.errors import Invalid
from shared.function import Context, on


@on(BuildQueued, emits=[BuildAssembled, BuildFailed])
def generate_workspace(ctx: Context, event: BuildQueued) -> None:
    build = ctx.db.get_or_404(Build, event.build_id, lock=True)
    if build.status != BuildStatus.QUEUED:
        return None
    build.enter(BuildStatus.VALIDATING, ctx.now)
    bundle = job_bundle(build, ctx.tenant)
    try:
        read_config(bundle).theme.check()
    except Invalid as refused:
        return fail(ctx, build, str(refused.details.get("problem", refused.code))[:500])
    storage.put(ctx.tenant.id, workspace_key(build), bundle, "application/json")
    build.workspace_digest = "sha256:" + hashlib.sha256(bundle).hexdigest()
    build.enter(BuildStatus.ASSEMBLING, ctx.now, build.workspace_digest)
    ctx.emit(
        BuildAssembled(build_id=build.id, platform=event.platform, workspace_digest=build.workspace_digest)
    )
    return None
