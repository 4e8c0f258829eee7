"""Read one's own profile."""

from functions.users.profiles.profile import ProfileOut
from functions.users.profiles.tables import Profile
from shared.errors import NotFound
from shared.function import Context, http, signed_in


@http.get("/api/users/me", home_tenant=True, raises=[NotFound])
@signed_in
def get_my_profile(ctx: Context) -> ProfileOut:
    return ProfileOut.model_validate(ctx.db.get_or_404(Profile, ctx.user_id))
