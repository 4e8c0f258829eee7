"""Announce a file and get a link to send it to."""

from functions.core.media.media import UPLOAD_SECONDS, FileTooLarge, UploadIn, UploadOut
from functions.core.media.tables import Media
from shared import quotas
from shared.adapters import storage
from shared.function import Context, http, requires
from shared.kit.ids import new_id
from shared.quotas import QuotaExceeded


@http.post("/api/media/uploads", status=201, raises=[FileTooLarge, QuotaExceeded])
@requires("media:create")
def request_upload(ctx: Context, upload: UploadIn) -> UploadOut:
    upload.check_size()
    quotas.look(ctx, "storage_bytes", upload.size)
    media_id = new_id()
    media = Media(
        id=media_id,
        key=f"media/{media_id}/upload",
        created_by=ctx.user_id,
        created_at=ctx.now,
        updated_at=ctx.now,
        **upload.model_dump(),
    )
    with ctx.released():  # the city's first file needs a bucket
        link = storage.sign_put(ctx.tenant.id, media.key, upload.content_type, upload.size, UPLOAD_SECONDS)
    quotas.spend(ctx, "storage_bytes", upload.size)
    ctx.db.add(media)
    return UploadOut(
        media_id=media_id, url=link.url, method=link.method, headers=link.headers, expires_in=UPLOAD_SECONDS
    )
