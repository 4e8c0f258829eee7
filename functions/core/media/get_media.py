"""Show a picture or a document to whoever may see what it is attached to: a redirect to a signed link."""

from typing import Literal
from uuid import UUID

from functions.core.media.media import CACHE_SECONDS, LINK_SECONDS, PRIVATE_SECONDS, MediaNotReady, State
from shared.adapters import storage
from shared.errors import NotFound
from shared.function import Context, Response, http

FIND = """SELECT m.key, m.state, m.content_type, m.filename, m.shown > 0 OR EXISTS (
  SELECT FROM tiles t WHERE t.tenant_id = :tenant AND t.media_id = m.id
   AND coalesce(t.publish_at <= :now, true) AND coalesce(t.expire_at > :now, true)) AS everyone
 FROM media m WHERE m.tenant_id = :tenant AND m.id = :id AND m.state NOT IN ('refused', 'requested')"""
MINE = "SELECT EXISTS (SELECT FROM media WHERE tenant_id = :tenant AND id = :id AND created_by = :person)"


@http.get("/api/media/{media_id}", public=True, status=302, picture=True, raises=[NotFound, MediaNotReady])
def get_media(ctx: Context, media_id: UUID, size: Literal["original", "thumbnail"] = "original") -> Response:
    found = ctx.sql.one(FIND, tenant=ctx.tenant.id, id=media_id, now=ctx.now)
    if found is None or not (found[4] or is_for_caller(ctx, media_id)):
        raise NotFound("Media", media_id)
    key, state, content_type, filename, everyone = found
    is_picture = content_type.startswith("image/")
    if size == "thumbnail":
        key = f"media/{media_id}/thumbnail"
        if not is_picture:
            raise NotFound("Media", media_id)
    if state != State.READY:
        raise MediaNotReady
    link = storage.sign_get(
        ctx.tenant.id, key, LINK_SECONDS if everyone else PRIVATE_SECONDS, None if is_picture else filename
    )
    kept = f"public, max-age={CACHE_SECONDS}" if everyone else "private, no-store"
    return Response(302, content_type="text/plain", headers={"Location": link, "Cache-Control": kept})


def is_for_caller(ctx: Context, media_id: UUID) -> bool:
    """Whether the caller may see what is not public: who decides on listings, and whoever uploaded it."""
    if ctx.may("listings:approve"):
        return True
    return ctx.user.id is not None and bool(
        ctx.sql.run(MINE, tenant=ctx.tenant.id, id=media_id, person=ctx.user.id)[0][0]
    )
