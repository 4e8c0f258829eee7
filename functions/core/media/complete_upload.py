"""Say that a file was sent: what arrived is compared with what was announced, and then processed."""

from uuid import UUID

from events.core import MediaUploaded
from functions.core.media.media import MediaOut, State, UploadMismatch, UploadMissing, content_type_of
from functions.core.media.tables import Media
from shared.adapters import storage
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.post(
    "/api/media/{media_id}/complete",
    emits=[MediaUploaded],
    raises=[UploadMissing, UploadMismatch],
    memory=256,
)
@requires("media:create")
def complete_upload(ctx: Context, media_id: UUID) -> MediaOut:
    media = ctx.db.get_or_404(Media, media_id)
    if media.created_by != ctx.user_id:
        raise NotFound("Media", media_id)
    if media.state == State.REQUESTED:
        with ctx.released():
            check_arrived(ctx, media)
        media = ctx.db.get_or_404(Media, media_id, lock=True)
    if media.state == State.REQUESTED:  # nobody was faster
        media.state, media.updated_at = State.UPLOADED, ctx.now
        ctx.emit(MediaUploaded(media_id=media.id))
    return MediaOut.model_validate(media)


def check_arrived(ctx: Context, media: Media) -> None:
    """UploadMissing when nothing has come, UploadMismatch when it has another size or another true type."""
    try:
        size = storage.stat(ctx.tenant.id, media.key).size
    except storage.ObjectNotFound:
        raise UploadMissing from None
    if size != media.size:
        raise UploadMismatch(announced=f"{media.size} bytes", found=f"{size} bytes")
    found = content_type_of(storage.get(ctx.tenant.id, media.key))
    if found != media.content_type:
        raise UploadMismatch(announced=media.content_type, found=found or "something else")
