"""Delete a picture or a document, also from the listings and tiles that show it; authors may delete their
own.
"""

from uuid import UUID

from events.platform import FilesAbandoned
from functions.core.media.media import MediaInUse, State
from functions.core.media.tables import Media
from shared import quotas
from shared.errors import NotFound
from shared.files import abandon_folders
from shared.function import Context, http, requires

SHOWN = """SELECT EXISTS (SELECT FROM listings WHERE tenant_id = :tenant AND status = 'published'
 AND media @> CAST(:media AS jsonb)) OR EXISTS (SELECT FROM tiles WHERE tenant_id = :tenant AND media_id = :id)"""
TAKE_OUT = """UPDATE listings SET version = version + 1, updated_at = :now,
 media = (SELECT coalesce(jsonb_agg(m ORDER BY n), '[]') FROM jsonb_array_elements(media) WITH ORDINALITY AS x(m, n)
  WHERE m->>'id' <> :id)
 WHERE tenant_id = :tenant AND media @> CAST(:media AS jsonb)"""


@http.delete("/api/media/{media_id}", status=204, raises=[MediaInUse], emits=[FilesAbandoned])
@requires("media:create")
def delete_media(ctx: Context, media_id: UUID) -> None:
    media = ctx.db.get_or_404(Media, media_id, lock=True)
    if not ctx.may("media:delete"):
        check_own(ctx, media)
    ctx.sql.run(TAKE_OUT, tenant=ctx.tenant.id, id=str(media.id), media=entry(media), now=ctx.now)
    ctx.db.delete(media)
    if media.state != State.REFUSED:
        quotas.give_back(ctx, "storage_bytes", media.size)
    abandon_folders(ctx, media.folder)
    ctx.drop("listings", "tiles")


def check_own(ctx: Context, media: Media) -> None:
    """Others' files do not exist for an author; MediaInUse when the public sees it, which is no longer theirs
    to change.
    """
    if media.created_by != ctx.user_id:
        raise NotFound("Media", media.id)
    if ctx.sql.run(SHOWN, tenant=ctx.tenant.id, id=media.id, media=entry(media))[0][0]:
        raise MediaInUse


def entry(media: Media) -> str:
    """How a listing that shows this medium names it."""
    return f'[{{"id": "{media.id}"}}]'
