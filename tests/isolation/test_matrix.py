"""The matrix of requirements §12.2, line by line, against the roles as the code has them."""

import itertools

import pytest

from shared.auth.rbac import (
    ANONYMOUS,
    CITIZEN,
    CITY_ADMIN,
    EDITOR,
    MATRIX,
    RANK,
    SCOPES,
    SUPER_ADMIN,
    SUPER_CITY_ADMIN,
    all_permissions,
    may_grant,
)
from tooling.registry import records

ROLES = (SUPER_ADMIN, SUPER_CITY_ADMIN, CITY_ADMIN, EDITOR, ANONYMOUS)
LINES = {  # which permissions a line stands for, and who holds them all
    "city management": ({"cities:update", "cities:read"}, (True, True, False, False, False)),
    "template selection": ({"templates:select"}, (True, True, False, False, False)),
    "templates, reading": ({"templates:read"}, (True, True, True, True, True)),
    "feature toggles": ({"features:toggle"}, (True, True, False, False, False)),
    "features, reading": ({"features:read"}, (True, True, True, True, True)),
    "user management": (
        {"users:read", "users:create", "users:update", "users:delete"},
        (True, True, True, False, False),
    ),
    "listings CRUD": (
        {"listings:create", "listings:update", "listings:delete"},
        (True, True, True, False, False),
    ),
    "listings, creating": ({"listings:create"}, (True, True, True, True, False)),
    "listings, publishing at once": ({"listings:publish"}, (True, True, True, False, False)),
    "listings, reading": ({"listings:read"}, (True, True, True, True, True)),
    "listings approval": ({"listings:approve"}, (True, True, True, False, False)),
    "build triggers": ({"builds:create", "builds:cancel"}, (True, True, False, False, False)),
    "builds, reading": ({"builds:read"}, (True, True, True, False, False)),
    "analytics": ({"analytics:read"}, (True, True, True, False, False)),
    "audit logs": ({"audit:read"}, (True, True, True, False, False)),
    "impersonation": ({"users:impersonate"}, (True, False, False, False, False)),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_matrix_is_as_the_requirements_have_it(line: str) -> None:
    permissions, expected = LINES[line]
    assert tuple(permissions <= MATRIX[role] for role in ROLES) == expected


def test_only_a_super_admin_acts_in_all_tenants() -> None:
    assert {role for role, scope in SCOPES.items() if scope == "all_tenants"} == {SUPER_ADMIN}


def test_whatever_a_function_asks_for_is_in_the_matrix() -> None:
    wanted = {record.access.permission for record in records().values() if record.access.permission}
    assert wanted <= set(all_permissions())


def test_each_role_may_what_the_one_below_it_may() -> None:
    by_rank = sorted(MATRIX, key=lambda role: RANK[role])
    assert all(MATRIX[low] <= MATRIX[high] for low, high in itertools.pairwise(by_rank))


@pytest.mark.parametrize("granter", MATRIX)
@pytest.mark.parametrize("role", MATRIX)
def test_nobody_grants_a_role_above_their_own_and_nobody_grants_anonymity(granter: str, role: str) -> None:
    assert may_grant([granter], role) == (RANK[role] <= RANK[granter] and role != ANONYMOUS)


def test_a_citizen_may_no_more_than_an_anonymous_reader() -> None:
    assert MATRIX[CITIZEN] == MATRIX[ANONYMOUS]
