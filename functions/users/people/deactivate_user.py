"""Shut somebody out: every token of theirs is refused from the next call on, and no login works until they
are reactivated.
"""

from uuid import UUID

from events.users import UserDeactivated
from functions.users.people.authority import living
from functions.users.people.last_admin import keep_one
from functions.users.people.person import OwnAccount, PersonIsDeleted, PersonOut, RankTooHigh
from functions.users.profiles.profile import State
from shared.auth import tokens
from shared.auth.last_admin import LastAdmin
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.post(
    "/api/users/{user_id}/deactivate",
    emits=[UserDeactivated],
    raises=[NotFound, OwnAccount, RankTooHigh, PersonIsDeleted, LastAdmin],
)
@requires("users:update")
def deactivate_user(ctx: Context, user_id: UUID) -> PersonOut:
    person = living(ctx, user_id)
    keep_one(ctx, person)
    # before the commit: a token must not outlive it; again, however often it is said
    tokens.bar(ctx.tenant.id, person.id)
    if person.change({"state": State.DEACTIVATED}, ctx.now):
        ctx.emit(UserDeactivated(user_id=person.id))
    return PersonOut.model_validate(person)
