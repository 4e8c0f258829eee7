"""Correct somebody's name, salutation, phone number or language; roles and address belong to the account."""

from uuid import UUID

from events.users import UserUpdated
from functions.users.people.authority import living
from functions.users.people.person import OwnAccount, PersonIsDeleted, PersonOut, RankTooHigh
from functions.users.profiles.profile import ProfileChange
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.patch(
    "/api/users/{user_id}",
    emits=[UserUpdated],
    raises=[NotFound, OwnAccount, RankTooHigh, PersonIsDeleted],
    versioned=True,
)
@requires("users:update")
def update_user(ctx: Context, user_id: UUID, change: ProfileChange) -> PersonOut:
    person = living(ctx, user_id)
    ctx.refuse_outdated(person, "profile")
    if person.change(change.model_dump(), ctx.now):
        ctx.emit(UserUpdated(user_id=person.id, name=person.name, language=person.language))
    ctx.flush()
    return PersonOut.model_validate(person)
