"""Change somebody's roles; their access tokens end, their next refresh brings the new roles."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from events.auth import RoleChanged
from functions.auth.account import (
    AccountOut,
    GuestsAreCitizens,
    Kind,
    OwnRoles,
    Role,
    RoleNotGrantable,
    in_order,
    refuse_to_give,
    refuse_to_grant,
)
from functions.auth.accounts.decision_lock import decide_alone
from functions.auth.api_tokens.token_cache import forget_api_tokens
from functions.auth.impersonation.termination import end_impersonations
from functions.auth.sessions.termination import renew_access
from functions.auth.tables import Account
from shared.errors import NotFound
from shared.function import Context, http, requires
from shared.schema import Schema


class Assignment(Schema):
    roles: Annotated[list[Role], Field(min_length=1, max_length=10)]


@http.put(
    "/api/auth/users/{user_id}/roles",
    emits=[RoleChanged],
    raises=[NotFound, OwnRoles, RoleNotGrantable, GuestsAreCitizens],
)
@requires("users:update")
def assign_role(ctx: Context, user_id: UUID, assignment: Assignment) -> AccountOut:
    if user_id == ctx.user_id:
        raise OwnRoles
    decide_alone(ctx)
    account = ctx.db.get_or_404(Account, user_id, lock=True)
    roles = in_order(assignment.roles)
    refuse_to_grant(ctx, account.roles)
    refuse_to_give(ctx, roles, account.roles)
    if account.kind == Kind.GUEST and roles != account.roles:
        raise GuestsAreCitizens
    if roles != account.roles:
        account.roles, account.updated_at = roles, ctx.now
        renew_access(ctx, account.id)
        forget_api_tokens(ctx, account.id)
        end_impersonations(ctx, account.id)
        ctx.emit(RoleChanged(user_id=account.id, roles=roles))
    return AccountOut.model_validate(account)
