"""Set one's own photo; whatever the camera noted beside the picture is not kept."""

from functools import partial

from functions.users.files import photo_folder
from functions.users.profiles.photo import MEDIA_TYPES, PhotoIn, PhotoUnusable
from functions.users.profiles.profile import ProfileOut
from functions.users.profiles.tables import Profile
from shared import storage
from shared.errors import NotFound, PayloadTooLarge
from shared.function import Context, http, signed_in
from shared.ids import new_id
from shared.pictures import Picture, PictureRefused, render

BASE64_LIMIT = 14 * 1024 * 1024  # ten megabytes in base64, and the JSON around them


@http.post(
    "/api/users/me/photo",
    at_home=True,
    body_limit=BASE64_LIMIT,
    memory=768,
    timeout=60,
    raises=[NotFound, PhotoUnusable, PayloadTooLarge],
)
@signed_in
def upload_profile_photo(ctx: Context, sent: PhotoIn) -> ProfileOut:
    picture = readable(sent.photo.content, ctx.settings.max_upload_bytes)
    profile = ctx.db.get_or_404(Profile, ctx.user_id, lock=True)
    key = f"{photo_folder(profile.id)}{new_id()}.{picture.extension}"
    storage.put(ctx.tenant.id, key, picture.content, MEDIA_TYPES[picture.extension])
    if profile.photo:
        ctx.after_commit(partial(storage.delete, ctx.tenant.id, profile.photo))
    profile.change({"photo": key}, ctx.now)
    return ProfileOut.model_validate(profile)


def readable(content: bytes, limit: int) -> Picture:
    """The picture that was sent; PayloadTooLarge, PhotoUnusable."""
    if len(content) > limit:
        raise PayloadTooLarge(limit=limit)
    try:
        return render(content)
    except PictureRefused:
        raise PhotoUnusable from None
