"""Take one's own photo away."""

from events.platform import FilesAbandoned
from functions.users.profiles.tables import Profile
from shared import quotas
from shared.errors import NotFound
from shared.files import abandon
from shared.function import Context, http, signed_in


@http.delete(
    "/api/users/me/photo",
    home_tenant=True,
    exempt_from_terms=True,
    status=204,
    raises=[NotFound],
    emits=[FilesAbandoned],
)
@signed_in
def remove_profile_photo(ctx: Context) -> None:
    profile = ctx.db.get_or_404(Profile, ctx.user_id, lock=True)
    if profile.photo:
        abandon(ctx, profile.photo)
        quotas.give_back(ctx, "storage_bytes", profile.photo_bytes)
        profile.photo, profile.photo_bytes, profile.updated_at = None, 0, ctx.now
