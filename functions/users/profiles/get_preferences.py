"""Read how one wants to be reached."""

from functions.users.profiles.preferences import PreferencesOut
from functions.users.profiles.tables import Profile
from shared.errors import NotFound
from shared.function import Context, http, signed_in


@http.get("/api/users/me/preferences", home_tenant=True, raises=[NotFound])
@signed_in
def get_preferences(ctx: Context) -> PreferencesOut:
    return PreferencesOut.of(ctx.db.get_or_404(Profile, ctx.user_id))
