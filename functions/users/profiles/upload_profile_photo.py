"""Set one's own photo; whatever the camera noted beside the picture is not kept."""

from events.platform import FilesAbandoned
from functions.users.files import photo_folder
from functions.users.profiles.photo import PhotoIn, refuse_many_of_guests
from functions.users.profiles.profile import ProfileOut
from functions.users.profiles.tables import Profile
from shared import files, quotas
from shared.adapters.malware import MalwareFound, NotScannable
from shared.errors import NotFound, PayloadTooLarge
from shared.function import Context, http, signed_in
from shared.kit.ids import new_id
from shared.photos import BODY_LIMIT, MEDIA_TYPES, PhotoUnusable, readable
from shared.quotas import QuotaExceeded


@http.post(
    "/api/users/me/photo",
    home_tenant=True,
    body_limit=BODY_LIMIT,
    memory=768,
    timeout=60,
    emits=[FilesAbandoned],
    raises=[NotFound, PhotoUnusable, PayloadTooLarge, MalwareFound, NotScannable, QuotaExceeded],
)
@signed_in
def upload_profile_photo(ctx: Context, sent: PhotoIn) -> ProfileOut:
    refuse_many_of_guests(ctx)
    with ctx.released():
        picture = readable(sent.photo.content, ctx.settings.max_upload_bytes, ctx.whose)
    quotas.look(
        ctx, "storage_bytes", len(picture.content) - ctx.db.get_or_404(Profile, ctx.user_id).photo_bytes
    )
    key = f"{photo_folder(ctx.user_id)}{new_id()}.{picture.extension}"
    with ctx.released():
        files.keep(ctx, key, picture.content, MEDIA_TYPES[picture.extension])
    profile = ctx.db.get_or_404(Profile, ctx.user_id, lock=True)
    files.abandon(ctx, profile.photo)
    quotas.replace(ctx, "storage_bytes", profile.photo_bytes, len(picture.content))
    profile.change({"photo": key, "photo_bytes": len(picture.content)}, ctx.now)
    return ProfileOut.model_validate(profile)
