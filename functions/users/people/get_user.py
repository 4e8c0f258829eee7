"""Read one of the city's people."""

from uuid import UUID

from functions.users.people.person import PersonOut
from functions.users.profiles.tables import Profile
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.get("/api/users/{user_id}", raises=[NotFound], versioned=True)
@requires("users:read")
def get_user(ctx: Context, user_id: UUID) -> PersonOut:
    return PersonOut.model_validate(ctx.db.get_or_404(Profile, user_id))
