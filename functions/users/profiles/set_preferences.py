"""Say how one wants to be reached: in which language, on which channels, and when not."""

from events.users import PreferencesChanged, UserUpdated
from functions.users.profiles.preferences import PreferencesIn, PreferencesOut
from functions.users.profiles.tables import Profile
from shared.errors import NotFound
from shared.function import Context, http, signed_in


@http.put(
    "/api/users/me/preferences",
    home_tenant=True,
    exempt_from_terms=True,
    emits=[PreferencesChanged, UserUpdated],
    raises=[NotFound],
)
@signed_in
def set_preferences(ctx: Context, wanted: PreferencesIn) -> PreferencesOut:
    profile = ctx.db.get_or_404(Profile, ctx.user_id, lock=True)
    if profile.change({"language": wanted.language}, ctx.now):
        ctx.emit(UserUpdated(user_id=profile.id, name=profile.name, language=profile.language))
    if profile.prefer(
        wanted.channels, wanted.quiet_hours.times if wanted.quiet_hours else (None, None), ctx.now
    ):
        ctx.emit(
            PreferencesChanged(
                user_id=profile.id,
                channels=profile.channels,
                quiet_from=profile.quiet_from,
                quiet_until=profile.quiet_until,
            )
        )
    return PreferencesOut.of(profile)
