"""Of whom a second factor is required, and what they may do until they have one."""

from collections.abc import Iterable

from shared.auth.rbac import CITY_ADMIN, SUPER_ADMIN, SUPER_CITY_ADMIN
from shared.kit.settings import settings
from shared.tenancy.tenants import Tenant

UNTIL_THEN = ("enrol-second-factor", "confirm-second-factor", "whoami", "logout")


def is_required(tenant: Tenant, roles: Iterable[str]) -> bool:
    """Whether somebody with these roles must have one: a city says so for its admins, a setting for the
    platform's.
    """
    admins = {CITY_ADMIN, SUPER_CITY_ADMIN} if tenant.second_factor else set()
    chiefs = {SUPER_ADMIN} if settings().require_second_factor_of_platform else set()
    return not (admins | chiefs).isdisjoint(roles)


def restriction(tenant: Tenant, roles: Iterable[str], *, has_factor: bool) -> tuple[str, ...]:
    """The only functions that their access tokens open; empty where nothing is missing."""
    return UNTIL_THEN if not has_factor and is_required(tenant, roles) else ()
