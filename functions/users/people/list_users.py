"""List a city's people, newest first, found by the beginning of name or address, by role and by state.

With `ids` it is names for a page that knows ids only: these people in one page, deleted ones among them,
whatever else is asked.
"""

from sqlalchemy import Select, func, or_, select

from functions.users.people.person import PersonOut, RoleName, Search
from functions.users.profiles.profile import State
from functions.users.profiles.tables import Profile
from shared.function import Context, http, requires
from shared.kit.paging import Cursor, Ids, Limit
from shared.schema import Page


@http.get("/api/users")
@requires("users:read")
def list_users(
    ctx: Context,
    q: Search | None = None,
    role: RoleName | None = None,
    state: State | None = None,
    limit: Limit = 20,
    cursor: Cursor | None = None,
    ids: Ids | None = None,
) -> Page[PersonOut]:
    if ids:
        return ctx.db.page(select(Profile).where(Profile.id.in_(ids)), PersonOut, len(ids), cursor)
    return ctx.db.page(matching(q, role, state), PersonOut, limit, cursor)


def matching(q: str | None, role: str | None, state: State | None) -> Select[Profile]:
    """The people who fit; those who were deleted only when they are asked for."""
    query = select(Profile).where(Profile.state == state if state else Profile.state != State.DELETED)
    if q:
        names = (
            func.lower(name).startswith(q.lower(), autoescape=True)
            for name in (Profile.name, Profile.email, Profile.first_name, Profile.last_name)
        )
        query = query.where(or_(*names))
    return query.where(Profile.roles.contains([role])) if role else query
