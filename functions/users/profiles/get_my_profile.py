"""Read one's own profile."""
from functions.users.profiles.profile import ProfileOut
from functions.users.profiles.queries import MINE
from shared.errors import NotFound
from shared.function import Context, Json, http, signed_in


@http.get("/api/users/me", at_home=True, raises=[NotFound])
@signed_in
def get_my_profile(ctx: Context) -> Json[ProfileOut]:
    found = ctx.sql.json_or_none(MINE, tenant=ctx.tenant.id, user=ctx.user_id)
    if found is None:
        raise NotFound("Profile", ctx.user_id)
    return found
