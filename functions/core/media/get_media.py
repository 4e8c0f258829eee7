"""Show a picture or a document: a redirect to a signed link, good for an hour."""

from typing import Literal
from uuid import UUID

from functions.core.media.media import LINK_SECONDS, MediaNotReady, State
from shared import storage
from shared.errors import NotFound
from shared.function import Context, Response, http

FIND = "SELECT key, state, content_type, filename FROM media WHERE tenant_id = :tenant AND id = :id AND state <> 'refused'"


@http.get("/api/media/{media_id}", public=True, status=302, raises=[NotFound, MediaNotReady])
def get_media(ctx: Context, media_id: UUID, size: Literal["original", "thumbnail"] = "original") -> Response:
    found = ctx.sql.one(FIND, tenant=ctx.tenant.id, id=media_id)
    is_picture = found is not None and found[2].startswith("image/")
    if found is None or found[1] == State.REQUESTED or (size == "thumbnail" and not is_picture):
        raise NotFound("Media", media_id)
    key, state, _, filename = found
    if state != State.READY:
        raise MediaNotReady
    if size == "thumbnail":
        key = f"media/{media_id}/thumbnail"
    link = storage.sign_get(ctx.tenant.id, key, LINK_SECONDS, None if is_picture else filename)
    headers = {"Location": link, "Cache-Control": f"public, max-age={LINK_SECONDS // 2}"}
    return Response(302, content_type="text/plain", headers=headers)
