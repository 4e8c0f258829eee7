"""Change one's own name, salutation, phone number or language."""

from events.users import UserUpdated
from functions.users.profiles.profile import ProfileChange, ProfileOut
from functions.users.profiles.tables import Profile
from shared.errors import NotFound
from shared.function import Context, http, signed_in


@http.patch("/api/users/me", home_tenant=True, exempt_from_terms=True, emits=[UserUpdated], raises=[NotFound])
@signed_in
def update_my_profile(ctx: Context, change: ProfileChange) -> ProfileOut:
    profile = ctx.db.get_or_404(Profile, ctx.user_id, lock=True)
    if profile.change(change.model_dump(), ctx.now):
        ctx.emit(UserUpdated(user_id=profile.id, name=profile.name, language=profile.language))
    return ProfileOut.model_validate(profile)
