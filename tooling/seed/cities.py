"""The demonstration cities as tenants, written and announced as `onboard-city` does it."""

import json
from uuid import uuid5

from events.city import CityOnboarded
from functions.city.cities.city import Contact, any_named
from functions.city.cities.onboard_city import onboard_city
from functions.city.cities.queries import CREATE, TENANT
from functions.city.legal.draft_texts import write_drafts
from functions.city.usage.quotas import PLANS, STANDARD
from shared.auth.rbac import SUPER_CITY_ADMIN
from shared.context import Context
from shared.kit.ids import PLATFORM_ID
from shared.tenancy.tenants import Tenant
from tooling.seed.accounts import acting_as, demo_accounts
from tooling.seed.data import CityFacts, CitySeed

FEATURES = {"heidelberg": ["chatbot", "multilingualism", "poi_map"], "ladenburg": ["chatbot", "poi_map"]}


def tenant_of(city: CityFacts) -> Tenant:
    """The tenant that the seed makes; its id is the same on every machine."""
    return Tenant(
        id=uuid5(PLATFORM_ID, city.slug),
        slug=city.slug,
        name=city.name,
        languages=city.languages,
        features=frozenset(FEATURES[city.slug]),
        time_zone=city.time_zone,
        quotas=PLANS[STANDARD].limits,
        federal_state=city.federal_state,
    )


def seed_city(facts: CitySeed) -> Tenant:
    """Make the city a tenant, unless there is one of its name; the tenant as it is."""
    tenant = tenant_of(facts.city)
    with acting_as(onboard_city, tenant) as ctx:
        if insert(ctx, tenant, facts.city):
            contact = Contact.model_validate(facts.city.contact.model_dump())
            write_drafts(ctx, tenant.name, tenant.languages, contact, facts.city.website)
            ctx.emit(announcement(tenant, facts.city))
        [[found]] = ctx.sql.run(TENANT, **any_named(tenant.slug))
    return Tenant.model_validate_json(found)


def insert(ctx: Context, tenant: Tenant, city: CityFacts) -> bool:
    """Whether the city is new in the registry."""
    made = ctx.sql.run(
        CREATE,
        id=tenant.id,
        slug=city.slug,
        name=city.name,
        state=city.state,
        population=city.population.value,
        lat=city.centre.lat,
        lon=city.centre.lon,
        time_zone=city.time_zone,
        languages=list(city.languages),
        features=FEATURES[city.slug],
        theme=city.theme.model_dump_json(),
        contact=city.contact.model_dump_json(),
        website=city.website,
        second_factor=False,
        quotas=json.dumps(tenant.quotas),
        federal_state=city.federal_state,
        holiday_groups=[],
        own_holidays="[]",
    )
    return bool(made)


def announcement(tenant: Tenant, city: CityFacts) -> CityOnboarded:
    """What the other services prepare themselves by; the first admin is one of the demonstration's people."""
    [admin] = [person for person in demo_accounts(tenant) if person.role == SUPER_CITY_ADMIN]
    return CityOnboarded(
        city_id=tenant.id,
        slug=tenant.slug,
        name=tenant.name,
        languages=list(tenant.languages),
        features=sorted(tenant.features),
        admin_email=admin.email,
        admin_name=admin.name,
        primary_color=city.theme.primary,
        secondary_color=city.theme.secondary,
    )
