"""Build the installable web app (PWA) from an assembled workspace; the same workspace gives the same bytes."""

import hashlib
from datetime import date

from sqlalchemy import select

from events.factory import BuildAssembled, BuildCompleted, BuildFailed
from functions.factory.builds.build import BuildStatus
from functions.factory.builds.failing import fail
from functions.factory.builds.workspace import read_config, workspace_key
from functions.factory.pwa.bundle import artifact_name, build_bundle
from functions.factory.pwa.errors import LogoInvalid
from functions.factory.tables import AppConfiguration, Build
from shared import storage
from shared.function import Context, on


@on(BuildAssembled, emits=[BuildCompleted, BuildFailed])
def build_web_app(ctx: Context, event: BuildAssembled) -> None:
    build = ctx.db.get_or_404(Build, event.build_id, lock=True)
    if event.platform != "web" or build.is_final:
        return None
    build.enter(BuildStatus.BUILDING, ctx.now)
    config = read_config(storage.get(ctx.tenant.id, workspace_key(build)))
    try:
        bundle = build_bundle(
            config, build_number=build.config_version, built_on=config_date(ctx, build.config_version)
        )
    except LogoInvalid as refused:
        return fail(ctx, build, refused.code)
    build.enter(BuildStatus.SIGNING, ctx.now, "a web app needs no signature; its digest is in the record")
    build.artifact_name = artifact_name(config, build_number=build.number, built_on=build.created_at.date())
    build.artifact_key = f"builds/{build.id}/{build.artifact_name}"
    build.artifact_digest = "sha256:" + hashlib.sha256(bundle).hexdigest()
    build.artifact_bytes = len(bundle)
    build.enter(BuildStatus.UPLOADING, ctx.now)
    storage.put(ctx.tenant.id, build.artifact_key, bundle, "application/zip")
    build.enter(BuildStatus.COMPLETED, ctx.now, build.artifact_digest)
    ctx.emit(
        BuildCompleted(
            build_id=build.id, platform="web", requested_by=build.requested_by, artifact=build.artifact_name
        )
    )
    return None


def config_date(ctx: Context, version: int) -> date:
    """The day on which the configuration was saved: the bundle depends on nothing that changes from build to build."""
    saved = ctx.db.scalars(
        select(AppConfiguration.created_at).where(AppConfiguration.version == version)
    ).one()
    return saved.date()
