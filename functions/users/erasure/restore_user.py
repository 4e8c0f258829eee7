"""Take a deletion back, within the 30 days before everything is erased; tokens are let in as in
reactivate_user.
"""

from uuid import UUID

from events.users import UserReactivated
from functions.users.erasure.deletion import refuse_erasing
from functions.users.people.authority import subordinate
from functions.users.people.person import ErasureBegun, OwnAccount, PersonNotDeleted, PersonOut, RankTooHigh
from functions.users.profiles.profile import State
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.post(
    "/api/users/{user_id}/restore",
    emits=[UserReactivated],
    raises=[NotFound, OwnAccount, RankTooHigh, PersonNotDeleted, ErasureBegun],
)
@requires("users:update")
def restore_user(ctx: Context, user_id: UUID) -> PersonOut:
    person = subordinate(ctx, user_id)
    if person.state != State.DELETED:
        raise PersonNotDeleted
    refuse_erasing(ctx, person)
    person.restore(ctx.now)
    ctx.emit(UserReactivated(user_id=person.id))
    return PersonOut.model_validate(person)
