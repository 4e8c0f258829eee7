"""Take one's own photo away."""

from functools import partial

from functions.users.profiles.tables import Profile
from shared import storage
from shared.errors import NotFound
from shared.function import Context, http, signed_in


@http.delete("/api/users/me/photo", at_home=True, before_terms=True, status=204, raises=[NotFound])
@signed_in
def remove_profile_photo(ctx: Context) -> None:
    profile = ctx.db.get_or_404(Profile, ctx.user_id, lock=True)
    if profile.photo:
        ctx.after_commit(partial(storage.delete, ctx.tenant.id, profile.photo))
        profile.photo, profile.updated_at = None, ctx.now
