"""Make an uploaded file fit to be shown: pictures lose their metadata and get a thumbnail; what is not fit is refused."""

from events.core import MediaUploaded
from functions.core.media.media import State, sniff
from functions.core.media.tables import Media
from shared import quotas, storage
from shared.function import Context, on
from shared.pictures import Picture, PictureRefused, render


@on(MediaUploaded, memory=768, timeout=60)
def process_media(ctx: Context, event: MediaUploaded) -> None:
    media = ctx.db.get(Media, event.media_id, with_for_update=True)
    if media is None or media.state != State.UPLOADED:
        return  # deleted meanwhile, or done
    upload, announced = media.key, media.size
    try:
        process(ctx, media)
    except PictureRefused as problem:
        media.refuse(str(problem), at=ctx.now)
    except storage.ObjectNotFound:
        media.refuse("the file is gone", at=ctx.now)
    quotas.correct(ctx, "storage_bytes", (0 if media.state == State.REFUSED else media.size) - announced)
    ctx.after_commit(lambda: storage.delete(ctx.tenant.id, upload))


def process(ctx: Context, media: Media) -> None:
    """Store what is to be shown beside the upload, under the same keys however often it is done."""
    data = storage.get(ctx.tenant.id, media.key)
    if sniff(data) != media.content_type:  # the link that brought it was still good after it was looked at
        raise PictureRefused(f"this is not {media.content_type}")
    if media.content_type == "application/pdf":
        show(ctx, media, "document.pdf", data)
        return
    picture = render(data)
    storage.put(ctx.tenant.id, media.folder + "thumbnail", picture.thumbnail, media.content_type)
    show(ctx, media, f"picture.{picture.extension}", picture.content, picture)


def show(ctx: Context, media: Media, name: str, data: bytes, picture: Picture | None = None) -> None:
    """Store a file and make it the one that is shown."""
    storage.put(ctx.tenant.id, media.folder + name, data, media.content_type)
    media.show(media.folder + name, data, picture, at=ctx.now)
