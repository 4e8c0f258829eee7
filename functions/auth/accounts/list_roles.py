"""The roles there are, what each may do and where, and which of them the caller may grant."""

from functions.auth.account import grantable
from shared.auth.rbac import MATRIX, SCOPES, Scope
from shared.function import Context, http, requires
from shared.schema import Page, Schema


class RoleOut(Schema):
    role: str
    scope: Scope
    grantable: bool
    permissions: list[str]


@http.get("/api/auth/roles")
@requires("users:read")
def list_roles(ctx: Context) -> Page[RoleOut]:
    return Page(
        items=[
            RoleOut(
                role=role, scope=SCOPES[role], grantable=grantable(ctx, role), permissions=sorted(permissions)
            )
            for role, permissions in MATRIX.items()
        ]
    )
