"""The seeds of requirements §17.5 by name, and all of them together."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tooling.command_failed import CommandFailed


def seed(what: str = "all") -> None:
    """Run one seed, or all; a CommandFailed names the seeds where there is no such one."""
    if what not in SEEDS:
        raise CommandFailed(f"There is no seed named {what}. There are: {', '.join(SEEDS)}.")
    # `up` seeds before there is a broker; nothing is lost by that
    logging.getLogger("heidi.outbox").setLevel(logging.ERROR)
    SEEDS[what]()


def everything() -> None:
    """The demonstration: both cities with their people, categories, tiles and listings."""
    refuse_in_production()
    super_admin()
    for line in cities(with_people=True, with_listings=True):
        print(line)


def categories() -> None:
    """The categories of the demonstration cities; other cities get theirs when they are onboarded."""
    refuse_in_production()
    for line in cities(with_people=False, with_listings=False):
        print(line)


def tiles() -> None:
    """The tiles of the demonstration cities; other cities get theirs when they are onboarded."""
    refuse_in_production()
    from tooling.seed.cities import seed_city
    from tooling.seed.content import seed_tiles
    from tooling.seed.data import load_cities

    for facts in load_cities():
        tenant = seed_city(facts)
        print(f"{tenant.name}: {seed_tiles(tenant)} tiles")


def cities(*, with_people: bool, with_listings: bool) -> Iterator[str]:
    """Seed each city; what was added, in words."""
    from tooling.seed.accounts import seed_accounts
    from tooling.seed.cities import seed_city
    from tooling.seed.content import seed_categories, seed_listings, seed_tiles
    from tooling.seed.data import load_cities
    from tooling.seed.imprint import seed_imprint
    from tooling.seed.terms import seed_terms

    for facts in load_cities():
        tenant = seed_city(facts)
        seed_imprint(tenant)
        added = [f"{seed_categories(tenant, facts.categories)} categories", f"{seed_tiles(tenant)} tiles"]
        if with_listings:
            added.append(f"{seed_listings(tenant, facts.listings)} listings")
        if with_people:
            with quick_passwords():
                added.append(f"{len(seed_accounts(tenant))} people")
            added.append(f"{seed_terms(tenant)} versions of the terms of use")
        yield f"{tenant.name}: {', '.join(added)}"


def super_admin() -> None:
    """The platform's first super admin: by mail to SUPER_ADMIN_EMAIL, or the demonstration's."""
    from functions.auth.invitations.first_super_admin import invite_first
    from shared.tenancy.tenants import PLATFORM
    from tooling.seed.accounts import seed_accounts

    address = os.environ.get("SUPER_ADMIN_EMAIL", "")
    if not address:
        with quick_passwords():
            [person] = seed_accounts(PLATFORM)
        print(f"Super admin: {person.email}")
        return
    print(invite_first(address))


def permissions() -> None:
    """Roles and permissions live in the code, where they are reviewed and tested; no table can differ from
    it.
    """
    from shared.auth.rbac import MATRIX, all_permissions

    print(
        f"Permissions: {len(all_permissions())} for {len(MATRIX)} roles, as shared/auth/rbac.py says; there is nothing to store."
    )


def salutations() -> None:
    """How people are addressed lives in the code, in ten languages."""
    from functions.users.profiles.salutations import NAMES

    print(
        f"Salutations: {len(NAMES)}, as functions/users/profiles/salutations.py says; there is nothing to store."
    )


def terms() -> None:
    """Terms of use for the demonstration cities; other cities publish their own."""
    from tooling.seed.cities import seed_city
    from tooling.seed.data import load_cities
    from tooling.seed.terms import seed_terms

    refuse_in_production()
    for facts in load_cities():
        print(f"{facts.city.name}: {seed_terms(seed_city(facts))} versions of the terms of use")


def firebase_project() -> None:
    """One project for the whole platform, from the settings."""
    from shared.kit.settings import settings

    project = settings().firebase_project_id
    print(
        f"Push: {project} sends for all cities."
        if project
        else "Push: set FIREBASE_PROJECT_ID, FIREBASE_CLIENT_EMAIL and "
        "FIREBASE_PRIVATE_KEY; a project per city is not there yet."
    )


def not_there_yet(what: str, function: str) -> Callable[[], None]:
    """A seed whose functions are still to be written."""
    return lambda: print(f"{what}: nothing to do, {function} is not there yet.")


SEEDS: dict[str, Callable[[], None]] = {
    "all": everything,
    "terms": terms,
    "salutations": salutations,
    "categories": categories,
    "permissions": permissions,
    "tiles": tiles,
    "initial-admin": super_admin,
    "firebase-project": firebase_project,
    "schedules": not_there_yet("Schedules", "create-schedule"),
}


def refuse_in_production() -> None:
    """A CommandFailed where the demonstration has no place."""
    from shared.kit.settings import settings

    if settings().environment == "production":
        raise CommandFailed(
            "The demonstration cities are not for production. `heidi seed initial-admin` is, with SUPER_ADMIN_EMAIL."
        )


@contextmanager
def quick_passwords() -> Iterator[None]:
    """Everybody knows the demonstration's password, so a slow hash would protect nothing and only take its
    time.
    """
    from shared.kit.settings import settings

    before = os.environ.get("BCRYPT_ROUNDS")
    os.environ["BCRYPT_ROUNDS"] = "4"
    settings.cache_clear()
    try:
        yield
    finally:
        del os.environ["BCRYPT_ROUNDS"]
        os.environ.update({} if before is None else {"BCRYPT_ROUNDS": before})
        settings.cache_clear()
