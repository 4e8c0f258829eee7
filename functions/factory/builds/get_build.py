"""Read a build: its state, its log and what it was built from."""

from uuid import UUID

from functions.factory.builds.build import BuildOut
from functions.factory.tables import Build
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.get("/api/builds/{build_id}", raises=[NotFound])
@requires("builds:read")
def get_build(ctx: Context, build_id: UUID) -> BuildOut:
    return BuildOut.model_validate(ctx.db.get_or_404(Build, build_id))
