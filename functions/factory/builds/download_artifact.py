"""Get a link to a completed build's artifact; it works without a login and expires."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from functions.factory.builds.build import BuildNotCompleted, Download
from functions.factory.tables import Build
from shared.adapters import storage
from shared.errors import NotFound
from shared.function import Context, http, requires

Seconds = Annotated[int, Field(ge=1, le=86_400, description="how long the link works, in seconds")]


@http.get("/api/builds/{build_id}/artifact", raises=[NotFound, BuildNotCompleted])
@requires("builds:read")
def download_artifact(ctx: Context, build_id: UUID, expires_in: Seconds = 900) -> Download:
    build = ctx.db.get_or_404(Build, build_id)
    if not (build.artifact_key and build.artifact_name and build.artifact_digest and build.artifact_bytes):
        raise BuildNotCompleted(status=build.status)
    url = storage.sign_get(ctx.tenant.id, build.artifact_key, expires_in, build.artifact_name)
    return Download(
        url=url,
        expires_in=expires_in,
        name=build.artifact_name,
        digest=build.artifact_digest,
        bytes=build.artifact_bytes,
    )
