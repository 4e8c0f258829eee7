"""Ask for a build of the city's app; the same request while one runs gives that one."""

import hashlib

import orjson
from sqlalchemy import func, select

from events.factory import BuildQueued
from functions.factory.builds.build import (
    FINAL,
    AppConfigMissing,
    BuildIn,
    BuildOut,
    BuildStatus,
    PlatformNotOffered,
)
from functions.factory.configs.configuration import build_inputs
from functions.factory.configs.newest import newest
from functions.factory.pwa.errors import ContrastTooLow
from functions.factory.tables import AppConfiguration, Build
from shared import quotas
from shared.function import Context, http, requires
from shared.ids import new_id
from shared.quotas import QuotaExceeded


@http.post(
    "/api/builds",
    status=202,
    emits=[BuildQueued],
    raises=[AppConfigMissing, PlatformNotOffered, ContrastTooLow, QuotaExceeded],
)
@requires("builds:create")
def trigger_build(ctx: Context, build: BuildIn) -> BuildOut:
    if build.platform != "web":
        raise PlatformNotOffered(platform=build.platform)
    ctx.sql.run(
        "SELECT pg_advisory_xact_lock(hashtext(:tenant))", tenant=str(ctx.tenant.id)
    )  # numbers without gaps or doubles
    config = newest(ctx)
    inputs = build_inputs(config.config, ctx.tenant, ctx.settings.s3_endpoint)
    row = running(ctx, build.platform, digest_of(inputs)) or queue(ctx, config, build.platform, inputs)
    return BuildOut.model_validate(row)


def digest_of(inputs: dict[str, object]) -> str:
    """The same inputs have the same digest."""
    return "sha256:" + hashlib.sha256(orjson.dumps(inputs, option=orjson.OPT_SORT_KEYS)).hexdigest()


def running(ctx: Context, platform: str, digest: str) -> Build | None:
    """The build of the same inputs that is not finished yet."""
    same = select(Build).where(Build.platform == platform, Build.inputs_digest == digest)
    return ctx.db.scalar(same.where(Build.status.not_in(FINAL)))


def queue(ctx: Context, config: AppConfiguration, platform: str, inputs: dict[str, object]) -> Build:
    """A new build with the next number; only a new one counts."""
    quotas.spend(ctx, "builds")
    number = (ctx.db.scalar(select(func.max(Build.number))) or 0) + 1
    row = Build(
        id=new_id(),
        number=number,
        platform=platform,
        inputs=inputs,
        inputs_digest=digest_of(inputs),
        config_version=config.version,
        log=[],
        requested_by=ctx.user_id,
        created_at=ctx.now,
    )
    row.enter(BuildStatus.QUEUED, ctx.now)
    ctx.db.add(row)
    ctx.emit(BuildQueued(build_id=row.id, platform="web"))
    return row
