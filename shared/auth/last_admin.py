"""Who may not be taken away: a city's last lead admin, the platform's last super admin. The services auth and
users see to it.
"""

from uuid import UUID

from shared.auth.rbac import SUPER_ADMIN, SUPER_CITY_ADMIN
from shared.auth.tokens import Principal
from shared.errors import Conflict
from shared.kit.ids import PLATFORM_ID


class LastAdmin(Conflict):
    message = "This is the last administrator who can decide about all others here. Give that role to somebody else first."


def chief(tenant_id: UUID) -> str:
    """The role that decides about all others."""
    return SUPER_ADMIN if tenant_id == PLATFORM_ID else SUPER_CITY_ADMIN


def is_needed(tenant_id: UUID, caller: Principal) -> bool:
    """Whether somebody must be left; a super admin can give a city another lead admin at any time."""
    return tenant_id == PLATFORM_ID or not caller.everywhere
