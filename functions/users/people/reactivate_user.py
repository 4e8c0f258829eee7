"""Let somebody in again who was deactivated.

Tokens are let in by what the accounts make of the event (follow_deactivation): once this is durable, again
until it has worked, and only if the account is not locked as well, which they alone know.
"""

from uuid import UUID

from events.users import UserReactivated
from functions.users.people.authority import living
from functions.users.people.person import OwnAccount, PersonIsDeleted, PersonOut, RankTooHigh
from functions.users.profiles.profile import State
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.post(
    "/api/users/{user_id}/reactivate",
    emits=[UserReactivated],
    raises=[NotFound, OwnAccount, RankTooHigh, PersonIsDeleted],
)
@requires("users:update")
def reactivate_user(ctx: Context, user_id: UUID) -> PersonOut:
    person = living(ctx, user_id)
    if person.change({"state": State.ACTIVE}, ctx.now):
        ctx.emit(UserReactivated(user_id=person.id))
    return PersonOut.model_validate(person)
