"""Make an uploaded file fit to be shown: pictures lose their metadata and get a thumbnail; what is not fit is
refused.
"""

from dataclasses import dataclass

from events.core import MediaRefused, MediaUploaded
from events.platform import FilesAbandoned
from functions.core.media.media import State, content_type_of
from functions.core.media.tables import Media
from shared import quotas
from shared.adapters import malware, storage
from shared.files import abandon, abandon_folders
from shared.function import Context, on
from shared.sandbox.pictures import Picture, PictureRefused, render


@dataclass(frozen=True, slots=True)
class Found:
    """What an upload is, whether it was searched for malware, and its picture unless it is a document."""

    data: bytes
    was_scanned: bool
    picture: Picture | None

    @property
    def name(self) -> str:
        """What the file is called that is shown."""
        return f"picture.{self.picture.extension}" if self.picture else "document.pdf"

    @property
    def shown(self) -> bytes:
        """The file that is shown."""
        return self.picture.content if self.picture else self.data


@on(MediaUploaded, emits=[FilesAbandoned, MediaRefused], memory=768, timeout=120)
def process_media(ctx: Context, event: MediaUploaded) -> None:
    media = ctx.db.get(Media, event.media_id)
    if media is None or media.state not in (State.UPLOADED, State.SCANNING):
        return  # deleted meanwhile, or done
    with ctx.released():
        found = looked_at(ctx, media)
        if isinstance(found, Found):
            put(ctx, media, found)
    upload, media = media, ctx.db.get(Media, event.media_id, with_for_update=True)
    if media is None:
        abandon_folders(ctx, upload.folder)  # deleted while we worked: what we have put there goes, too
        return
    if media.key != upload.key or media.state not in (State.UPLOADED, State.SCANNING):
        return  # done while we worked
    if isinstance(found, malware.ScannerUnavailable):
        media.wait(at=ctx.now)  # resume-media brings it again
        return
    announced = media.size
    if isinstance(found, Found):
        media.scanned_at = ctx.now if found.was_scanned else None
        media.show(media.folder + found.name, found.shown, found.picture, at=ctx.now)
    else:
        refuse(ctx, media, found)
    quotas.correct(ctx, "storage_bytes", (0 if media.state == State.REFUSED else media.size) - announced)
    abandon(ctx, upload.key)


def looked_at(ctx: Context, media: Media) -> Found | Exception:
    """What the upload holds; or what is wrong with it, or why nobody can tell."""
    try:
        data = storage.get(ctx.tenant.id, media.key)
        # the link that brought it was still good after it was looked at
        if content_type_of(data) != media.content_type:
            raise PictureRefused(f"this is not {media.content_type}")
        was_scanned = malware.check(data)
        is_picture = media.content_type != "application/pdf"
        return Found(data, was_scanned, render(data, ctx.whose) if is_picture else None)
    except (
        PictureRefused,
        storage.ObjectNotFound,
        malware.ScannerUnavailable,
        malware.MalwareFound,
        malware.NotScannable,
    ) as problem:
        return problem


def refuse(ctx: Context, media: Media, problem: Exception) -> None:
    """Never show it; say so where it was malware."""
    if isinstance(problem, malware.MalwareFound):
        ctx.emit(
            MediaRefused(
                media_id=media.id,
                uploaded_by=media.created_by,
                filename=media.filename,
                reason=problem.code,
                found=problem.details["name"],
            )
        )
    told = (
        problem.text("en")
        if isinstance(problem, malware.MalwareFound | malware.NotScannable)
        else str(problem)
    )
    media.refuse("the file is gone" if isinstance(problem, storage.ObjectNotFound) else told, at=ctx.now)


def put(ctx: Context, media: Media, found: Found) -> None:
    """Store what is to be shown beside the upload, under the same keys however often it is done: the medium's
    row keeps them.
    """
    if found.picture:
        storage.put(ctx.tenant.id, media.folder + "thumbnail", found.picture.thumbnail, media.content_type)
    storage.put(ctx.tenant.id, media.folder + found.name, found.shown, media.content_type)
