"""A photo of a row: made safe, counted, in the city's bucket under a key of its own, and gone with the row.

A row with one is `Photographed`; who makes it stores the photo first (`keep`), outside of the transaction, and
then lets the row take it. Which photos rows keep (`kept`), and what goes with a person (`remover`), follows from
the rows (docs/decisions/0020-files-follow-rows.md).
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from shared import files, quotas
from shared.adapters import storage
from shared.context import Context
from shared.db.orm import DatedModel
from shared.db.privacy import Models, Personal
from shared.errors import Invalid, PayloadTooLarge
from shared.kit.ids import new_id
from shared.kit.shares import Whose

if TYPE_CHECKING:
    from shared.sandbox.pictures import Picture

MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
BODY_LIMIT = 14 * 1024 * 1024  # ten megabytes in base64, and the JSON around them
LINK_SECONDS = files.PRIVATE_SECONDS
NONE = "SELECT CAST(NULL AS uuid), CAST(NULL AS text), CAST(NULL AS text) WHERE false"
OF_A_PERSON = "SELECT photo, photo_bytes FROM {} WHERE tenant_id = :tenant AND ({}) AND photo IS NOT NULL"


class PhotoUnusable(Invalid):
    message = "This photo cannot be used: only whole pictures can, JPEG of at most 50 megapixels, PNG and WebP of at most 16."


class Photo(NamedTuple):
    """A photo that was stored, and its bytes; without a key there is none."""

    key: str | None = None
    size: int = 0


class Photographed(DatedModel):
    """A row with a photo: the key of its file, and its size in bytes."""

    __abstract__ = True
    photo: Mapped[str | None]
    photo_bytes: Mapped[int] = mapped_column(default=0)

    @property
    def photo_url(self) -> str | None:
        """A link that shows it for five minutes, without a login; for who may see the row."""
        return storage.sign_get(self.tenant_id, self.photo, LINK_SECONDS) if self.photo else None

    def take_photo(self, ctx: Context, photo: Photo) -> None:
        """Have this one, counted, in place of the one before; Photo() is none. QuotaExceeded."""
        quotas.replace(ctx, "storage_bytes", self.photo_bytes or 0, photo.size)
        files.abandon(ctx, self.photo)
        self.photo, self.photo_bytes = photo


def keep(ctx: Context, folder: str, content: bytes | None) -> Photo:
    """Make a photo safe and store it in a folder, before any row is changed; None is no photo.

    The transaction ends for as long as that takes. PayloadTooLarge, PhotoUnusable, MalwareFound, NotScannable,
    QuotaExceeded.
    """
    if content is None:
        return Photo()
    with ctx.released():
        picture = readable(content, ctx.settings.max_upload_bytes, ctx.whose)
    quotas.look(ctx, "storage_bytes", len(picture.content))
    key = f"{folder}{new_id()}.{picture.extension}"
    with ctx.released():
        files.keep(ctx, key, picture.content, MEDIA_TYPES[picture.extension])
    return Photo(key, len(picture.content))


def readable(content: bytes, limit: int, whose: Whose) -> "Picture":
    """The picture that was sent; PayloadTooLarge, PhotoUnusable, MalwareFound, NotScannable."""
    from shared.adapters import malware  # tables import this room, and most functions store no photo
    from shared.sandbox.pictures import PictureRefused, render

    if len(content) > limit:
        raise PayloadTooLarge(limit=limit)
    malware.check(content)
    try:
        return render(content, whose)
    except PictureRefused:
        raise PhotoUnusable from None


def kept(models: Models) -> str:
    """Which rows keep which photos, as shared/stray_files.py and a backup ask for it."""
    return (
        " UNION ALL ".join(
            f"SELECT tenant_id, photo, photo FROM {model.__tablename__} WHERE photo IS NOT NULL"  # noqa: S608 (a table of ours)
            for model in photographed(models)
        )
        or NONE
    )


def remover(models: Models) -> Callable[[Context, UUID], None]:
    """What deletes the photos of a person's rows, and gives back their bytes, before the rows go
    (shared/keeper.py).
    """

    def remove(ctx: Context, person: UUID) -> None:
        found = [
            photo
            for model in photographed(models)
            for photo in ctx.sql.run(OF_A_PERSON.format(model.__tablename__, whose(model)), **of(ctx, person))
        ]
        with ctx.released():
            for key, _ in found:
                storage.delete(ctx.tenant.id, key)
        quotas.give_back(ctx, "storage_bytes", sum(size for _, size in found))

    return remove


def of(ctx: Context, person: UUID) -> dict[str, UUID]:
    """Whose rows."""
    return {"tenant": ctx.tenant.id, "person": person}


def whose(model: Any) -> str:
    """Which rows, and their photos with them, go when a person goes."""
    privacy = model.privacy
    goes = isinstance(privacy, Personal) and (privacy.on_erasure == "delete" or "photo" in privacy.blank)
    return privacy.condition if goes else "false"


def photographed(models: Models) -> Iterator[Any]:
    """Those of them that have one."""
    return (model for model in models if isinstance(model, type) and issubclass(model, Photographed))
