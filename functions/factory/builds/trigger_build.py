"""Ask for a build of the city's app; the same request while one runs gives that one."""

from events.factory import BuildFailed, BuildQueued
from functions.factory.builds.build import AppConfigMissing, BuildIn, BuildOut, PlatformNotOffered
from functions.factory.builds.request import configured, queue, running
from shared.errors import TenantMismatch
from shared.function import Context, http, requires
from shared.kit.contrast import ContrastTooLow
from shared.quotas import QuotaExceeded


@http.post(
    "/api/builds",
    status=202,
    emits=[BuildQueued, BuildFailed],
    raises=[AppConfigMissing, PlatformNotOffered, ContrastTooLow, QuotaExceeded, TenantMismatch],
)
@requires("builds:create")
def trigger_build(ctx: Context, build: BuildIn) -> BuildOut:
    ctx.refuse_another_city(build.tenant_id)
    if build.platform != "web":
        raise PlatformNotOffered(platform=build.platform)
    ctx.lock("builds")  # numbers without gaps or doubles
    asked = configured(ctx, build.config)
    return BuildOut.model_validate(running(ctx, build.platform, asked) or queue(ctx, build.platform, asked))
