"""Read a build: its state, its log, what it was built from, and where its artifact is."""

from uuid import UUID

from functions.factory.builds.build import BuildDetails
from functions.factory.tables import Build
from shared.adapters import storage
from shared.errors import NotFound
from shared.function import Context, http, requires

SECONDS = 900


@http.get("/api/builds/{build_id}", raises=[NotFound])
@requires("builds:read")
def get_build(ctx: Context, build_id: UUID) -> BuildDetails:
    build = ctx.db.get_or_404(Build, build_id)
    details = BuildDetails.model_validate(build)
    if build.artifact_key and build.artifact_name:
        details.artifact_url = storage.sign_get(
            ctx.tenant.id, build.artifact_key, SECONDS, build.artifact_name
        )
    return details
